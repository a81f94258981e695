"""The whole flights run against the same work called as plain functions in one process.

``python -m benchmarks.lifecycle [PLAN.YAML]`` prints CPU seconds of both and their ratio; the first is `sevenfold run`
with its processes, the second calls every component's function in turn.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.pairs import children_cpu, compare

PLAN = Path("examples/flights/plan.yaml")


def plain(plan_path: Path, folder: Path) -> None:
    """Call the functions of all components in one process, artifacts as files under `folder`."""
    import warnings

    warnings.simplefilter("ignore")
    from kfp import dsl

    from sevenfold.pipelines.settings import stage_settings
    from sevenfold.pipelines.stages import MODULES, Stages
    from sevenfold.plan import load_plan
    from sevenfold.tables.source import resolve_source, source_digest

    plan = load_plan(plan_path).located(plan_path.resolve().parent)
    table = resolve_source(plan.data.source, plan_path.resolve().parent, folder)
    known: dict[str, Any] = {
        "data": str(table),
        "data_digest": source_digest(table),
        "trials": -1,
        "max_epochs": 0,
        "seed": -1,
    }
    settings = stage_settings(plan)
    for name in MODULES:
        component = Stages().component(name)
        spec = component.component_spec
        outputs = {
            key: _artifact(dsl, folder / name / key, out.type)
            for key, out in (spec.outputs or {}).items()
            if key != "Output"
        }
        inputs = {key: known[key] for key in spec.inputs if key != "settings"}
        component.python_func(**inputs, settings=settings[name], **outputs)
        known.update({key: value for key, value in outputs.items() if key not in ("report", "summary", "metrics")})
    from sevenfold.serving.local.predictor import stop_predictor

    stop_predictor(Path(known["service"].path))


def _artifact(dsl: Any, path: Path, type_name: str) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {"system.Metrics": dsl.Metrics, "system.ClassificationMetrics": dsl.ClassificationMetrics}
    return next((kind for key, kind in kinds.items() if type_name.startswith(key)), dsl.Artifact)(uri=str(path))


def main(plan: Path, pairs: int) -> None:
    """Print the ratio of both ways."""

    def ours() -> float:
        with tempfile.TemporaryDirectory() as runs:
            return children_cpu([sys.executable, "-m", "sevenfold", "run", str(plan), "--runs", runs])

    def peer() -> float:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.lifecycle", "--plain", str(plan), folder]
            return children_cpu(command, SEVENFOLD_RUN_DIR=f"{folder}/demo/1")

    compare("flights, pipeline / plain functions", ours, peer, unit="CPU s", pairs=pairs)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plain"]:
        plain(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else PLAN, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
