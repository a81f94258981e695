"""Leaks planted in public tables are named and left out; the tables themselves have next to no suspect."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from leak_tables import CLEAN, KINDS, suspects, verdict

from sevenfold.contracts.schema import Role
from sevenfold.design.notices import notices
from sevenfold.design.propose import propose_plan

LARGE = (
    "arrivals",
    "flights",
    "digits",
    "humidity",
    "visibility",
    "wind",
    "pressure",
)  # their figures are in docs/leaks.md
SMALL = [name for name in CLEAN if name not in LARGE]


@pytest.mark.soak
@pytest.mark.parametrize("name", SMALL)
def test_a_public_table_has_no_suspect_and_a_planted_leak_is_named(name, request):
    read, target = CLEAN[name]
    frame = read()
    clean, _, classes = suspects(frame, target)
    assert clean == set()
    seed = request.node.callspec.params.get("try_number", 1)
    kind = KINDS[(SMALL.index(name) + seed) % len(KINDS)]
    assert verdict(frame, target, kind, classes=classes, seed=seed) == "named", kind


@pytest.fixture
def rentals(tmp_path):
    random = np.random.default_rng(1)
    hour, warm = random.integers(0, 24, 900), random.normal(15, 8, 900).round(1)
    casual = random.poisson(20 + np.maximum(warm, 0))
    registered = random.poisson(60 + 5 * np.abs(12 - hour))
    frame = pl.DataFrame({"hour": hour, "warm": warm, "casual": casual, "registered": registered})
    path = tmp_path / "rentals.csv"
    frame.with_columns(cnt=pl.col("casual") + pl.col("registered")).write_csv(path)
    return path


def test_parts_of_a_sum_are_left_out_with_the_formula_that_shows_it(rentals, accept):
    proposal, prepared = accept(rentals, "cnt")
    columns = proposal.plan.data.columns
    assert {name for name, column in columns.items() if column.is_feature} == {"hour", "warm"}
    assert columns["casual"].role is columns["registered"].role is Role.IGNORE
    assert "casual" in columns["registered"].note
    assert "R² 1.000000" in columns["registered"].note
    (leak,) = [notice for notice in notices(proposal.findings) if notice.subject == "leak"]
    assert leak.level == "warning"
    assert leak.text.startswith("casual, registered: Known only after the event?")
    assert leak.text.endswith("They are left out.")
    assert not any("target away" in text for text in prepared.warnings)


def test_of_a_difference_only_the_later_one_is_left_out(tmp_path, accept):
    random = np.random.default_rng(2)
    scheduled, delay = random.integers(0, 1_200, 900), random.normal(8, 20, 900).round().astype(int)
    frame = pl.DataFrame({"scheduled": scheduled, "gate": random.integers(1, 40, 900), "delay": delay})
    path = tmp_path / "flights.csv"
    frame.with_columns(arrival=pl.col("scheduled") + pl.col("delay")).write_csv(path)
    proposal, _ = accept(path, "delay")
    roles = {name: column.role for name, column in proposal.plan.data.columns.items()}
    assert roles["arrival"] is Role.IGNORE
    assert roles["gate"] is roles["scheduled"] is Role.FEATURE
    assert "delay ≈ arrival - scheduled" in proposal.findings.roles["arrival"].why


def test_a_table_of_nothing_but_leaks_is_refused_with_the_reasons(tmp_path):
    random = np.random.default_rng(3)
    one, other = random.normal(size=300), random.normal(size=300)
    path = tmp_path / "t.csv"
    pl.DataFrame({"a": one, "b": other, "y": one + other}).write_csv(path)
    with pytest.raises(Exception, match=r"y ≈ [ab] \+ [ab], with R² 1.000000") as refused:
        propose_plan(path, "y")
    assert refused.value.code == "no_features"


@pytest.mark.parametrize("seed", range(12))
def test_what_preparation_would_refuse_is_left_out(seed, tmp_path, accept):
    """Formulas with a little noise, some rows that do not fit, gaps: near every limit, and still no plan is refused."""
    random = np.random.default_rng(seed)
    rows = int(random.choice([160, 330, 900]))
    one, other = random.normal(3, 20, rows), random.lognormal(size=rows)
    value = [one + other, one - other, one * other, one / other][seed % 4]
    value = value + random.normal(size=rows) * value.std() * 10 ** random.uniform(-4, -2)
    value = np.where(random.random(rows) < random.choice([0.002, 0.01, 0.03]), value + 5 * value.std(), value)
    gaps = random.random(rows) < random.choice([0, 0.05, 0.4])
    frame = pl.DataFrame({"one": one, "other": other, "x": random.normal(size=rows)})
    frame = frame.with_columns(pl.Series("one", one).set(pl.Series(gaps), None))
    y = pl.Series("y", value) if seed % 3 else pl.Series("y", np.where(value > np.median(value), "yes", "no"))
    path = tmp_path / "t.csv"
    frame.with_columns(y).write_csv(path)
    accept(path, "y")
