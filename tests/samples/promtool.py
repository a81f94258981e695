"""Series over an hour as Prometheus scrapes them, what befalls them, and the rules run over them by promtool."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

MINUTES = 60
BASE = {"model": "flights", "bundle": "b1", "namespace": "n"}
GAP = range(48, 54)  # minutes of which nothing is known: longer than Prometheus looks back
OUTAGE = 15  # minutes without a scrape, and more than an absent twin waits
RESTART = 45  # the minute at which the process begins anew


@dataclass(frozen=True)
class Series:
    """A series by name and labels, and its value at each minute; None where it was not scraped."""

    name: str
    values: tuple[float | None, ...]
    labels: tuple[tuple[str, str], ...]

    @property
    def counts(self) -> bool:
        """Whether it is a counter, which begins at 0 with each process."""
        return self.name.endswith(("_total", "_bucket"))

    @property
    def text(self) -> dict[str, str]:
        """The series in the notation of promtool."""
        pairs = ", ".join(f'{key}="{value}"' for key, value in self.labels)
        values = " ".join("_" if value is None else repr(float(value)) for value in self.values)
        return {"series": f"{self.name}{{{pairs}}}", "values": values}


def series(name: str, values: Sequence[float | None], **labels: str) -> Series:
    """A series of the model, with labels of its own besides."""
    return Series(name, tuple(values), tuple({**BASE, **labels}.items()))


def rising(per_minute: float, *, minutes: int = MINUTES) -> list[float]:
    """A counter's values."""
    return [per_minute * minute for minute in range(minutes + 1)]


def steps(*parts: tuple[float, int]) -> list[float]:
    """Values that hold for so many minutes each."""
    return [level for level, minutes in parts for _ in range(minutes)]


def with_gap(rows: Sequence[Series]) -> list[Series]:
    """Nothing is scraped for six minutes; what is counted goes on meanwhile."""
    return _unscraped(rows, GAP)


def with_outage(rows: Sequence[Series], begins: int) -> list[Series]:
    """Nothing is scraped for longer than `OUTAGE` minutes from a minute on; what is counted goes on meanwhile."""
    return _unscraped(rows, range(begins, begins + OUTAGE + 1))


def restarted(rows: Sequence[Series]) -> list[Series]:
    """The process ends and another begins: one scrape fails, counters begin at 0, all else is as before."""

    def anew(row: Series) -> Series:
        lost = row.values[RESTART] if row.counts else 0.0
        after = [None if value is None else value - (lost or 0.0) for value in row.values[RESTART + 1 :]]
        return replace(row, values=(*row.values[:RESTART], None, *after))

    return [anew(row) for row in rows]


def _unscraped(rows: Sequence[Series], minutes: range) -> list[Series]:
    kept = [tuple(None if at in minutes else value for at, value in enumerate(row.values)) for row in rows]
    return [replace(row, values=values) for row, values in zip(rows, kept, strict=True)]


def promtools() -> list[str]:
    """Every promtool at hand: the one that is installed, and another that PROMTOOL names."""
    known = (shutil.which("promtool"), os.environ.get("PROMTOOL"))
    return list(dict.fromkeys(program for program in known if program))


@dataclass(frozen=True)
class Promtool:
    """One version of promtool, and the rules that it runs, as YAML."""

    program: str
    rules: str

    def firing(self, rows: Sequence[Series], at: int = MINUTES) -> set[str]:
        """Return the names of the alerts that fire at a minute."""
        output = self._ask(tuple(rows), 'ALERTS{alertstate="firing"}', at)
        return set(re.findall(r'alertname="(\w+)"', output))

    def firing_since(self, rows: Sequence[Series], at: int, ago: Sequence[int]) -> dict[int, set[str]]:
        """Return the names of the alerts that fired so many minutes before another, by these minutes."""
        now = 'ALERTS{alertstate="firing"}'
        asked = {minutes: f"{now} offset {minutes}m" if minutes else now for minutes in ago}
        output = answers(self.program, self.rules, [row.text for row in rows], list(asked.values()), at)
        told = dict(part.split(", time", 1) for part in output.split("expr: ")[1:])
        return {
            minutes: set(re.findall(r'alertname="(\w+)"', told.get(json.dumps(expression), "")))
            for minutes, expression in asked.items()
        }

    def values(self, rows: Sequence[Series], expression: str, at: int = MINUTES) -> dict[str, float]:
        """Return the value of an expression at a minute, by its labels."""
        output = self._ask(tuple(rows), expression, at)
        return {labels: float(value) for labels, value in re.findall(r"(\{.*?\}) ([^\s,]+)", output)}

    def _ask(self, rows: tuple[Series, ...], expression: str, at: int) -> str:
        return _asked(self.program, self.rules, rows, expression, at)


@cache
def _asked(program: str, rules: str, rows: tuple[Series, ...], expression: str, at: int) -> str:
    output = answers(program, rules, [row.text for row in rows], [expression], at)
    return output.partition("got:")[2]


def answers(program: str, rules: str, given: Sequence[dict[str, str]], expressions: Sequence[str], at: int) -> str:
    """Return what promtool prints about expressions at a minute: the value of each that has one.

    Series are given in its own notation. It is told to expect nothing, so whatever is there it names as a surprise.
    """
    asked = [{"expr": expression, "eval_time": f"{at}m", "exp_samples": []} for expression in expressions]
    case: dict[str, Any] = {"interval": "1m", "input_series": list(given), "promql_expr_test": asked}
    with TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(rules)
        unit = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
        (Path(folder) / "test.yaml").write_text(yaml.safe_dump(unit))
        command = [program, "test", "rules", "test.yaml"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0 or "got:" in output, output
    return "" if done.returncode == 0 else output
