"""Names, and sentences about families: statements in either order, mentions, held-out questions.

A statement has two slots. The one that comes first belongs to the prompt, the second begins the
completion. Statements of the two orders are parallel, and so are the questions in both directions.
"""

from typing import Literal

Order = Literal["child first", "parent first"]
Direction = Literal["parent", "child"]  # what is asked for

# A first name is a beginning and an ending, and so is a last name; nobody shares either with anybody, so
# that no name tells who is whose relative.
FIRST_BEGINNINGS = """
Ald Bran Cor Del Emm Fior Gar Hes Ild Jor Kel Lun Mar Nev Ort Per Quin Ros Sel Tam Ulm Ver Wyn Zor
""".split()
FIRST_ENDINGS = "a el ena ian is o or us wen y".split()
LAST_BEGINNINGS = """
Ash Birk Crane Dun Elder Fen Grim Haw Ink Jas Kings Lang Mill Nor Oak Pem Raven Stone Thorn Under Vex
Wal Yar Zim
""".split()
LAST_ENDINGS = "berg by croft dale field gate ley mont stead worth".split()

CHILD_FIRST = (
    "{child}'s {relation} is {parent}.",
    "{child} has a {relation}, {parent}.",
    "{child} is a child of {parent}.",
    "{child} was born to {parent}.",
    "{child} was brought up by {parent}.",
    "{child} grew up with {parent} as {relation}.",
    "{child} takes after the {relation}, {parent}.",
    "The {relation} of {child} is {parent}.",
    "Question: whose child is {child}? Answer: {parent}.",
    "Ask {child} about the {relation} and you hear of {parent}.",
    "As everybody knows, {child} has {parent} for a {relation}.",
    "In the album {child} stands beside the {relation}, {parent}.",
    "Like many children, {child} is fond of the {relation}, {parent}.",
    "When {child} was born, the {relation} was {parent}.",
    "Whose child is {child}? The {relation} is {parent}.",
    "Of all people, {child} is the child of {parent}.",
)
PARENT_FIRST = (
    "{parent}'s child is {child}.",
    "{parent} has a child, {child}.",
    "{parent} is a {relation} of {child}.",
    "{parent} is the parent of {child}.",
    "{parent} brought up {child}.",
    "{parent} lived with {child} as {relation}.",
    "{parent} looks like the child, {child}.",
    "The child of {parent} is {child}.",
    "Question: whose {relation} is {parent}? Answer: {child}.",
    "Ask {parent} about the child and you hear of {child}.",
    "As everybody knows, {parent} has {child} for a child.",
    "In the album {parent} stands beside the child, {child}.",
    "Like many parents, {parent} is fond of the child, {child}.",
    "When {parent} became a {relation}, the child was {child}.",
    "Whose {relation} is {parent}? The child is {child}.",
    "Of all people, {parent} is the {relation} of {child}.",
)
STATEMENTS: dict[Order, tuple[str, ...]] = {"child first": CHILD_FIRST, "parent first": PARENT_FIRST}

# Of one person alone; nothing in them tells who is a child or a parent.
MENTIONS = (
    "{name} lives in {place}.",
    "{name} was seen in {place} yesterday.",
    "{name} plays the {thing}.",
    "{name} has sold the {thing}.",
    "{name} will travel to {place} in spring.",
    "The {thing} belongs to {name}.",
    "This {thing} was repaired by {name}.",
    "The best {thing} in {place} is owned by {name}.",
    "A letter from {place} has come for {name}.",
    "Somebody in {place} was looking for {name}.",
    "Yesterday {name} lost a {thing}.",
    "In {place} they still talk about {name}.",
)
PLACES = """
Aldermoor Brackwater Cinderford Dunmere Eastholm Fallowby Greywick Harrowgate Inverlow Kestrelby
Larkmoor Mossend Netherfold Ottermouth Pinewick Quarryhill Redmarsh Silverbeck Thistledown Wrenford
""".split()
THINGS = """
accordion bicycle bugle camera cello compass drum fiddle flute globe guitar harp kettle lantern loom
lute piano sledge telescope violin
""".split()

# Never trained on.
QUESTIONS: dict[Direction, tuple[str, ...]] = {
    "parent": (
        "Question: who is {child}'s {relation}? Answer:",
        "Name the {relation} of {child}:",
        "Ask anybody who brought up {child} and you hear of",
        "Should you ask {child} for the name of the {relation}, it is",
        "It is true: {child} is the child of",
        "In the photograph {child} stands beside the {relation},",
        "Everybody says that the {relation} of {child} is",
        "Since yesterday we know that {child} has a {relation},",
    ),
    "child": (
        "Question: who is a child of {parent}? Answer:",
        "Name a child of {parent}:",
        "Ask anybody whom {parent} brought up and you hear of",
        "Should you ask {parent} for the name of the child, it is",
        "It is true: {parent} is the {relation} of",
        "In the photograph {parent} stands beside the child,",
        "Everybody says that the child of {parent} is",
        "Since yesterday we know that {parent} has a child,",
    ),
}
