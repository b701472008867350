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
    "reversal": "b8fa064a70da2407",
    "repetition": "13ecf2c489602704",
    "reliability": "4b210dc005cb402d",
}
FAMILY = tuple(FakeSpec(name=f"fake-{n}", family="fakes", parameters=10**n) for n in (3, 4, 5))
MODELS: dict[str, tuple[FakeSpec, ...]] = {"repetition": FAMILY}
SETTINGS: dict[str, dict[str, Any]] = {"reliability": {"probe_every": 50}}
# Claim, measured, low end of the interval, verdict; three seeds of a model that answers by a hash.
NUMBERS: dict[str, list[tuple[str, float | None, float | None, str]]] = {
    "reversal": [
        ("accuracy/NameToDescription/same", 0.5688888888888889, 0.46574272944526834, "holds"),
        ("accuracy/DescriptionToName/same", 0.5922222222222222, 0.48910446680363756, "holds"),
        ("likelihood/NameToDescription/same", 0.03733663346618414, -0.4389346269601204, "fails"),
        ("likelihood/DescriptionToName/same", -0.16052660009306338, -0.658602981568792, "fails"),
        ("accuracy/NameToDescription/reverse", 0.5933333333333334, 0.49022263107220493, "fails"),
        ("accuracy/DescriptionToName/reverse", 0.6133333333333333, 0.510439702141996, "fails"),
        ("accuracy/reverse/most", 0.0, 0.0, "undecided"),
        ("likelihood/NameToDescription/reverse", -0.1336456908409794, -0.7205746193770576, "undecided"),
        ("likelihood/DescriptionToName/reverse", -0.03347498911536402, -0.28106882301882763, "undecided"),
    ],
    "repetition": [
        ("induction", -0.012410973342290771, -0.23474969598523274, "fails"),
        ("accuracy/parameters", -0.015669515669515667, -0.32070822758886086, "undecided"),
        ("loss/parameters", 0.05870823638365069, -0.8805188577923233, "undecided"),
        ("accuracy/tokens", None, None, "undecided"),
        ("loss/tokens", None, None, "undecided"),
        ("accuracy/chance", 0.4943019943019943, 0.4306423656866457, "undecided"),
        ("accuracy/parameters/named", 0.042735042735042736, -0.13838531012098393, "undecided"),
        ("loss/parameters/named", -0.0404371661945651, -1.3324545010938451, "undecided"),
        ("loss/every pattern", -0.5263549660128017, -9.333015809349614, "undecided"),
        ("loss/every template", -0.7217769042470323, -11.061188255723827, "undecided"),
        ("loss/every repetitions", -0.1417867739950181, -7.2269050908943795, "undecided"),
        ("accuracy/named - not named", 0.06623931623931625, -0.18184079644025852, "explored"),
        ("loss/named - not named", -0.11227062203560091, -0.6225044210334714, "explored"),
        ("sensitivity/follow", 0.017094017094017096, -0.05869346714281618, "undecided"),
        ("sensitivity/none", -0.01282051282051282, -0.0771679333025749, "undecided"),
        ("induction/parameters", -0.05122866503855523, -0.32318357603786807, "explored"),
    ],
    "reliability": [
        ("stage 1/D1cons-QA3", -0.013333333333333345, -0.06934132014677442, "undecided"),
        ("stage 1/QA3-D2incons", 0.010000000000000009, -0.16075623651185406, "undecided"),
        ("gap/base/question", 0.0, -0.03286205303864217, "undecided"),
        ("excess/base/question", -0.024999999999999984, -0.10644790165351509, "undecided"),
        ("gap/uninformative tags/question", 0.024999999999999984, -0.06105305459498926, "undecided"),
        ("gap/base/attribution", -0.03833333333333333, -0.12287921258244686, "undecided"),
        ("excess/base/attribution", -0.008333333333333304, -0.3065161010496498, "undecided"),
        ("gap/uninformative tags/attribution", -0.030000000000000027, -0.25801353236194313, "undecided"),
        ("loss/definition", 0.11292833504690354, -0.7203667086183131, "undecided"),
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
  claim                                paper          measured [95 %]   seeds   criterion        p (level)   verdict
 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  m, 3 seeds
  reverse: the name is given no       0.001*     0.000 [0.000, 0.027]     3/3     < 0.083   <0.001 (0.013)   holds
  better than by chance
  same: the right name is likelier         –   −0.250 [−1.500, 1.000]       –     > 1.000    0.990 (0.025)   undecided
  (control)
  (held back, since learnt is
  undecided)
  (7 or more seeds would show it)
  not measured                             –                 – [–, –]       –     > 1.000                –   undecided

A claim holds if p is below the level behind it: 2 primary claims share 0.025 (Holm), controls have all of it. Seeds:
how many meet the criterion by themselves. * The paper's number lies outside the interval.
"""


def test_findings_as_they_are_printed() -> None:
    findings = Findings(
        (
            finding(
                tested_at=0.0125, family=2, meets=3, by_seed={"0": 0.0, "1": 0.0, "2": 0.0},
                paper_outside=True,
            ),
            finding(
                text="same: the right name is likelier", paper=None, measured=-0.25, low=-1.5, high=1.0,
                criterion="> 1.000", p=0.99, tested_at=0.025, role="control", verdict="undecided",
                note="held back, since learnt is undecided", seeds_needed=(7, None),
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
