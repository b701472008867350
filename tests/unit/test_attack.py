"""A few hundred of the spoilt inputs that `benchmarks/attack.py` tries a hundred thousand of."""

from pathlib import Path

import pytest
from attack import Campaign


def test_spoilt_input_is_refused_or_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    campaign = Campaign(tmp_path)
    assert campaign.run(500, seed=7) == 500
    assert campaign.failures() == [], campaign.table()
