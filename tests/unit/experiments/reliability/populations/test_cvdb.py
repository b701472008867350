"""The table of Laouenan et al., in the published format: CSV, Latin-1, more columns than are used."""

import os
from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.reliability.populations import cvdb
from obverse.experiments.reliability.populations.years import coarse

HEADER = (
    "wikidata_code,birth,death,updated_death_date,name,gender,level1_main_occ,level3_main_occ,"
    "string_citizenship_raw_d,un_region,wiki_readers_2015_2018"
)


def row(
    name: str = "Ada_Lovelace",
    birth: str = "1815",
    death: str = "1852",
    gender: str = "Female",
    occupation: str = "mathematician",
    citizenship: str = "'United_Kingdom'",
    region: str = "Europe",
    readers: str = "100",
) -> str:
    return (
        f'Q7259,{birth},{death},"1852, or so",{name},{gender},Discovery,{occupation},'
        f"{citizenship},{region},{readers}"
    )


MAN = row("Cato", "-234", "-149", "Male", readers="1")


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "cross-verified-database.csv"
    path.write_bytes(("\n".join([header, *rows]) + "\n").encode("latin-1"))
    return path


def names(path: Path, entities: int) -> list[str]:
    return [person.entity for person in cvdb.read(path, entities)]


@pytest.mark.parametrize(
    ("year", "answer"),
    [
        (1812, "19 century"),
        (1222, "13 century"),
        (1800, "18 century"),
        (1801, "19 century"),
        (1899, "19 century"),
        (1900, "1900s"),
        (1901, "1900s"),
        (1923, "1920s"),
        (1999, "1990s"),
        (2000, "2000"),
        (2004, "2004"),
        (1, "1 century"),
        (0, "1 century BC"),
        (-100, "1 century BC"),
        (-122, "2 century BC"),
        (-1950, "20 century BC"),
    ],
)
def test_years_are_rounded_to_centuries_decades_or_not_at_all(year: int, answer: str) -> None:
    assert coarse(year) == answer


def test_a_person_has_the_six_questions(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        row(
            "Björk_Guðmundsdóttir",
            "1900.0",
            "2004",
            occupation="singer_songwriter",
            citizenship="'Kingdom_of_Iceland'_'Denmark'_'Kingdom_of_Iceland'_'Côte_d'Ivoire'",
        ),
        MAN,
    )
    woman, man = cvdb.read(path, 2)
    assert woman.entity == "Björk Guðmundsdóttir"
    assert [(q.kind, q.text, q.answers) for q in woman.questions] == [
        ("birth", "When was {name} born?", ("1900s",)),
        ("death", "When did {name} die?", ("2004",)),
        ("region", "In which region did {name} live?", ("Europe",)),
        ("occupation", "What did {name} do?", ("singer songwriter",)),
        (
            "nationality",
            "What was the nationality of {name}?",
            ("Kingdom of Iceland", "Denmark", "Côte dIvoire"),
        ),
        ("gender", "What was the gender of {name}?", ("Female",)),
    ]
    assert man.entity == "Cato"
    answers = {q.kind: q.answers for q in man.questions}
    assert answers["birth"] == ("3 century BC",)
    assert answers["death"] == ("2 century BC",)
    assert answers["gender"] == ("Male",)


def test_the_most_read_women_come_first_then_the_men_and_equals_by_name(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        row("Zoe", readers="9"),
        row("Eve", readers="5"),
        row("Amy", readers="5.0"),
        row("Ida", readers="100000"),
        row("Bob", gender="Male", readers="7"),
        row("Tom", gender="Male", readers="20"),
        row("Sam", gender="Male", readers="3"),
        row("Kim", gender="Other", readers="999999"),
    )
    assert names(path, 6) == ["Ida", "Zoe", "Amy", "Tom", "Bob", "Sam"]
    assert names(path, 4) == ["Ida", "Zoe", "Tom", "Bob"]


@pytest.mark.parametrize(
    "cells",
    [
        {"name": '""'},
        {"name": "NA"},
        {"birth": ""},
        {"birth": "about 1815"},
        {"birth": "1815.5"},
        {"birth": "NaN"},
        {"birth": "inf"},
        {"death": ""},
        {"gender": ""},
        {"occupation": ""},
        {"occupation": "poet/critic"},
        {"occupation": "_"},
        {"citizenship": ""},
        {"citizenship": "\"'Burma, or so'\""},
        {"citizenship": "''_'_'"},
        {"region": "NA"},
        {"readers": ""},
        {"name": "Jean-Luc"},
        {"name": "Dr._No"},
        {"name": "O'Hara"},
        {"name": '"Day, Doris"'},
        {"name": "___"},
    ],
)
def test_people_with_a_missing_cell_or_odd_characters_are_left_out(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    odd = row(**{"name": "Odd", "readers": "999", **cells})
    path = table(tmp_path, odd, row("Plain"), MAN)
    assert names(path, 2) == ["Plain", "Cato"]


def test_of_a_repeated_name_the_first_complete_row_is_kept(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        row("Ada_Lovelace", death="", region="Asia"),
        row("Ada_Lovelace", region="Africa", readers="1"),
        row("Ada Lovelace", region="Oceania", readers="999"),
        row("Eve", readers="50"),
        MAN,
        row("Numa", gender="Male", readers="0"),
    )
    people = cvdb.read(path, 4)
    assert [p.entity for p in people] == ["Eve", "Ada Lovelace", "Cato", "Numa"]
    assert people[1].questions[2].answers == ("Africa",)


def test_commas_and_line_ends_in_quotes_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    lines = [HEADER, row().replace("1852, or so", 'say ""1852"",\nor 1853'), MAN, ""]
    path.write_bytes("\r\n".join(lines).encode("latin-1"))
    assert names(path, 2) == ["Ada Lovelace", "Cato"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"away\.csv: cannot be read: No such file"):
        cvdb.read(tmp_path / "away.csv")
    with pytest.raises(ObverseError, match="cannot be read: Is a directory"):
        cvdb.read(tmp_path)


def test_missing_columns_are_named_with_those_found(tmp_path: Path) -> None:
    path = table(tmp_path, header="name,birth,gender")
    with pytest.raises(ObverseError) as error:
        cvdb.read(path, 2)
    assert str(error.value) == (
        f"{path}, line 1: no column death, un_region, level3_main_occ, string_citizenship_raw_d, "
        "wiki_readers_2015_2018; found name, birth, gender"
    )
    path.write_bytes(b"")
    with pytest.raises(ObverseError, match=r"line 1: no column name, birth.* found none"):
        cvdb.read(path, 2)


def test_a_row_with_too_many_cells_is_named_by_its_line(tmp_path: Path) -> None:
    path = table(tmp_path, MAN, row("Day, Doris"), row())
    with pytest.raises(ObverseError) as error:
        cvdb.read(path, 2)
    assert str(error.value) == (
        f"{path}, line 3: 12 cells; expected 11 as in the header; put text with commas in quotes"
    )


@pytest.mark.parametrize("text", ['"' + "x" * 200_000, '"never closed'])
def test_a_quote_that_is_never_closed_is_refused(tmp_path: Path, text: str) -> None:
    path = table(tmp_path, row(), MAN, row(text))
    with pytest.raises(ObverseError, match=r"database\.csv.*not valid CSV"):
        cvdb.read(path, 2)


def test_a_row_that_ends_early_lacks_its_last_cells(tmp_path: Path) -> None:
    path = table(tmp_path, "Q1,1800,1850,,Odd,Female", row(), MAN)
    assert names(path, 2) == ["Ada Lovelace", "Cato"]


def test_too_few_people_are_counted(tmp_path: Path) -> None:
    path = table(tmp_path, row("Ada"), row("Eve"), MAN, row("Odd", birth="?"))
    with pytest.raises(ObverseError) as error:
        cvdb.read(path, 4)
    assert str(error.value) == (
        f"{path}: people with all cells in 4 rows: women 2, men 1; expected 2 of each. "
        "Lower population.entities to 2"
    )


def test_the_file_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    path = table(tmp_path, row("Ada"), MAN)
    first = cvdb.read(path, 2)
    assert cvdb.read(path, 2) is first
    table(tmp_path, row("Eve"), MAN)
    os.utime(path, ns=(0, 0))
    assert names(path, 2) == ["Eve", "Cato"]
