"""The table of cures as a study, small: from the settings to tables, claims and the page."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.experiments.reversal.cures import methods
from obverse.experiments.reversal.cures.cures import Cures
from tests.outside.inline import Inline

SMALL: dict[str, Any] = {
    "facts_per_subset": 2,
    "facts_per_relation": 2,
    "auxiliary": 3,
    "paraphrases": 2,
    "held_out_prompts": 1,
    "updates": 4,
    "recipe.batch_size": 8,
    "model.hidden_size": 16,
    "model.layers": 1,
    "model.heads": 2,
}
ROWS = ("nothing", "both orders, all", "reversed entities", "masked fine-tuning", "masked tokens (MLM-U)")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> obverse.Result:
    study = obverse.Study(
        experiment=Cures(cures=ROWS), models=(obverse.Scratch(layers=2),), seeds=(0,)
    ).with_settings(SMALL, exact=True)
    out = tmp_path_factory.mktemp("cures")
    return study.run(out, executor=Inline(), execution=obverse.Execution(device="cpu"))


def test_every_row_has_the_same_updates_facts_and_questions(result: obverse.Result) -> None:
    rows = result.tables["ask"]
    assert set(rows["variant"]) == set(ROWS)
    steps = dict(rows.group_by("variant").agg(pl.col("step").max()).iter_rows())
    assert set(steps.values()) == {4}
    asked = rows.group_by("variant").agg(pl.col("probe").sort(), pl.col("prompt").sort())
    assert asked["probe"].n_unique() == asked["prompt"].n_unique() == 1
    tokens = dict(rows.group_by("variant").agg(pl.col("tokens").mean()).iter_rows())
    assert tokens["masked fine-tuning"] > 1.1 * tokens["nothing"], "what it costs is seen"


def test_source_is_a_target_as_the_data_and_the_objective_have_it(result: obverse.Result) -> None:
    targets = result.tables["targets"].group_by("variant").agg(pl.col("recalled", "predicted").sum())
    recalled = {variant: n for variant, n, _ in targets.iter_rows()}
    assert recalled["nothing"] == 0
    # In so few documents the masks that are drawn may well leave every name in sight.
    assert all(recalled[name] > 0 for name in ROWS[1:] if name != "masked fine-tuning")
    assert targets["predicted"].min() > 0  # type: ignore[operator]


def test_page_and_figures_are_made(result: obverse.Result, tmp_path: Path) -> None:
    page = obverse.write_report(result.out).read_text(encoding="utf-8")
    assert "MISSING" not in page
    for name in ("cures", "likelihood"):
        assert (result.out / f"figures/{name}.png").read_bytes()[:4] == b"\x89PNG"
    for name in ROWS:
        assert name in page
    assert {f.claim for f in result.claims if f.role == "primary"} == {
        "cure/reversed entities", "cure/masked fine-tuning",
        "wrong/reversed entities", "targets/never",
        "likelihood/masked tokens (MLM-U)",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"cures": ("nothing", "magic")}, "no cure is called 'magic'"),
     ({"cures": ("reversed words",)}, "expected 'nothing' among them"),
     ({"recipe": {"epochs": 2}}, "how long is trained is set by updates")],
)  # fmt: skip
def test_settings_that_make_no_table_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises((ObverseError, ValueError), match=said):
        Cures(**settings)


def test_presets_are_studies_whose_rows_all_differ() -> None:
    for name, preset in Cures.presets().items():
        rows = preset.experiment.variants()
        assert len({row.name for row in rows}) == len(rows), name
    assert set(methods.SHORT) <= set(methods.BY_NAME)
    data_only = Cures.presets()["paper"].experiment.variants()
    assert not [key for row in data_only for key in row.settings if key.startswith("model.")]


@pytest.mark.parametrize("key", ["method", "dose", "budget"])
def test_the_untreated_row_cannot_be_treated(key: str) -> None:
    value: Any = "permuted" if key == "method" else 0.5
    study = obverse.study("reversal-cures", settings={key: value}, seeds=1)
    with pytest.raises(ObverseError, match=f"{key}: the study reversal-cures compares values of it"):
        study.variants()
