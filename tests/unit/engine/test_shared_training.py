"""How the documents of a step are divided among processes."""

from collections import Counter

import pytest

from obverse.engine.shared_training import part


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
@pytest.mark.parametrize(("documents", "of_pass"), [(12, 4), (11, 4), (13, 6), (5, 5), (9, 4)])
def test_every_pass_is_divided(size: int, documents: int, of_pass: int) -> None:
    order = [n * 7 % documents for n in range(documents)]
    parts = [part(order, of_pass, rank, size) for rank in range(size)]
    assert len({len(own) for own in parts}) == 1
    each = -(-of_pass // size)
    for number, start in enumerate(range(0, documents, of_pass)):
        rows = [own[number * each : (number + 1) * each] for own in parts]
        assert len({len(row) for row in rows}) == 1, "all of them compute, or some would wait"
        counted = Counter(index for row in rows for index, counts in row if counts)
        assert counted == Counter(order[start : start + of_pass])


def test_one_process_reads_all_in_their_order() -> None:
    assert part([3, 1, 2], 2, 0, 1) == [(3, True), (1, True), (2, True)]
