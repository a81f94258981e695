"""Names of plans and columns, and classes as a plan has them."""

from __future__ import annotations

import csv

import pytest

from sevenfold.contracts.schema import Role
from sevenfold.design.propose import plan_name


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("data", "data"),
        ("House_Prices (2)", "house-prices-2"),
        ("2013", "plan-2013"),
        ("ÆØÅ", "plan"),
        ("x" * 50, "x" * 30),
    ],
)
def test_names_of_plans(stem, name):
    assert plan_name(stem) == name


def test_strange_column_names_survive(written, accept):
    names = ['a"b', "c: d", "yes", "{x}", "# e", "Ünïcödé", "y"]
    rows = "".join(
        ",".join(str((i * (j + 3)) % 11) for j in range(6)) + f",{'pq'[(i * 7919) % 10 < 4]}\n" for i in range(300)
    )
    text = ",".join('"' + name.replace('"', '""') + '"' for name in names) + "\n" + rows
    assert next(csv.reader([text.splitlines()[0]])) == names
    proposal, prepared = accept(written(text), "y")
    assert list(proposal.plan.data.columns) == names
    assert prepared.kept == 300


def test_a_column_named_as_the_flag_of_a_date_is_left_out(written, accept):
    days = [f"2024-{1 + i * 7 % 12:02d}-{1 + i * 11 % 28:02d}" for i in range(300)]
    rows = "".join(f"{2000 + i % 9}-01-01,{day},{i % 7},{'pq'[(i * 7919) % 10 < 4]}\n" for i, day in enumerate(days))
    proposal, prepared = accept(written("t,day,t:missing,y\n" + rows), "y")
    columns = proposal.plan.data.columns
    assert columns["t"].is_feature
    assert columns["t:missing"].role is Role.IGNORE
    assert "rename the column" in columns["t:missing"].note
    assert prepared.kept == 300


@pytest.mark.parametrize(
    ("spellings", "classes"), [(("yes", "no"), ("no", "yes")), (("Yes", "yes", "no"), ("false", "true"))]
)
def test_flags_in_several_spellings_are_true_and_false(written, accept, spellings, classes):
    rows = "".join(f"{(i * 37) % 101},{spellings[(i * 7919) % 10 % len(spellings)]}\n" for i in range(300))
    _, prepared = accept(written("x,y\n" + rows), "y")
    assert prepared.schema.classes == classes
