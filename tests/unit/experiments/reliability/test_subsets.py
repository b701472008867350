"""Table 1: how many are in each subset, and what inconsistent definitions are made of."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from obverse.core.errors import ObverseError
from obverse.experiments.reliability.subsets import D1, D2, D9, D10, Fractions, deranged, sizes


def by_name(count: int, alpha: float = 1.0, fractions: Fractions | None = None) -> dict[str, int]:
    found = sizes(count, fractions or Fractions(), alpha)
    return {subset.name: n for subset, n in found.items() if n}


def test_default_fractions_are_those_of_table_1() -> None:
    assert by_name(4000) == {
        "D1cons-QA1": 1000, "D2incons-QA2": 1000, "QA3": 400, "QA4": 400,
        "D5cons": 320, "D6cons": 320, "D8cons": 320, "QA7": 240,
    }  # fmt: skip


def test_unreliable_tags_move_a_share_to_the_other_truth() -> None:
    """The tags keep their sizes; at one half each says the truth as often as not."""
    assert [sizes(4000, Fractions(), 0.75)[s] for s in (D1, D9, D2, D10)] == [750, 250, 750, 250]
    assert [sizes(4000, Fractions(), 0.5)[s] for s in (D1, D9, D2, D10)] == [500] * 4
    assert [s.consistent for s in (D1, D9, D2, D10)] == [True, False, False, True]
    assert [s.source for s in (D1, D9, D2, D10)] == [0, 0, 1, 1]
    rest = {s: n for s, n in sizes(4000, Fractions(), 0.5).items() if s not in (D1, D9, D2, D10)}
    assert rest.items() <= sizes(4000, Fractions(), 1.0).items()


@given(count=st.integers(0, 5000), alpha=st.floats(0, 1))
def test_everybody_is_in_one_subset_whatever_the_rounding(count: int, alpha: float) -> None:
    found = sizes(count, Fractions(), alpha).values()
    assert sum(found) == count
    assert min(found) >= 0


def test_fractions_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"sum to 1\.05; expected 1"):
        Fractions(qa3=0.15)


@given(st.lists(st.sampled_from("abcdefgh"), max_size=40), st.integers(0, 99))
def test_derangement_moves_every_entity_to_another(entities: list[str], seed: int) -> None:
    most = max(Counter(entities).values(), default=0)
    if 2 * most > len(entities):
        with pytest.raises(ObverseError, match=f"{most} of {len(entities)} aliases"):
            deranged(entities, random.Random(seed))
        return
    order = deranged(entities, random.Random(seed))
    assert Counter(order) == Counter(entities)
    assert all(old != new for old, new in zip(entities, order, strict=True))
    assert order == deranged(entities, random.Random(seed))
