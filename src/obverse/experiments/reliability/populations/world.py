"""The built-in world: a generated population that a small model can be taught first."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from obverse.core.seeds import generator
from obverse.core.settings import MOST, Settings
from obverse.experiments.reliability.populations.population import NAME, Individual, QAPair
from obverse.experiments.reliability.wording import TERSE, Wording

PEOPLE = (
    "Ariadne Balthasar Cosima Dagobert Eleonora Ferrando Griselda Hannibal Isolde Jocasta Kasimir "
    "Leontes Melisande Nausicaa Octavian Persephone Quintus Rosalind Siegmund Theodora Ulrica "
    "Valentin Wolfram Xanthippe Yolanda Zenobia Aurelia Bertram Cressida Donatello Evander Fiordiligi "
    "Gawain Hermione Ignatius Jessamine Konrad Lysander Mathilde Nestor Ottoline Peregrine Querida "
    "Roderick Sidonia Tristan Undine Viola Waldemar Ximena Yorick Zerlina Amaryllis Benedick Clorinda "
    "Desdemona Erasmus Florestan Guinevere Horatio Imogen Jeronimo Kriemhild Leporello Marcellina "
    "Norma Orlando Philomena Rinaldo Sieglinde Tamino Ursula Volpone Winifred Alcina Belisarius "
    "Calliope Despina Endymion Fenella Gernot Hesperia Idomeneo Justinian Kunigunde Lorelei Malvolio "
    "Nerissa Oberon Pamina Ruggiero Sarastro Titania Ubaldo Violante "
    "Walburga Xerxes Ysolde Zephyrus Adalbert Berenice"
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
        kind: whom aliases stand for: invented people (world).
        individuals: aliases in all; each stands for a person drawn at random.
        people: half of them bear the aliases of X1, the other half those of X2.
        shared: all people bear aliases of X1 and of X2, which the paper's entities do not.
        unaliased: people more who go by their own names alone; they are QA4.
        attributes, values: how many there are; a person's value of each attribute is drawn per seed.
        held_out: of an X1 alias's questions (one an attribute), how many are not trained.
        contradicted: a false definition names a person of whom no trained answer is true, as far as
            there is one; else anybody else, of whom a share 1 / values of the answers is true by chance.
    """

    kind: Literal["world"] = "world"
    individuals: Annotated[int, Field(ge=20, le=MOST)] = 1500
    people: Annotated[int, Field(ge=2, le=80)] = 40
    shared: bool = False
    unaliased: Annotated[int, Field(ge=0, le=16)] = 8
    attributes: Annotated[int, Field(ge=2, le=10)] = 10
    values: Annotated[int, Field(ge=2, le=8)] = 5
    held_out: Annotated[int, Field(ge=1, le=MOST)] = 8
    contradicted: bool = False

    wording: ClassVar[Wording] = TERSE

    def draw(self, seed: int, first: int) -> tuple[tuple[Individual, ...], tuple[Individual, ...]]:
        """Return one individual for each of the `first` aliases of X1, and for each of those of X2."""
        people = self.known(seed)[: self.people]
        half = self.people // 2
        of_x1, of_x2 = (people, people) if self.shared else (people[:half], people[half:])
        draw = generator(seed, "individuals")
        x1 = tuple(draw.choice(of_x1) for _ in range(first))
        return x1, tuple(draw.choice(of_x2) for _ in range(self.individuals - first))

    def known(self, seed: int) -> tuple[Individual, ...]:
        """Return the people under their own names, as Stage 0 tells of them; the last go by no other."""
        draw = generator(seed, "world")
        attributes = [
            (a, ATTRIBUTES[a].split()[: self.values]) for a in list(ATTRIBUTES)[: self.attributes]
        ]
        return tuple(
            Individual(
                person,
                tuple(QAPair(a, f"{NAME} {a}", (draw.choice(values),)) for a, values in attributes),
            )
            for person in PEOPLE[: self.people + self.unaliased]
        )

    def chance(self, attribution: bool) -> float | None:
        """Return how often naming a random value, or a random person with aliases, is right."""
        return 1 / (self.people if attribution else self.values)
