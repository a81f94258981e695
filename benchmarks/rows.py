"""One measured row, the line and the table that show it, and the options that every benchmark has."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.targets import ROWS

__all__ = ["Row", "parser", "read_rows", "report", "table"]

HEAD = ("name", "against", "ratio", "median", "min–max", "target", "reached")


@dataclass(frozen=True)
class Row:
    """What was measured in each pair, in the unit of the row's target; `missing` says why nothing was."""

    name: str
    ours: Sequence[float] = ()
    peer: Sequence[float] = ()
    quick: bool = False
    missing: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the row's cells, in the order of `HEAD`."""
        target = ROWS[self.name]
        if self.missing:
            return (self.name, target.what, target.ratio, "-", "-", target.text, f"not measured: {self.missing}")
        ratio = self._ratio()
        reached = target.reached(statistics.median(self.ours), statistics.median(ratio))
        verdict = {None: "-", True: "yes", False: "no"}[reached]
        spread = f"{min(ratio):.3g}–{max(ratio):.3g}"
        shown = f"{statistics.median(ratio):.3g}"
        return (
            self.name, target.what, target.ratio, shown, spread, target.text, "quick run" if self.quick else verdict
        )  # fmt: skip

    def line(self) -> str:
        """Return the row as one sentence with both medians."""
        _, what, ratio, shown, spread, bound, verdict = self.cells()
        if self.missing:
            return f"{self.name}: {verdict}"
        ours, peer = statistics.median(self.ours), statistics.median(self.peer)
        return (
            f"{self.name}: ours {ours:.3g} {ROWS[self.name].unit}, {what} {peer:.3g}; "
            f"{ratio} = {shown} ({spread}); target {bound}; reached: {verdict}"
        )

    def _ratio(self) -> list[float]:
        pairs = list(zip(self.ours, self.peer, strict=True))
        if ROWS[self.name].ratio == "peer / ours":
            return [peer / ours for ours, peer in pairs]
        if ROWS[self.name].ratio == "ours − peer":
            return [ours - peer for ours, peer in pairs]
        return [ours / peer for ours, peer in pairs]


def parser(name: str, summary: str | None, *, pairs: int = 5) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has; `summary` is its module's docstring."""
    made = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=summary, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--quick", action="store_true", help="One pair of a small size; the figures mean nothing.")
    made.add_argument("--pairs", type=int, default=pairs, help="How many pairs to measure (default: %(default)s).")
    made.add_argument("--rows", type=Path, help="Append the rows to this file too, a JSON document per line.")
    return made


def report(rows: Iterable[Row], file: Path | None) -> None:
    """Print each row as soon as it is measured, and append it to the file."""
    for row in rows:
        print(row.line(), flush=True)
        if file is not None:
            with file.open("a") as stream:
                stream.write(json.dumps(asdict(row)) + "\n")


def read_rows(file: Path) -> list[Row]:
    """Return the rows that `report` appended to a file; none where there is no file."""
    return [Row(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def table(rows: Sequence[Row]) -> str:
    """Return all rows as one table in columns."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines)
