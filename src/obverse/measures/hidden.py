"""Linear probes: what can be read off a model's hidden states at each layer and token."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from obverse.core.abilities import Capability, GivesHiddenStates, Model
from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.measure import Measure, Moment
from obverse.core.seeds import generator
from obverse.measures.frame import to_frame

OTHER_LENGTH = "texts of another number of tokens than most"
SURPLUS = "texts of a class that has more than another"
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # C, the inverse strength of L2


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A text, and what is to be read off its hidden states: the class `target`."""

    text: str
    target: str
    fact: str


@dataclass(frozen=True, kw_only=True)
class LinearProbe(Measure):
    """Read a class off the hidden states, at each layer and token by a probe of its own.

    Logistic regression with L2, on standardised activations. Its strength is chosen inside each training
    part (nested cross-validation); facts of the test part are not in the training part. Classes are
    brought to equal size, and only texts of the same number of tokens are compared, so that a position is
    the same in all. The baseline is the same procedure with classes shuffled over facts, at the strength
    that the real classes chose: cross-validation in small samples has a chance level a little below one
    half.

    Attributes:
        examples: texts with their classes.
        task: what is read, the value of the column `task`.
        folds: parts of the cross-validation.
        shuffles: how often classes are shuffled for the baseline.
        seed: of parts, shuffles and what is left out.
    """

    name: ClassVar[str] = "hidden"
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "task": str, "layer": int, "position": int, "accuracy": float, "baseline": float,
        "chance": float,
    }  # fmt: skip
    requires: ClassVar[frozenset[Capability]] = frozenset({"hidden"})

    examples: tuple[Labelled, ...]
    task: str
    folds: int = 5
    shuffles: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2 or self.shuffles < 1:
            raise ObverseError(
                f"folds {self.folds}, shuffles {self.shuffles}: expected two or more folds and a shuffle"
            )
        classes: dict[str, set[str]] = {}
        for example in self.examples:
            classes.setdefault(example.target, set()).add(example.fact)
        if len(classes) < 2:
            raise ObverseError(f"{self.task}: all texts are of one class; expected two or more")
        few = {name: facts for name, facts in classes.items() if len(facts) < 2 * self.folds}
        if few:
            name, facts = next(iter(few.items()))
            raise ObverseError(
                f"{self.task}: the class {name!r} has {len(facts)} facts; expected {2 * self.folds} or "
                f"more for {self.folds} parts"
            )

    def texts(self) -> Iterable[str]:
        return (example.text for example in self.examples)

    def rows(self) -> Iterable[Mapping[str, object]]:
        for example in self.examples:
            yield {
                "task": self.task, "text": example.text, "target": example.target, "fact": example.fact,
            }  # fmt: skip

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        """Return one row for each text, layer and token: `accuracy` (1 or 0, whether it is read right).

        `baseline` is in how many shuffles it is, as a share. `position` counts tokens from 0.

        Raises:
            ObverseError: if too few texts of a class have the same number of tokens, or the model is no
                causal one.
        """
        if not isinstance(model, GivesHiddenStates):
            raise ObverseError(f"{moment.model}: shows no hidden states; expected a causal model")
        states = model.hidden_states([example.text for example in self.examples])
        kept = self._kept([s.shape[1] for s in states], moment)
        examples = [self.examples[i] for i in kept]
        stacked = np.stack([states[i] for i in kept])  # (texts, layers, tokens, width)
        targets = np.array([e.target for e in examples])
        facts = np.array([e.fact for e in examples])
        found: list[dict[str, Label | None]] = []
        for layer in range(stacked.shape[1]):
            for position in range(stacked.shape[2]):
                right, baseline = self._read(stacked[:, layer, position], targets, facts)
                found += [
                    {
                        "fact": e.fact, "task": self.task, "layer": layer, "position": position,
                        "accuracy": float(right[i]), "baseline": float(baseline[i]),
                        "chance": 1 / len(set(targets)),
                    }
                    for i, e in enumerate(examples)
                ]  # fmt: skip
        return to_frame(found)

    def _kept(self, lengths: Sequence[int], moment: Moment) -> list[int]:
        """Return which texts are compared: of the commonest length, as many of each class."""
        common = Counter(lengths).most_common(1)[0][0]
        alike = [i for i, length in enumerate(lengths) if length == common]
        if len(alike) < len(lengths):
            moment.leave_out(OTHER_LENGTH, len(lengths) - len(alike))
        by_class: dict[str, list[int]] = {e.target: [] for e in self.examples}
        for i in alike:
            by_class[self.examples[i].target].append(i)
        least = min(map(len, by_class.values()))
        if least < 2 * self.folds:
            raise ObverseError(
                f"{self.task}: {least} texts of a class have {common} tokens, as most texts have; "
                f"expected {2 * self.folds} or more for {self.folds} parts"
            )
        draw = generator(self.seed, "classes of equal size")
        chosen = [i for members in by_class.values() for i in draw.sample(members, least)]
        if len(chosen) < len(alike):
            moment.leave_out(SURPLUS, len(alike) - len(chosen))
        return sorted(chosen)

    def _read(
        self, states: NDArray[np.float32], targets: NDArray[Any], facts: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return for each text whether its class is read right, and how often with classes shuffled."""
        from sklearn.model_selection import StratifiedGroupKFold

        scaled = states.astype(np.float64)
        right, baseline = np.zeros(len(targets)), np.zeros(len(targets))
        draw = np.random.default_rng(self.seed)
        parts = StratifiedGroupKFold(self.folds, shuffle=True, random_state=self.seed)
        strengths = []
        for train, test in parts.split(scaled, targets, facts):
            probe = _probe(STRENGTHS, self.seed)
            probe.fit(scaled[train], targets[train])
            right[test] = probe.predict(scaled[test]) == targets[test]
            strengths.append(float(probe[-1].C_))
        for _ in range(self.shuffles):
            shuffled = _shuffled(targets, facts, draw)
            split = parts.split(scaled, shuffled, facts)
            for strength, (train, test) in zip(strengths, split, strict=True):
                probe = _probe((strength,), self.seed)
                probe.fit(scaled[train], shuffled[train])
                baseline[test] += probe.predict(scaled[test]) == shuffled[test]
        return right, baseline / self.shuffles


def _probe(strengths: Sequence[float], seed: int) -> Any:
    """Return logistic regression on standardised values, at the strength that does best within."""
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(strengths) == 1:
        return make_pipeline(StandardScaler(), LogisticRegression(C=strengths[0], max_iter=1000))
    inner = StratifiedKFold(3, shuffle=True, random_state=seed)
    chosen = LogisticRegressionCV(
        Cs=list(strengths), cv=inner, scoring="accuracy", max_iter=1000, l1_ratios=(0.0,),
        use_legacy_attributes=False,
    )  # fmt: skip
    return make_pipeline(StandardScaler(), chosen)


def _shuffled(targets: NDArray[Any], facts: NDArray[Any], draw: np.random.Generator) -> NDArray[Any]:
    """Return classes shuffled over facts: texts of one fact keep one class."""
    names, first, where = np.unique(facts, return_index=True, return_inverse=True)
    return np.asarray(targets[first][draw.permutation(len(names))][where])
