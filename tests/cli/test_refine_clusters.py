"""`sevenfold refine TABLE --cluster COLUMN`: clusters are shown, and the accepted ones become a history."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import DataError

CITIES = ["Zürich"] * 3 + [" zurich "] + ["Bern", "Bern", "bern."] + ["Chur"] * 2
CSV = "city,surname\n" + "".join(f"{city},Meier{'.' * (row % 2)}\n" for row, city in enumerate(CITIES))
NEAR = "word\n" + "".join(f"{word}\n" for word in ("abcdef", "abcdeg", "abcdegh", "xxxxxx"))


def invoked(folder: Path, *arguments: str, csv: str = CSV, answers: str | None = None) -> Result:
    (folder / "t.csv").write_text(csv)
    return CliRunner().invoke(app, ["refine", str(folder / "t.csv"), *arguments], input=answers)


def refine(folder: Path, *arguments: str, **more: str) -> str:
    done = invoked(folder, *arguments, **more)
    assert done.exit_code == 0, done.exception or done.output
    return done.output


def edits(path: Path) -> dict[str, list[str]]:
    (step,) = json.loads(path.read_text())
    assert step["op"] == "core/mass-edit"
    return {edit["to"]: edit["from"] for edit in step["edits"]}


def test_clusters_are_shown_with_counts_and_nothing_is_written(tmp_path: Path) -> None:
    output = refine(tmp_path, "--cluster", "city")
    assert "2 clusters" in output
    assert "'Zürich': 2 values in 4 cells" in output
    assert "1  ' zurich '" in output
    assert "add --out" in output
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


def test_accepted_clusters_are_a_history_that_is_replayed(tmp_path: Path) -> None:
    history, clean = tmp_path / "h.json", tmp_path / "clean.csv"
    refine(tmp_path, "--cluster", "city", "--accept", "all", "--out", str(history))
    assert edits(history) == {"Zürich": ["Zürich", " zurich "], "Bern": ["Bern", "bern."]}
    refine(tmp_path, str(history), "--out", str(clean))
    cities = [line.split(",")[0] for line in clean.read_text().splitlines()[1:]]
    assert cities == ["Zürich"] * 4 + ["Bern"] * 3 + ["Chur"] * 2


def test_a_history_is_replayed_first_and_the_merge_is_written_behind_it(tmp_path: Path) -> None:
    before, merged, clean = tmp_path / "b.json", tmp_path / "m.json", tmp_path / "clean.csv"
    rename = {"op": "core/column-rename", "oldColumnName": "city", "newColumnName": "town", "description": "x"}
    before.write_text(json.dumps({"entries": [{"description": "x", "operation": rename}]}))
    refine(tmp_path, str(before), "--cluster", "town", "--accept", "all", "--out", str(merged))
    steps = json.loads(merged.read_text())
    assert (steps[0], steps[1]["op"], len(steps)) == (rename, "core/mass-edit", 2)
    refine(tmp_path, str(merged), "--out", str(clean))
    assert clean.read_text().startswith("town,surname\nZürich,")


def test_the_command_that_is_printed_replays_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/t.csv").write_bytes(CSV.replace(",", ";").encode("cp1252"))
    written = ["--delimiter", ";", "--encoding", "cp1252"]
    arguments = ["refine", "a b/t.csv", *written, "--cluster", "city", "--accept", "all", "--out", "my h.json"]
    *_, command = CliRunner().invoke(app, arguments).output.splitlines()
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, done.exception or done.output
    assert "9 rows" in done.output
    assert (tmp_path / "clean.csv").read_text().count("Zürich") == 4


def test_another_history_is_not_replaced_but_continued(tmp_path: Path) -> None:
    out = tmp_path / "h.json"
    merge = ["--cluster", "city", "--accept", "1", "--out", str(out)]
    refine(tmp_path, *merge)
    first = out.read_text()
    done = invoked(tmp_path, *merge)
    assert isinstance(done.exception, DataError)
    assert done.exception.code == "refine_out"
    assert out.read_text() == first
    refine(tmp_path, str(out), *merge)
    assert len(json.loads(out.read_text())) == 2


def test_a_column_made_of_one_about_people_is_not_shown(tmp_path: Path) -> None:
    before = tmp_path / "b.json"
    before.write_text(json.dumps([{"op": "core/column-rename", "oldColumnName": "surname", "newColumnName": "x"}]))
    refusal = invoked(tmp_path, str(before), "--cluster", "x").exception
    assert isinstance(refusal, DataError)
    assert refusal.code == "sensitive"


def test_single_clusters_are_accepted_by_number(tmp_path: Path) -> None:
    history = tmp_path / "h.json"
    refine(tmp_path, "--cluster", "city", "--accept", "2", "--out", str(history))
    assert len(edits(history)) == 1
    output = refine(tmp_path, "--cluster", "city", "--accept", "none", "--out", str(tmp_path / "none.json"))
    assert "nothing written" in output
    assert not (tmp_path / "none.json").exists()


def test_in_a_terminal_each_cluster_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    class System:
        stdin = stdout = Terminal()

    monkeypatch.setattr("sevenfold.cli.refine_clusters.sys", System)
    history = tmp_path / "h.json"
    arguments = ("--cluster", "city", "--out", str(history))
    output = refine(tmp_path, *arguments, answers="perhaps\n'Berne'\nstop\n")
    assert "must be yes, no, stop" in output
    assert list(edits(history)) == ["Berne"]
    history.unlink()
    assert "Nothing is merged" in refine(tmp_path, *arguments, answers="no\n\n")


def test_neighbours_that_share_a_value_are_merged_once(tmp_path: Path) -> None:
    history = tmp_path / "h.json"
    arguments = ("--cluster", "word", "--method", "levenshtein", "--block-size", "3", "--out", str(history))
    output = refine(tmp_path, *arguments, "--accept", "all", csv=NEAR)
    assert edits(history) == {"abcdef": ["abcdef", "abcdeg", "abcdegh"]}
    assert "2 clusters are left out" in output
    history.unlink()
    shared = invoked(tmp_path, *arguments, "--accept", "1,2", csv=NEAR).exception
    assert isinstance(shared, DataError)
    assert shared.code == "cluster_accept"


def test_a_column_about_people_is_shown_only_when_asked(tmp_path: Path) -> None:
    refusal = invoked(tmp_path, "--cluster", "surname").exception
    assert isinstance(refusal, DataError)
    assert refusal.code == "sensitive"
    assert "Meier" in refine(tmp_path, "--cluster", "surname", "--show-sensitive")


REFUSED: list[tuple[list[str], str]] = [
    (["--cluster", "cit"], "refine_column"),
    (["--cluster", "city", "--sensitive", "city"], "sensitive"),
    (["--cluster", "city", "--method", "beidermorse"], "cluster_method"),
    (["--cluster", "city", "--method", "beider-morse"], "openrefine_folder"),
    (["--cluster", "city", "--method", "metaphone3", "--openrefine", "."], "openrefine_folder"),
    (["--cluster", "city", "--radius", "2"], "cluster_setting"),
    (["--cluster", "city", "--method", "levenshtein", "--radius", "-1"], "cluster_setting"),
    (["--cluster", "city", "--out", "h.csv"], "refine_out"),
    (["--cluster", "city", "--out", "h.json"], "cluster_accept"),
    (["--cluster", "city", "--accept", "all"], "cluster_accept"),
    *((["--cluster", "city", "--out", "h.json", "--accept", each], "cluster_accept") for each in ("3", "2-1", "x", "")),
]


@pytest.mark.parametrize(("arguments", "code"), REFUSED)
def test_a_refusal_writes_nothing(
    arguments: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENREFINE_HOME", raising=False)
    refusal: Any = invoked(tmp_path, *arguments).exception
    assert isinstance(refusal, DataError), refusal
    assert (refusal.code, refusal.exit_status) == (code, 2)
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        *("", "--out c.csv", "h.json", "h.json -o c.csv --radius 1", "--cluster c --report r"),
        *("h.json -o c.csv --openrefine o", "--cluster city --openrefine o"),
    ],
)
def test_arguments_that_do_not_go_together_are_a_wrong_usage(arguments: str, tmp_path: Path) -> None:
    assert invoked(tmp_path, *arguments.split()).exit_code == 2
