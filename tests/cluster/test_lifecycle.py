"""Every flight of 2013 through all seven stages on a real Kubeflow, and a second version beside its users."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.drift.telemetry import REQUESTS, bundle_label

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SERVING = "sevenfold"
PROMETHEUS = "/api/v1/namespaces/sevenfold-monitoring/services/http:prometheus:9090/proxy/api/v1/query?query="
STAGES = ("1 design", "2 preparation", "3 tuning", "4 training", "5 testing", "6 inference", "7 monitoring")


@dataclass(frozen=True)
class Project:
    """The example's folder under a plan's name of its own, so that nothing comes from an earlier run's cache."""

    name: str
    folder: Path
    load_module: ModuleType

    @property
    def run(self) -> Path:
        return max((self.folder / "runs" / self.name).glob("cluster-*"), key=lambda path: path.stat().st_mtime)

    @property
    def digest(self) -> str:
        """Digest of the last run's bundle."""
        return str(json.loads((self.run / "bundle" / "manifest.json").read_text())["digest"])

    @property
    def load(self) -> Any:
        """Fifty flights of August per second, to the gateway."""
        import polars as pl

        [example] = json.loads((self.run / "bundle" / "example_request.json").read_text())["instances"][:1]
        table = pl.scan_csv(self.folder / "flights.csv", infer_schema_length=None)
        august = table.filter(pl.col("scheduled_departure").str.starts_with("2013-08")).select(*example)
        rows = august.collect().sample(2_000, seed=1).to_dicts()
        bodies = [json.dumps({"instances": [row]}).encode() for row in rows]
        address = (f"{self.name}-{SERVING}.example.com", f"/v1/models/{self.name}:predict")
        return self.load_module.Load(*address, bodies)


@pytest.fixture(scope="module")
def project(kubeflow, load: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    if not kubeflow.kubectl("-n", SERVING, "get", "servingruntime", "sevenfold", "-o", "name", fails=True).strip():
        pytest.skip("our manifests are not applied")
    made = Project(f"flights-{uuid.uuid4().hex[:6]}", tmp_path_factory.mktemp("flights"), load)
    for name in ("plan.yaml", "recipe.json", "explore.ipynb", "flights.py"):
        shutil.copy(ROOT / "examples" / "flights" / name, made.folder)
    subprocess.run([sys.executable, "flights.py", "flights.csv"], cwd=made.folder, check=True, capture_output=True)
    text, named = re.subn(r"(?m)^name: flights$", f"name: {made.name}", (made.folder / "plan.yaml").read_text())
    assert named == 1
    trees, asked = re.subn(r"(?m)^training:$", "training:\n  model: trees", text)
    assert asked == 1
    (made.folder / "plan.yaml").write_text(trees)
    yield made
    labels = f"app.kubernetes.io/instance={made.name},app.kubernetes.io/managed-by=sevenfold"
    kubeflow.kubectl("-n", SERVING, "delete", "inferenceservices,configmaps", "-l", labels, "--wait=false")


def submitted(kubeflow, project: Project, *arguments: str) -> str:
    done = kubeflow.submit(project.folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((project.run / "run.json").read_text())["state"] == "promoted"
    for stage in STAGES:
        assert re.search(f"[✓!] {stage}", done.stdout), stage
    return str(done.stdout)


def counted(kubeflow, project: Project) -> float:
    """Users' requests that the last bundle answered, as Prometheus counts them."""
    labels = f'model="{project.name}",bundle="{bundle_label(project.digest)}",code="200"'
    answer = json.loads(kubeflow.kubectl("get", "--raw", PROMETHEUS + quote(f"sum({REQUESTS}{{{labels}}})")))
    result = answer["data"]["result"]
    return float(result[0]["value"][1]) if result else -1.0


def test_the_flights_go_through_all_seven_stages(kubeflow, project: Project) -> None:
    submitted(kubeflow, project, "--trials", "2", "--max-epochs", "3")
    record = json.loads((project.run / "run.json").read_text())
    # the endpoint's own rows of a run may end before the run does
    workflow = json.loads(kubeflow.kubectl("get", "workflows", "-l", f"pipeline/runid={record['run']}", "-o", "json"))
    nodes = workflow["items"][0]["status"]["nodes"].values()
    shown = {node["displayName"] for node in nodes if node["phase"] == "Succeeded"}
    tasks = ("explore-data", "prepare-data", "tune-model", "train-model", "test-model")
    assert shown >= {*tasks, "deploy-model", "judge-canary", "monitor-model"}
    page = (project.run / "report.html").read_text()
    assert page.count("<section") >= 8
    with project.load as users:
        deadline = time.monotonic() + 30
        while users.statuses[200] == 0 and time.monotonic() < deadline:
            time.sleep(0.5)
    assert users.bundles.keys() == {project.digest}, users.failures[:5]
    bundle = Bundle.open(project.run / "bundle")
    assert bundle.info.model == "trees"
    assert bundle.signature.refinement is not None
    deadline = time.monotonic() + 60
    while (seen := counted(kubeflow, project)) != users.statuses[200]:
        assert time.monotonic() < deadline, f"Prometheus counts {seen} of {users.statuses[200]} requests"
        time.sleep(2)


@pytest.mark.extended
def test_a_second_version_takes_over_from_the_first_beside_its_users(kubeflow, project: Project, capsys) -> None:
    before = project.digest
    with project.load as users:
        printed = submitted(kubeflow, project, "--trials", "2", "--max-epochs", "8")
        time.sleep(5)
        users.since()
        time.sleep(3)
        assert users.since().keys() == {project.digest}
    assert project.digest != before
    assert users.lost == 0, users.failures[:5]
    [verdict] = re.findall(r"Promoted: good on (\d+) requests", printed)
    assert int(verdict) >= 200
    records = kubeflow.run(project.folder, kubeflow.command("history", project.name, "-n", SERVING)).stdout
    assert records.count("promote") == 2
    with capsys.disabled():
        print(f"\n  promoted on {verdict} requests, 0 of {users.sent} lost")  # noqa: T201 — a figure to report
