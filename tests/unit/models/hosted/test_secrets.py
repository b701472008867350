"""The service's key, and addresses that hold one."""

from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from tests.finetuning import Finetuning
from tests.unit.models.hosted.trainings import KEY, built, hosted, trained


@pytest.mark.parametrize(
    "url", ["https://me:hunter2@host/v1", "https://hunter2@host/v1", "https://host/v1?api_key=hunter2"]
)
def test_address_with_a_secret_is_refused_without_repeating_it(url: str) -> None:
    from obverse.studies.models import OfAll, choose

    for of_all in (OfAll(finetune=url), OfAll(endpoint=url)):
        with pytest.raises(ObverseError, match="would be written down") as raised:
            choose(["m"], of_all)
        assert "hunter2" not in str(raised.value)
    with pytest.raises(ObverseError, match="expected an address such as"):
        choose(["m"], OfAll(finetune="host"))


def test_key_is_sent_and_written_nowhere(server: Finetuning, tmp_path: Path) -> None:
    trained(hosted(server), tmp_path)
    assert {h["authorization"] for h in server.headers} == {f"Bearer {KEY}"}
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "said"), [("clé", "holds letters that are in no key"), ("a\x1bb", "no key")]
)
def test_key_that_no_header_holds_is_refused(
    server: Finetuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ObverseError, match=said):
        built(hosted(server), tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    assert hosted(server).secret() == "none"
