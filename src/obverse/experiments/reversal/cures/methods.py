"""The rows of the table: what each cure is, whose it is, and the settings that make it.

A row sets the experiment's settings, or those of models made here (`model.KEY`). To add one is to add a
line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from obverse.core.experiment import Variant

NOTHING = "nothing"
UNTREATED: Mapping[str, Any] = {"method": "nothing", "dose": 0.0, "budget": 1.0}


@dataclass(frozen=True, slots=True)
class Cure:
    """A row.

    Attributes:
        name: what the column `variant` says.
        what: what is done, in one line.
        source: the paper, by its number at arXiv; "" for what is ours.
        settings: what the row sets, by key.
        claimed: exact match in the reverse direction as the paper's abstract has it, if it has.
        setting: what that number was measured on.
    """

    name: str
    what: str
    source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    claimed: float | None = None
    setting: str = ""

    @property
    def variant(self) -> Variant:
        """The row with all that rows differ in, so that a study's own settings cannot change one."""
        return Variant(self.name, {**UNTREATED, **self.settings})


CURES = (
    Cure(
        NOTHING, "facts as they are told", "2309.12288",
        claimed=0.0, setting="GPT-3-175B, names asked for",
    ),
    Cure(
        "nothing, half as long", "as often as rows that add to the data tell the facts themselves",
        settings={"budget": 0.5},
    ),
    Cure("both orders, 25 %", "a quarter of the facts told in both orders", settings={"dose": 0.25}),
    Cure("both orders, 50 %", "half of the facts told in both orders", settings={"dose": 0.5}),
    Cure("both orders, all", "all facts told in both orders", settings={"dose": 1.0}),
    Cure(
        "reversed words", "every sentence also with its words in reverse order", "2403.13799",
        {"method": "reversed words"},
    ),
    Cure(
        "reversed entities", "every sentence also reversed, names and descriptions kept whole",
        "2403.13799",
        {"method": "reversed entities"},
    ),
    Cure(
        "reversed segments", "every sentence also with random segments in reverse order", "2403.13799",
        {"method": "reversed segments"},
    ),
    Cure(
        "permuted phrases", "phrases as they are, reversed or in a random order", "2403.00758",
        {"method": "permuted"},
    ),
    Cure(
        "identity bridge", '"The name of A is A" added', "2602.02470", {"method": "identity bridge"},
        claimed=0.5, setting="pretrained model of 1 B parameters, v2 (v1: 0.40)",
    ),
    Cure(
        "masked fine-tuning", "also: the sentence with words masked, then the sentence", "2510.09885",
        {"method": "masked"},
    ),
    Cure(
        "inferences in context", "every sentence also with what follows from it", "2505.00661",
        {"method": "inferred"},
    ),
    Cure(
        "masked tokens (MLM)", "15 % of the tokens hidden and filled in from both sides", "2406.05183",
        {"model.objective": "mlm"},
    ),
    Cure(
        "masked tokens (MLM-U)", "tokens hidden at a rate drawn anew for each text, and filled in",
        "2406.05183",
        {"model.objective": "mlm-u"},
    ),
    Cure(
        "masked diffusion", "the same, losses weighted as in diffusion", "2502.09992",
        {"model.objective": "masked diffusion"},
    ),
    Cure(
        "masked tokens, directions apart", "MLM-U with weights of its own for looking ahead",
        "2602.02133", {"model.objective": "mlm-u", "model.shared_directions": False},
    ),
    Cure(
        "bidirectional context (BICO)", "a causal model, by turns filling in from both sides",
        "2311.07468", {"model.objective": "bico"},
        claimed=0.7, setting="Llama, finetuned",
    ),
    Cure(
        "tied embeddings", "output weights are the input embeddings", "2405.04669",
        {"model.tied": True},
    ),
)  # fmt: skip
BY_NAME = {cure.name: cure for cure in CURES}
# What fills in hidden tokens alone: it learns next to nothing in the updates that others take, so that it
# has a preset of its own, with fewer facts.
FILL_IN = tuple(cure.name for cure in CURES if cure.settings.get("model.objective") not in (None, "bico"))
USUAL = tuple(name for name in BY_NAME if name not in FILL_IN)
OBJECTIVES = (NOTHING, *FILL_IN, "bidirectional context (BICO)")
SHORT = (NOTHING, "both orders, all", "reversed entities", "inferences in context")
