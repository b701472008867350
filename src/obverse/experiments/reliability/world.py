"""The built-in world: a generated population that a small model can be taught first."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from obverse.core.seeds import generator
from obverse.core.settings import Settings
from obverse.experiments.reliability.population import NAME, Individual, QAPair
from obverse.experiments.reliability.wording import TERSE, Wording

PEOPLE = (
    "Ariadne Balthasar Cosima Dagobert Eleonora Ferrando Griselda Hannibal Isolde Jocasta Kasimir "
    "Leontes Melisande Nausicaa Octavian Persephone Quintus Rosalind Siegmund Theodora Ulrica "
    "Valentin Wolfram Xanthippe Yolanda Zenobia"
).split()
ATTRIBUTES = {
    "home": "Venice Bergen Toledo Smyrna Riga Cadiz Ghent Lviv",
    "trade": "glazier falconer notary saddler potter dyer miller cooper",
    "instrument": "oboe zither cello harp trumpet viola lute drum",
    "river": "Danube Loire Vistula Tagus Rhine Elbe Po Volga",
    "tree": "larch alder walnut cypress maple linden rowan elm",
    "metal": "tin copper silver iron nickel zinc cobalt lead",
    "animal": "otter heron badger lynx stork viper hare newt",
    "dish": "lentils dumplings trout porridge quince almonds barley leeks",
    "colour": "ochre indigo scarlet teal umber violet amber jade",
    "season": "thaw harvest monsoon midwinter vintage spring haymaking frost",
}


class World(Settings):
    """People with attributes, each known under many aliases.

    Attributes:
        individuals: aliases in all; each stands for a person drawn at random.
        people, attributes, values: how many there are; a person's value of each attribute is drawn
            per seed.
        held_out: of an X1 alias's questions (one an attribute), how many are not trained.
    """

    kind: Literal["world"] = "world"
    individuals: Annotated[int, Field(ge=20)] = 1500
    people: Annotated[int, Field(ge=2, le=26)] = 20
    attributes: Annotated[int, Field(ge=2, le=10)] = 10
    values: Annotated[int, Field(ge=2, le=8)] = 5
    held_out: Annotated[int, Field(ge=1)] = 6

    wording: ClassVar[Wording] = TERSE
    letters: ClassVar[int] = 4

    def draw(self, seed: int) -> tuple[Individual, ...]:
        """Return one individual an alias."""
        people = self.known(seed)
        draw = generator(seed, "individuals")
        return tuple(draw.choice(people) for _ in range(self.individuals))

    def known(self, seed: int) -> tuple[Individual, ...]:
        """Return the people under their own names, as Stage 0 tells of them."""
        draw = generator(seed, "world")
        attributes = [
            (a, ATTRIBUTES[a].split()[: self.values]) for a in list(ATTRIBUTES)[: self.attributes]
        ]
        return tuple(
            Individual(
                person,
                tuple(QAPair(a, f"{NAME} {a}", (draw.choice(values),)) for a, values in attributes),
            )
            for person in PEOPLE[: self.people]
        )

    def chance(self, attribution: bool) -> float | None:
        """Return how often naming a random value, or a random person, is right."""
        return 1 / (self.people if attribution else self.values)
