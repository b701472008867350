"""The questions: items in each condition, items behind examples, and words seen once or twice.

Labels of an item's question: `subset` "suppression", `condition`, `shots` (examples before it), and where
in the grid the item stands. Of random words: `subset` "induction" and `copy`, "first" or "second".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from obverse.core.abilities import Model
from obverse.core.data import Label, Probe
from obverse.core.errors import ObverseError
from obverse.core.measure import Moment
from obverse.core.seeds import generator
from obverse.experiments.repetition.check import problems
from obverse.experiments.repetition.grid import Condition, Item
from obverse.measures.ask import Ask, counted

COLUMNS: dict[str, type[Label]] = {
    "subset": str, "condition": str, "shots": int, "pattern": str, "first": str, "template": str,
    "names": bool, "repetitions": int, "sequence": str, "copy": str,
}  # fmt: skip
OF_TEMPLATE = frozenset({"template", "names"})  # labels that a sequence without an instruction lacks
BETWEEN = "\n\n\n"  # between examples, as the prize does
FLAWED = "classes are flawed for the tokenizer"
WORDS = """
apple river stone cloud table green horse paper light north seven glass water plant voice train
house music ground winter bread silver garden window letter bridge forest summer market finger
""".split()


@dataclass(frozen=True, kw_only=True)
class Questions(Ask):
    """Ask the questions; without `keep_flawed` only those whose classes are one token each.

    Questions behind examples may all be too long for a model. That no item at all can be asked is an
    error.
    """

    keep_flawed: bool = True

    def unfit(self, model: Model, probe: Probe) -> str | None:
        if self.keep_flawed or not probe.candidates:
            return super().unfit(model, probe)
        count = getattr(model, "count_in_context", None)
        return FLAWED if problems(probe, count) else super().unfit(model, probe)

    def refuse(self, moment: Moment, reasons: Sequence[str | None]) -> None:
        of_items = [reason for p, reason in zip(self.probes, reasons, strict=True) if _is_task(p)]
        if of_items and None not in of_items:
            raise ObverseError(
                f"{moment.model}: every item is left out ({counted(of_items)}); expected at least one "
                "that can be asked (keep_flawed=true asks flawed ones too; obverse data --check says "
                "what is wrong)"
            )


def _is_task(probe: Probe) -> bool:
    return probe.labels["subset"] == "suppression" and probe.labels["shots"] == 0


def zero_shot(items: Sequence[Item], conditions: Sequence[Condition]) -> list[Probe]:
    """Return each item in each of the conditions that it has.

    Without an instruction, items that differ in their template alone are one question: it is asked once,
    and what is asked about is the sequence.
    """
    probes = []
    for condition in conditions:
        chosen = _sequences(items) if condition == "none" else items
        probes += [
            _probe(i, i.prompts[condition], condition, 0) for i in chosen if condition in i.prompts
        ]
    return probes


def _sequences(items: Sequence[Item]) -> list[Item]:
    """Return one item for each sequence that items show, without what their templates say."""
    found: dict[str, Item] = {}
    for item in items:
        if "none" in item.prompts:
            name = str(item.labels["sequence"])
            labels = {k: v for k, v in item.labels.items() if k not in OF_TEMPLATE}
            found.setdefault(name, replace(item, id=name, labels=labels))
    return list(found.values())


def few_shot(items: Sequence[Item], shots: int, seed: int) -> list[Probe]:
    """Return each item behind so many others with their answers, drawn without replacement.

    Nothing is returned if there are too few other items.
    """
    if shots >= len(items):
        return []
    draw = generator(seed, f"shots-{shots}")
    probes = []
    for number, item in enumerate(items):
        others = draw.sample(range(len(items) - 1), shots)
        examples = [items[i + (i >= number)] for i in others]
        texts = [e.prompts["against"] + e.classes[e.answer] for e in examples]
        prompt = BETWEEN.join([*texts, item.prompts["against"]])
        probes.append(_probe(item, prompt, "against", shots))
    return probes


def induction(count: int) -> list[Probe]:
    """Ask for a sequence of random words afresh, and again after it has stood once."""
    draw = generator(0, "induction")
    probes = []
    for number in range(count):
        words = " " + " ".join(draw.choice(WORDS) for _ in range(20))
        for copy, prompt in (("first", "Words:"), ("second", f"Words:{words}")):
            probes.append(
                Probe(
                    id=f"induction/{number}/{copy}", prompt=prompt, targets=(words,),
                    fact=f"sequence-{number}", match=None,
                    labels={"subset": "induction", "copy": copy},
                )
            )  # fmt: skip
    return probes


def _probe(item: Item, prompt: str, condition: Condition, shots: int) -> Probe:
    labels: dict[str, Label] = {"subset": "suppression", "condition": condition, "shots": shots}
    return Probe(
        id=f"{item.id}/{condition}/{shots}",
        prompt=prompt,
        targets=(item.classes[item.answer],),
        fact=item.id,
        candidates=item.classes,
        chance=1 / len(item.classes),
        match=None,
        labels=labels | dict(item.labels),
    )
