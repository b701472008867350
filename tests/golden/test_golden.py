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
    "reversal": "ddf3fd5b267ee950",
    "repetition": "63553e7d4bd03d74",
    "reliability": "0603e424699c47a7",
}
FAMILY = tuple(FakeSpec(name=f"fake-{n}", family="fakes", parameters=10**n) for n in (3, 4, 5))
MODELS: dict[str, tuple[FakeSpec, ...]] = {"repetition": FAMILY}
SETTINGS: dict[str, dict[str, Any]] = {"reliability": {"probe_every": 50}}
# Claim, measured, low end of the interval, verdict; three seeds of a model that answers by a hash.
NUMBERS: dict[str, list[tuple[str, float | None, float | None, str]]] = {
    "reversal": [
        ("accuracy/NameToDescription/same", 0.5688888888888889, 0.32720078255456514, "holds"),
        ("accuracy/DescriptionToName/same", 0.5922222222222222, 0.34830094150825347, "holds"),
        ("likelihood/NameToDescription/same", 0.03733663346618414, -0.4389346269601204, "fails"),
        ("likelihood/DescriptionToName/same", -0.16052660009306338, -0.658602981568792, "fails"),
        ("accuracy/NameToDescription/reverse", 0.5933333333333334, 0.34931659733129383, "fails"),
        ("accuracy/DescriptionToName/reverse", 0.6133333333333333, 0.3677696247741107, "fails"),
        ("accuracy/reverse/most", 0.0, 0.0, "undecided"),
        ("likelihood/NameToDescription/reverse", -0.1336456908409794, -0.7205746193770576, "undecided"),
        ("likelihood/DescriptionToName/reverse", -0.03347498911536402, -0.28106882301882763, "undecided"),
    ],
    "repetition": [
        ("induction", -0.012410973342290771, -0.23474969598523274, "fails"),
        ("accuracy/parameters", -0.015669515669515667, -0.4232212226033461, "undecided"),
        ("loss/parameters", 0.05870823638365069, -1.425477292140792, "undecided"),
        ("accuracy/tokens", None, None, "undecided"),
        ("loss/tokens", None, None, "undecided"),
        ("accuracy/chance", 0.4943019943019943, 0.34854846554145347, "undecided"),
        ("accuracy/parameters/named", 0.042735042735042736, -0.2707662702909812, "undecided"),
        ("loss/parameters/named", -0.0404371661945651, -1.3324545010938451, "undecided"),
        ("loss/every pattern", -0.5263549660128017, -9.638258785182824, "undecided"),
        ("loss/every template", -0.7217769042470323, -11.113694788817153, "undecided"),
        ("loss/every repetitions", -0.1417867739950181, -7.618289756136075, "undecided"),
        ("accuracy/named - not named", 0.06623931623931625, -0.1818407964402585, "explored"),
        ("loss/named - not named", -0.11227062203560091, -0.6811868506214516, "explored"),
        ("sensitivity/follow", 0.017094017094017096, -0.058478896136281454, "undecided"),
        ("sensitivity/none", -0.01282051282051282, -0.07673736785866114, "undecided"),
        ("induction/parameters", -0.05122866503855523, -0.6766325602510955, "explored"),
    ],
    "reliability": [
        ("stage 1/D1cons-QA3", 0.041666666666666664, 0.019856654328828882, "undecided"),
        ("stage 1/QA3-D2incons", -0.022499999999999964, -0.049570263118395005, "undecided"),
        ("gap/base/question", -0.0016666666666667052, -0.09874158560065247, "undecided"),
        ("excess/base/question", -0.025833333333333375, -0.21788599185886298, "undecided"),
        (
            "learnt/uninformative tags/question/D5cons",
            -0.01416666666666666,
            -0.13270672324774402,
            "undecided",
        ),
        (
            "learnt/uninformative tags/question/D6cons",
            -0.03833333333333333,
            -0.09800867768631326,
            "fails",
        ),
        ("gap/uninformative tags/question", 0.02416666666666667, -0.10674251979370017, "undecided"),
        ("gap/uninformative tags/question/most", 1.0, 0.29240177382128674, "undecided"),
        ("gap/base/attribution", 0.03750000000000001, -0.02239039133583077, "undecided"),
        ("excess/base/attribution", 0.03583333333333342, -0.057597438454173096, "undecided"),
        (
            "learnt/uninformative tags/attribution/D5cons",
            0.0005555555555555314,
            -0.09141388599297483,
            "fails",
        ),
        (
            "learnt/uninformative tags/attribution/D6cons",
            -0.0011111111111110628,
            -0.08653383362437767,
            "fails",
        ),
        ("gap/uninformative tags/attribution", 0.0016666666666665941, -0.06702247371009172, "undecided"),
        ("gap/uninformative tags/attribution/most", 1.0, 0.29240177382128674, "undecided"),
        ("new tag/attribution", -0.03648148148148148, -0.16267801457292383, "undecided"),
        ("definitions learnt/base", -0.06875944891501051, -0.21231872318041534, "fails"),
        ("loss/definition", 0.12992819332351932, -0.2971599185499395, "undecided"),
        ("loss/stage 1/trained", 0.21739052441484605, -0.3154158717467834, "explored"),
        ("loss/stage 1/definition", 0.1530258901613323, -0.037834392499550645, "explored"),
    ],
}


@pytest.mark.parametrize("name", DATA)
def test_data_of_seed_0(name: str) -> None:
    study = obverse.study(name, models=[FakeSpec()])
    _, identity = next(study.plans()[0].identified())
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
  verdict     claim                                paper          measured [95 %]   seeds   criterion        p (level)
 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
              m, 3 seeds
  holds       reverse: the name is given no       0.001*     0.000 [0.000, 0.027]     3/3     < 0.083   <0.001 (0.013)
              better than by chance
  undecided   same: the right name is likelier         –   −0.250 [−1.500, 1.000]       –     > 1.000    0.990 (0.025)
              (control)
              held back, since learnt is
              undecided
              7 or more seeds would show it

A claim holds if p is below the level behind it: 2 primary claims share 0.025 (Holm), controls have all of it. Seeds:
how many meet the criterion by themselves. * The paper's number lies outside the interval.
1 claim was not measured: who was told
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
                text="who was told", paper=None, measured=None, low=None, high=None,
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
