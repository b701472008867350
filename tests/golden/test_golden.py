"""Values fixed for good: a change here changes stored results, and asks for a new `version`."""

import hashlib
import json
from dataclasses import asdict

from obverse.core.claim import Finding
from obverse.experiments.reversal.identities import tiny
from obverse.sweep.findings import Findings

REVERSAL_DATA = "1b2d1af64220d38e"


def test_reversal_data_of_seed_0() -> None:
    stage = tiny().stages(0)[0]
    items = [*map(asdict, stage.documents), *map(asdict, stage.probes)]
    assert hashlib.sha256(json.dumps(items).encode()).hexdigest()[:16] == REVERSAL_DATA


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
