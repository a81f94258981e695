"""Testing the flights' model, here and in an earlier checkout: python -m benchmarks.testing --baseline CHECKOUT.

CPU seconds of `sevenfold evaluate` by the plan's gates, on a bundle that each checkout trains for two epochs first.
``--quick`` measures iris. Without ``--baseline``, whose `.venv` must have that checkout installed, nothing is compared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.checkout import HERE, Checkout, public_tables
from benchmarks.pairs import compare, progress
from benchmarks.rows import Row, parser, report

TRAINED = ("--trials", "0", "--max-epochs", "2")
NAME = "testing, flights"


def evaluation(checkout: Checkout, folder: Path, *, quick: bool) -> Callable[[], float]:
    """Train in a folder, and return what evaluates that bundle and returns its CPU seconds."""
    folder.mkdir()
    if quick:
        make, target, _ = public_tables()["iris"]
        checkout.run("init", make(folder).name, "--target", target, folder=folder)
        plan = folder / "plan.yaml"
    else:
        plan = checkout.flights_plan()
    progress(f"training in {checkout.folder.name}")
    checkout.run("run", str(plan), "--runs", str(folder / "runs"), *TRAINED, folder=folder)
    [artifacts] = folder.glob("runs/*/1/artifacts")
    [bundle], [dataset] = (list(artifacts.glob(f"**/{name}/manifest.json")) for name in ("bundle", "dataset"))
    command = ("evaluate", str(bundle.parent), str(dataset.parent), "--plan", str(plan))
    return lambda: checkout.run(*command, folder=folder)


def measure(baseline: Path | None, pairs: int, *, quick: bool) -> Iterator[Row]:
    """Measure the one row."""
    if baseline is None:
        yield Row(NAME, missing="no --baseline was given")
        return
    with tempfile.TemporaryDirectory() as folder:
        sides = {"ours": HERE, "peer": Checkout(baseline)}
        ours, peer = (evaluation(side, Path(folder) / name, quick=quick) for name, side in sides.items())
        yield compare(NAME, ours, peer, pairs=pairs, quick=quick)


def main() -> None:
    """Measure and print."""
    options = parser("testing", __doc__, pairs=5)
    options.add_argument("--baseline", type=Path, help="An earlier checkout with its .venv.")
    given = options.parse_args()
    report(measure(given.baseline, given.pairs, quick=given.quick), given.rows)


if __name__ == "__main__":
    main()
