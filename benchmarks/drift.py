"""The drift rule in figures: ``python -m benchmarks.drift``, some ten minutes on one core.

False alarms per model and week, by simulation, at few and many features and small and large windows, and with rare
categories; the shifts that must be seen at 2,000 rows, and those that must not be at a million; what counting and a
scrape cost.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.drift_alarms import RARE, SHIFTS, TRIVIAL, Week, detected, false_alarms
from benchmarks.drift_cost import KINDS, counting, scraping
from benchmarks.pairs import progress
from benchmarks.rows import Row, parser, report
from benchmarks.targets import DRIFT_FEATURES, DRIFT_RARE, DRIFT_ROWS
from sevenfold.plan.monitoring import MonitoringSection

RUNS = 1_000
SECTION = MonitoringSection()


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


def main() -> None:
    """Measure and print."""
    options = parser("drift", __doc__, pairs=1)
    options.add_argument("--runs", type=int, default=RUNS, help="Simulated weeks (default: %(default)s).")
    options.add_argument("--training", type=int, default=20_000, help="Training rows (default: %(default)s).")
    given = options.parse_args()
    runs = min(given.runs, 2) if given.quick else given.runs
    for rows in (
        cost(quick=given.quick),
        power(runs, given.training, quick=given.quick),
        alarms(runs, given.training, quick=given.quick),
    ):
        report(rows, given.rows)


if __name__ == "__main__":
    main()
