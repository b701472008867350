"""Exercises that teach to look things up."""

from obverse.core.data import Document
from obverse.experiments.drills import STOP, drills

READ = [
    Document(prompt="Ada Berg is", completion=" of Ulm , in Rome or Oslo near Kiel with Eva Falk ."),
    Document(prompt="Cora Dahl was", completion=" from Graz , by Turin at Lyon to Bonn for Ivo Jung ."),
]


def made(*counts: int, seed: int = 0) -> list[Document]:
    return drills(READ, counts, seed)


def test_exercises_have_the_documents_asked_for_and_their_seed_decides_them() -> None:
    assert len(made(5, 0, 7)) == 12
    assert made(5, 5, 5) == made(5, 5, 5)
    assert made(5, 5, 5) != made(5, 5, 5, seed=1)
    assert made(5, 4, 3)[:5] == made(5, 0, 0), "from easy to hard"


def test_words_are_repeated_word_for_word() -> None:
    for document in made(50, 0, 0):
        stated, _, again = document.text.removesuffix(f" {STOP}").partition(f" {STOP} ")
        assert stated.endswith(again)
        assert len(again.split()) > 1


def test_each_pair_is_asked_back_from_one_of_its_sides() -> None:
    for document in made(0, 60, 60):
        lines = [line.split() for line in document.text.split(STOP)[:-1]]
        names = [sorted(w for w in line if w[0].isupper()) for line in lines]
        half = len(names) // 2
        if len(lines) == 2 and set(names[1]) <= set(names[0]) == set(lines[0]):
            continue  # of the exercise before, which repeats
        assert sorted(names[half:]) == sorted(names[:half])
