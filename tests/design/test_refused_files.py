"""A file that no table can be read from is refused with what it seems to be, and with what to do about that."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.design.propose import init_project

LINES = [f"{i % 40},{'abc'[i % 3]},{'yes' if i * 7 % 10 < 4 else 'no'}" for i in range(300)]
TABLE = "\n".join(["x,c,y", *LINES, ""])


def refusal(tmp_path: Path, content: str | bytes, target: str = "y") -> DataError:
    (tmp_path / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as raised:
        init_project(tmp_path / "t.csv", target, tmp_path / "plan")
    return raised.value


@pytest.mark.parametrize("delimiter", ["^", "~", ":", "\x01", " "])
def test_a_delimiter_that_is_not_known_is_named(tmp_path: Path, delimiter: str) -> None:
    error = refusal(tmp_path, TABLE.replace(",", delimiter))
    assert error.code == "delimiter"
    assert repr(f"x{delimiter}c{delimiter}y") in error.message and "';'" in error.message


@pytest.mark.parametrize(
    ("before", "remedy"),
    [
        ("Sales of 2025\n", "line 2 seems to be the header, so remove the line before it"),
        ("Sales of 2025\n\n", "line 3 seems to be the header, so remove the 2 lines before it"),
        ("# made by hand\n# twice\n\n", "line 4 seems to be the header, so remove the 3 lines before it"),
    ],
)
def test_lines_before_the_header_are_counted(tmp_path: Path, before: str, remedy: str) -> None:
    error = refusal(tmp_path, before + TABLE)
    assert error.code in ("no_rows", "too_many_bad_rows")
    assert "ragged_row" in error.message and remedy in error.remedy


def test_row_names_of_r_are_named(tmp_path: Path) -> None:
    rows = "".join(f"{number},{line}\n" for number, line in enumerate(LINES))
    error = refusal(tmp_path, "x,c,y\n" + rows)
    assert (error.code, "ragged_row 300" in error.message) == ("no_rows", True)
    assert "name the first column too" in error.remedy


@pytest.mark.parametrize(
    ("start", "remedy"),
    [
        (b"PK\x03\x04", "sheet as CSV"),
        (b"\xd0\xcf\x11\xe0", "sheet as CSV"),
        (b"ORC", "as CSV or Parquet"),
        (b"SQLite format 3", "as CSV or Parquet"),
        (b"%PDF", "as CSV"),
        (b"BZh9", "Unpack it."),
    ],
)
def test_what_no_table_is_has_its_own_remedy(tmp_path: Path, start: bytes, remedy: str) -> None:
    error = refusal(tmp_path, start + b"\0" * 400)
    assert error.code == "not_text" and remedy in error.remedy


def test_another_case_of_the_target_is_found(tmp_path: Path) -> None:
    assert "'y'" in refusal(tmp_path, TABLE, " Y").remedy
