"""Files of real children and parents, good and bad ones."""

from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.core.settings import InputFile
from obverse.experiments.parents.pairs import GPT_4, UNKNOWN, frequency, read_pairs, relatives
from obverse.experiments.parents.parents import Parents

HEADER = "child,parent,parent_type"


def written(folder: Path, text: str, name: str = "pairs.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def test_reads_pairs_with_alternatives_and_mentions(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "parent,parent_type,child,parent_alternatives,child_mentions,parent_mentions\n"
        'Ada Vale, Mother ,"Bo, the Reed",Ada Stone; A. Vale|,300,20\n'
        "Cy Vale,father,Di Vale,,,\n",
    )
    first, second = read_pairs(path, "the census")
    assert first.child == "Bo, the Reed"
    assert first.parents == ("Ada Vale", "Ada Stone", "A. Vale")
    assert first.mentions == (300, 20)
    assert first.labels["frequency"] == "child"
    assert second.mentions is None
    assert "frequency" not in second.labels
    assert {pair.truth for pair in (first, second)} == {"the census"}


def test_two_children_of_a_parent_are_both_right(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"{HEADER},child_alternatives\nBo Reed,Ada Vale,mother,Beau Reed\nDi Reed,Ada Vale,mother,\n"
        "Bo Reed,Cy Reed,father,\n",
    )
    bo, di, of_father = read_pairs(path, "")
    assert bo.children == ("Bo Reed", "Beau Reed", "Di Reed")
    assert di.children == ("Di Reed", "Bo Reed", "Beau Reed")
    assert of_father.parents == ("Cy Reed",)
    assert bo.relatives == di.relatives == of_father.relatives
    assert bo.truth == UNKNOWN


def test_a_pair_in_several_rows_is_one_pair(tmp_path: Path) -> None:
    rows = ("Bo,Vera,mother", "Di,Cyrus,father", "Bo,Vera,Mother", "Bo,Vera,ParentType.MOTHER")
    path = written(tmp_path, "\n".join((HEADER, *rows, "")))
    assert [pair.id for pair in read_pairs(path, "")] == ["Bo / mother Vera", "Di / father Cyrus"]
    asked = Parents(data=InputFile(path), ask=("likelihood",)).probes()
    assert len({probe.id for probe in asked}) == len(asked) == 4


def test_the_release_says_whose_word_it_is_unless_a_cell_does(tmp_path: Path) -> None:
    path = written(tmp_path, f"{HEADER},can_reverse,truth\nBo,Ada,mother,True,\nDi,Cy,father,False,me\n")
    assert [pair.truth for pair in read_pairs(path, "")] == [GPT_4, "me"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("child,parent\nBo,Ada\n", "line 1: no column 'parent_type'"),
        (f"{HEADER},child\nBo,Ada,mother,Di\n", "line 1: the column 'child' stands there twice"),
        (f"{HEADER},alternatives\nBo,Ada,mother,A\n", "line 1: the column 'alternatives' is not known"),
        (f"{HEADER}\nBo,,mother\n", "line 2: the parent is empty"),
        (f"{HEADER}\nBo,Ada,mother\n ,Cy,father\n", "line 3: the child is empty"),
        (f"{HEADER}\nBo,Ada,aunt\n", "line 2: parent_type is 'aunt'"),
        (f"{HEADER}\nBo,Bo,mother\n", "line 2: 'Bo' is child and parent"),
        (
            f"{HEADER}\nBo,Ada,mother\nDi,Ada,mother\nBo,Ada,father\n",
            "line 4: .* stand in line 2 already, with another parent_type: 'mother' there, 'father' here",
        ),
        (
            f"{HEADER},truth\nBo,Ada,mother,me\nBo,Ada,mother,you\n",
            "line 3: .* with another truth: 'me' there, 'you' here",
        ),
        (f"{HEADER}\nBo,Vale, Ada,mother\n", "line 2: the row does not have 3 cells"),
        (f'{HEADER}\n"Bo,Ada,mother\n', "line 2: not valid CSV"),
        (f"{HEADER}\n", "no rows"),
        ("", "line 1: no column 'child'; found none"),
        (f"{HEADER},child_mentions,parent_mentions\nBo,Ada,mother,many,2\n", "child_mentions is 'many'"),
        (f"{HEADER},child_mentions,parent_mentions\nBo,Ada,mother,3,\n", "parent_mentions is ''"),
    ],
)
def test_refuses_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ObverseError, match=message) as error:
        read_pairs(path, "")
    assert str(path) in str(error.value)


def test_refuses_what_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(f"{HEADER}\nBo,Ada,mother\nRen".encode() + b"\xe9,Ada,mother\n")
    with pytest.raises(ObverseError, match="line 3: not UTF-8"):
        read_pairs(path, "")


def test_of_a_directory_the_pairs_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="no CSV file"):
        read_pairs(tmp_path, "")
    written(tmp_path, f"{HEADER}\nBo,Ada,mother\n", "a.csv")
    assert len(read_pairs(tmp_path, "")) == 1
    written(tmp_path, f"{HEADER}\nDi,Cy,father\n", "b.csv")
    with pytest.raises(ObverseError, match="2 CSV files"):
        read_pairs(tmp_path, "")
    written(tmp_path, f"{HEADER}\nEd,Flo,mother\n", "parent_child_pairs.csv")
    assert [pair.child for pair in read_pairs(tmp_path, "")] == ["Ed"]


def test_mentions_within_a_factor_of_two_are_equal() -> None:
    assert [frequency(*n) for n in ((2, 1), (3, 1), (1, 3), (0, 0), (0, 1))] == [
        "equal", "child", "parent", "equal", "parent",
    ]  # fmt: skip


def test_relatives_are_connected_over_several_pairs() -> None:
    found = relatives([("a", "m"), ("b", "n"), ("b", "m"), ("c", "o")])
    assert found["a"] == found["m"] == found["b"] == found["n"]
    assert found["c"] == found["o"] != found["a"]
