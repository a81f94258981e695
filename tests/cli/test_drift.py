"""`drift` on a CSV in an encoding that is not UTF-8: refused with the likely ones, and read as the option says."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import DataError
from sevenfold.monitoring.batch import drift_report

BUNDLE = Path(__file__).parents[1] / "golden/2/bundle"
TABLE = "distance;seats;wide;carrier;airport;owner;due\n" + "".join(
    f"{700 + row},5;{row % 300};{'YN'[row % 2]};{'UA' if row % 3 else 'B6'};{'Málaga' if row % 4 else 'Genève'};"
    f"someone;2024-01-{1 + row % 28:02d}\n"
    for row in range(400)
)


def drift(path: Path, *options: str) -> int:
    result = CliRunner().invoke(app, ["drift", str(BUNDLE), str(path), "-o", str(path.parent / "page.html"), *options])
    if isinstance(result.exception, DataError):
        raise result.exception
    return result.exit_code


@pytest.mark.parametrize(
    ("encoding", "code", "likely"),
    [
        ("cp1252", "encoding", "cp1252"),
        ("mac-roman", "encoding", "mac-roman"),
        ("utf-16-le", "not_text", "utf-16-le"),
        ("utf-16-be", "not_text", "utf-16-be"),
    ],
)
def test_another_encoding_is_refused_with_the_likely_ones_and_read_when_named(
    tmp_path: Path, encoding: str, code: str, likely: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(TABLE, encoding="utf-8")
    expected, status = drift_report(BUNDLE, path), drift(path)
    path.write_text(TABLE, encoding=encoding)
    with pytest.raises(DataError) as refused:
        drift(path)
    assert refused.value.code == code
    assert "--encoding" in refused.value.remedy
    assert likely in refused.value.remedy
    assert drift(path, "--encoding", encoding) == status
    assert drift_report(BUNDLE, path, encoding=encoding) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(TABLE, encoding="utf-8")
    expected = drift_report(BUNDLE, path)
    path.write_text(TABLE, encoding=encoding)
    assert drift_report(BUNDLE, path) == expected


def test_the_wrong_encoding_would_be_other_values(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(TABLE, encoding="cp1252")
    assert drift_report(BUNDLE, path, encoding="cp1252") != drift_report(BUNDLE, path, encoding="cp437")


def test_an_encoding_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(TABLE, encoding="utf-8")
    with pytest.raises(DataError, match="Python knows"):
        drift(path, "--encoding", "utf-9")


def test_other_binary_files_are_not_likely_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n1,2\n" * 40 + bytes(40))
    with pytest.raises(DataError) as refused:
        drift(path)
    assert (refused.value.code, "utf-16" in refused.value.remedy) == ("not_text", False)


def test_the_headline_counts_rows_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(TABLE, encoding="utf-8")
    assert "cannot be read" not in drift_report(BUNDLE, path).headline
    path.write_text(TABLE.replace("700,5;", "far;").replace("702,5;", "near;"), encoding="utf-8")
    result = CliRunner().invoke(app, ["drift", str(BUNDLE), str(path), "-o", str(tmp_path / "page.html")])
    assert " 2 more cannot be read.\n" in result.stdout


def test_several_tables_and_the_limits_of_a_plan(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(2)]
    for number, path in enumerate(paths):
        path.write_text(TABLE.replace("700,5", f"7{number}0,5"), encoding="utf-8")
    page = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["drift", str(BUNDLE), *map(str, paths), "-o", str(page)])
    assert result.exit_code == 3, result.output
    assert "800 rows of 2 tables" in result.stdout
    result = CliRunner().invoke(app, ["drift", str(BUNDLE), *map(str, paths), "-o", str(page), "--plan", str(BUNDLE)])
    assert result.exit_code != 3
