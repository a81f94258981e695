"""The profile, held to numpy; sensitive values stay unseen."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from sevenfold.contracts.schema import Kind, Notation
from sevenfold.design.guess import Guess
from sevenfold.design.profile import _in_order, profile_table
from sevenfold.design.report import design_report
from sevenfold.design.typed_column import read_column
from sevenfold.plan import DataSection


def test_numbers_are_those_of_numpy(written):
    values = np.random.default_rng(1).normal(3, 2, 500).round(4)
    texts = ["" if at % 10 == 0 else repr(float(value)) for at, value in enumerate(values)]
    facts = profile_table(written("x,y\n" + "".join(f"{text},{at}\n" for at, text in enumerate(texts)))).columns["x"]
    kept = np.delete(values, slice(0, None, 10))
    assert (facts.missing, facts.bad, facts.present) == (50, 0, 450)
    assert facts.distinct == len(set(kept.tolist()))
    assert (facts.low, facts.high) == (kept.min(), kept.max())
    assert facts.mean == pytest.approx(kept.mean())
    assert facts.deviation == pytest.approx(kept.std())
    assert facts.quantiles == pytest.approx(np.quantile(kept, [0.01, 0.25, 0.5, 0.75, 0.99]))
    assert sum(facts.counts) == 450
    assert facts.counts == tuple(np.histogram(kept, facts.edges)[0])


def test_a_far_value_does_not_hide_the_others(written):
    rows = "".join(f"{at % 100},a\n" for at in range(999)) + "1000000000,a\n"
    facts = profile_table(written("x,y\n" + rows)).columns["x"]
    assert facts.high == 1e9
    assert facts.edges[-1] < 1_000
    assert sum(facts.counts) == 1_000
    assert max(facts.counts) < 200


def test_whole_numbers_share_bins_evenly(written):
    rows = "".join(f"{at % 37},a\n" for at in range(37 * 20))
    facts = profile_table(written("x,y\n" + rows)).columns["x"]
    assert set(facts.counts[:-1]) == {40}  # two numbers to a bin


@pytest.mark.parametrize(
    "whole", [[3, -2, 3, None, 5, -2, 0, 1, 4], [2**53 - 1, 2**53 - 2, None], [7], [-9, 900], [None]]
)
def test_whole_numbers_come_in_the_order_that_sorting_gives(whole):
    guess = Guess(Kind.INTEGER)
    column = read_column(pl.Series("n", whole, dtype=pl.Int64), guess, Notation())
    assert _in_order(column).tolist() == sorted(float(number) for number in whole if number is not None)
    assert _in_order(column).dtype == np.float64


def test_rare_categories_are_not_named(written):
    rows = "".join(f"{at},{'often' if at % 2 else 'rare' + str(at)}\n" for at in range(100))
    facts = profile_table(written("x,c\n" + rows)).columns["c"]
    assert facts.top == (("often", 50),)
    assert facts.distinct == 51


def test_what_points_at_a_person_shows_counts_only(people):
    profile = profile_table(people)
    hidden = {name for name, facts in profile.columns.items() if facts.sensitive}
    assert hidden == {"full_name", "email", "contact", "remark"}
    for name in hidden:
        facts = profile.columns[name]
        shown = dataclasses.asdict(facts)
        assert not (shown["top"] or shown["edges"] or shown["counts"] or shown["quantiles"])
        assert facts.low is None and facts.high is None and facts.mean is None
        assert "Miller" not in repr(facts) and "secret" not in repr(facts)
        assert facts.distinct == 400


def test_the_plan_decides_what_is_sensitive(people):
    columns = {name: {"kind": "category"} for name in people.read_text().splitlines()[0].split(",")}
    columns["town"] |= {"sensitive": True}
    columns["left"] |= {"role": "target"}
    data = DataSection.model_validate({"source": "x", "target": "left", "task": "binary", "columns": columns})
    profile = profile_table(people, data)
    assert not profile.columns["town"].top
    assert profile.columns["left"].top
    assert profile.columns["age"].kind is Kind.CATEGORY
    text = design_report(profile, data, "n.ipynb").model_dump_json()
    assert "Bergen" not in text
    assert "town" in text


def test_the_report_tells_what_is_odd(written):
    rows = "".join(f"{at},{'' if at % 4 else 'x'},1,{at % 2}\n" for at in range(80)) + "1,2\n"
    path = written("a,b,c,y\n" + rows)
    columns = {name: {"kind": "category" if name == "b" else "integer"} for name in "abcy"}
    columns["y"] |= {"role": "target"}
    columns["gone"] = {"kind": "number"}
    data = DataSection.model_validate({"source": "x", "target": "y", "task": "binary", "columns": columns})
    report = design_report(profile_table(path, data), data, "n.ipynb")
    content = " ".join(
        finding.text for block in report.blocks if block.block == "findings" for finding in block.findings
    )
    assert "lacks columns of the plan: gone" in content
    assert "c: all rows are alike" in content
    assert "b: missing in 75%" in content
    assert "1 record has too few or too many fields" in content
    assert report.level == "warning"


def test_progress_reaches_every_column(people):
    told: list[tuple[str, int, int]] = []
    profile_table(people, on_progress=lambda message, done, total: told.append((message, done, total)))
    assert [done for message, done, _ in told if message.startswith("profile")] == list(range(10))
