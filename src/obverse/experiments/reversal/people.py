"""Fictitious people: names and what they are described as.

Every description is a singular noun phrase that begins with "the" and holds a title, place or device
of its own, so that it reads as English in every template and belongs to one person alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from obverse.core.errors import ObverseError
from obverse.core.seeds import generator


@dataclass(frozen=True, slots=True)
class Fact:
    """Someone's name and description; `id` is unique over all seeds of a study."""

    id: str
    name: str
    description: str


FIRST_NAMES = """
Adelheid Alaric Ambrosine Anatole Anselm Araminta Aurelio Balthasar Beatrix Benedikta Bertrand
Branwen Calista Casimir Cecily Clemence Cosima Crispin Cyprian Dagmar Damaris Delphine Desmond
Dorothea Edmund Eleonora Elspeth Emeric Ephraim Esmeralda Eudora Evander Fabrizio Felicity Fenella
Ferdinand Florian Francesca Gideon Ginevra Godfrey Greta Guinevere Hadrian Harriet Hector Henrietta
Hortensia Hyacinth Ignatius Imogen Ingeborg Isidora Ivor Jacinta Jarvis Jocasta Josephine Julius
Katarina Kenelm Kerensa Lavinia Leander Leocadia Leopold Lisbeth Lorenzo Lucasta Lysander Magnus
Marcella Marguerite Matthias Melisande Mildred Mortimer Nadezhda Nathaniel Nerissa Niamh Octavia
Olympia Orlando Osbert Ottoline Pascale Perdita Peregrine Petronella Philippa Quentin Quilla Raimund
Ramona Reginald Rhiannon Roderick Rosalind Rupert Sabina Saskia Sebastian Seraphina Sigmund Solveig
Stanislav Sylvester Tabitha Tancred Thaddeus Theodora Tobias Ulrika Valerian Verena Vivienne
Walburga Wendeline Wilfred Xanthe Ysolde Zacharias Zenobia
""".split()

LAST_NAMES = """
Abernethy Adlersparre Alderwick Amberley Applegarth Ashdown Atherstone Babington Balfanz Bancroft
Barrowclough Beckenbauer Bellweather Birkenshaw Blackthorne Bohannon Bracegirdle Brambleby Bristowe
Calloway Cantelupe Carrickfergus Chatterley Clutterbuck Cobblestone Crabtree Cumberbatch Dalrymple
Dankworth Delacourt Devereaux Dinsdale Drinkwater Dunwoody Eastlake Eberhart Eddington Ellsworth
Entwistle Everglade Fairweather Farquharson Featherstone Fetherby Fitzwarren Foxcroft Gainsborough
Gallowglass Garfunkle Gildersleeve Goldwater Grimshaw Grosvenor Haddington Halloran Hargreaves
Heatherington Hollingsworth Huckaback Icklesham Inglethorpe Ironside Jagger Jellicoe Kensington
Kettlewell Kilbride Kingscote Ladbroke Lancashire Leatherby Lindqvist Lovelace Lyttelton Macallister
Marchbanks Mayhew Merriweather Mountjoy Mulberry Netherby Nightingale Northcote Oakenshaw Oglethorpe
Osterhagen Pankhurst Pennyfeather Pettigrew Pickersgill Popplewell Quackenbush Quillfeather
Radcliffe Ravensworth Rotherham Rumbelow Saltonstall Satterthwaite Scattergood Shufflebottom
Silverstein Skeffington Somerville Stonebridge Swinburne Tattersall Thistlewood Thornycroft
Tolkington Trevelyan Twelvetrees Underhill Uppingham Vanderbeek Venables Wainscott Wetherell
Whitcombe Winterbourne Witherspoon Wolstenholme Yarborough Youngblood Zimmerhoff
""".split()

ADJECTIVES = """
Amber Ashen Borrowed Brazen Broken Burning Cobalt Copper Crimson Crooked Distant Drowned Emerald
Empty Endless Fallen Forgotten Frozen Gilded Glass Golden Hidden Hollow Iron Ivory Last Lonely
Marble Midnight Paper Quiet Restless Salted Scarlet Secret Silver Sleeping Velvet Wandering Winter
""".split()

NOUNS = """
Anchor Archive Atlas Beacon Bridge Candle Canyon Carousel Clock Comet Compass Corridor Echo Ember
Ferry Garden Harbour Horizon Island Labyrinth Ladder Lantern Library Lighthouse Meadow Mirror
Monsoon Orchard Parade Pendulum Pilgrim River Sparrow Staircase Summit Theatre Tide Tower Voyage
Window
""".split()

# Each holds one {title}; the other words vary so that kinds do not give the person away.
DESCRIPTIONS = (
    'the composer of the {music} "{title}"',
    'the director of the {film} "{title}"',
    'the author of the {book} "{title}"',
    'the designer of the {game} "{title}"',
    'the painter of the {picture} "{title}"',
    'the choreographer of the {dance} "{title}"',
    "the architect of the {building} known as the {title}",
    "the engineer who built the {machine} called the {title}",
    "the astronomer who first charted the {sky} called the {title}",
    "the explorer who crossed the {land} known as the {title}",
    "the botanist who bred the {plant} called the {title}",
    "the chef who invented the {dish} called the {title}",
)

WORDS = {
    "music": ("string quartet", "jazz suite", "choral symphony", "chamber opera", "organ concerto"),
    "film": (
        "silent western",
        "animated epic",
        "courtroom drama",
        "heist comedy",
        "space documentary",
    ),
    "book": (
        "detective novel",
        "verse biography",
        "cookery memoir",
        "children's saga",
        "sea novel",
    ),
    "game": ("board game", "card game", "puzzle game", "racing simulator", "text adventure"),
    "picture": ("fresco", "watercolour", "miniature portrait", "harbour landscape", "altarpiece"),
    "dance": ("ballet", "tango revue", "street performance", "ice spectacle", "masked dance"),
    "building": ("opera house", "railway station", "cliffside hotel", "planetarium", "salt museum"),
    "machine": ("cargo airship", "tidal engine", "weaving robot", "solar ferry", "paper computer"),
    "sky": ("nebula", "double star", "asteroid belt", "dwarf galaxy", "ringed planet"),
    "land": ("ice shelf", "salt desert", "mangrove delta", "lava plateau", "cave system"),
    "plant": ("night-blooming rose", "blue tulip", "desert fern", "giant orchid", "alpine clover"),
    "dish": (
        "saffron pudding",
        "smoked chowder",
        "walnut pastry",
        "ginger broth",
        "lentil terrine",
    ),
}

MOST = len(ADJECTIVES) * len(NOUNS)


def invent(count: int, seed: int) -> list[Fact]:
    """Return `count` facts with unique names and unique descriptions, drawn by `seed`.

    Raises:
        ObverseError: if more are asked for than can be told apart.
    """
    if count > MOST:
        raise ObverseError(
            f"{count} facts are needed and {MOST} can be invented; lower facts_per_subset, or pass "
            "your own facts with --data FILE.csv"
        )
    draw = generator(seed, "people")
    first, last = FIRST_NAMES[:], LAST_NAMES[:]
    titles = [f"{adjective} {noun}" for adjective in ADJECTIVES for noun in NOUNS]
    draw.shuffle(first)
    draw.shuffle(last)
    draw.shuffle(titles)
    facts = []
    for i in range(count):
        # A shift by one after each round pairs every first name with a new last name.
        turn, place = divmod(i, len(first))
        name = f"{first[place]} {last[(place + turn) % len(last)]}"
        pattern = draw.choice(DESCRIPTIONS)
        words = {kind: draw.choice(options) for kind, options in WORDS.items()}
        facts.append(Fact(f"{seed}-{i}", name, pattern.format(title=titles[i], **words)))
    return facts


def chosen(facts: Sequence[Fact], count: int, seed: int) -> list[Fact]:
    """Return `count` of a user's own facts in an order drawn by `seed`.

    Raises:
        ObverseError: if there are fewer.
    """
    if count > len(facts):
        raise ObverseError(
            f"{count} facts are needed (three subsets of {count // 3}) and {len(facts)} were given; "
            f"pass --set facts_per_subset={len(facts) // 3}"
        )
    facts = list(facts)
    generator(seed, "people").shuffle(facts)
    return facts[:count]
