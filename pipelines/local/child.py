"""The process that runs the pipeline under `kfp.local`: ``python -m sevenfold.pipelines.local.child RUN_FOLDER``.

It is a process of its own because kfp prints every task's log to standard output and remembers its settings for good.
Its output is the run's log.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

__all__ = ["main"]


def main(folder: Path) -> int:
    """Run the plan of a run folder with the arguments of its `run.json`; return 0 if every task succeeded."""
    from kfp import local

    from sevenfold.pipelines.lifecycle import build_lifecycle
    from sevenfold.pipelines.retrain import Retraining, retraining_plan
    from sevenfold.plan import load_plan

    # kfp warns of images without "python" in their name: here no image runs.
    warnings.simplefilter("ignore")
    run = json.loads((folder / "run.json").read_text())
    plan = load_plan(folder / "plan.yaml").located(Path(run["base"]))
    retraining = Retraining.model_validate(run["retraining"]) if "retraining" in run else None
    if retraining is not None:
        plan = retraining_plan(plan, retraining.positive)
    local.init(
        runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "artifacts"), raise_on_error=True
    )
    try:
        earlier = retraining.earlier if retraining is not None else None
        build_lifecycle(plan, explore_first=True, plain=True, earlier=earlier)(**run["arguments"])
    except RuntimeError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
