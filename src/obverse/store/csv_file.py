"""Rows of a CSV file with a header, and errors that name the line."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.store.files import read_text, refuse_controls

LONGEST_CELL = 10_000_000  # letters; Python's own limit is less than a long prompt has


def read_csv(
    path: Path, needed: Sequence[str] = (), *, strip: bool = True, allowed: str = ""
) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the header, and `(line number, row)` of each row.

    Args:
        path: of the file.
        needed: columns that it has to have.
        strip: take spaces around cells away.
        allowed: control characters that a cell may hold, such as line breaks.

    Raises:
        ObverseError: naming the line where a column is missing or stands twice, a row has more or fewer
            cells than the header, or a cell holds a line break or another control character;
            or if the file is not UTF-8, no CSV, or has no rows.
    """
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.DictReader(StringIO(read_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = header
        _check_header(path, header, needed)
        rows = list(_rows(path, reader, strip, allowed))
    except csv.Error as error:
        # The row that begins behind the last one that was read.
        raise ObverseError(f"{path}, line {reader.line_num + 1}: not valid CSV: {error}") from None
    if not rows:
        raise ObverseError(f"{path}: no rows; expected {','.join(needed or header)}")
    return header, rows


def _check_header(path: Path, header: Sequence[str], needed: Sequence[str]) -> None:
    for name in needed:
        if name not in header:
            raise ObverseError(f"{path}, line 1: no column {name!r}; found {', '.join(header) or 'none'}")
    for name in header:
        refuse_controls(name, f"{path}, line 1")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise ObverseError(f"{path}, line 1: the column {twice!r} stands there twice")


def _rows(
    path: Path, reader: "csv.DictReader[str]", strip: bool, allowed: str
) -> Iterator[tuple[int, dict[str, str]]]:
    width = len(reader.fieldnames or ())
    for row in reader:
        if None in row or None in row.values():
            raise ObverseError(
                f"{path}, line {reader.line_num}: the row does not have {width} cells; put text with "
                "commas in quotes"
            )
        cells = {name: value.strip() if strip else value for name, value in row.items()}
        for cell in cells.values():
            refuse_controls(cell, f"{path}, line {reader.line_num}", allowed)
        yield reader.line_num, cells
