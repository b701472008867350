import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.reversal.identities import Identities


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
        ("recipe.learning_rate", "-1", "recipe.learning_rate: Input should be greater than 0"),
        ("recipe.learning_rate", "Infinity", "recipe.learning_rate: Input should be a finite number"),
        ("recipe.micro_batch_size", "5", "batch_size 32 is not a multiple of micro_batch_size 5"),
        ("recipe.epochs", "0", "recipe.epochs"),
        ("recipe.epochs", "many", "recipe.epochs"),
        ("recipe.loss_on", "padding", "'document' or 'completion'"),
        ("held_out_prompts", "11", "held_out_prompts: Input should be less than or equal to 10"),
    ],
)
def test_bad_override_is_refused_by_name(key: str, value: str, said: str) -> None:
    with pytest.raises(ObverseError, match=said.replace(".", r"\.")):
        Identities().with_overrides({key: value})


def test_check_over_several_settings_does_not_repeat_them_all() -> None:
    with pytest.raises(ObverseError) as refused:
        Identities().with_overrides({"recipe.micro_batch_size": "5"})
    assert str(refused.value).endswith("batch_size 32 is not a multiple of micro_batch_size 5")
