"""The gradients of a batch's texts, from one forward and one backward pass.

What a module reads, and the gradient of what it gives, are kept; they tell the gradient of its parameters
for each text. Linear layers and embeddings have factors (`engine.gradients.factors`). All else (norms,
biases of attention, what one has never heard of) is differentiated text by text, the module alone, with
`torch.func.vmap`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.utils._pytree import tree_flatten, tree_unflatten
from transformers.pytorch_utils import Conv1D

from obverse.core.errors import ObverseError
from obverse.engine.gradients.factors import Factor, Gradients, Outer, Rows, Whole, dropped, form, summed

Losses = Callable[[], Tensor]  # the loss of each text, (B,)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a module: what it read, positional and by name in one list, and what it gave.

    `layout` puts the list back into arguments. Of what it gave, `gave` are the tensors that a loss can
    depend on, `places` where they stood.
    """

    module: nn.Module
    read: list[Any]
    layout: Any
    gave: list[Tensor]
    places: list[int]


class Capture:
    """Gradients of all trained parameters of a model, text by text.

    Attributes:
        parameters: by name, each once, however many modules share it.
        batched: whether texts can be passed through side by side. A model in which something trained is
            used without a place for each text (the relative positions of a T5, experts that see tokens of
            all texts in one row) takes one text at a time.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._names = {id(p): name for name, p in self.parameters.items()}
        self._owners = [
            m for m in model.modules() if any(id(p) in self._names for p in m.parameters(recurse=False))
        ]
        self.batched = True
        self._checked = False
        self._mapped: dict[tuple[int, int], list[bool]] = {}

    def try_out(self, pass_through: Callable[[int], object]) -> None:
        """Find out which tensors have a place for each text; `pass_through` takes so many copies of one.

        Their first dimension is two where two texts are read and three where three are.
        """
        two, three = (self._shapes(pass_through, copies) for copies in (2, 3))
        if [key for key, _ in two] != [key for key, _ in three]:
            self.batched = False
            return
        for (key, of_two), (_, of_three) in zip(two, three, strict=True):
            mapped = [a == 2 and b == 3 for a, b in zip(of_two, of_three, strict=True)]
            self._mapped[key] = mapped
            self.batched &= any(mapped[:1])

    def gradients(self, losses: Losses) -> tuple[dict[str, Gradients], Tensor]:
        """Return every parameter's gradients, and the losses (B,)."""
        with self._recorded() as calls:
            values = losses()
        given = [tensor for call in calls for tensor in call.gave]
        total = values.sum()
        grads = iter(torch.autograd.grad(total, given, allow_unused=True, retain_graph=not self._checked))
        count = len(values)
        found: dict[str, list[Factor | Whole]] = {}
        seen: dict[int, int] = {}
        for call in calls:
            number = seen[id(call.module)] = seen.get(id(call.module), -1) + 1
            of_call = [next(grads) for _ in call.gave]
            if all(g is None for g in of_call):
                continue
            borne = [
                torch.zeros_like(t) if g is None else g for t, g in zip(call.gave, of_call, strict=True)
            ]
            with torch.no_grad():
                for name, part in self._of_call(call, number, borne, count):
                    found.setdefault(name, []).append(part)
        gradients = {name: _joined(uses) for name, uses in found.items()}
        if not self._checked:
            self._check(total, gradients)
            self._checked = True
        return gradients, values.detach()

    def _of_call(
        self, call: Call, number: int, borne: Sequence[Tensor], count: int
    ) -> Iterator[tuple[str, Factor | Whole]]:
        """Yield parameters and their gradients by one use of a module."""
        module = call.module
        own = {
            key: self._names[id(p)]
            for key, p in module.named_parameters(recurse=False)
            if id(p) in self._names
        }
        if isinstance(module, nn.Linear | Conv1D):
            x, g = (_by_text(t, count) for t in (call.read[0], borne[0]))
            if "weight" in own:
                left, right = (x, g) if isinstance(module, Conv1D) else (g, x)
                yield own["weight"], dropped(Outer(left, right))
            if "bias" in own:
                yield own["bias"], Whole(g.sum(1))
        elif isinstance(module, nn.Embedding):
            ids, g = call.read[0].reshape(count, -1), _by_text(borne[0], count)
            if module.padding_idx is not None:
                g = g * (ids != module.padding_idx)[:, :, None]
            yield own["weight"], dropped(Rows(ids, g, module.num_embeddings))
        else:
            values = self._text_by_text(call, own, self._mapped.get((id(module), number), []), borne)
            for key, of_texts in values.items():
                yield own[key], Whole(of_texts.flatten(1))

    def _text_by_text(
        self, call: Call, own: Mapping[str, str], mapped: Sequence[bool], borne: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        """Return the gradients of a module's own parameters for each text, (B, …) each."""
        parameters = {key: dict(call.module.named_parameters(recurse=False))[key].detach() for key in own}
        tensors = [i for i, value in enumerate(call.read) if isinstance(value, Tensor)]

        def given(
            values: Mapping[str, Tensor], read: Sequence[Tensor], gs: Sequence[Tensor], one: bool
        ) -> Tensor:
            arguments = list(call.read)
            for i, value, is_mapped in zip(tensors, read, mapped or [False] * len(read), strict=True):
                arguments[i] = value[None] if one and is_mapped else value
            args, kwargs = tree_unflatten(arguments, call.layout)
            outputs = tree_flatten(functional_call(call.module, dict(values), args, kwargs))[0]
            chosen = [outputs[i][0] if one else outputs[i] for i in call.places]
            return torch.stack([(o * g).sum() for o, g in zip(chosen, gs, strict=True)]).sum()

        read = [call.read[i].detach() for i in tensors]
        if not self.batched:
            alone = grad(lambda values: given(values, read, borne, False))(parameters)
            return {key: value[None] for key, value in alone.items()}
        places = [0 if is_mapped else None for is_mapped in mapped]
        each = vmap(
            grad(lambda values, read, gs: given(values, read, gs, True)), in_dims=(None, places, 0)
        )(parameters, read, list(borne))
        return dict(each)

    def _check(self, total: Tensor, gradients: Mapping[str, Gradients]) -> None:
        """Compare the sum over texts with what one backward pass over the batch gives.

        Raises:
            ObverseError: if a parameter is used in a way that its module's call does not show.
        """
        names = list(self.parameters)
        whole = torch.autograd.grad(total, [self.parameters[n] for n in names], allow_unused=True)
        precision = 1e-2 if total.dtype in (torch.float16, torch.bfloat16) else 1e-3
        for name, wanted in zip(names, whole, strict=True):
            wanted = torch.zeros_like(self.parameters[name]) if wanted is None else wanted
            with torch.no_grad():
                found = summed(gradients[name]) if name in gradients else 0.0
                off = (found - wanted.flatten()).norm()
            if off > precision * wanted.norm() + 1e-8:
                raise ObverseError(
                    f"the gradient of {name} cannot be had text by text: it is used in a way that "
                    f"{type(self.model).__name__} does not show in its modules' calls"
                )

    @contextmanager
    def _recorded(self) -> Iterator[list[Call]]:
        """Record every use of a module that owns a trained parameter."""
        calls: list[Call] = []

        def record(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            read, layout = tree_flatten((args, kwargs))
            read = [value.detach() if isinstance(value, Tensor) else value for value in read]
            gave = tree_flatten(output)[0]
            places = [i for i, t in enumerate(gave) if isinstance(t, Tensor) and t.requires_grad]
            calls.append(Call(module, read, layout, [gave[i] for i in places], places))

        hooks = [m.register_forward_hook(record, with_kwargs=True) for m in self._owners]
        try:
            yield calls
        finally:
            for hook in hooks:
                hook.remove()

    def _shapes(
        self, pass_through: Callable[[int], object], copies: int
    ) -> list[tuple[tuple[int, int], list[int]]]:
        """Return each use's first dimensions of the tensors read; `−1` is a tensor without any."""
        with self._recorded() as calls, torch.enable_grad():
            pass_through(copies)
        numbers: dict[int, int] = {}
        found = []
        for call in calls:
            number = numbers[id(call.module)] = numbers.get(id(call.module), -1) + 1
            tensors = [value for value in call.read if isinstance(value, Tensor)]
            dims = [t.shape[0] if t.dim() else -1 for t in tensors]
            found.append(((id(call.module), number), dims))
        return found


def _by_text(values: Tensor, count: int) -> Tensor:
    """Return (B, tokens, width): what lies between the first and the last dimension counts as tokens."""
    return values.reshape(count, -1, values.shape[-1])


def _joined(uses: Sequence[Factor | Whole]) -> Gradients:
    """Return the gradients of a parameter that is used in one place or several."""
    factors = tuple(use for use in uses if not isinstance(use, Whole))
    if len(factors) == len(uses):
        return factors
    whole = [use.values for use in uses if isinstance(use, Whole)]
    formed = [form(factors)] if factors else []
    return Whole(torch.stack([*whole, *formed]).sum(0))
