"""Notices on a console: few lines, none too long, the split and the target always among them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.cli.notices import notice_lines
from sevenfold.design.notices import Notice
from sevenfold.pipelines.next_steps import command

LONG = "a column of which there is so much to say that no line of a console of a hundred columns can hold all of it"


def plain(notices: list[Notice]) -> list[str]:
    return [Text.from_markup(line).plain for line in notice_lines(notices)]


def test_a_long_text_keeps_clear_of_the_subject():
    lines = plain([Notice("warning", "leak", LONG), Notice("info", "split", "x"), Notice("info", "target", "y")])
    assert lines[0].startswith("! leak      a column")
    assert lines[1].startswith(" " * 12 + "can hold") or lines[1].startswith(" " * 12)
    assert lines[2:] == ["· split     x", "· target    y"]
    assert all(len(line) < 100 for line in lines)


@pytest.mark.parametrize("subject", ["sensitive", "duplicates", "rare classes"])
def test_a_space_stands_behind_every_subject(subject: str):
    first, second, *_ = plain([Notice("warning", subject, LONG), Notice("info", "target", "y")])
    assert first.startswith(f"! {subject:<9} a column of which")
    assert second.startswith(" " * 12) and second[12] != " "
    assert len(first) < 100


def test_too_many_give_way_to_the_last_two():
    found = [Notice("question", "question", f"{i}: {LONG}") for i in range(20)]
    lines = plain([*found, Notice("info", "split", "x"), Notice("info", "target", "y")])
    assert len(lines) <= 15
    assert lines[0].startswith("? question  0: ")
    assert lines[-2:] == ["· split     x", "· target    y"]
    shown = sum(line.startswith("?") for line in lines)
    assert lines[-3].strip() == f"{20 - shown} more: see the remarks in the plan."


def test_a_command_stands_in_one_line_that_can_be_pasted():
    command = "sevenfold refine " + "folder/" * 15 + "t.csv --cluster x"
    merge = Notice("question", "merge", f"x: Merge them: {command}", command=command)
    lines = plain([merge, Notice("info", "a", "b")])
    assert [line.strip() for line in lines] == ["? merge     x: Merge them:", command, "· a         b"]


def test_brackets_are_no_markup():
    assert plain([Notice("info", "split", "[red]x[/]"), Notice("info", "target", "y")])[0] == "· split     [red]x[/]"


def test_init_says_what_it_found_and_what_comes_next(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    rows = "".join(f"${i * 7 + 5},{'oops' if i == 3 else i % 89},{'ab'[(i * 7919) % 10 < 4]}\n" for i in range(400))
    (tmp_path / "t.csv").write_text("price,n,y\n" + rows)
    done = CliRunner().invoke(app, ["init", str(tmp_path / "t.csv"), "--target", "y", "--out", str(tmp_path)])
    assert done.exit_code == 0
    first, *found, last = done.stdout.splitlines()
    assert first == "t.csv: 400 rows, 3 columns"
    assert found == [
        "! unread    n: 1 value is no whole number, such as 'oops'. Its row is left out.",
        "· read as   price: numbers, without their $.",
        "· split     at random, with equal shares of the target: no column orders the rows in time.",
        "· target    y: binary (a 60%, b 40%), from 2 features.",
    ]
    assert last == f"Read it, change what you know better, then: {command()} run {tmp_path / 'plan.yaml'}"


def test_the_next_command_can_be_pasted_where_the_folder_has_a_space(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("n,y\n" + "".join(f"{i % 89},{'ab'[(i * 7919) % 10 < 4]}\n" for i in range(400)))
    done = CliRunner().invoke(app, ["init", "t.csv", "--target", "y", "--out", "my plans"])
    assert shlex.split(done.stdout.splitlines()[-1])[-2:] == ["run", "my plans/plan.yaml"]


def test_a_recipe_that_is_not_there_is_not_looked_for_beside_a_plan_that_is_not_there(tmp_path):
    (tmp_path / "t.csv").write_text("n,y\n1,a\n")
    arguments = ["init", str(tmp_path / "t.csv"), "--target", "y", "--out", str(tmp_path), "--recipe", "gone.json"]
    refusal = CliRunner().invoke(app, arguments).exception
    assert refusal.code == "missing_file"
    assert refusal.remedy.startswith("Check the path")


def test_init_refuses_too_many_bad_rows_unless_allowed(tmp_path):
    rows = "".join(f"{'oops' if i % 70 == 0 else i % 89},{'ab'[(i * 7919) % 10 < 4]}\n" for i in range(700))
    (tmp_path / "t.csv").write_text("n,y\n" + rows.replace("oops", "oops,", 3))
    arguments = ["init", str(tmp_path / "t.csv"), "--target", "y", "--out", str(tmp_path)]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exception.code == "too_many_bad_rows"
    assert not (tmp_path / "plan.yaml").exists()
    allowed = CliRunner().invoke(app, [*arguments, "--max-bad-fraction", "0.05"])
    assert allowed.exit_code == 0
    assert "max_bad_fraction: 0.025" in (tmp_path / "plan.yaml").read_text()
