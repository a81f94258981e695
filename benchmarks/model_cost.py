"""What a choice among kinds of models costs, and what a row costs: ``python -m benchmarks.model_cost``.

On the flights, by their own plan: CPU seconds of tuning and training with ``training.model: auto`` against the network
alone, and the ROC AUC of what `auto` chose on the flights of August against scikit-learn's HistGradientBoosting on the
same rows. Then CPU microseconds of one row, from JSON values to the prediction as the predictor makes it, with trees
and with the network. ``--quick`` takes a small table and next to no search.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.checkout import HERE
from benchmarks.model_peers import PEERS, measured, read_rows, score
from benchmarks.model_tables import model_tables
from benchmarks.models import fit_plan, import_all, predicted_by, seeded
from benchmarks.pairs import PINNED, compare, progress
from benchmarks.rows import Row, parser, report
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.design.propose import propose_plan
from sevenfold.plan import Plan, load_plan
from sevenfold.preparation.prepare import prepare
from sevenfold.scoring.scorer import Scorer
from sevenfold.scoring.single_row import SingleRow

ROWS, QUICK_ROWS = 2_000, 50
SMALL = "breast_cancer"


def planned(folder: Path, *, quick: bool) -> tuple[Plan, Path]:
    """Return the plan of the flights, or of a small table, and its prepared dataset."""
    if quick:
        table = model_tables()[SMALL]
        path = table.make(folder)
        plan = seeded(propose_plan(path, table.target).plan, table.metric, 7, quick=True)
    else:
        plan = load_plan(HERE.flights_plan())
        path = HERE.flights_plan().parent / "flights.csv"
    prepare(path, plan.data, plan.preparation, folder / "dataset")
    return plan, folder / "dataset"


def with_kind(plan: Plan, model: str, *, trials: int | None = None) -> Plan:
    """Return the plan with another kind of model, and perhaps another number of trials."""
    changed = {"training": plan.training.replaced(model=model), "tuning": plan.tuning.replaced(trials=trials)}
    return plan.model_copy(update=changed)


def one_row(bundle: Bundle, dataset: Dataset, count: int) -> float:
    """Return the CPU microseconds of a prediction, each for one of the test rows as a request has it."""
    signature = bundle.signature
    table = dataset.table("test", list(signature.inputs)).slice(0, count).to_pylist()
    rows = [{name: value if _plain(value) else value.isoformat() for name, value in row.items()} for row in table]
    reader, scorer = SingleRow(signature.inputs, signature.notation), Scorer(bundle.model_path, signature)
    for row in rows[:50]:
        scorer.predict(reader.feeds(row))
    started = time.process_time()
    for row in rows:
        scorer.predict(reader.feeds(row))
    return (time.process_time() - started) / len(rows) * 1e6


def _plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def measure(pairs: int, *, quick: bool) -> Iterator[Row]:
    """Fit the network alone, then `auto`; then compare rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan, prepared = planned(folder, quick=quick)
        dataset = Dataset.open(prepared)

        def fitted(side: str, model: str, trials: int | None = None) -> tuple[Bundle, float]:
            (target := folder / side).mkdir()
            bundle, cpu = fit_plan(with_kind(plan, model, trials=trials), prepared, target)
            progress(f"{side}: {bundle.info.model}, {cpu:.1f} CPU s")
            return bundle, cpu

        import_all()
        network, alone = fitted("network", "network")
        chosen, cpu = fitted("auto", "auto")
        yield Row("auto, flights", [cpu], [alone], quick=quick)
        metric = plan.testing.metric
        train, test = read_rows(dataset, "train", dates=False), read_rows(dataset, "test", dates=False)
        peer = measured(PEERS["boosting"], train, test, plan.data.task, metric, 7).score
        ours = score(metric, test.truth, predicted_by(chosen, dataset))
        yield Row("models, flights", [ours], [peer], quick=quick)
        trees = chosen if chosen.info.model == "trees" else fitted("trees", "trees", 0)[0]
        if trees.info.model != "trees":
            yield Row("trees, one row", missing="there is no kind of model named trees")
            return
        sides: list[Callable[[], float]] = [
            partial(one_row, bundle, dataset, QUICK_ROWS if quick else ROWS) for bundle in (trees, network)
        ]
        yield compare("trees, one row", *sides, pairs=pairs, quick=quick)


if __name__ == "__main__":
    from threadpoolctl import threadpool_limits

    options = parser("model_cost", __doc__).parse_args()
    os.environ |= PINNED
    with threadpool_limits(1):
        report(measure(options.pairs, quick=options.quick), options.rows)
