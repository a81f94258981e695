"""`sevenfold refine`: a table and a recorded history in, a clean table and a report out."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from refine_cases import on_rows, step, transform
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import DataError
from sevenfold.report.page import read_report

CSV = 'city,email,amount,when\n Zürich ,a@b.ch,5,2024-02-03\n"a,b",c@d.ch,1e7,2024-02-04\n,,,\n'
HISTORY = [
    transform("city", "value.trim()"),
    transform("amount", "value.toNumber()"),
    transform("when", "value.toDate()"),
    transform("email", "value.toUppercase()"),
]


def refine(folder: Path, *arguments: str, csv: str = CSV, history: object = HISTORY) -> str:
    (folder / "t.csv").write_text(csv)
    (folder / "h.json").write_text(json.dumps(history))
    done = CliRunner().invoke(
        app, ["refine", str(folder / "t.csv"), str(folder / "h.json"), *arguments], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_a_csv_is_written_as_openrefine_exports_it(tmp_path: Path) -> None:
    output = refine(tmp_path, "--out", str(tmp_path / "clean.csv"))
    assert (tmp_path / "clean.csv").read_text() == (
        'city,email,amount,when\nZürich,A@B.CH,5,2024-02-03T00:00:00Z\n"a,b",C@D.CH,1.0E7,2024-02-04T00:00:00Z\n'
    )
    assert "' Zürich ' → 'Zürich'" in output
    assert "@" not in output.replace(str(tmp_path), "")


def test_parquet_keeps_types(tmp_path: Path) -> None:
    refine(tmp_path, "--out", str(tmp_path / "clean.parquet"), csv=CSV.replace("5", "5.5"))
    frame = pl.read_parquet(tmp_path / "clean.parquet")
    assert frame.schema == {
        "city": pl.String,
        "email": pl.String,
        "amount": pl.Float64,
        "when": pl.Datetime("us", "UTC"),
    }
    assert frame["amount"].to_list() == [5.5, 1e7, None]
    assert frame["city"].to_list() == ["Zürich", "a,b", None]


def test_numbers_that_steps_made_may_have_a_comma(tmp_path: Path) -> None:
    refine(tmp_path, "--out", str(tmp_path / "clean.csv"), "--decimal", ",", csv=CSV.replace("5", "5.5"))
    assert (tmp_path / "clean.csv").read_text() == (
        'city,email,amount,when\nZürich,A@B.CH,"5,5",2024-02-03T00:00:00Z\n"a,b",C@D.CH,"1,0E7",2024-02-04T00:00:00Z\n'
    )


@pytest.mark.parametrize(("out", "decimal"), [("clean.csv", ";"), ("clean.parquet", ",")])
def test_a_decimal_sign_that_means_nothing_is_refused(tmp_path: Path, out: str, decimal: str) -> None:
    (tmp_path / "t.csv").write_text(CSV)
    (tmp_path / "h.json").write_text(json.dumps(HISTORY))
    arguments = ["refine", str(tmp_path / "t.csv"), str(tmp_path / "h.json"), "--out", str(tmp_path / out)]
    done = CliRunner().invoke(app, [*arguments, "--decimal", decimal])
    assert done.exit_code == 2
    assert not (tmp_path / out).exists()


def test_another_encoding_is_refused_with_the_likely_ones(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("city;size\nZürich;1\nGenève;2\nNeuchâtel;3\n".encode("cp1252"))
    (tmp_path / "h.json").write_text('[{"op": "core/column-removal", "columnName": "size"}]')
    arguments = ["refine", str(tmp_path / "t.csv"), str(tmp_path / "h.json"), "--out", str(tmp_path / "clean.csv")]
    refusal = CliRunner().invoke(app, arguments).exception
    assert isinstance(refusal, DataError)
    assert refusal.code == "encoding"
    assert "cp1252" in refusal.remedy
    assert "codec" not in str(refusal)


def test_the_report_can_be_read_again(tmp_path: Path) -> None:
    refine(tmp_path, "--out", str(tmp_path / "clean.csv"), "--report", str(tmp_path / "r.html"))
    report = read_report(tmp_path / "r.html")
    assert report.headline.startswith("4 steps on t.csv: 3 rows became 3")
    assert "A@B" not in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "history", "code"),
    [
        (["--out", "clean.txt"], HISTORY, "refine_out"),
        (["--out", "clean.csv"], [step("recon")], "refine_history"),
        (["--out", "clean.csv"], [step("column-removal", columnName="gone")], "refine_column"),
        (["--out", "clean.csv", "--encoding", "ascii"], HISTORY, "encoding"),
        (["--out", "clean.csv", "--delimiter", ";"], HISTORY, "delimiter"),
    ],
)
def test_a_refusal_writes_nothing(arguments: list[str], history: object, code: str, tmp_path: Path) -> None:
    arguments = [str(tmp_path / each) if each.startswith("clean") else each for each in arguments]
    with pytest.raises(DataError) as refusal:
        refine(tmp_path, *arguments, history=history)
    assert refusal.value.code == code
    assert refusal.value.exit_status == 2
    assert not list(tmp_path.glob("clean*"))


def test_a_step_without_a_key_is_named_before_the_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\x80\x00 no table\n")
    (tmp_path / "h.json").write_text(json.dumps([*HISTORY, step("mass-edit", on_rows(), columnName="city", edits=[])]))
    arguments = ["refine", str(tmp_path / "t.csv"), str(tmp_path / "h.json"), "--out", str(tmp_path / "clean.csv")]
    with pytest.raises(DataError, match=rf"step {len(HISTORY)} \(core/mass-edit\) lacks the key expression") as refusal:
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert refusal.value.exit_status == 2
