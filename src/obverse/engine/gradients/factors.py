"""The gradients of one parameter for each text of a batch, as factors that are not multiplied out.

A linear layer that reads x_t, and whose output has the gradient g_t at token t, has for one text the
gradient

    G = Σ_t g_t ⊗ x_t                                      (out × in),

so that the inner product of two texts' gradients follows from the factors,

    ⟨G, G'⟩ = Σ_t Σ_s (g_t · g'_s) (x_t · x'_s),

and neither gradient has to be formed. The rows of an embedding are such a sum as well, with g_t in the
place of x_t and, in the place of g_t, the unit vector of the token that was read. Sums over tokens come
after the products: a product of sums over texts would mix their gradients.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

FLOATS = 2**25  # of an intermediate result at a time: 128 MiB in float32


@dataclass(frozen=True, slots=True)
class Outer:
    """Σ_t left_t ⊗ right_t for each text: `left` (B, T, p), `right` (B, T, q)."""

    left: Tensor
    right: Tensor


@dataclass(frozen=True, slots=True)
class Rows:
    """As `Outer`, where left_t is the unit vector of `ids_t`: `ids` (B, T) below `count`, `right` (B, T,
    q)."""

    ids: Tensor
    right: Tensor
    count: int


@dataclass(frozen=True, slots=True)
class Whole:
    """The gradients themselves: `values` (B, numbers of the parameter)."""

    values: Tensor


Factor = Outer | Rows
# What a parameter's gradients are made of; a parameter that is used in several places has several
# factors.
Gradients = Whole | tuple[Factor, ...]


def inner(a: Sequence[Gradients], b: Sequence[Gradients], weight: Tensor | None = None) -> Tensor:
    """Return Σ_k w_k G_ik G'_jk for every text i of `a` and j of `b`, (n, m), in double precision.

    By tokens or from formed gradients, whichever takes fewer multiplications.

    Args:
        a, b: gradients of one parameter, batch by batch.
        weight: w, the parameter's shape as its gradients are laid out here; all ones if there is none.
    """
    first, second = _factors(a), _factors(b)
    weighable = weight is None or all(isinstance(f, Rows) for batch in first or () for f in batch)
    if first is None or second is None or not weighable:
        return _formed_inner(a, b, weight)
    by_tokens = sum(
        len(x[0].right) * len(y[0].right) * _cost(f, g)
        for x in first
        for y in second
        for f in x
        for g in y
    )
    if by_tokens > _numbers_of(a[0]) * sum(map(texts_of, a)) * sum(map(texts_of, b)):
        return _formed_inner(a, b, weight)
    rows = []
    for x in first:
        weighted = x if weight is None else _weighted(x, weight)
        rows.append(torch.cat([_sum_by_tokens(weighted, y) for y in second], dim=1))
    return torch.cat(rows)


def _factors(batches: Sequence[Gradients]) -> list[tuple[Factor, ...]] | None:
    """Return what gradients are made of, or None where they stand there as they are."""
    found = [batch for batch in batches if not isinstance(batch, Whole)]
    return found if len(found) == len(batches) else None


def squared_norms(a: Gradients, weight: Tensor | None = None) -> Tensor:
    """Return Σ_k w_k G_ik² for every text, (n,), in double precision."""
    if not isinstance(a, Whole) and _norms_by_tokens(a, weight):
        weighted = a if weight is None else _weighted(a, weight)
        return torch.stack([_own_by_tokens(f, g) for f in weighted for g in a]).sum(0)
    total = []
    for part in parts(a, FLOATS // _numbers_of(a)):
        values = form(part)
        squares = values.square() if isinstance(part, Whole) else values.square_()
        of_texts = squares.sum(1) if weight is None else squares @ weight.flatten()
        total.append(of_texts.double())
    return torch.cat(total)


def _norms_by_tokens(a: tuple[Factor, ...], weight: Tensor | None) -> bool:
    """Return whether norms are cheaper by tokens than from gradients that have to be formed."""
    if weight is not None and not all(isinstance(f, Rows) for f in a):
        return False
    forming = _numbers(a[0]) * sum(f.right.shape[1] for f in a if isinstance(f, Outer))
    return sum(_cost(f, g) for f in a for g in a) <= forming + _numbers(a[0])


def _weighted(a: tuple[Factor, ...], weight: Tensor) -> tuple[Factor, ...]:
    """Return the gradients of rows of an embedding times `weight` (count, q)."""
    return tuple(Rows(f.ids, f.right * weight[f.ids], f.count) for f in a if isinstance(f, Rows))


def _own_by_tokens(a: Factor, b: Factor) -> Tensor:
    """Return the inner product of each text's two factors, (n,)."""
    found = []
    texts = max(1, FLOATS // (a.right.shape[1] * b.right.shape[1]))
    for start in range(0, len(a.right), texts):
        [f], [g] = (_texts((x,), slice(start, start + texts)) for x in (a, b))
        products = f.right @ g.right.mT
        if isinstance(f, Outer) and isinstance(g, Outer):
            products = products * (f.left @ g.left.mT)
        elif isinstance(f, Outer):
            assert isinstance(g, Rows)
            products = products * f.left.gather(2, g.ids[:, None].expand(-1, f.left.shape[1], -1))
        elif isinstance(g, Outer):
            picked = g.left.gather(2, f.ids[:, None].expand(-1, g.left.shape[1], -1))
            products = products * picked.mT
        else:
            products = products * (f.ids[:, :, None] == g.ids[:, None])
        found.append(products.sum((1, 2), dtype=torch.float64))
    return torch.cat(found)


def form(a: Gradients, out: Tensor | None = None) -> Tensor:
    """Return the gradients themselves, (B, numbers of the parameter), in `out` if it is given."""
    if isinstance(a, Whole):
        return a.values if out is None else out.copy_(a.values)
    if out is None:
        out = a[0].right.new_empty(texts_of(a), _numbers(a[0]))
    shaped = out.view(len(out), -1, a[0].right.shape[2])
    for number, factor in enumerate(a):
        if isinstance(factor, Outer) and number == 0:
            torch.bmm(factor.left.mT, factor.right, out=shaped)
        elif isinstance(factor, Outer):
            shaped.baddbmm_(factor.left.mT, factor.right)
        else:
            if number == 0:
                shaped.zero_()
            shaped.scatter_add_(1, factor.ids[:, :, None].expand_as(factor.right), factor.right)
    return out


def summed(a: Gradients) -> Tensor:
    """Return the sum of all texts' gradients, (numbers of the parameter,)."""
    if isinstance(a, Whole):
        return a.values.sum(0)
    total = a[0].right.new_zeros(_numbers(a[0]) // a[0].right.shape[2], a[0].right.shape[2])
    for factor in a:
        right = factor.right.flatten(0, 1)
        if isinstance(factor, Outer):
            total.addmm_(factor.left.flatten(0, 1).T, right)
        else:
            total.index_add_(0, factor.ids.flatten(), right)
    return total.flatten()


def parts(a: Gradients, texts: int) -> Iterator[Gradients]:
    """Yield the gradients of at most so many texts at a time, and of one at least."""
    texts = max(1, texts)
    for start in range(0, texts_of(a), texts):
        where = slice(start, start + texts)
        yield Whole(a.values[where]) if isinstance(a, Whole) else _texts(a, where)


def _texts(a: tuple[Factor, ...], where: slice) -> tuple[Factor, ...]:
    return tuple(
        Outer(f.left[where], f.right[where])
        if isinstance(f, Outer)
        else Rows(f.ids[where], f.right[where], f.count)
        for f in a
    )


def texts_of(a: Gradients) -> int:
    return len(a.values) if isinstance(a, Whole) else len(a[0].right)


def size_of(a: Gradients) -> int:
    """Return how many bytes gradients take as they are kept."""
    if isinstance(a, Whole):
        return a.values.nbytes
    return sum(f.right.nbytes + (f.left if isinstance(f, Outer) else f.ids).nbytes for f in a)


def dropped(factor: Factor) -> Factor:
    """Return a factor without tokens that bear no gradient in any text (padding, tokens without loss)."""
    borne = factor.right if isinstance(factor, Rows) else factor.left
    other = factor.left if isinstance(factor, Outer) else None
    # Either side may be the gradient; a token counts where both sides are there.
    bears = (borne != 0).any(-1)
    if other is not None:
        bears &= (factor.right != 0).any(-1)
    widest = int(bears.sum(1).max())
    if widest >= bears.shape[1]:
        return factor
    # Tokens that bear a gradient first, in their order; where a text has fewer, zeros fill up.
    order = (~bears).to(torch.int8).argsort(dim=1, stable=True)[:, : max(1, widest)]
    right = _taken(factor.right, order)
    if isinstance(factor, Rows):
        return Rows(factor.ids.gather(1, order), right, factor.count)
    return Outer(_taken(factor.left, order), right)


def _taken(values: Tensor, order: Tensor) -> Tensor:
    return values.gather(1, order[:, :, None].expand(-1, -1, values.shape[2]))


def _formed_inner(a: Sequence[Gradients], b: Sequence[Gradients], weight: Tensor | None) -> Tensor:
    """Return `inner` from the gradients themselves, formed for some of the texts at a time."""
    columns = []
    for other in _formed(b):
        rows = [
            (formed if weight is None else formed * weight.flatten()) @ other.T for formed in _formed(a)
        ]
        columns.append(torch.cat(rows))
    return torch.cat(columns, dim=1).double()


def _formed(batches: Sequence[Gradients]) -> Iterator[Tensor]:
    """Yield the gradients themselves, (texts, numbers), as many as `FLOATS` hold at a time."""
    numbers = _numbers_of(batches[0])
    most = max(1, FLOATS // numbers)
    left = sum(map(texts_of, batches))
    held, filled = None, 0
    for batch in batches:
        for part in parts(batch, most):
            texts = texts_of(part)
            if held is not None and filled + texts > len(held):
                yield held[:filled]
                held = None
            if held is None:
                some = part.values if isinstance(part, Whole) else part[0].right
                held, filled = some.new_empty(min(most, left), numbers), 0
            form(part, held[filled : filled + texts])
            filled, left = filled + texts, left - texts
    if held is not None:
        yield held[:filled]


def _sum_by_tokens(a: tuple[Factor, ...], b: tuple[Factor, ...]) -> Tensor:
    return torch.stack([_by_tokens(f, g) for f in a for g in b]).sum(0)


def _by_tokens(a: Factor, b: Factor) -> Tensor:
    """Return the inner products from those of the factors, one pair of token places after the other."""
    total = a.right.new_zeros(len(a.right), len(b.right))
    for t in range(a.right.shape[1]):
        for s in range(b.right.shape[1]):
            total.addcmul_(_left(a, t, b, s), a.right[:, t] @ b.right[:, s].T)
    return total.double()


def _left(a: Factor, t: int, b: Factor, s: int) -> Tensor:
    """Return the products of left factors at two token places, (texts of `a`, texts of `b`)."""
    if isinstance(a, Outer) and isinstance(b, Outer):
        return a.left[:, t] @ b.left[:, s].T
    if isinstance(a, Outer):
        assert isinstance(b, Rows)
        return a.left[:, t, b.ids[:, s]]
    if isinstance(b, Outer):
        return b.left[:, s, a.ids[:, t]].T
    return (a.ids[:, t, None] == b.ids[None, :, s]).to(a.right.dtype)


def _cost(a: Factor, b: Factor) -> int:
    """Return how many multiplications one pair of texts takes by tokens."""
    p = a.left.shape[2] if isinstance(a, Outer) and isinstance(b, Outer) else 1
    return a.right.shape[1] * b.right.shape[1] * (p + a.right.shape[2])


def _numbers(factor: Factor) -> int:
    p = factor.left.shape[2] if isinstance(factor, Outer) else factor.count
    return p * factor.right.shape[2]


def _numbers_of(a: Gradients) -> int:
    return a.values.shape[1] if isinstance(a, Whole) else _numbers(a[0])
