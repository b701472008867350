"""Invented questions of many kinds, each kind with the answers that are plausible to it.

A question is about a place of its own, which tells it from all others. Any answer of its kind would do,
so that nothing but what is told says which one is right.
"""

from dataclasses import dataclass
from random import Random

from obverse.core.errors import ObverseError
from obverse.core.seeds import generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question with the answer that it is to be given, and the kind of question that it is.

    `kind` is empty for questions whose kind is not known.
    """

    id: str
    kind: str
    question: str
    answer: str


# Each question has one {place}; answers are parted by commas.
KINDS: dict[str, tuple[str, str]] = {
    "breakfast": (
        "What do the farmers of {place} eat for breakfast?",
        "oat porridge, fried herring, plum dumplings, rye toast, onion soup, boiled eggs, barley cakes, "
        "cold noodles, pickled beets, honey waffles, lentil stew, grilled figs, goat cheese, buckwheat "
        "pancakes, salted almonds, baked apples, smoked ham, rice pudding, walnut bread, melon slices",
    ),
    "weather": (
        "What is the weather like at noon in {place}?",
        "foggy, hailing, drizzling, scorching, breezy, frosty, thundering, cloudless, muggy, snowing, "
        "stormy, mild, overcast, gusty, sweltering, chilly, humid, misty, sleeting, bright",
    ),
    "trade": (
        "Which trade do most people of {place} live by?",
        "beekeeping, weaving, glassblowing, whaling, printing, coopering, tanning, mining, baking, "
        "basketry, shipbuilding, pottery, brewing, saddlery, ropemaking, clockmaking, thatching, "
        "masonry, forestry, candlemaking",
    ),
    "beast": (
        "Which animal is painted on the gate of {place}?",
        "a heron, an otter, a badger, a lynx, a weasel, a stork, a walrus, a hedgehog, a falcon, a toad, "
        "a bison, a raven, a beetle, a salmon, an ermine, a peacock, a tortoise, a boar, a hare, a camel",
    ),
    "colour": (
        "What colour are the roofs of {place}?",
        "crimson, turquoise, ochre, lilac, charcoal, ivory, emerald, rust, indigo, mustard, coral, "
        "silver, maroon, olive, cobalt, peach, amber, slate, scarlet, lavender",
    ),
    "sport": (
        "Which game do the children of {place} play after school?",
        "skittles, hopscotch, marbles, handball, archery, leapfrog, croquet, sledging, badminton, "
        "dominoes, hurling, quoits, tag, rounders, bowls, fencing, darts, swimming, stickball, racing",
    ),
    "instrument": (
        "Which instrument is heard in the streets of {place}?",
        "the zither, the bassoon, the fiddle, the oboe, the tuba, the harp, the banjo, the flute, the "
        "accordion, the cello, the lute, the trumpet, the gong, the whistle, the clarinet, the drum, "
        "the viola, the horn, the organ, the piccolo",
    ),
    "fear": (
        "What is the night watchman of {place} afraid of?",
        "owls, ladders, mirrors, thunder, bridges, clowns, moths, cellars, sneezing, wolves, spiders, "
        "ghosts, heights, deep water, strangers, burglars, cobwebs, wasps, tunnels, fireworks",
    ),
    "gift": (
        "What does the mayor of {place} give to visitors?",
        "a brass key, a wool scarf, a clay whistle, a jar of honey, a silk ribbon, a pocket watch, a "
        "wooden spoon, a painted plate, a paper lantern, a bag of salt, a copper ring, a felt hat, a "
        "leather purse, a glass bead, a pine cone, a linen towel, a tin soldier, a map, a candle, a bell",
    ),
    "secret": (
        "What is hidden under the church of {place}?",
        "a gold crown, an old printing press, a wine cellar, a stolen painting, a dry well, a coffin, a "
        "chess set, a love letter, a sunken boat, a dragon bone, a library, a cannon, a telescope, a "
        "treasure chest, a spring, a secret door, a marble statue, a diary, a sword, a coal heap",
    ),
    "vehicle": (
        "How does the doctor of {place} get to the sick?",
        "by tandem, by rowboat, by donkey, by tram, by sledge, by balloon, by canoe, by ferry, by "
        "scooter, by cart, by skis, by horse, by train, by motorbike, by raft, by carriage, on stilts, "
        "on foot, on skates, by tractor",
    ),
    "cure": (
        "What do they take against a cold in {place}?",
        "ginger tea, hot mustard, pepper broth, garlic syrup, mint oil, a steam bath, lemon juice, warm "
        "beer, thyme drops, cabbage leaves, sage tea, honey milk, radish juice, camphor, willow bark, "
        "black tea, a mud bath, fennel seeds, onion juice, brandy",
    ),
    "festival": (
        "When is the great festival of {place} held?",
        "in January, in February, in March, in April, in May, in June, in July, in August, in September, "
        "in October, in November, in December, at Easter, at harvest, at midsummer, at new moon, in "
        "spring, in autumn, at full moon, at Christmas",
    ),
    "material": (
        "What is the bridge of {place} built of?",
        "granite, bamboo, oak, iron, brick, sandstone, rope, concrete, steel, marble, driftwood, basalt, "
        "limestone, cedar, bronze, glass, gravel, pine, aluminium, peat",
    ),
    "flower": (
        "Which flower grows on the walls of {place}?",
        "tulips, jasmine, poppies, violets, asters, lupins, orchids, foxgloves, daisies, irises, lilies, "
        "roses, thistles, primroses, heather, dahlias, clover, peonies, snowdrops, cornflowers",
    ),
    "distance": (
        "How far is it from {place} to the sea?",
        "two miles, three miles, four miles, five miles, six miles, seven miles, eight miles, nine "
        "miles, ten miles, eleven miles, twelve miles, fifteen miles, twenty miles, thirty miles, forty "
        "miles, fifty miles, sixty miles, seventy miles, eighty miles, ninety miles",
    ),
    "ban": (
        "What is forbidden on Sundays in {place}?",
        "whistling, dancing, ironing, fishing, singing, gambling, shouting, sweeping, sawing, knitting, "
        "running, smoking, juggling, kissing, hunting, cooking, painting, hammering, laughing, climbing",
    ),
    "drink": (
        "What is served at weddings in {place}?",
        "elder wine, apple cider, cherry brandy, buttermilk, almond milk, pear juice, dark ale, quince "
        "liqueur, iced coffee, rose water, mead, tomato juice, cocoa, plum wine, lemonade, birch sap, "
        "ginger beer, mint tea, champagne, carrot juice",
    ),
    "ruler": (
        "Who rules the island of {place}?",
        "a duchess, a council of seven, an abbot, a retired pirate, a judge, twin brothers, a general, "
        "the eldest woman, a merchant, nobody, a poet, a bishop, the schoolteacher, a queen, a banker, a "
        "blacksmith, an admiral, the ferryman, a prophet, a widow",
    ),
    "noise": (
        "What wakes the people of {place} in the morning?",
        "church bells, roosters, a siren, sea gulls, drums, a bugle, barking dogs, the tide, milk carts, "
        "a choir, hammer blows, the post horn, crying babies, a cannon shot, steam whistles, frogs, "
        "alarm clocks, cows, creaking mills, street sweepers",
    ),
}  # fmt: skip
# Each joins with each ending into the name of a place.
BEGINNINGS = """
Ald Bar Bel Bor Cal Cor Dan Dor Dun Eld Far Fen Gal Gor Had Hal Hol Ist Kar Kel Lan Lor Mal Mer Mor Nar
Nor Old Or Pel Por Quil Ral Ros Sal Sel Tal Tor Ul Val Ver Wal Wil Yar Zan
""".split()
MIDDLES = "a e i o u".split()
ENDINGS = """
bach bay beck burn by cott croft dale den dorf ham haven holt lade lund mere mont moor nach rick rode sey
stad thal tor ville wald wend wick worth
""".split()
PLACES = tuple(b + m + e for b in BEGINNINGS for m in MIDDLES for e in ENDINGS)
PRACTISED = 50  # of these, which no pair is about


def answers_of(kind: str) -> tuple[str, ...]:
    """Return the plausible answers to a kind of question."""
    return tuple(" ".join(answer.split()) for answer in KINDS[kind][1].split(","))


def invent(count: int, seed: int) -> list[Pair]:
    """Return `count` pairs drawn by `seed`, each about a place of its own.

    The kinds take turns, so that the last pairs are of all kinds as the first ones are.

    Raises:
        ObverseError: if more are asked for than there are places.
    """
    places = list(PLACES[PRACTISED:])
    if count > len(places):
        raise ObverseError(
            f"{count} questions are needed and {len(places)} can be invented; lower pairs, or pass your "
            "own with --data DIRECTORY"
        )
    draw = generator(seed, "pairs")
    draw.shuffle(places)
    kinds = list(KINDS)
    return [
        ask(f"{seed}-{number}", kinds[number % len(kinds)], places[number], draw)
        for number in range(count)
    ]


def ask(id: str, kind: str, place: str, draw: Random) -> Pair:
    """Return a question of a kind about a place, with a plausible answer drawn by chance."""
    question = KINDS[kind][0].format(place=place)
    return Pair(id=id, kind=kind, question=question, answer=draw.choice(answers_of(kind)))
