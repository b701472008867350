"""Relations from person to person that hold in one direction: their wordings, told and held out.

From "A admires B" follows that B is admired by A (the inverse), and not that B admires A (the false
reverse). Of some relations the false reverse may be true all the same (admires), of others it cannot be
(is older than); it never follows.
"""

from dataclasses import dataclass

DIRECT, INVERSE = "direct", "inverse"

# Around a clause; `{C}` is the clause with a capital.
FRAMES = (
    "{C}.",
    "Everybody here knows that {c}.",
    "It has often been said that {c}.",
    "As you may have heard, {c}.",
    "Believe it or not, {c}.",
    "The letters show that {c}.",
    "Nobody doubts that {c}.",
    "All neighbours agree that {c}.",
)
FRAMES_HELD_OUT = ("It turned out that {c}.", "Whether one likes it or not, {c}.")


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of `{a}` to `{b}`; its clauses go from `{a}` to `{b}` (direct) or back (inverse)."""

    name: str
    direct: tuple[str, ...]
    inverse: tuple[str, ...]

    def told(self, order: str) -> tuple[str, ...]:
        """Return the templates that are trained on, every clause in every frame."""
        return self._framed(FRAMES, order)

    def held_out(self, order: str) -> tuple[str, ...]:
        """Return the templates that are never trained on."""
        return self._framed(FRAMES_HELD_OUT, order)

    def _framed(self, frames: tuple[str, ...], order: str) -> tuple[str, ...]:
        clauses = self.direct if order == DIRECT else self.inverse
        return tuple(
            frame.replace("{c}", clause).replace("{C}", clause[0].upper() + clause[1:])
            for frame in frames
            for clause in clauses
        )


def _relation(name: str, active: str, passive: str) -> Relation:
    """Return a relation with a verb ("admires", "is admired by") and with what asks for the person."""
    return Relation(
        name,
        direct=(f"{{a}} {active} {{b}}", f"the person whom {{a}} {active} is {{b}}"),
        inverse=(f"{{b}} is {passive} {{a}}", f"the person who {active} {{b}} is {{a}}"),
    )


RELATIONS = (
    _relation("admires", "admires", "admired by"),
    _relation("teaches", "teaches", "taught by"),
    _relation("employs", "employs", "employed by"),
    Relation(
        "is the parent of",
        direct=("{a} is the parent of {b}", "the child of {a} is {b}"),
        inverse=("{b} is the child of {a}", "the parent of {b} is {a}"),
    ),
    Relation(
        "is older than",
        direct=("{a} is older than {b}", "the younger one beside {a} is {b}"),
        inverse=("{b} is younger than {a}", "the older one beside {b} is {a}"),
    ),
)
