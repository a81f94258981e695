"""Monitoring in figures: ``python -m benchmarks.drift``, a quarter of an hour on one core; ``--only`` is a part of it.

``cost``    what counting and a scrape cost
``power``   the shifts that must be seen at 2,000 rows, and those that must not be at a million
``alarms``  false alarms per model and week, at few and many features, small and large windows, and with rare categories
``rows``    windows where nothing moves that the classifier of rows as a whole calls drifted
``areas``   the ROC AUC of labels that came back, from bins, beside the one of the rows themselves

All but the first are simulations with seeds of their own: they print the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from benchmarks.drift_alarms import RARE, SHIFTS, TRIVIAL, Week, detected, false_alarms
from benchmarks.drift_areas import areas, models
from benchmarks.drift_cost import KINDS, counting, scraping
from benchmarks.drift_rows import HARD, SIX, Tables, unmoved
from benchmarks.pairs import progress
from benchmarks.rows import Row, parser, report
from benchmarks.targets import AREA_CLASSES, DRIFT_FEATURES, DRIFT_RARE, DRIFT_ROWS, UNMOVED
from sevenfold.plan.monitoring import MonitoringSection

RUNS = 1_000
SECTION = MonitoringSection()
WINDOWS: Mapping[str, tuple[Tables, int, int]] = dict(
    zip(UNMOVED, [(SIX, 200, 250), (SIX, 2_000, 250), (HARD, 2_000, 80)], strict=True)
)  # the tables, the rows of a window, and how many are drawn
AREA_MODELS, AREA_ROWS = 20, 20_000
PARTS = ("cost", "power", "alarms", "rows", "areas")


def alarms(runs: int, training: int, *, quick: bool) -> Iterator[Row]:
    """Simulate weeks without drift."""
    for features in DRIFT_FEATURES:
        for rows in DRIFT_ROWS:
            name = f"drift, false alarms: {features} features, {rows} rows"
            progress(f"{name}, {runs} weeks")
            week = Week(features=features, rows=rows, training=training, windows=3 if quick else 168)
            share = false_alarms(week, runs, features * rows, SECTION)
            yield Row(name, [share], [0.01], quick=quick)
    progress(f"{DRIFT_RARE}, {runs} weeks")
    week = Week(features=20, rows=200, training=10_000_000, windows=3 if quick else 168, shares=RARE)
    yield Row(DRIFT_RARE, [false_alarms(week, runs, 1, SECTION)], [0.01], quick=quick)


def power(runs: int, training: int, *, quick: bool) -> Iterator[Row]:
    """Simulate shifts that matter and shifts that do not, at the level of a model of 50 features."""
    features = max(DRIFT_FEATURES)
    for name, shift in SHIFTS.items():
        share = detected(shift, 2_000, runs, 1, SECTION, features=features, training=training)
        yield Row(f"drift, seen: {name}", [share], [0.95], quick=quick)
    for name, shift in TRIVIAL.items():
        share = detected(shift, 1_000_000, runs, 2, SECTION, features=features, training=training)
        yield Row(f"drift, quiet: {name}", [share], [0.01], quick=quick)


def cost(*, quick: bool) -> Iterator[Row]:
    """Measure CPU time, the least of five, for what else runs on the machine only adds."""
    for name, kind in KINDS.items():
        measure = counting(kind, batch=1_000, batches=2 if quick else 100)
        yield Row(f"drift, counting {name}", [min(measure() for _ in range(5))], [30], quick=quick)
    measure = scraping(scrapes=1 if quick else 50)
    yield Row("drift, scrape of 50 features", [min(measure() for _ in range(5))], [10], quick=quick)


def whole_rows(training: int, *, quick: bool) -> Iterator[Row]:
    """Try the classifier of rows where nothing moves."""
    for name, (tables, rows, runs) in WINDOWS.items():
        progress(f"rows as a whole, {name}, {runs} windows")
        flags = list(unmoved(tables, training, rows, 1 if quick else runs, rows, SECTION))
        yield Row(f"drift, rows as a whole, unmoved: {name}", [sum(flags) / len(flags)], [0.01], quick=quick)


def binned_areas(*, quick: bool) -> Iterator[Row]:
    """Simulate models of two and more classes, from weak to strong."""
    for classes in AREA_CLASSES:
        rng = np.random.default_rng(classes)
        drawn = models(1 if quick else AREA_MODELS, classes, rng)
        pairs = [areas(model, AREA_ROWS, rng) for model in drawn]
        binned, exact = zip(*pairs, strict=True)
        yield Row(f"drift, ROC AUC from bins: {classes} classes", binned, exact, quick=quick)


def main() -> None:
    """Measure and print."""
    options = parser("drift", __doc__, pairs=1)
    options.add_argument("--runs", type=int, default=RUNS, help="Simulated weeks (default: %(default)s).")
    options.add_argument("--training", type=int, default=20_000, help="Training rows (default: %(default)s).")
    options.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="These parts alone.")
    given = options.parse_args()
    runs = min(given.runs, 2) if given.quick else given.runs
    parts: dict[str, Callable[..., Iterator[Row]]] = {
        "cost": cost,
        "power": partial(power, runs, given.training),
        "alarms": partial(alarms, runs, given.training),
        "rows": partial(whole_rows, given.training),
        "areas": binned_areas,
    }
    for name in given.only:
        report(parts[name](quick=given.quick), given.rows)


if __name__ == "__main__":
    main()
