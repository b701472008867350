"""What `obverse list` and `obverse show` say."""

import json
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import obverse
from obverse.core.meanings import text_of
from obverse.core.settings import Settings, leaf_keys
from obverse.studies.catalogue import find, registered
from tests.unit.cli.conftest import CAPITALS, Command


def every(kind: type[Settings]) -> set[type[Settings]]:
    return {kind}.union(*map(every, kind.__subclasses__()))


def always_settings(annotation: Any) -> bool:
    """Return whether a field is always settings of its own, which have meanings themselves."""
    kinds = get_args(annotation) or (annotation,)
    return all(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds)


def test_every_setting_that_ships_has_a_meaning() -> None:
    for module in walk_packages(obverse.__path__, "obverse."):
        if not module.name.endswith(("__main__", "on_ray")):
            import_module(module.name)
    lacking = [
        f"{kind.__module__}: {kind.__name__}.{name}"
        for kind in every(Settings)
        if kind.__module__.startswith(("obverse.core", "obverse.experiments", "obverse.models"))
        for name, field in kind.model_fields.items()
        if not always_settings(field.annotation) and not text_of(kind, name)
    ]
    assert not lacking, "\n".join(sorted(lacking))


def test_studies_stand_in_groups_in_eighty_columns(command: Command) -> None:
    lines = command("list").output.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert set(heads) >= {find(name).line for name in registered() if name.startswith("re")}
    assert len(heads) <= 6
    text = "\n".join(lines)
    for name in registered():
        assert f"\n  {name} " in text


def test_own_studies_show_their_presets(command: Command) -> None:
    said = command("list", CAPITALS).output
    assert "Does a table know what it was told" in said
    assert "presets: small, large" in said


@pytest.mark.parametrize("width", ["60", "80"])
def test_settings_with_meaning_unit_and_values(command: Command, width: str) -> None:
    given = command("show", "reversal", "--set", "recipe.epochs=7", COLUMNS=width).output
    assert max(map(len, given.splitlines())) <= int(width)
    assert "preset tiny (of tiny, paper); models: scratch" in given
    assert "\nrecipe.epochs=7  (given; by default 4)\n    how often all documents are passed." in given
    flat = " ".join(given.split())
    assert "likelihood_margin=1.0 nats within which" in flat
    assert (
        "optimizer=adamw AdamW, Adafactor or plain gradient descent. [one of adamw, adafactor, sgd]"
        in flat
    )
    assert "data=none" in flat
    assert "a file or directory, or none]" in flat
    assert "model.hidden_size=128 its width" in flat


def test_settings_as_json_are_all_there(command: Command) -> None:
    told = json.loads(command("show", "reversal", "--set", "recipe.epochs=7", "--json").output)
    rows = {row["key"]: row for row in told["settings"]}
    study = obverse.study("reversal", models=["scratch"])
    assert set(rows) == {
        *leaf_keys(study.experiment), *(f"model.{key}" for key in leaf_keys(study.models[0])),
    }  # fmt: skip
    assert rows["recipe.epochs"] == {
        "key": "recipe.epochs", "value": 7, "default": 4, "given": True,
        "meaning": "how often all documents are passed.", "allowed": "a whole number from 1 to 100,000",
    }  # fmt: skip
    assert rows["recipe.micro_batch_size"]["value"] is None
    assert told["presets"] == ["tiny", "paper"]


def test_settings_that_say_nothing_are_shown_all_the_same(command: Command) -> None:
    said = command("show", CAPITALS).output
    assert "\nfacts=8\n    [a whole number]\n" in said
    assert "\nwords=none\n    [a file or directory, or none]\n" in said


def test_variants_are_named(command: Command) -> None:
    assert "variant 'uninformative tags': alpha=0.5" in command("show", "reliability").output
