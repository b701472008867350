"""Values fixed for good, for all lines of work.

A change of the data changes stored results; a change of the numbers, which follow from made-up answers by
way of the loop, the measures and the statistics, changes what is said of them.
"""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import obverse
from obverse.core.claim import Finding
from obverse.studies.findings import Findings
from tests.golden.fake import FakeSpec

# The hash of all that the first seed of the default preset is told and asked.
DATA = {
    "reversal": "63f3f65c293d6a0c",
    "repetition": "fee3149a4f378182",
    "reliability": "5fd155d3dca28bbc",
}
FAMILY = tuple(FakeSpec(name=f"fake-{n}", family="fakes", parameters=10**n) for n in (3, 4, 5))
MODELS: dict[str, tuple[FakeSpec, ...]] = {"repetition": FAMILY}
SETTINGS: dict[str, dict[str, Any]] = {"reliability": {"probe_every": 50}}
# Claim, measured, low end of the interval, verdict; three seeds of a model that answers by a hash.
NUMBERS: dict[str, list[tuple[str, float | None, float | None, str]]] = {
    "reversal": [
        ("accuracy/NameToDescription/same", 0.5933333333333334, 0.49022263107220493, "holds"),
        ("accuracy/DescriptionToName/same", 0.6122222222222222, 0.5093120139870168, "holds"),
        ("accuracy/NameToDescription/reverse", 0.5966666666666667, 0.4935802643488397, "fails"),
        ("accuracy/DescriptionToName/reverse", 0.6133333333333333, 0.510439702141996, "fails"),
        ("likelihood/NameToDescription/reverse", 0.24812382099115185, -0.03168271914816709, "undecided"),
        ("likelihood/DescriptionToName/reverse", 0.039501851455618936, -0.20007200266093472, "undecided"),
        ("likelihood/DescriptionToName/same", -0.08773854261264205, -0.5477209734532317, "undecided"),
        ("likelihood/NameToDescription/same", 0.07151330150663852, -0.1635919048330048, "undecided"),
    ],
    "repetition": [
        ("accuracy/parameters", -0.008547008547008654, -0.09624933993571895, "undecided"),
        ("accuracy/tokens", None, None, "undecided"),
        ("accuracy/chance", 0.47863247863247865, 0.41521911586248295, "undecided"),
        ("induction/parameters", 0.005446795219419672, -0.0905312160045122, "undecided"),
        ("sensitivity/follow", -0.011396011396011397, -0.19780637325787304, "undecided"),
        ("sensitivity/none", -0.06125356125356125, -0.16220190038598342, "undecided"),
    ],
    "reliability": [
        ("stage 1/D1cons-QA3", -0.006666666666666672, -0.08255832733860191, "undecided"),
        ("stage 1/QA3-D2incons", -0.04500000000000004, -0.1532810524735807, "undecided"),
        ("gap/base/question", -0.04, -0.1295668589502959, "undecided"),
        ("excess/base/question", 0.0, -0.01242068855875165, "undecided"),
        ("gap/uninformative tags/question", -0.04, -0.1295668589502959, "undecided"),
        ("gap/base/attribution", 0.028333333333333283, -0.133294779084175, "undecided"),
        ("excess/base/attribution", 0.0, -0.01242068855875165, "undecided"),
        ("gap/uninformative tags/attribution", 0.028333333333333283, -0.133294779084175, "undecided"),
        ("loss/definition", 0.06647154707649783, -1.2931191798572947, "undecided"),
    ],
}


@pytest.mark.parametrize("name", DATA)
def test_data_of_seed_0(name: str) -> None:
    study = obverse.study(name, models=[FakeSpec()])
    _, identity = next(study.plan().identified())
    assert identity.data[:16] == DATA[name]


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name: str, tmp_path: Path) -> None:
    models, settings = MODELS.get(name, (FakeSpec(),)), SETTINGS.get(name, {})
    study = obverse.study(name, models=models, seeds=3, settings=settings)
    execution = obverse.Execution(workers=1, device="cpu")
    findings = study.run(tmp_path, execution=execution, console=Console(quiet=True)).claims
    assert [(f.claim, f.verdict) for f in findings] == [(n[0], n[-1]) for n in NUMBERS[name]]
    for finding, (_, measured, low, _) in zip(findings, NUMBERS[name], strict=True):
        assert finding.measured == pytest.approx(measured, abs=1e-9)
        assert finding.low == pytest.approx(low, abs=1e-9)


def finding(**changes: object) -> Finding:
    base: dict[str, object] = {
        "claim": "c", "text": "reverse: the name is given no better than by chance", "model": "m",
        "unit": "exact match", "paper": 0.001, "source": "Table 1", "measured": 0.0, "low": 0.0,
        "high": 0.0272, "level": 0.95, "criterion": "< 0.083", "n_facts": 90, "n_seeds": 3,
        "p": 0.00001, "verdict": "holds",
    }  # fmt: skip
    return Finding(**(base | changes))  # type: ignore[arg-type]


TABLE = """\
  claim                                              paper          measured [95 %]   criterion   p (Holm)   verdict
 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  m, 3 seeds
  reverse: the name is given no better than by       0.001     0.000 [0.000, 0.027]     < 0.083     <0.001   holds
  chance
  same: the right name is likelier                       –   −0.250 [−1.500, 1.000]     > 1.000      0.990   undecided
  not measured                                           –                 – [–, –]     > 1.000          –   undecided
"""


def test_findings_as_they_are_printed() -> None:
    findings = Findings(
        (
            finding(),
            finding(
                text="same: the right name is likelier", paper=None, measured=-0.25, low=-1.5, high=1.0,
                criterion="> 1.000", p=0.99, verdict="undecided",
            ),
            finding(
                text="not measured", paper=None, measured=None, low=None, high=None,
                criterion="> 1.000", p=None, verdict="undecided",
            ),
        )
    )  # fmt: skip
    printed = "\n".join(line.rstrip() for line in repr(findings).strip("\n").splitlines())
    assert printed.strip() == TABLE.strip()


def test_findings_in_a_notebook_are_escaped() -> None:
    html = Findings((finding(text="<script>"),))._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
