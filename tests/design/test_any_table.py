"""Any table: init proposes a plan that preparation carries out, or refuses it with an error that has a code."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Task
from sevenfold.design.notices import notices
from sevenfold.design.propose import propose_plan
from sevenfold.preparation.prepare import prepare

START = datetime(2024, 1, 1)
ODD = ["oops", "n.v.", "1.2.3", "12,5", "NA", "?", "-", "31/02/2024", "18446744073709551615", "inf", "007"]


def texts_of(kind: str, rows: int, random: np.random.Generator) -> list[str]:
    """Return texts of one kind of column."""
    numbers = random.integers(0, 10 ** int(random.integers(1, 6)), rows).tolist()
    days = [START + timedelta(days=number % 400, minutes=number) for number in numbers]
    return {
        "integer": lambda: [str(number) for number in numbers],
        "few": lambda: [str(number % 5) for number in numbers],
        "number": lambda: [f"{number / 7:.3f}" for number in numbers],
        "comma": lambda: [f"{number / 7:.2f}".replace(".", ",") for number in numbers],
        "groups": lambda: [f"{number * 37:,}" for number in numbers],
        "money": lambda: [f"${number:,}" for number in numbers],
        "percent": lambda: [f"{number % 101}.5%" for number in numbers],
        "iso": lambda: [str(day.date()) for day in days],
        "time": lambda: [str(day) for day in days],
        "slashes": lambda: [f"{day:%d/%m/%Y}" for day in days],
        "early": lambda: [f"{1 + number % 12:02d}/{1 + number % 9:02d}/2024" for number in numbers],
        "level": lambda: [f"k{number % 7}" for number in numbers],
        "name": lambda: [f"x{number}" for number in numbers],
        "flag": lambda: [("yes", "no", "Yes")[number % 3] for number in numbers],
        "constant": lambda: ["7"] * rows,
        "row": lambda: [str(number) for number in range(rows)],
        "rare": lambda: [str(int(number == 0)) for number in range(rows)],
        "empty": lambda: [""] * rows,
    }[kind]()


KINDS = "integer few number comma groups money percent iso time slashes early level name flag constant row rare empty"
COLUMNS = st.tuples(st.sampled_from(KINDS.split()), st.sampled_from([0.0, 0.0, 0.05, 0.5]), st.integers(0, 3))


@st.composite
def tables(draw: st.DrawFn) -> tuple[pl.DataFrame, str]:
    """Draw a table of texts and its target: gaps and odd cells in each column, sometimes in the target too."""
    rows = draw(st.sampled_from([3, 7, 20, 60, 150, 400]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = {}
    for at, (kind, gaps, odd) in enumerate(draw(st.lists(COLUMNS, min_size=2, max_size=6))):
        texts = np.array(texts_of(kind, rows, random), dtype=object)
        texts[random.random(rows) < gaps] = ""
        for cell in random.integers(0, rows, odd):
            texts[cell] = ODD[random.integers(0, len(ODD))]
        columns[f"c{at}"] = texts.tolist()
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), draw(st.sampled_from(sorted(columns)))


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["csv", "parquet"]), st.sampled_from([0.01, 0.2]))
def test_init_never_proposes_what_preparation_refuses(
    table: tuple[pl.DataFrame, str], form: str, max_bad_fraction: float
) -> None:
    frame, target = table
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"t.{form}"
        frame.write_csv(path) if form == "csv" else frame.write_parquet(path)
        try:
            proposal = propose_plan(path, target, max_bad_fraction=max_bad_fraction)
        except DataError as refused:
            assert refused.code != "unexpected"
            return
        assert proposal.text == propose_plan(path, target, max_bad_fraction=max_bad_fraction).text
        prepared = prepare(path, proposal.plan.data, proposal.plan.preparation, Path(folder) / "dataset")
    usable = proposal.findings.usable
    assert prepared.rows == usable.total == frame.height
    assert prepared.refused_by_column == dict(usable.reasons)
    assert prepared.kept == usable.rows.sum()
    assert notices(proposal.findings)[-1].subject == "target"


def test_a_target_beyond_64_bits_is_a_number(tmp_path: Path) -> None:
    cells = ["18446744073709551615", "1e40", *map(str, range(38))] * 3
    pl.DataFrame({"x": [f"{at}.5" for at in range(120)], "y": cells}).write_csv(tmp_path / "t.csv")
    assert propose_plan(tmp_path / "t.csv", "y").plan.data.task is Task.REGRESSION
