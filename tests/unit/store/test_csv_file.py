from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.store.csv_file import read_csv


def test_rows_have_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('\ufeffa, b\n1,"2\n3"\n\n 4 ,5\n', encoding="utf-8")
    header, rows = read_csv(path, ("b",), allowed="\n")
    assert header == ["a", "b"]
    assert rows == [(3, {"a": "1", "b": "2\n3"}), (5, {"a": "4", "b": "5"})]
    _, as_they_are = read_csv(path, strip=False, allowed="\n")
    assert as_they_are[1] == (5, {"a": " 4 ", "b": "5"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.csv, line 1: no column 'a'; found none"),
        ("a,b\n", "x.csv: no rows; expected a"),
        ("b\n1\n", "line 1: no column 'a'; found b"),
        ("a,b,a\n1,2,3\n", "line 1: the column 'a' stands there twice"),
        ("a,b\n1\n", "line 2: the row does not have 2 cells"),
        ("a,b\n1,2,3\n", "line 2: the row does not have 2 cells"),
        ('a,b\n1,"2\n3"\n', "line 3: .* holds the control character U\\+000A"),
        ("a,b\n1,\x00\n", "line 2: .*(control character U\\+0000|NUL)"),
        ('a,b\n1,2\n"3,4\n', "line 3: not valid CSV: unexpected end"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ObverseError, match=said):
        read_csv(path, ("a",))


def test_long_cells_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n" + "x" * 200_000 + "\n", encoding="utf-8")
    assert len(read_csv(path)[1][0][1]["a"]) == 200_000
