"""Inner products of the gradients of all pairs of texts from two sets, over all trained parameters.

    ⟨∇L(a_i), ∇L(b_j)⟩,   L the mean over a text's tokens of −ln P(token | those before it).

Both sets are passed through the model once, and what their gradients are made of is kept, as far as
`memory` goes; beyond it, the second set is passed through again for each part of the first that fits.
Then one parameter after the other adds its products. No text's whole gradient is ever formed, whatever
the number of pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from obverse.core.gradients import Numbers, Products
from obverse.engine.documents import IGNORED, Example
from obverse.engine.gradients.capture import Capture
from obverse.engine.gradients.factors import Gradients, inner, size_of, squared_norms
from obverse.engine.gradients.projections import project

TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 16384}
MEMORY = 4 * 2**30  # bytes for what is kept of both sets


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts: their places in their set, and what each parameter's gradients are made of."""

    places: list[int]
    gradients: Mapping[str, Gradients]
    squared_norms: Numbers


def products(
    model: PreTrainedModel,
    first: Sequence[Example],
    second: Sequence[Example],
    *,
    pad: int,
    weights: Mapping[str, Tensor] | None = None,
    projections: int | None = None,
    seed: int = 0,
    memory: int = MEMORY,
) -> Products:
    """Return the inner products of every text of `first` with every text of `second`, and their squared
    norms.

    Args:
        model: is left as it was; its dropout is off meanwhile.
        first, second: texts as tokens, with the labels that bear loss.
        pad: the token that fills up a batch.
        weights: of each parameter's numbers, for ⟨g, W g'⟩ in the place of ⟨g, g'⟩; norms are under W
            too.
        projections: estimate inner products from so many random projections, drawn from `seed`; norms
            are exact all the same. None: all is exact.
        seed: of the projections.
        memory: bytes for what is kept of both sets at a time.

    Raises:
        ValueError: if a text bears no loss, or projections are to be weighted, or fewer than two.
        ObverseError: if a parameter's gradients cannot be had text by text.
    """
    if projections is not None and (weights or projections < 2):
        raise ValueError("projections: expected two or more, and no weights beside them")
    was_training = model.training
    model.eval()
    try:
        one = _Pass(model, pad, weights or {})
        if projections is not None:
            return one.estimated(first, second, projections, seed)
        return one.all_pairs(first, second, memory)
    finally:
        model.train(was_training)


class _Pass:
    def __init__(self, model: PreTrainedModel, pad: int, weights: Mapping[str, Tensor]) -> None:
        self.model, self.pad, self.weights = model, pad, weights
        self.capture = Capture(model)
        self.known = set(signature(model.forward).parameters)

    def estimated(
        self, first: Sequence[Example], second: Sequence[Example], draws: int, seed: int
    ) -> Products:
        """Return estimates from random projections; nothing else of a gradient is kept."""
        sets, norms = [], []
        self._try_out(first, second)
        for examples in (first, second):
            kept = torch.zeros(len(examples), draws, dtype=torch.float64)
            squares = np.zeros(len(examples))
            for batch in self._batches(examples):
                with torch.no_grad():
                    kept[batch.places] = project(batch.gradients, draws, seed).cpu()
                squares[batch.places] = batch.squared_norms
            sets.append(kept)
            norms.append(squares)
        sketches = sets[0].numpy(), sets[1].numpy()
        found = sketches[0] @ sketches[1].T / draws
        return Products(inner=found, first=norms[0], second=norms[1], sketches=sketches)

    def all_pairs(self, first: Sequence[Example], second: Sequence[Example], memory: int) -> Products:
        found = np.zeros((len(first), len(second)))
        norms = np.zeros(len(first)), np.zeros(len(second))
        self._try_out(first, second)
        for a in self._blocks(first, memory // 2):
            self._put_norms(norms[0], a)
            for b in self._blocks(second, memory // 2):
                self._put_norms(norms[1], b)
                self._add_pairs(found, a, b)
        return Products(inner=found, first=norms[0], second=norms[1])

    def _try_out(self, *sets: Sequence[Example]) -> None:
        one = next((examples[0] for examples in sets if examples), None)
        if one is not None:
            self.capture.try_out(lambda copies: self._losses([one] * copies))

    def _put_norms(self, norms: Numbers, block: Sequence[Batch]) -> None:
        for batch in block:
            norms[batch.places] = batch.squared_norms

    def _add_pairs(self, found: Numbers, a: Sequence[Batch], b: Sequence[Batch]) -> None:
        """Add each parameter's inner products; what a batch has nothing of adds nothing."""
        for name in self.capture.parameters:
            first, second = ([batch for batch in block if name in batch.gradients] for block in (a, b))
            if first and second:
                of_first, of_second = ([x.gradients[name] for x in some] for some in (first, second))
                with torch.no_grad():
                    values = inner(of_first, of_second, self.weights.get(name))
                rows, columns = ([i for batch in some for i in batch.places] for some in (first, second))
                found[np.ix_(rows, columns)] += values.cpu().numpy()

    def _blocks(self, examples: Sequence[Example], memory: int) -> Iterator[list[Batch]]:
        """Yield batches, as many at a time as fit into `memory`, and one at least."""
        block: list[Batch] = []
        taken = 0
        for batch in self._batches(examples):
            size = sum(map(size_of, batch.gradients.values()))
            if block and taken + size > memory:
                yield block
                block, taken = [], 0
            block.append(batch)
            taken += size
        if block:
            yield block

    def _batches(self, examples: Sequence[Example]) -> Iterator[Batch]:
        """Yield texts of like length together."""
        order = sorted(range(len(examples)), key=lambda i: _width(examples[i]))
        limit = TOKENS_PER_BATCH["cuda" if self.model.device.type == "cuda" else "cpu"]
        places: list[int] = []
        for i in order:
            wider = (len(places) + 1) * _width(examples[i]) > limit
            if places and (wider or not self.capture.batched):
                yield self._batch(places, examples)
                places = []
            places.append(i)
        if places:
            yield self._batch(places, examples)

    def _batch(self, places: list[int], examples: Sequence[Example]) -> Batch:
        gradients, _ = self.capture.gradients(lambda: self._losses([examples[i] for i in places]))
        with torch.no_grad():
            norms = [squared_norms(g, self.weights.get(name)) for name, g in gradients.items()]
        return Batch(places, gradients, torch.stack(norms).sum(0).cpu().numpy())

    def _losses(self, examples: Sequence[Example]) -> Tensor:
        """Return each text's mean loss over its tokens that bear one, (B,), in nats."""
        device = self.model.device
        ids, labels = (
            _stacked([e[key] for e in examples], fill).to(device)
            for key, fill in (("input_ids", self.pad), ("labels", IGNORED))
        )
        mask = _stacked([[1] * len(e["input_ids"]) for e in examples], 0).to(device)
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        if "use_cache" in self.known:
            given["use_cache"] = False
        if self.model.config.is_encoder_decoder:
            given["labels"] = labels
        else:
            if "position_ids" in self.known:  # so that learned positions have a place for each text
                given["position_ids"] = torch.arange(ids.shape[1], device=device).expand_as(ids)
            if "logits_to_keep" in self.known:
                # A token is predicted at the place before it.
                given["logits_to_keep"] = (labels[:, 1:] != IGNORED).any(0).nonzero().squeeze(1)
                labels = labels[:, given["logits_to_keep"] + 1]
            else:
                labels = functional.pad(labels[:, 1:], (0, 1), value=IGNORED)
        logits = self.model(**given).logits
        losses = functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none"
        ).view(labels.shape)
        count = (labels != IGNORED).sum(1)
        if not bool(count.all()):
            raise ValueError("a text has no token that bears loss, and so no gradient")
        return losses.sum(1) / count


def _width(example: Example) -> int:
    return max(map(len, example.values()))


def _stacked(rows: Sequence[list[int]], fill: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [fill] * (width - len(row)) for row in rows])
