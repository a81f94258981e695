"""The example's flights as a loop sees them: a winter that a model is made of, a summer that drifts, spoilt targets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
BASE, LATER = 16_000, 12_000  # rows
ROWS_PER_REQUEST = 4
MOMENT, TARGET = "scheduled_departure", "late"
# The example's columns and recipe, made small and quick: a window of a minute, trees without a search.
PLAN = """
refine: {recipe: recipe.json}
tuning: {trials: 0}
training: {model: trees, max_epochs: 40}
testing:
  metric: roc_auc
  gates: [{metric: roc_auc, at_least: 0.55}]
  max_overfitting: 0.4
  undecided: keep
deployment:
  namespace: sevenfold
  deadline_seconds: 300
  canary: {percent: 50, min_requests: 100}
  service_level: {latency_p99_ms: 2000}
monitoring: {replay: none, window_minutes: 1, windows: 1, windows_drifted: 1}
secrets: {storage: sevenfold-storage}
"""


@dataclass(frozen=True)
class Flights:
    """`base` is what the first model learns from, `later` newer rows; `quiet` and `moved` are traffic like each."""

    base: pl.DataFrame
    later: pl.DataFrame
    spoilt: pl.DataFrame
    quiet: pl.DataFrame
    moved: pl.DataFrame


def make_flights(folder: Path) -> Flights:
    """Make the tables from the example's; in the spoilt one the targets are other flights', as after a bad join.

    Traffic holds none of the rows that a model learns from. Every table is a draw of its months, and the plan splits by
    chance: so the quiet traffic differs from what the first model knows, predictions included, by chance alone.
    """
    path = folder / "flights.csv"
    subprocess.run([sys.executable, EXAMPLE / "flights.py", path], check=True, capture_output=True)
    table = pl.read_csv(path, infer_schema_length=None).with_row_index("row")
    path.unlink()
    month = pl.col(MOMENT).str.slice(0, 7)
    winter, summer = table.filter(month <= "2013-02"), table.filter(month == "2013-07")
    base, later = winter.sample(BASE, seed=1).sort(MOMENT), summer.sample(LATER, seed=2).sort(MOMENT)
    quiet = winter.join(base, on="row", how="anti")
    moved = summer.join(later, on="row", how="anti")
    spoilt = later.with_columns(pl.col(TARGET).shuffle(seed=3))
    return Flights(*(each.drop("row") for each in (base, later, spoilt, quiet, moved)))


def requests_of(table: pl.DataFrame, columns: Sequence[str]) -> list[bytes]:
    """Return requests for the rows of a table, in no order."""
    rows = table.select(columns).sample(fraction=1, shuffle=True, seed=4).to_dicts()
    parts = (rows[at : at + ROWS_PER_REQUEST] for at in range(0, len(rows), ROWS_PER_REQUEST))
    return [json.dumps({"instances": part}).encode() for part in parts]


def loop_plan(name: str, source: str, later: str, images: str = "") -> str:
    """Return the plan of a model that drift retrains, from the newer rows alone: it may forget what winter taught.

    Args:
        name: the plan's.
        source: address of the first table.
        later: address of the newer rows.
        images: the section of that name, as flow YAML; "" leaves it out.
    """
    text = (EXAMPLE / "plan.yaml").read_text()
    data = text[text.index("\ndata:\n") : text.index("\nrefine:\n")].replace("source: flights.csv", f"source: {source}")
    assert source in data
    data = data.replace("max_unlabelled: 0.04", "max_unlabelled: 0.2")
    named = f"images: {images}\n" if images else ""
    retrain = f'retrain: {{trigger: drift, data: "{later}", keep_rows: false, max_forgetting: 0.2}}'
    return f"version: 1\nname: {name}\n{data}{PLAN}{retrain}\n{named}"
