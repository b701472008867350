"""Where the paper has what is claimed: another place for other data and another schedule."""

import re

import pytest

from obverse.experiments.reliability.ablations.encoder_decoder import EncoderDecoder
from obverse.experiments.reliability.ablations.schedules import Schedules
from obverse.experiments.reliability.reliability import Reliability
from tests.unit.experiments.reliability.studies import STUDIES

# Figures of CVDB alone, of T-REx alone; 19 and 20 are of both, 21 and 22 of neither by name.
CVDB = {"3", "3a", "3b", "4a", "4b", "4c", "8", "9", "11", "12", "13", "14", "16", "17"}
TREX = {"10", "15", "18"}
PRESETS = [
    (study, name, preset.experiment)
    for study in STUDIES
    for name, preset in study.presets().items()
    if isinstance(preset.experiment, Reliability)
]


def figures(experiment: Reliability) -> set[str]:
    """Return the numbers of all figures that claims cite."""
    cited = [claim.source for claim in experiment.claims() if "igure" in claim.source]
    return {
        number for source in cited for number in re.findall(r"\b\d+[abc]?\b", source.split(", p =")[0])
    }


def cited(experiment: Reliability) -> dict[str, str]:
    return {claim.id: claim.source for claim in experiment.claims()}


@pytest.mark.parametrize(
    "experiment", [e for *_, e in PRESETS], ids=[f"{study.name}-{name}" for study, name, _ in PRESETS]
)
def test_figures_are_those_of_the_data(experiment: Reliability) -> None:
    others = CVDB if experiment.population.kind == "trex" else TREX
    assert not figures(experiment) & others


def test_main_claims_cite_the_figure_of_their_schedule_and_data() -> None:
    places = {name: cited(p.experiment) for name, p in Reliability.presets().items()}  # type: ignore[arg-type]
    gaps = {name: sources["gap/base/question"] for name, sources in places.items()}
    assert gaps == {
        "tiny": "Figure 3", "paper": "Figure 3", "trex": "Figure 10", "fig14": "Figure 14",
        "fig15": "Figure 15",
    }  # fmt: skip
    new_tag = {name: sources["new tag/attribution"] for name, sources in places.items()}
    assert new_tag == {
        "tiny": "Figure 3b", "paper": "Figure 3b", "trex": "not reported", "fig14": "Figure 14",
        "fig15": "not reported",
    }  # fmt: skip
    assert places["trex"]["loss/definition"] == places["fig14"]["loss/definition"] == "not reported"
    assert places["tiny"]["loss/definition"] == "Figure 8"


def test_encoder_decoder_on_t_rex_is_not_said_to_have_been_seen_with_a_gap() -> None:
    places = {name: cited(p.experiment) for name, p in EncoderDecoder.presets().items()}  # type: ignore[arg-type]
    gaps = {name: places[name]["gap/base/question"] for name in ("paper", "trex", "fig19", "fig19-trex")}
    assert gaps == {
        "paper": "Figure 20", "trex": "Figure 20, none on T-REx", "fig19": "Figure 19",
        "fig19-trex": "Figure 19",
    }  # fmt: skip
    assert places["paper"]["stage 1/D1cons-D2incons"] == "Figure 20, barely visible"
    assert places["trex"]["stage 1/D1cons-D2incons"] == "Figure 20, none on T-REx"


def test_stages_on_t_rex_are_those_of_its_figures() -> None:
    trex = cited(Schedules.presets()["trex"].experiment)  # type: ignore[arg-type]
    assert (trex["gap/base/question"], trex["gap/single-stage/question"]) == ("Figure 10", "Figure 15")
