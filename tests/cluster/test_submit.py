"""A plan on a real Kubeflow, with images that were built and pushed.

Needs ``KF_PIPELINES_ENDPOINT``, the store's keys and endpoint (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
``AWS_ENDPOINT_URL``), ``build/images.json``, and in the pods' namespace a Secret ``sevenfold-storage`` with such keys.
"""

import json
import os
import random
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

IMAGES = Path(__file__).parents[2] / "build" / "images.json"
NEEDED = ("KF_PIPELINES_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")


@pytest.fixture(scope="module")
def endpoint() -> str:
    lacking = [name for name in NEEDED if not os.environ.get(name)]
    if lacking:
        pytest.skip(f"no cluster: {', '.join(lacking)} not set")
    if not IMAGES.is_file() or "@sha256:" not in IMAGES.read_text():
        pytest.skip("no pushed images: run make images with --push")
    url = os.environ["KF_PIPELINES_ENDPOINT"]
    try:
        urllib.request.urlopen(f"{url}/apis/v2beta1/healthz", timeout=5).close()  # noqa: S310 — http by contract
    except OSError as error:
        pytest.skip(f"no Kubeflow answers at {url}: {error}")
    return url


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    chance = random.Random(7)
    rows = [(chance.gauss(0, 1), chance.gauss(0, 1)) for _ in range(300)]
    lines = [f"{a:.4f},{b:.4f},{'late' if a + b + chance.gauss(0, 0.3) > 0 else 'early'}" for a, b in rows]
    (folder / "trains.csv").write_text("\n".join(["a,b,state", *lines]) + "\n")
    sevenfold(folder, "init", "trains.csv", "--target", "state")
    with (folder / "plan.yaml").open("a") as plan:
        plan.write("\nsecrets: {storage: sevenfold-storage}\n")
    return folder


def sevenfold(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sevenfold", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def submitted(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    account = os.environ.get("SEVENFOLD_TEST_ACCOUNT", "pipeline-runner")
    return sevenfold(folder, "submit", "plan.yaml", "--images", str(IMAGES), "--service-account", account, *arguments)


def test_a_plan_reaches_its_decision_in_pods(endpoint: str, project: Path) -> None:
    # a gate nothing passes: what comes after the decision has tests of its own
    text = (project / "plan.yaml").read_text()
    strict, gates = re.subn(r"at_least: [\d.]+", "at_least: 1.0", text)
    assert gates
    (project / "plan.yaml").write_text(strict)
    done = submitted(project, "--trials", "2", "--max-epochs", "5")
    assert done.returncode == 3, done.stdout + done.stderr
    [run] = (project / "runs").glob("*/cluster-*")
    told = json.loads((run / "run.json").read_text())
    assert told["state"] == "refused"
    page = (run / "report.html").read_text()
    for stage in ("1 design", "2 preparation", "3 tuning", "4 training", "5 testing"):
        assert f"✓ {stage}" in done.stdout or f"! {stage}" in done.stdout or f"✗ {stage}" in done.stdout, stage
    assert page.count("<section") >= 5
    assert (run / "bundle" / "model.onnx").is_file()
    assert not list(run.rglob("*.parquet")) or all("evaluation" in str(path) for path in run.rglob("*.parquet"))


def test_bad_data_is_told_with_its_cause(endpoint: str, project: Path) -> None:
    (project / "bad.csv").write_text("a,b,other\n1,2,x\n")
    done = submitted(project, "--data", "bad.csv")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "preparation failed" in done.stdout or "design failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
