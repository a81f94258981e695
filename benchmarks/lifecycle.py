"""A whole run: against the same work as plain functions, and against the run of an earlier checkout.

    python -m benchmarks.lifecycle [--plan PLAN.YAML] [--baseline CHECKOUT]

CPU seconds of `sevenfold run` with all its processes on the flights, against a call of every component's function in
one process; and of `sevenfold init` and `sevenfold run` on iris, here and with the command line of the checkout given
as `--baseline`, whose `.venv` must have it installed. ``--quick`` runs both on iris, without a search.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.checkout import HERE, Checkout, public_tables
from benchmarks.pairs import children_cpu, compare
from benchmarks.rows import Row, parser, report

PAIRS = 3  # of a minute each, where all else has five of seconds
SMALL = ("--trials", "0")


def plain(plan_path: Path, folder: Path, *, small: bool = False) -> None:
    """Call the functions of all components in one process, artifacts as files under `folder`; `small` as `SMALL`."""
    import warnings

    warnings.simplefilter("ignore")
    from kfp import dsl

    from sevenfold.pipelines.settings import stage_settings
    from sevenfold.pipelines.stages import MODULES, Stages
    from sevenfold.plan import load_plan
    from sevenfold.tables.sources import resolve_sources, sources_text, table_digest

    plan = load_plan(plan_path).located(plan_path.resolve().parent)
    tables = resolve_sources(plan.data.source, plan_path.resolve().parent, folder)
    known: dict[str, Any] = {
        "data": sources_text([str(path) for path in tables]),
        "data_digest": table_digest(tables),
        "trials": 0 if small else -1,
        "max_epochs": 0,
        "seed": -1,
    }
    settings = stage_settings(plan)
    for name in (name for name in MODULES if name in settings):  # the others are of a split run
        component = Stages().component(name)
        spec = component.component_spec
        outputs = {
            key: _artifact(dsl, folder / name / key, out.type)
            for key, out in (spec.outputs or {}).items()
            if key != "Output"
        }
        given = {key: put for key, put in spec.inputs.items() if key in known or not put.optional}
        inputs = {key: known[key] for key in given if key != "settings"}
        component.python_func(**inputs, settings=settings[name], **outputs)
        known.update({key: value for key, value in outputs.items() if key not in ("report", "summary", "metrics")})
    from sevenfold.serving.local.predictor import stop_predictor

    stop_predictor(Path(known["service"].path))


def _artifact(dsl: Any, path: Path, type_name: str) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {"system.Metrics": dsl.Metrics, "system.ClassificationMetrics": dsl.ClassificationMetrics}
    return next((kind for key, kind in kinds.items() if type_name.startswith(key)), dsl.Artifact)(uri=str(path))


def pipeline_row(checkout: Checkout, plan: Path, pairs: int, *, quick: bool) -> Row:
    """Compare a run of the plan with the same work as plain functions."""
    options = SMALL if quick else ()

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return checkout.run("run", str(plan), "--runs", folder, *options, folder=Path(folder))

    def peer() -> float:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.lifecycle", "--plan", str(plan), "--plain", folder]
            environment = {"SEVENFOLD_RUN_DIR": f"{folder}/demo/1"}
            return children_cpu([*command, *["--quick"] * quick], folder=HERE.folder, **environment)

    return compare("flights, pipeline", ours, peer, pairs=pairs, quick=quick)


def promoted_row(checkout: Checkout, baseline: Checkout, pairs: int, *, quick: bool) -> Row:
    """Compare `init` and `run` on iris with those of the baseline; both must end in a promotion."""

    def cost(side: Checkout) -> float:
        make, target, _ = public_tables()["iris"]
        with tempfile.TemporaryDirectory() as folder:
            spent = side.init_and_run(make(Path(folder)), target, *(SMALL if quick else ()))
            assert list(Path(folder).glob("runs/*/registry/bundles/*")), "iris must be promoted"
            return spent

    return compare("iris, init to promoted", lambda: cost(checkout), lambda: cost(baseline), pairs=pairs, quick=quick)


def measure(checkout: Checkout, plan: Path | None, baseline: Path | None, pairs: int, *, quick: bool) -> Iterator[Row]:
    """Measure both rows."""
    with tempfile.TemporaryDirectory() as folder:
        if quick:
            make, target, _ = public_tables()["iris"]
            HERE.run("init", make(Path(folder)).name, "--target", target, folder=Path(folder))
            plan = Path(folder) / "plan.yaml"
        yield pipeline_row(checkout, plan or HERE.flights_plan(), pairs, quick=quick)
    if baseline is None:
        yield Row("iris, init to promoted", missing="no --baseline was given")
    else:
        yield promoted_row(checkout, Checkout(baseline), pairs, quick=quick)


def main() -> None:
    """Measure, or be the plain functions."""
    options = parser("lifecycle", __doc__, pairs=PAIRS)
    options.add_argument("--plan", type=Path, help="The plan that is run (default: the flights).")
    options.add_argument("--baseline", type=Path, help="An earlier checkout with its .venv.")
    options.add_argument(
        "--checkout", type=Path, default=HERE.folder, help="Measure this one instead of this checkout."
    )
    options.add_argument("--plain", type=Path, metavar="FOLDER", help="Run the plain functions alone, files in FOLDER.")
    given = options.parse_args()
    if given.plain:
        plain(given.plan, given.plain, small=given.quick)
        return
    rows = measure(Checkout(given.checkout), given.plan, given.baseline, given.pairs, quick=given.quick)
    report(rows, given.rows)


if __name__ == "__main__":
    main()
