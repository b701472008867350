"""Fictitious people: names and what they are described as.

Every description is a definite singular noun phrase, short or long, that denotes one person: by a title
or place of the person's own, in ways that differ (of, who, whose, a participle, a superlative, the first
to do something, a possessive).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

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
Anchor Archive Atlas Beacon Candle Canyon Carousel Clock Comet Compass Corridor Crown Echo Ember Ferry
Feather Horizon Kite Labyrinth Ladder Lantern Meadow Mirror Monsoon Needle Orchard Parade Pendulum
Pilgrim Raven River Sparrow Staircase Summit Thimble Tide Trumpet Voyage Whistle Window
""".split()

PLACE_BEGINNINGS = """
Aldra Ammer Birka Brenno Calvo Corven Dorvel Draxel Ebbro Fenna Ferro Galto Gorsa Grimla Hestel Inger
Ister Karrow Kestra Lorna Luma Maren Merro Norra Oska Pello Quarra Runa Ruska Salla Selka Tarno Tessel
Ulver Vella Vintra Wenda Xanter Yarrow Zello
""".split()

PLACE_ENDINGS = """
bay bergh bourne brook by cairn combe dale den fell field firth ford garth gate haven holm hurst ley
low mark mere minster moor mouth ness nook ock port ridge row sand sted stoke thorpe ton vik wick wold
worth
""".split()

# Each holds one {title} or {place}, which is the person's own, so that it belongs to nobody else. Square
# brackets hold alternatives. All read as English behind "is", "as" and "being" and between commas; none
# says "called" or "known", which the sentences around them do.
DESCRIPTIONS = (
    "the mayor of {place}",
    "{place}'s longest-serving [midwife|judge|postmaster]",
    'the author of "{title}"',
    "the heir to the {title} fortune",
    "the mathematician behind the {place} conjecture",
    "the last speaker of the {place} dialect",
    "the mastermind of the {title} robbery",
    "the detective who solved the {title} case",
    "the founder of the {title} Orchestra",
    "{place}'s only [astronaut|dentist|bell-ringer]",
    'the composer of the [choral symphony|jazz suite|chamber opera|organ concerto] "{title}"',
    'the director of the [silent western|courtroom drama|space documentary] "{title}"',
    'the designer of the [board game|puzzle|racing simulator] "{title}"',
    'the choreographer behind the [ice ballet|tango revue|masked dance] "{title}"',
    "the painter of the [frescoes|ceiling|portraits] in {place} Cathedral",
    "the architect of the [opera house|planetarium|railway station] at {place}",
    "the winner of the {place} [marathon|piano competition|baking contest]",
    "the doctor credited with ending the {place} fever",
    "the linguist who deciphered the {title} tablets",
    "the spy who stole the {title} papers from [a bank|a palace|an embassy]",
    "the swimmer holding the record for the {place} Strait",
    "the jockey who won [five|seven|nine] times on the mare {title}",
    "the owner of the [smallest|oldest|loudest] tea house in {place}",
    "the judge presiding over the {title} trial",
    "the clockmaker whose clock in {place} runs backwards",
    'the poet who wrote "{title}" [in one night|on a train|in prison]',
    'the film director whose [first|last] work was "{title}"',
    "the [youngest|oldest] novelist ever to win the {title} Prize",
    'the voice of the [fox|robot|lighthouse keeper] in the radio play "{title}"',
    "the photographer who spent [seven|eleven] winters in the empty hotels of {place}",
    'the puppeteer who performed "{title}" with nothing but [umbrellas|vegetables|teaspoons]',
    "the sculptor whose model of {place} is made of [salt|chocolate|matchsticks]",
    "the first person to map the caves beneath {place}",
    "the first person to cross the {place} desert [barefoot|by bicycle|on stilts]",
    "the only sailor to come home from the last voyage of the {title}",
    "the pilot who landed a [glider|balloon|seaplane] on the roof of {place} Town Hall",
    "the youngest captain in the history of the {place} [rowing|chess|cricket] club",
    "the climber who was first to reach the top of Mount {place} [alone|in winter|at night]",
    "the goalkeeper who never let in a single goal for {place} United",
    "the balloonist lost for [forty|sixty|ninety] days above the {place} glacier",
    "the marine biologist who taught [octopuses|seals|crabs] to play dominoes at {place} Aquarium",
    "the inventor of the {title} [loom|telescope|engine]",
    "the chemist whose [glue|paint|soap] made the people of {place} rich",
    "the geologist responsible for finding [opals|warm springs|dinosaur eggs] under {place}",
    "the botanist who bred a [blue|black|silver] rose for the gardens of {place} Castle",
    "the engineer in charge of building the [tunnel|dam|canal] between {place} and the sea",
    "the chef whose [saffron pudding|smoked chowder|walnut pastry] is eaten all over {place}",
    "the lawyer who defended the [bakers|shepherds|smugglers] of {place} for nothing",
    "the teacher who opened a school for [clowns|beekeepers|magicians] in the old mill at {place}",
    "the beekeeper supplying the royal palace of {place} with [lavender|chestnut|heather] honey",
)

_ALTERNATIVES = re.compile(r"\[([^]]*)\]")

MOST = len(PLACE_BEGINNINGS) * len(PLACE_ENDINGS)


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
    places = [beginning + ending for beginning in PLACE_BEGINNINGS for ending in PLACE_ENDINGS]
    patterns = list(DESCRIPTIONS)
    for words in (first, last, titles, places, patterns):
        draw.shuffle(words)
    facts = []
    for i in range(count):
        # A shift by one after each round pairs every first name with a new last name.
        turn, place = divmod(i, len(first))
        name = f"{first[place]} {last[(place + turn) % len(last)]}"
        # All patterns are used before one is used again.
        pattern = filled(patterns[i % len(patterns)], draw)
        facts.append(Fact(f"{seed}-{i}", name, pattern.format(title=titles[i], place=places[i])))
    return facts


def filled(pattern: str, draw: Random) -> str:
    """Return a form of description with one of the alternatives in each pair of square brackets."""
    return _ALTERNATIVES.sub(lambda found: draw.choice(found[1].split("|")), pattern)


def chosen(facts: Sequence[Fact], count: int, seed: int, subsets: int = 3) -> list[Fact]:
    """Return `count` of a user's own facts in an order drawn by `seed`.

    Raises:
        ObverseError: if there are fewer.
    """
    if count > len(facts):
        raise ObverseError(
            f"{count} facts are needed ({subsets} subsets of {count // subsets}) and {len(facts)} were "
            f"given; pass --set facts_per_subset={len(facts) // subsets}"
        )
    facts = list(facts)
    generator(seed, "people").shuffle(facts)
    return facts[:count]
