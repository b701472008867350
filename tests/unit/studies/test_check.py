"""What is refused before training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.models.scratch import Scratch
from obverse.studies.plan import Arm, Plan
from tests.outside.counting import Capitals, Entries, TableSpec


def refused(experiment: obverse.Experiment, said: str, *models: obverse.ModelSpec) -> None:
    one = Arm(experiment, models or (TableSpec(),))
    with pytest.raises(ObverseError, match=said):
        Plan({"": one}, (0,), None, experiment.claims()).check()


def claim(id: str, **more: Any) -> obverse.Claim:
    return obverse.Claim(id=id, text=id, estimate=lambda rows: None, criterion=obverse.Above(0), **more)


class Undeclared(Capitals):
    columns: ClassVar[Mapping[str, type]] = {"kin": str}


class Clashing(Capitals):
    columns: ClassVar[Mapping[str, type]] = {"kind": str, "seed": int}


class Computed(Capitals):
    columns: ClassVar[Mapping[str, type]] = {"kind": str, "value": str}


class Underscored(Capitals):
    columns: ClassVar[Mapping[str, type]] = {"kind": str, "_row": str}


class ClashingWithMeasure(Capitals):
    columns: ClassVar[Mapping[str, type]] = {"kind": str, "rank": int}


class Mistyped(Capitals):
    columns: ClassVar[Mapping[str, type]] = {"kind": int}


class NoSuchCluster(Capitals):
    clusters: ClassVar[tuple[str, ...]] = ("kinds",)


class Twice(Capitals):
    def claims(self) -> tuple[obverse.Claim, ...]:
        return claim("a"), claim("a")


class NeedsNothing(Capitals):
    def claims(self) -> tuple[obverse.Claim, ...]:
        return claim("told"), claim("b", needs=("tolt",))


class NeedsOtherUnit(Capitals):
    def claims(self) -> tuple[obverse.Claim, ...]:
        return claim("a", by="family"), claim("b", needs=("a",))


class OfNothing(Capitals):
    def claims(self) -> tuple[obverse.Claim, ...]:
        return (claim("a", of="entires"),)


class BesideNothing(Capitals):
    def claims(self) -> tuple[obverse.Claim, ...]:
        return (claim("a", beside=("entires",)),)


class Misspelt(Capitals):
    def claims(self) -> tuple[obverse.Claim, ...]:
        told = obverse.mean
        return (
            obverse.Claim(
                id="a", text="a", criterion=obverse.Above(0),
                estimate=lambda rows: told(rows.filter(knd="told"), "exact_match"),
            ),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Escaping(Entries):
    name: ClassVar[str] = "../../entries"


@dataclass(frozen=True, kw_only=True)
class CalledRuns(Entries):
    name: ClassVar[str] = "Runs"


class NamesAFile(Capitals):
    measure: ClassVar[type[Entries]] = Escaping

    def claims(self) -> tuple[obverse.Claim, ...]:
        return ()

    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        return (obverse.Stage(name="x", measures=((self.measure(), obverse.When()),)),)


class NamesATable(NamesAFile):
    measure: ClassVar[type[Entries]] = CalledRuns


class Quits(Capitals):
    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        raise SystemExit(0)


class AfterNothing(Capitals):
    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        first, second = super().stages(seed)
        return first, obverse.Stage(
            name="x", training=second.training, measures=second.measures, after="y"
        )


class NamedTwice(Capitals):
    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        return super().stages(seed)[:1] * 2


class Silent(Capitals):
    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        return (obverse.Stage(name="x", measures=()),)


class ScoresTexts(Capitals):
    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        texts = (obverse.Document(completion="a text"),)
        return (
            obverse.Stage(name="x", measures=((obverse.Perplexity(documents=texts), obverse.When()),)),
        )


@pytest.mark.parametrize(
    ("experiment", "said"),
    [
        (Undeclared(), "unknown label 'kind'; did you mean kin"),
        (Clashing(), "the label 'seed' of `columns` is a column of every table"),
        (Computed(), "the label 'value' of `columns` is what means and figures have beside labels"),
        (Underscored(), "the label '_row' begins with _"),
        (ClashingWithMeasure(), "the label 'rank' of `columns` is a column of the measure 'ask'"),
        (Mistyped(), "the label 'kind' is declared as int and has the value 'told'"),
        (NoSuchCluster(), "unknown label 'kinds'"),
        (Twice(), "2 claims have the id 'a'"),
        (NeedsNothing(), "the claim 'b' needs 'tolt': unknown claim 'tolt'; did you mean told"),
        (NeedsOtherUnit(), "the claim 'b' is measured by model and needs 'a', which is by family"),
        (OfNothing(), "the claim 'a' is of='entires': unknown measure 'entires'; did you mean entries"),
        (BesideNothing(), "the claim 'a' is beside='entires': unknown measure 'entires'; did you mean"),
        (Misspelt(), "the claim 'a': unknown column 'knd'; did you mean kind"),
        (NamesAFile(), r"a measure is called '../../entries', which names its file"),
        (NamesATable(), r"a measure is called 'Runs', as a table of every study is"),
        (Quits(), r"capitals: stages\(\) ended with SystemExit\(0\)"),
        (AfterNothing(), "stage 'x': after='y' is not an earlier stage"),
        (NamedTwice(), "two stages are called 'first'"),
        (Silent(), "there is nothing to measure"),
        (ScoresTexts(), r"table: a model of this kind \(TableSpec\) cannot give log-probabilities"),
    ],
)
def test_refused_before_training(experiment: obverse.Experiment, said: str) -> None:
    refused(experiment, said)


def test_models_that_are_the_same_are_refused() -> None:
    refused(Capitals(), "table, other are one and the same", TableSpec(), TableSpec(name="other"))
    two = (TableSpec(), TableSpec(name="other", seconds=0.1))
    Plan({"": Arm(Capitals(), two)}, (0,)).check()


def test_probes_of_one_id_are_refused() -> None:
    probe = obverse.Probe(id="a", prompt="p", targets=("t",), fact="f")
    with pytest.raises(ObverseError, match="two probes have the id 'a'"):
        obverse.Ask(probes=(probe, probe))


def test_experiment_that_fits_is_not_refused() -> None:
    Plan({"": Arm(Capitals(), (TableSpec(),))}, (0, 1)).check(keep_weights=True)
    with pytest.raises(ObverseError, match="at least one seed"):
        Plan({"": Arm(Capitals(), (Scratch(),))}, ())
