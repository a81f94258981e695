"""The folder of a run whose test was passed: plan, bundle and evaluation, and the bundle's predictor as a process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sealed_folders import running_predictor

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.pipelines.runs import RunFolder

GOLDEN = Path(__file__).parents[1] / "golden/6/bundle"
DIGEST = Bundle.open(GOLDEN).digest
LABEL = DIGEST.removeprefix("sha256:")[:12]


def run_that_passed(folder: Path, run: str, plan: str, *, decision: str = "promote") -> RunFolder:
    """Write what `follow` brings of such a run."""
    home = folder / "artifacts" / run
    shutil.copytree(GOLDEN, home / "train-model/bundle")
    evaluation = home / "test-model/evaluation"
    evaluation.mkdir(parents=True)
    pq.write_table(pa.table({"p0": [0.5], "p1": [0.5]}), evaluation / "predictions.parquet")
    Evaluation(
        name="demo",
        task="binary",
        metric="log_loss",
        decision=decision,
        sentence="Because.",
        digests={"bundle": DIGEST, "dataset": "sha256:d"},
        rows={"test": 1},
        scores={"log_loss": 0.5},
    ).save(evaluation, rows=1)
    (folder / "plan.yaml").write_text(plan)
    made = RunFolder(folder)
    made.record(run=run, state="running")
    return made


@contextmanager
def predictor(folder: Path) -> Iterator[str]:
    """Serve the bundle; yield the address of the process."""
    with running_predictor(GOLDEN, folder) as (_, port, _log):
        yield f"http://127.0.0.1:{port}"
