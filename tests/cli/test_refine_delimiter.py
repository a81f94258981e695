"""The delimiter of a table that `sevenfold refine` reads: found as `init` finds it, said, and set by `--delimiter`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from refine_cases import transform
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import DataError

ROWS = [("city", "price"), (" Zürich ", "1,5"), ("Genf", "2,5"), ("Bern; Stadt", "3")]
HISTORY = [transform("city", "value.trim()")]


def run(folder: Path, text: str, *arguments: str, encoding: str = "utf-8", history: bool = True) -> tuple[str, str]:
    """Return what is printed and the refined table."""
    (folder / "t.csv").write_bytes(text.encode(encoding))
    (folder / "h.json").write_text(json.dumps(HISTORY))
    steps = [str(folder / "h.json"), "--out", str(folder / "clean.csv")] if history else []
    done = CliRunner().invoke(app, ["refine", str(folder / "t.csv"), *steps, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output, (folder / "clean.csv").read_text() if history else ""


def written(delimiter: str) -> str:
    return "".join(delimiter.join(f'"{cell}"' for cell in row) + "\n" for row in ROWS)


CLEAN = 'city,price\nZürich,"1,5"\nGenf,"2,5"\nBern; Stadt,3\n'


@pytest.mark.parametrize(("delimiter", "named"), [(";", "semicolons"), ("\t", "tabulators"), ("|", "vertical bars")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_it_is_found_and_said(tmp_path: Path, delimiter: str, named: str, encoding: str) -> None:
    given = [] if encoding.startswith("utf-8") else ["--encoding", encoding]
    output, clean = run(tmp_path, written(delimiter), *given, encoding=encoding)
    assert output.startswith(f"t.csv: fields are separated by {named}; --delimiter sets another.\n")
    assert clean == CLEAN


def test_a_comma_is_no_news(tmp_path: Path) -> None:
    output, clean = run(tmp_path, written(","))
    assert "separated" not in output
    assert clean == CLEAN


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    output, clean = run(tmp_path, "city\n a \nb; c\n")
    assert "separated" not in output
    assert clean == "city\na\nb; c\n"


def test_what_is_given_holds(tmp_path: Path) -> None:
    text = "city,price;x\n a,1;3\n b,4;6\n"  # a comma and a semicolon both cut every row in two
    with pytest.raises(DataError) as refusal:
        run(tmp_path, text)
    assert refusal.value.code == "refine_column"  # it is named city,price
    output, clean = run(tmp_path, text, "--delimiter", ",")
    assert "separated" not in output
    assert clean == "city,price;x\na,1;3\nb,4;6\n"
    with pytest.raises(DataError) as refusal:
        run(tmp_path, "city;price\n a;1\n", "--delimiter", "tab")
    assert refusal.value.code == "delimiter"


def test_clusters_are_found_in_such_a_table_and_the_command_names_it(tmp_path: Path) -> None:
    text = "city;n\n" + "Zürich;1\n" * 3 + "zürich;2\n" * 2
    arguments = ["--cluster", "city", "--accept", "all", "--out", str(tmp_path / "m.json")]
    output, _ = run(tmp_path, text.replace(";", "\t"), *arguments, history=False)
    assert "separated by tabulators" in output
    assert "--delimiter tab" in output
