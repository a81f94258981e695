"""What each row of the benchmarks compares, and the ratio it should reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "AREA_CLASSES",
    "DRIFT_FEATURES",
    "DRIFT_RARE",
    "DRIFT_ROWS",
    "GENERATED",
    "MODEL_TABLES",
    "ROWS",
    "UNMOVED",
    "Target",
]

Ratio = Literal["peer / ours", "ours / peer", "ours − peer"]


@dataclass(frozen=True)
class Target:
    """One row: what is compared, in which unit, as which ratio, and the bound.

    The ratio `peer / ours` should be at least its bound, `ours / peer` at most, and the difference `ours − peer` at
    least; `absolute` bounds the median of ours instead, in the row's unit. Without a bound the row only reports.
    """

    what: str
    unit: str
    ratio: Ratio
    bound: float | None = None
    absolute: bool = False

    @property
    def text(self) -> str:
        """The bound as a person reads it."""
        if self.bound is None:
            return "none"
        if self.absolute:
            return f"ours ≤ {self.bound:g} {self.unit}"
        return f"{'≤' if self.ratio == 'ours / peer' else '≥'} {self.bound:.3g}"

    def reached(self, ours: float, ratio: float) -> bool | None:
        """Return whether the medians reach the bound; None where there is none."""
        if self.bound is None:
            return None
        if self.absolute:
            return ours <= self.bound
        return ratio <= self.bound if self.ratio == "ours / peer" else ratio >= self.bound


def _pruning() -> dict[str, Target]:
    rows = {}
    for pruner in ("median", "hyperband"):
        for trials in (12, 30):
            name = f"pruning, {pruner}, {trials} trials"
            rows[f"{name}: epochs"] = Target("the search without a pruner", "epochs", "ours / peer", 0.5)
            rows[f"{name}: best"] = Target("the search without a pruner", "loss", "ours / peer", 1.01)
    return rows


# Tables of `benchmarks.models`: eight of the tests, four more, and a generated one.
MODEL_TABLES = (
    "breast_cancer", "penguin_sex", "arrests", "cancelled",
    "wine", "seattle_weather", "digits",
    "diabetes", "planes", "abalone", "humidity", "diamonds",
)  # fmt: skip
GENERATED = "generated"
BETTER = "the better of boosting and linear"


def _models() -> dict[str, Target]:
    """Scores: means over the seeds; the summary: means over the tables."""
    rows = {f"models, {name}": Target(BETTER, "score", "ours − peer", -0.005) for name in (*MODEL_TABLES, GENERATED)}
    rows["models, mean of all tables"] = Target(BETTER, "score", "ours − peer", 0)
    rows["models, AutoGluon"] = Target("AutoGluon, medium quality", "score", "ours − peer", -0.005)
    rows["models, AutoGluon: cost"] = Target("AutoGluon, medium quality", "CPU s", "ours / peer", 0.1)
    return rows


def _by_hand() -> dict[str, Target]:
    rows = {}
    for kind in ("CSV", "Parquet"):
        rows[f"prepare {kind}: by hand"] = Target("the same by hand in Polars", "CPU s", "peer / ours", 1)
        rows[f"prepare {kind}: memory by hand"] = Target("the same by hand in Polars", "MiB", "ours / peer")
        rows[f"prepare {kind}: memory of 5 times the rows"] = Target("a fifth of the rows", "MiB", "ours / peer", 1.1)
    return rows


DRIFT_FEATURES, DRIFT_ROWS = (5, 20, 50), (200, 2_000, 20_000)
DRIFT_RARE = "drift, false alarms: 20 categories, 200 rows, 10 million training rows"
SEEN = (
    "mean by half a deviation", "category by 10 points", "10 % missing", "unit, times 1000", "class prior by 8 points",
)  # fmt: skip
AREA_CLASSES = (2, 3, 5, 10)
UNMOVED = ("6 features, 200 rows", "6 features, 2000 rows", "50 features, 2000 rows")  # windows where nothing moves
TRIFLES = ("mean by a twentieth of a deviation", "mean by a tenth of a deviation", "category by 1 point")


def _drift() -> dict[str, Target]:
    """Shares: of weeks with a false alarm, of runs with an alarm in the first windows that can raise one."""
    at_most, at_least = ("the largest share allowed", "of runs"), ("the smallest share allowed", "of runs")
    corners = [f"{features} features, {rows} rows" for features in DRIFT_FEATURES for rows in DRIFT_ROWS]
    rows = {f"drift, false alarms: {corner}": Target(*at_most, "ours / peer", 1) for corner in corners}
    rows[DRIFT_RARE] = Target(*at_most, "ours / peer", 1)
    rows |= {f"drift, seen: {shift}": Target(*at_least, "ours − peer", 0) for shift in SEEN}
    rows |= {f"drift, quiet: {shift}": Target(*at_most, "ours / peer", 1) for shift in TRIFLES}
    rows |= {f"drift, rows as a whole, unmoved: {kind}": Target(*at_most, "ours / peer", 1) for kind in UNMOVED}
    for classes in AREA_CLASSES:
        exact = Target("the area of the rows themselves", "ROC AUC", "ours − peer")
        rows[f"drift, ROC AUC from bins: {classes} classes"] = exact
    for kind in ("numbers", "categories", "dates"):
        rows[f"drift, counting {kind}"] = Target("the time allowed", "ns per value", "ours / peer", 1)
    rows["drift, scrape of 50 features"] = Target("the time allowed", "CPU ms", "ours / peer", 1)
    return rows


PANDAS = "pandas + scikit-learn"
ROWS: dict[str, Target] = {
    "prepare CSV": Target(PANDAS, "CPU s", "peer / ours", 6),
    "prepare CSV: peak memory": Target(PANDAS, "MiB", "ours / peer", 1 / 3),
    "prepare CSV: wall time": Target("its own CPU time", "s", "ours / peer", 0.6),
    "prepare Parquet": Target(PANDAS, "CPU s", "peer / ours", 10),
    "prepare Parquet: peak memory": Target(PANDAS, "MiB", "ours / peer", 1 / 3),
    "prepare Parquet: wall time": Target("its own CPU time", "s", "ours / peer", 0.6),
    **_by_hand(),
    "init": Target("the checkout given as --baseline", "CPU s", "ours / peer", 0.7),
    "refine, ten steps": Target("OpenRefine's engine", "CPU s", "peer / ours", 20),
    "refine, import and export too": Target("OpenRefine's engine", "CPU s", "peer / ours"),
    "testing, flights": Target("the checkout given as --baseline", "CPU s", "ours / peer", 1.2),
    "training loop, batch 256": Target("DataLoader(TensorDataset)", "µs per row", "peer / ours", 2.5),
    "training loop, batch 1024": Target("DataLoader(TensorDataset)", "µs per row", "peer / ours", 4.5),
    "trial, Ray Tune": Target("Ray Tune with OptunaSearch", "CPU ms", "peer / ours", 10),
    "trial on Ray, Ray Tune": Target("Ray Tune with OptunaSearch", "CPU ms", "ours / peer", 1.2),
    "trial, cost": Target("the trial itself", "CPU ms", "ours / peer", 4, absolute=True),
    "trial, journal": Target("Optuna with a journal", "CPU ms", "ours / peer"),
    "trial, in memory": Target("Optuna in memory", "CPU ms", "ours / peer"),
    **_pruning(),
    **_models(),
    **_drift(),
    "models, flights": Target("scikit-learn's HistGradientBoosting", "ROC AUC", "ours − peer", 0),
    "auto, flights": Target("the network alone", "CPU s", "ours / peer", 1.3),
    "trees, one row": Target("the network", "CPU µs", "ours / peer", 1),
    "V1 JSON, 1 row": Target("kserve ModelServer", "CPU µs", "peer / ours", 4),
    "V2 JSON, 100 rows": Target("kserve ModelServer", "CPU µs", "peer / ours", 5),
    "V2 binary, 100 rows": Target("kserve ModelServer", "CPU µs", "peer / ours", 8),
    "glue per task": Target("kfp's SubprocessRunner with its defaults", "CPU s", "ours / peer", 0.2, absolute=True),
    "flights, pipeline": Target("the same work as plain functions", "CPU s", "ours / peer"),
    "iris, init to promoted": Target("the checkout given as --baseline", "CPU s", "ours / peer", 0.6),
    "Kubeflow run": Target("the work of the tasks on the critical path", "s", "ours / peer"),
}
