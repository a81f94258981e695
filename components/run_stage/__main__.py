"""Run stages on the folders of a job: ``python -m sevenfold.run_stage STAGE``.

The settings lie in the input ``settings``, one JSON file: an object with the settings of each stage by its name. Stages
that are named together run one after the other in one job and share what lives in it: a predictor that deploy-model
starts ends with the job, so judge-canary and monitor-model belong to the same.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from sevenfold.run_stage.folders import JobFolders
from sevenfold.run_stage.stages import STAGES, Job
from sevenfold.runtime.failure import stage_boundary

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the stages named and return 0; a failure ends the process with 1, its cause where SageMaker looks for it."""
    given = _parser().parse_args(arguments)
    job = Job(
        folders=JobFolders(given.root, given.training_job),
        data_digest=given.data_digest,
        trials=given.trials,
        max_epochs=given.max_epochs,
        seed=given.seed,
        run=given.run,
    )
    with contextlib.ExitStack() as ending:
        ending.callback(job.folders.deliver)  # last of all: also what a stage left before another one failed
        if "deploy-model" in given.stages:
            ending.callback(_stop_predictor, job.folders.output("service"))
        for stage in given.stages:
            name, call = STAGES[stage]
            with stage_boundary(name, message=job.folders.message):
                call(job, stage)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sevenfold.run_stage", description="Run stages on the folders of a job.", allow_abbrev=False
    )
    parser.add_argument("stages", nargs="+", choices=list(STAGES), metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--data-digest", default="", help="sha256:… that the table must have; empty accepts any")
    parser.add_argument("--trials", type=int, default=-1, help="number of tuning trials; -1 takes the plan's")
    parser.add_argument("--max-epochs", type=int, default=0, help="most epochs of the training; 0 takes the plan's")
    parser.add_argument("--seed", type=int, default=-1, help="seed of tuning and training; -1 takes the plan's")
    parser.add_argument("--run", default="", help="name of the run, for the record of a promotion")
    parser.add_argument("--training-job", action="store_true", help="use the folders of a training job")
    parser.add_argument("--root", type=Path, default=Path("/opt/ml"), help="folder that the job's folders lie below")
    return parser


def _stop_predictor(service: Path) -> None:
    from sevenfold.serving.local.predictor import stop_predictor

    if (service / "service.json").is_file():
        stop_predictor(service)


if __name__ == "__main__":
    sys.exit(main())
