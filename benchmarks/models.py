"""How well models predict: ours against boosted trees and linear models of scikit-learn, on twelve public tables.

    python -m benchmarks.models [--tables NAME ...] [--seeds 5] [--model auto] [--autogluon PYTHON]

Ours is the plan that `sevenfold init` proposes, scored by AUC (two classes), accuracy (more) or R² (numbers); its
search and its choice of epochs see the validation rows. The peers are fitted with their defaults on the same training
rows, and by ``--peer-rows both`` on the validation rows too. All are scored on the same test rows, by scikit-learn. A
seed decides the split, where the plan does not split by time, and everything random in the models. CPU seconds are
those of search and fit, with reports and export, in one process and one thread.

AutoGluon (medium quality, two cores) is a third peer where it is installed: here, or with the Python given. It gets the
training and validation rows, of which it cuts its own. Scores go to ``build/models.json`` as they come, one JSON
document per line. ``--quick`` fits two small tables once.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import os
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.model_peers import PEERS, Rows, Scored, autogluon, measured, read_rows, score
from benchmarks.model_tables import ModelTable, model_tables
from benchmarks.pairs import PINNED, progress
from benchmarks.rows import Row, parser, report
from benchmarks.targets import GENERATED, MODEL_TABLES
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.design.propose import propose_plan
from sevenfold.plan import Plan
from sevenfold.plan.preparation import SplitBy
from sevenfold.preparation.prepare import prepare
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer

__all__ = ["fit_plan", "import_all", "measure", "predicted_by", "seeded"]

SEEDS: Final = 5
SPLITS: Final = ("train", "validation", "test")
QUICK: Final = ("penguin_sex", "wine")
FILE: Final = Path(__file__).parents[1] / "build" / "models.json"
OURS: Final = "ours"
LIBRARIES: Final = (
    "torch", "lightgbm", "onnx", "onnxruntime", "onnxscript", "optuna", "vl_convert", "sklearn.ensemble",
    "sklearn.compose", "sklearn.linear_model",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One fit: its table, seed and side, its score on the test rows, and what it cost."""

    table: str
    metric: str
    seed: int
    side: str
    score: float
    cpu_seconds: float
    train: int
    test: int


def seeded(plan: Plan, metric: str, seed: int, *, model: str = "", quick: bool = False) -> Plan:
    """Return the plan with another metric, seed and kind of model; `quick` searches next to nothing."""
    few = {"trials": 1, "max_epochs": 2} if quick else {}
    preparation = plan.preparation
    return plan.model_copy(
        update={
            "preparation": preparation.replaced(split=preparation.split.replaced(seed=seed).model_dump(mode="json")),
            "tuning": plan.tuning.replaced(seed=seed, **few),
            "training": plan.training.replaced(seed=seed, model=model, max_epochs=3 if quick else None),
            "testing": plan.testing.replaced(metric=metric),
        }
    )


def import_all() -> None:
    """Import what fits import when they need it, so that no fit pays for it."""
    for name in LIBRARIES:
        if importlib.util.find_spec(name):
            importlib.import_module(name)


def fit_plan(plan: Plan, dataset: Path, folder: Path) -> tuple[Bundle, float]:
    """Search and train by a plan, as the stages do; return the bundle and the CPU seconds of both."""
    from sevenfold.pipelines.settings import stage_settings
    from sevenfold.training.stage import run_training
    from sevenfold.tuning.stage import run_tuning

    settings, page, summary = stage_settings(plan), folder / "page.html", folder / "summary.md"
    study, bundle = folder / "study", folder / "bundle"
    started = time.process_time()
    with redirect_stdout(io.StringIO()):
        run_tuning(dataset, settings["tune_model"], out=study, page=page, summary=summary)
        run_training(dataset, study, settings["train_model"], out=bundle, page=page, summary=summary)
    return Bundle.open(bundle), time.process_time() - started


def predicted_by(bundle: Bundle, dataset: Dataset, split: str = "test") -> NDArray[Any]:
    """Return what `model.onnx` predicts for a split: probabilities ``[n, classes]`` or values ``[n]``."""
    inputs = bundle.signature.inputs
    given = Scorer(bundle.model_path, bundle.signature).predict(
        feeds_from_table(dataset.table(split, list(inputs)), inputs)
    )
    if given.probabilities is not None:
        return np.asarray(given.probabilities, dtype=np.float64)
    assert given.values is not None
    return given.values


def results(table: ModelTable, seed: int, options: Namespace) -> Iterator[Result]:
    """Fit ours and its peers on one table with one seed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = table.make(folder)
        plan = seeded(
            propose_plan(path, table.target).plan, table.metric, seed, model=options.model, quick=options.quick
        )
        prepare(path, plan.data, plan.preparation, folder / "dataset")
        dataset = Dataset.open(folder / "dataset")
        dates = plan.preparation.split.by is not SplitBy.TIME
        train, validation, test = (read_rows(dataset, split, dates=dates) for split in SPLITS)

        def result(side: str, scored: Scored) -> Result:
            counts = len(train.truth), len(test.truth)
            return Result(table.name, table.metric, seed, side, scored.score, scored.cpu_seconds, *counts)

        bundle, cpu = fit_plan(plan, folder / "dataset", folder)
        yield result(OURS, Scored(score(table.metric, test.truth, predicted_by(bundle, dataset)), cpu))
        given = _joined(train, validation) if options.peer_rows == "both" else train
        for side, model in PEERS.items():
            yield result(side, measured(model, given, test, plan.data.task, table.metric, seed))
        if options.autogluon:
            yield result("autogluon", autogluon(options.autogluon, _joined(train, validation), test, table.metric))


def _joined(one: Rows, other: Rows) -> Rows:
    parts = ((one.numbers, other.numbers), (one.texts, other.texts), (one.truth, other.truth))
    return Rows(*(np.concatenate(pair) for pair in parts))


def measure(options: Namespace) -> Iterator[Row]:
    """Fit all tables, and yield a row of means over the seeds per table, then the rows of all tables."""
    collected = list[Result]()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("")
    import_all()
    for table in (table for name, table in model_tables().items() if name in options.tables):
        if table.missing:
            yield Row(f"models, {table.name}", missing=table.missing)
            continue
        for seed in range(1, options.seeds + 1):
            for result in results(table, seed, options):
                collected.append(result)
                with options.out.open("a") as stream:
                    stream.write(json.dumps(result.__dict__) + "\n")
                progress(_sentence(result))
        ours, better = means(collected, table.name)
        yield Row(f"models, {table.name}", [ours], [better], quick=options.quick)
    print(text_of(collected))
    yield from _summary(collected, quick=options.quick)


def means(results: Sequence[Result], table: str) -> tuple[float, float]:
    """Return the mean score of ours over the seeds, and that of the better of scikit-learn's."""
    return _mean(results, table, OURS), max(_mean(results, table, side) for side in PEERS)


def _mean(results: Sequence[Result], table: str, side: str, what: str = "score") -> float:
    return statistics.fmean(getattr(result, what) for result in results if (result.table, result.side) == (table, side))


def _summary(results: Sequence[Result], *, quick: bool) -> Iterator[Row]:
    names = [name for name in MODEL_TABLES if any(result.table == name for result in results)]
    if names:
        ours, better = (
            statistics.fmean(values) for values in zip(*(means(results, name) for name in names), strict=True)
        )
        yield Row("models, mean of all tables", [ours], [better], quick=quick)
    known = [name for name in names if any((r.table, r.side) == (name, "autogluon") for r in results)]
    for row, what in (("models, AutoGluon", "score"), ("models, AutoGluon: cost", "cpu_seconds")):
        if not known:
            yield Row(row, missing="AutoGluon is not installed (--autogluon PYTHON names one that has it)")
            continue
        ours, peer = (
            statistics.fmean(_mean(results, name, side, what) for name in known) for side in (OURS, "autogluon")
        )
        yield Row(row, [ours], [peer], quick=quick)


def _sentence(result: Result) -> str:
    return (
        f"{result.table}, seed {result.seed}, {result.side}: {result.metric} {result.score:.4f}, "
        f"{result.cpu_seconds:.1f} CPU s, {result.train:,} rows"
    )


def text_of(results: Sequence[Result]) -> str:
    """Return the scores and CPU seconds of all sides, means over the seeds, as a table in columns."""
    sides = list(dict.fromkeys(result.side for result in results))
    lines = [("table", "metric", "rows", *sides, "difference", *(f"{side} CPU s" for side in sides))]
    for name in dict.fromkeys(result.table for result in results):
        first = next(result for result in results if result.table == name)
        ours, better = means(results, name)
        scores = [f"{_mean(results, name, side):.4f}" for side in sides]
        costs = [f"{_mean(results, name, side, 'cpu_seconds'):.1f}" for side in sides]
        lines.append((name, first.metric, f"{first.train}", *scores, f"{ours - better:+.4f}", *costs))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def main() -> None:
    """Measure and print."""
    known = (*MODEL_TABLES, GENERATED)
    options = parser("models", __doc__)
    options.add_argument("--tables", nargs="+", choices=known, default=known, help="Fit these alone.")
    options.add_argument("--seeds", type=int, default=SEEDS, help="How many seeds (default: %(default)s).")
    options.add_argument("--model", default="auto", help="Kind of model of ours (default: %(default)s).")
    options.add_argument(
        "--peer-rows", choices=("train", "both"), default="train", help="Rows that peers are fitted on."
    )
    here = sys.executable if importlib.util.find_spec("autogluon") else ""
    options.add_argument("--autogluon", default=here, help="A Python that has AutoGluon installed.")
    options.add_argument("--out", type=Path, default=FILE, help="The file of all scores (default: %(default)s).")
    given = options.parse_args()
    if given.quick:
        given.seeds, given.tables = 1, QUICK
    report(measure(given), given.rows)


if __name__ == "__main__":
    from threadpoolctl import threadpool_limits

    os.environ |= PINNED  # of what is imported from here on, and of children
    with threadpool_limits(1):
        main()
