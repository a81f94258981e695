"""Tables that stay where they are: on a volume of the cluster, and behind an HTTP server."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

SMALL = ("--trials", "0", "--max-epochs", "3")
CLAIM = "sevenfold-test-tables"
# One node and no provisioner of volumes: a folder of the node, by its name.
VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {name}}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadOnlyMany]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  hostPath: {{path: {folder}, type: Directory}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec:
  accessModes: [ReadOnlyMany]
  storageClassName: ""
  volumeName: {name}
  resources: {{requests: {{storage: 1Gi}}}}
"""


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def project(kubeflow, tmp_path: Path) -> Path:
    return kubeflow.write_project(tmp_path)


@pytest.fixture
def claim(kubeflow, node: str, project: Path) -> Iterator[str]:
    """Give the name of a claim of a volume that holds the project's table, which is then nowhere else."""
    folder = Path(tempfile.mkdtemp(prefix=CLAIM, dir="/var/tmp"))
    shutil.move(project / "trains.csv", folder / "trains.csv")
    folder.chmod(0o755)
    (folder / "trains.csv").chmod(0o644)
    kubeflow.kubectl("apply", "-f", "-", given=VOLUME.format(name=CLAIM, folder=folder))
    try:
        yield CLAIM
    finally:
        kubeflow.kubectl("delete", "pods", "-l", "pipeline/runid", "--field-selector=status.phase!=Running")
        kubeflow.kubectl("delete", f"pvc/{CLAIM}", f"pv/{CLAIM}", "--timeout=60s", fails=True)
        shutil.rmtree(folder)


def read_from(project: Path, source: str, wanted: str, volume: str = "") -> None:
    """Let the plan's table be somewhere else."""
    named = f"source: {source}\n  digest: {wanted}" + (f"\n  volume: {volume}" if volume else "")
    text = (project / "plan.yaml").read_text()
    assert "source: trains.csv" in text
    (project / "plan.yaml").write_text(text.replace("source: trains.csv", named))


def the_run(project: Path) -> Path:
    return max((project / "runs").glob("*/cluster-*"), key=lambda path: path.stat().st_mtime)


def trained_on(project: Path) -> str:
    return str(json.loads((the_run(project) / "bundle" / "bundle.json").read_text())["digests"]["data"])


def test_a_table_on_a_volume_is_read_there_and_checked(kubeflow, project: Path, claim: str) -> None:
    [folder] = Path("/var/tmp").glob(f"{CLAIM}*")  # noqa: S108 — made above
    wanted = digest(folder / "trains.csv")
    read_from(project, "file:///mnt/data/trains.csv", wanted, claim)
    done = kubeflow.submit(project, *SMALL)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "trains.csv, " not in done.stdout, "nothing was sent"
    assert trained_on(project) == wanted
    plan = (project / "plan.yaml").read_text()
    (project / "plan.yaml").write_text(plan.replace(wanted, f"sha256:{'0' * 64}"))  # what is cached has another
    done = kubeflow.submit(project, *SMALL)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "digest_mismatch" in done.stdout


def test_a_table_behind_an_http_server_is_read_by_the_pods(kubeflow, project: Path, node: str, tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    shutil.move(project / "trains.csv", served / "trains.csv")
    with ThreadingHTTPServer((node, 0), partial(SimpleHTTPRequestHandler, directory=str(served))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        wanted = digest(served / "trains.csv")
        read_from(project, f"http://{node}:{server.server_port}/trains.csv", wanted)
        done = kubeflow.submit(project, *SMALL)
        server.shutdown()
    assert done.returncode == 3, done.stdout + done.stderr
    assert "trains.csv, " not in done.stdout, "nothing was sent"
    assert trained_on(project) == wanted
