"""A retraining is compared on the rows of the model that serves by then, as the cluster's records and store have it.

Real are the API server with its records, the store, and the stage that tests; nothing is deployed.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from loop_tables import rows, write_project
from rich.console import Console

from sevenfold.cluster.objects import Cluster
from sevenfold.cluster.records import Candidate, ClusterRegistry
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.local.run import LocalRun, run_locally
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.settings import stage_settings
from sevenfold.pipelines.view import RunView
from sevenfold.plan import Plan, load_plan
from sevenfold.testing.earlier import EARLIER, NEWEST
from sevenfold.testing.stage import run_test

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

BUCKET = "mlpipeline/retrain-tests"


@dataclass(frozen=True)
class Version:
    """A model and its rows, here; `name` is its folder in the store."""

    name: str
    bundle: Path
    dataset: Path

    @property
    def tested_on(self) -> int:
        return int(pq.read_metadata(self.dataset / "test.parquet").num_rows)


@dataclass(frozen=True)
class World:
    plan: Plan
    root: str
    registry: ClusterRegistry
    store: Any

    def release(self, version: Version, who: str, *, with_rows: bool = True) -> None:
        """Put on record what deploying and promoting a version does, with its folders in the store."""
        from pyarrow import fs

        addresses = {}
        for kind in ("bundle", "dataset"):
            place = f"{self.root}/{version.name}/{kind}"
            fs.copy_files(str(getattr(version, kind)), place, fs.LocalFileSystem(), self.store)
            addresses[kind] = f"s3://{place}"
        bundle = Bundle.open(version.bundle).digest
        record = Record(name=self.plan.name, bundle=bundle, who=who, location=addresses["bundle"])
        record = record.model_copy(update={"dataset": addresses["dataset"] if with_rows else ""})
        self.registry.remember(Candidate(record=record, predictor={}))
        self.registry.promote(record)

    def gates(self, candidate: Version, folder: Path) -> dict[str, GateResult]:
        """Test a candidate as a retraining's run does."""
        settings = stage_settings(self.plan, max_forgetting=0.05)["test_model"]
        outputs = {"out": folder / "evaluation", "page": folder / "page.html", "card": folder / "card.md"}
        run_test(candidate.bundle, candidate.dataset, settings, registry=self.registry, **outputs)
        return {gate.name: gate for gate in Evaluation.open(folder / "evaluation").gates}


@pytest.fixture
def world(kubeflow: Any, tmp_path: Path) -> Iterator[World]:
    from pyarrow import fs

    kubeflow.kubectl("-n", "sevenfold", "get", "namespace", "sevenfold", "-o", "name")
    name, root = f"rows-{secrets.token_hex(3)}", f"{BUCKET}/{secrets.token_hex(4)}"
    store, _ = fs.FileSystem.from_uri(f"s3://{root}")
    path = write_project(tmp_path)
    # else each model would take the rarer class of its own rows as positive, and two orders are not compared
    path.write_text(path.read_text().replace("task: binary\n", 'task: binary\n  positive: "yes"\n'))
    plan = load_plan(path).model_copy(update={"name": name})
    yield World(plan, root, ClusterRegistry(Cluster("sevenfold"), name), store)
    labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/managed-by=sevenfold"
    kubeflow.kubectl("-n", "sevenfold", "delete", "configmaps", "-l", labels, "--wait=false")
    store.delete_dir(root)


def trained(home: Path, name: str, table: str) -> Version:
    (home / f"{name}.csv").write_text(table)
    wanted = LocalRun(plan_path=home / "plan.yaml", runs=home / name, data=str(home / f"{name}.csv"))
    result = run_locally(wanted, load_plan(home / "plan.yaml"), RunView(Console(file=io.StringIO())))
    run = RunFolder(result.folder)
    bundle, dataset = run.artifact("train-model", "bundle"), run.artifact("prepare-data", "dataset")
    assert bundle is not None and dataset is not None, result.sentence
    return Version(name, bundle, dataset)


def test_whoever_promoted_or_put_back_what_serves_its_rows_judge_a_retraining(world: World, tmp_path: Path) -> None:
    before, after = trained(tmp_path, "before", rows(1, 1_200)), trained(tmp_path, "after", rows(2, 900, drifted=True))
    assert before.tested_on != after.tested_on
    world.release(before, "the loop")
    first = world.gates(after, tmp_path / "first")
    assert first[NEWEST].sentence.startswith(f"On the {after.tested_on:,} newest test rows: ")
    assert first[NEWEST].verdict == "passed"
    assert first[EARLIER].sentence.startswith(f"On {before.tested_on:,} earlier test rows: ")
    assert first[EARLIER].verdict == "refused", "it knows nothing of the world before"
    world.release(after, "eva, outside of the loop")
    outside = world.gates(before, tmp_path / "outside")
    assert outside[EARLIER].sentence.startswith(f"On {after.tested_on:,} earlier test rows: ")
    world.registry.rollback(who="eva", reason="it was slow")
    back = world.gates(after, tmp_path / "back")
    assert (back[NEWEST], back[EARLIER]) == (first[NEWEST], first[EARLIER])


def test_a_model_of_which_no_rows_are_on_record_leaves_a_retraining_undecided(world: World, tmp_path: Path) -> None:
    before = trained(tmp_path, "before", rows(1, 600))
    world.release(before, "an earlier version of Sevenfold", with_rows=False)
    gates = world.gates(before, tmp_path / "tested")
    assert gates[EARLIER].verdict == "undecided"
    assert "its dataset cannot be read: The address of the dataset of bundle " in gates[EARLIER].sentence
