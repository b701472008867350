import re

import pytest

from obverse.core.errors import ObverseError
from obverse.core.settings import leaf_keys
from obverse.experiments.reversal.identities import Identities
from obverse.studies.catalogue import find, registered


def test_override_takes_text_as_typed() -> None:
    changed = Identities().with_overrides({"recipe.learning_rate": "1e-5", "facts_per_subset": "300"})
    assert changed.recipe.learning_rate == 1e-5
    assert changed.facts_per_subset == 300
    assert changed.recipe.epochs == Identities().recipe.epochs


@pytest.mark.parametrize("text", ["None", "none", "null"])
def test_nothing_can_be_typed(text: str) -> None:
    with_seed = Identities(data_seed=3)
    assert with_seed.with_overrides({"data_seed": text}).data_seed is None


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("facts_per_subsets", "3", "did you mean facts_per_subset"),
        ("learning_rate", "1e-5", "did you mean recipe.learning_rate"),
        ("recipe.learning_rate", "-1", "recipe.learning_rate: expected a number above 0"),
        ("recipe.learning_rate", "Infinity", "recipe.learning_rate: expected a finite number"),
        ("recipe.micro_batch_size", "5", "batch_size 32 is not a multiple of micro_batch_size 5"),
        ("recipe.epochs", "0", "recipe.epochs: expected at least 1, got 0"),
        ("recipe.epochs", "many", "recipe.epochs: expected a whole number, got 'many'"),
        ("recipe.epochs", "1.5", "recipe.epochs: expected a whole number, got 1.5"),
        ("recipe.epochs", "none", "recipe.epochs: expected a whole number, got none"),
        ("recipe.epochs", "[[1]]", "recipe.epochs: expected a whole number, got "),
        ("recipe.epochs", "true", "recipe.epochs: expected a number, got true"),
        ("recipe.learning_rate", "fast", "recipe.learning_rate: expected a number, got 'fast'"),
        (
            "recipe.loss_on_padding",
            "maybe",
            "recipe.loss_on_padding: expected true or false, got 'maybe'",
        ),
        (
            "recipe.loss_on",
            "padding",
            "recipe.loss_on: expected 'document' or 'completion', got 'padding'",
        ),
        ("held_out_prompts", "11", "held_out_prompts: expected at most 10"),
    ],
)
def test_bad_override_is_refused_by_name(key: str, value: str, said: str) -> None:
    with pytest.raises(ObverseError, match=said.replace(".", r"\.")):
        Identities().with_overrides({key: value})


def test_no_word_of_the_library_stands_in_a_refusal() -> None:
    values = ["x", "1.5", "-1", "none", "true", "[1]", '["a"]', "{}", "", "1e400", "9" * 23, '{"a": 1}']
    refused = []
    for name in registered():
        settings = next(iter(find(name).presets().values())).experiment
        for key in leaf_keys(settings):
            for value in values:
                try:
                    settings.with_overrides({key: value})
                except ObverseError as error:
                    refused.append(f"{name} {key}={value}: {error}")
    assert len(refused) > 1000
    wording = re.compile(r"Input should|valid \w+|Value error|Field required|\(got|validation")
    assert not [said for said in refused if wording.search(said)]


def test_check_over_several_settings_does_not_repeat_them_all() -> None:
    with pytest.raises(ObverseError) as refused:
        Identities().with_overrides({"recipe.micro_batch_size": "5"})
    assert str(refused.value).endswith("batch_size 32 is not a multiple of micro_batch_size 5")
