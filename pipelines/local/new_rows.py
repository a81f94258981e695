"""New rows of this machine: the files that came since the serving model was trained, each one window."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import DataError, SevenfoldError
from sevenfold.drift.stability import Counts
from sevenfold.drift.verdict import WindowDrift
from sevenfold.monitoring.batch import drift_of_table
from sevenfold.plan import Plan
from sevenfold.scoring.raw_table import read_raw_table
from sevenfold.tables.reader import TableReader
from sevenfold.tables.sources import matching_files

__all__ = ["NewRows", "judge_file", "once_each", "own_sources", "window_files", "window_name"]


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
    digest: str = ""
    fault: str = ""

    @staticmethod
    def labelled_in(rows: Sequence[NewRows]) -> int | None:
        """Return how many rows of some files carry a target; None where only the run itself can count them."""
        counted = [one.labelled for one in rows]
        return None if None in counted else sum(count or 0 for count in counted)


def window_files(plan: Plan, base: Path) -> list[Path]:
    """Return the files of `retrain.data` in time order: that of their names, where day-10 comes after day-9."""
    pattern = plan.retrain.data
    try:
        matching = matching_files(pattern, base) or [path for path in [base / pattern] if path.is_file()]
    except DataError:  # nothing has come yet
        return []
    return sorted(matching, key=lambda path: _in_time(str(path)))


def own_sources(plan: Plan, base: Path) -> tuple[str, ...]:
    """Return the plan's own sources: files by their paths, each one that a pattern matches, and addresses."""
    named: list[str] = []
    for source in plan.located(base).data.sources:
        named += [str(file) for file in matching_files(source, base)] or [source]
    return tuple(named)


def window_name(path: Path, plan: Plan, base: Path) -> str:
    """Return a file's name from the folder in which the pattern starts: a/rows.csv and b/rows.csv are two windows."""
    fixed = base
    for part in Path(plan.retrain.data).parts:
        if glob.has_magic(part):
            break
        fixed /= part
    return str(path.relative_to(fixed)) if path != fixed and path.is_relative_to(fixed) else path.name


def once_each(rows: Sequence[NewRows]) -> list[NewRows]:
    """Return the windows, of which one that repeats another's bytes gives no verdict: it says nothing twice."""
    first: dict[str, str] = {}
    made = []
    for one in rows:
        if one.fault:
            made.append(one)
            continue
        earlier = first.setdefault(one.digest, one.window.label)
        repeated = one.digest and earlier != one.window.label
        made.append(_without_verdict(one, f"{one.window.label} holds the same bytes as {earlier}") if repeated else one)
    return made


def judge_file(path: Path, plan: Plan, bundle: Bundle, name: str) -> NewRows:
    """Compare a file with the rows that a bundle was trained on; one that cannot be read gives no verdict.

    Args:
        path: the file.
        plan: says how it is read, and the limits.
        bundle: the serving one.
        name: of the window.

    Raises:
        FileNotFoundError: it is gone again.
    """
    moment, digest = path.stat().st_mtime, ""
    try:
        digest = file_digest(path)
        raw = read_raw_table(path, bundle.signature, encoding=plan.data.encoding)
        counts, window = drift_of_table(bundle, raw.table, plan.monitoring)
    except FileNotFoundError:
        raise
    except (SevenfoldError, OSError) as error:
        nothing = WindowDrift(label=name, rows=0, verdict="insufficient_data")
        fault = f"{name}: {error}"
        return NewRows(path=path, moment=moment, window=nothing, counts={}, labelled=0, digest=digest, fault=fault)
    window, fault, labelled = replace(window, label=name), "", _labelled(path, plan)
    rows = raw.table.num_rows + raw.refused
    if raw.refused > plan.data.max_bad_fraction * rows:
        fault = f"{name}: {raw.refused:,} of {rows:,} rows cannot be read: {raw.reasons}."
        window = WindowDrift(label=name, rows=raw.table.num_rows, verdict="insufficient_data")
        labelled = 0  # nothing is learnt from it
    elif window.verdict == "insufficient_data":
        fault = f"{name} has {window.rows:,} rows, and a verdict needs {plan.monitoring.min_rows:,}."
    return NewRows(
        path=path, moment=moment, window=window, counts=counts, labelled=labelled, digest=digest, fault=fault
    )


def _without_verdict(rows: NewRows, fault: str) -> NewRows:
    nothing = WindowDrift(label=rows.window.label, rows=rows.window.rows, verdict="insufficient_data")
    return replace(rows, window=nothing, counts={}, labelled=0, fault=fault)


def _in_time(name: str) -> list[tuple[int, str]]:
    """Return a key that orders names by their numbers where they have some."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _labelled(path: Path, plan: Plan) -> int | None:
    """Return how many rows the plan accepts, target included."""
    if plan.refine.recipe:
        return None
    try:
        return sum(map(len, TableReader(path, plan.data)))
    except DataError:  # it has no target, or is another table
        return 0
