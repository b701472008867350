"""Invented people, things and towns, drawn so that each stands in one fact alone."""

from obverse.core.errors import ObverseError
from obverse.core.seeds import generator

FIRST = """
Abel Ada Agnes Albin Alda Alma Amos Anders Arda Axel Berit Birger Bodil Boris Britta Bruno Carla
Cato Celia Clara Cora Dario Delia Ditte Dora Edda Egon Eino Elmo Elsa Emil Enid Erna Esben Fanny
Felix Flora Frida Gerda Gisela Gita Gunnar Hedda Hilma Hugo Ida Ilse Inga Irma Isak Ivan Jasper
Jelena Jens Jonna Karin Kasimir Klara Knut Lars Lena Leif Linus Lotte Magda Malte Marit Mikkel Mina
Moritz Nadia Nils Nora Odin Olga Oscar Otto Paula Pelle Petra Ragna Rolf Rosa Ruben Runa Selma Signe
Sivert Stella Svante Tage Thea Tilda Timo Tora Ulla Uma Vera Viggo Wanda Willem Yrsa
""".split()

LAST = """
Aldous Anker Arkwright Asplund Bakewell Barlow Bergman Birch Blom Boothby Brandt Brockway Carver
Castell Chalmers Cobb Cotterill Crane Dahl Denholm Drake Eklund Elmgren Fairfax Falk Fenwick Fisker
Fjord Gadd Gladwin Goodall Grane Greaves Hale Hartnell Hedman Holt Hornby Hyde Iversen Jessop Juhl
Kemble Kettering Kirkby Krogh Lamont Larch Linde Lockwood Lund Marlow Mead Melling Moss Nash Nilsen
Norwood Oakley Orme Osgood Palmgren Peake Pryce Quist Rask Redfern Ridley Rosing Rudd Sandberg
Seaton Selwyn Skov Sparre Stroud Sykes Tapper Thorne Tingley Toft Ullman Vance Vinter Wadham Wahl
Whitby Winther Wyatt Ybsen
""".split()

KINDS = """
amber azure bent blue brass broken carved copper cracked dusty faded golden gray green heavy iron
ivory lacquered little marble narrow old orange painted patched pewter pink polished purple red
rusty silver slender spotted square striped tall tin velvet white wicker yellow
""".split()

THINGS = """
barrel basket bell bench bottle bowl box bucket candle cask chair chest clock crate cup drum fan
flask frame globe goblet hammer harp helmet jar jug kettle ladder lamp lantern mirror mug pan pipe
plate pot saddle shelf spoon stool table tray trunk vase wheel
""".split()

TOWNS = """
Ambleford Briarstow Cresswold Dovecote Eastmarch Fernley Gullhaven Hartwell Ironbeck Juniper Kestrelby
Longreach Millbrook Netherby Oakrun Pebbleton Ravensea Stonecross Thistledown Underwick
Aldmoor Birkwick Corvale Dunhaven Elmbridge Farholt Gransted Hollowby Inverlea Karlsund Lindmere
Marsfield Northwold Ostervik Pinecombe Quarrydale Rosthorpe Silverford Tarnby Westerlow
""".split()


class Supply:
    """Names that are given out once, in an order drawn by a seed."""

    def __init__(self, seed: int) -> None:
        self._people = _shuffled([f"{a} {b}" for a in FIRST for b in LAST], seed, "people")
        self._things = _shuffled([f"the {a} {b}" for a in KINDS for b in THINGS], seed, "things")

    def people(self, count: int) -> list[str]:
        """Return so many people whom nobody was given before.

        Raises:
            ObverseError: if there are not so many left.
        """
        return _taken(self._people, count, "people")

    def things(self, count: int) -> list[str]:
        """Return so many things, likewise, each with "the"."""
        return _taken(self._things, count, "things")


def _shuffled(words: list[str], seed: int, purpose: str) -> list[str]:
    generator(seed, purpose).shuffle(words)
    return words


def _taken(words: list[str], count: int, what: str) -> list[str]:
    if len(words) < count:
        raise ObverseError(
            f"more {what} are needed than can be told apart ({count} more, {len(words)} left); "
            "lower facts"
        )
    return [words.pop() for _ in range(count)]
