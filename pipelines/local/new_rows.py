"""New rows of this machine: the files that came since the serving model was trained, each one window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import DataError, SevenfoldError
from sevenfold.drift.stability import Counts
from sevenfold.drift.verdict import WindowDrift
from sevenfold.monitoring.batch import drift_of_table
from sevenfold.plan import Plan
from sevenfold.scoring.raw_table import read_raw_table
from sevenfold.tables.reader import TableReader
from sevenfold.tables.sources import matching_files

__all__ = ["NewRows", "judge_file", "new_files"]


@dataclass(frozen=True, kw_only=True)
class NewRows:
    """One file: how its rows are spread, and how many carry a target.

    `fault` says why the file gives no verdict; "" where it does. `labelled` is 0 where nothing may be learnt from it,
    and None where a recipe must be run first to know.
    """

    path: Path
    moment: float  # when it was last written, in seconds since 1970
    window: WindowDrift
    counts: dict[str, Counts]
    labelled: int | None
    fault: str = ""


def new_files(plan: Plan, base: Path, trained_on: frozenset[Path]) -> list[Path]:
    """Return the files of `retrain.data` that the serving model was not trained on, by name."""
    pattern = plan.retrain.data
    try:
        matching = matching_files(pattern, base) or [path for path in [base / pattern] if path.is_file()]
    except DataError:  # nothing has come yet
        return []
    return [path for path in matching if path.resolve() not in trained_on]


def judge_file(path: Path, plan: Plan, bundle: Bundle) -> NewRows:
    """Compare a file with the rows that a bundle was trained on; one that cannot be read gives no verdict."""
    moment = path.stat().st_mtime
    try:
        raw = read_raw_table(path, bundle.signature, encoding=plan.data.encoding)
        counts, window = drift_of_table(bundle, raw.table, plan.monitoring)
    except SevenfoldError as error:
        nothing = WindowDrift(label=path.name, rows=0, verdict="insufficient_data")
        return NewRows(path=path, moment=moment, window=nothing, counts={}, labelled=0, fault=f"{path.name}: {error}")
    window, fault, labelled = replace(window, label=path.name), "", _labelled(path, plan)
    rows = raw.table.num_rows + raw.refused
    if raw.refused > plan.data.max_bad_fraction * rows:
        fault = f"{path.name}: {raw.refused:,} of {rows:,} rows cannot be read: {raw.reasons}."
        window = WindowDrift(label=path.name, rows=raw.table.num_rows, verdict="insufficient_data")
        labelled = 0  # nothing is learnt from it
    elif window.verdict == "insufficient_data":
        fault = f"{path.name} has {window.rows:,} rows, and a verdict needs {plan.monitoring.min_rows:,}."
    return NewRows(path=path, moment=moment, window=window, counts=counts, labelled=labelled, fault=fault)


def _labelled(path: Path, plan: Plan) -> int | None:
    """Return how many rows the plan accepts, target included."""
    if plan.refine.recipe:
        return None
    try:
        return sum(map(len, TableReader(path, plan.data)))
    except DataError:  # it has no target, or is another table
        return 0
