"""The receiver as a pod of our manifests: a real Alertmanager of the cluster sends to it, and it starts one run."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

MANIFESTS = Path(__file__).parents[2] / "manifests"
CREDENTIAL = secrets.token_hex(16)
MARK = secrets.token_hex(3)
PLAN, OURS, THEIRS = f"trains-{MARK}", f"test-retrain-{MARK}", f"test-retrain-{MARK}-monitoring"
BEGAN = datetime.now(UTC) - timedelta(minutes=5)
DUPLICATES = 50
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
components:
  - {manifests}/components/monitoring
  - {manifests}/components/retrain
  - {manifests}/components/retrain-monitoring
configMapGenerator:
  - {{name: retrain-plan, namespace: sevenfold, files: [plan.yaml, explore.ipynb]}}
"""
# One node and no provisioner of volumes: a folder of the node.
VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {name}}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  claimRef: {{namespace: {name}, name: retrain}}
  hostPath: {{path: {folder}, type: Directory}}
"""


@dataclass(frozen=True)
class Pod:
    """The receiver's pod, as Alertmanager and a person reach it."""

    kubeflow: Any

    def kubectl(self, *arguments: str, namespace: str = OURS, given: str = "") -> str:
        return str(self.kubeflow.kubectl(*arguments, "-n", namespace, given=given))

    def ask(self, path: str, body: bytes | None = None, credential: str = CREDENTIAL) -> tuple[int, bytes]:
        """Send a request to the Service; 0 while nobody answers."""
        return self.send(OURS, "retrain", path, body, {"authorization": f"Bearer {credential}"} if credential else {})

    def send(
        self, namespace: str, service: str, path: str, body: bytes | None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        where = self.kubectl(
            "get", "service", service, "-o=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}", namespace=namespace
        )
        given = {"content-type": "application/json", **(headers or {})}
        request = urllib.request.Request(f"http://{where}{path}", body, given)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def alertmanager_takes_the_alert(self) -> bool:
        return self.send(THEIRS, "alertmanager", "/api/v2/alerts", json.dumps([alert()]).encode())[0] == 200

    def decisions(self) -> list[dict[str, Any]]:
        status, text = self.ask("/decisions")
        return json.loads(text) if status == 200 else []

    def runs(self) -> list[dict[str, Any]]:
        """Every run of the plan that Kubeflow knows."""
        with urllib.request.urlopen(  # noqa: S310
            f"{self.kubeflow.url}/apis/v2beta1/runs?page_size=100&sort_by=created_at%20desc", timeout=20
        ) as answer:
            return [run for run in json.load(answer).get("runs", []) if run["display_name"].startswith(PLAN)]

    def until(self, holds: Callable[[], Any], seconds: float = 90.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (result := holds()):
            assert time.monotonic() < deadline, [each["sentence"] for each in self.decisions()]
            time.sleep(0.2)
        return result


def alert() -> dict[str, Any]:
    labels = {"alertname": "SevenfoldFeatureDrift", "namespace": OURS, "model": PLAN, "feature": "a"}
    notes = {"summary": f"a of {PLAN} has drifted."}
    return {"labels": labels, "annotations": notes, "startsAt": BEGAN.isoformat()}


def notification() -> bytes:
    """What somebody else might send for the same alert."""
    return json.dumps({"version": "4", "alerts": [{**alert(), "status": "firing", "fingerprint": "another"}]}).encode()


def write_plan(kubeflow: Any, folder: Path) -> None:
    """A plan whose table lies in the store, and that an alert retrains."""
    from pyarrow import fs

    kubeflow.write_project(folder, "retrain: {trigger: drift}\n")
    scheme, _, host = os.environ["AWS_ENDPOINT_URL"].partition("://")
    store = fs.S3FileSystem(endpoint_override=host, scheme=scheme, region="us-east-1")
    address = f"mlpipeline/retrain-tests/{MARK}/trains.csv"
    with store.open_output_stream(address) as stream:
        stream.write((folder / "trains.csv").read_bytes())
    text = (folder / "plan.yaml").read_text()
    assert "source: trains.csv" in text and "name: trains\n" in text
    text = text.replace("source: trains.csv", f"source: s3://{address}").replace("name: trains\n", f"name: {PLAN}\n")
    images = json.loads(kubeflow.images.read_text())["images"]
    named = ", ".join(f"{stage}: {images[stage]!r}" for stage in ("prepare", "train", "serve", "control"))
    (folder / "plan.yaml").write_text(f"{text}images: {{{named}}}\n")


def rendered(kubeflow: Any, folder: Path) -> list[str]:
    """Our manifests in two namespaces of this test's own, without Prometheus and Grafana."""
    manifests = os.path.relpath(MANIFESTS, folder)
    (folder / "kustomization.yaml").write_text(OVERLAY.format(manifests=manifests))
    text = kubeflow.kubectl("kustomize", str(folder))
    control = json.loads(kubeflow.images.read_text())["images"]["control"]
    for old, new in (
        (r"ghcr\.io/sevenfold/sevenfold-python-control:\S+", control),
        (r"quay\.io/prometheus/", "localhost:5000/"),
        (r"\bsevenfold-monitoring\b", THEIRS),
        (r"(namespace|kubernetes\.io/metadata\.name): sevenfold\b(?!-)", rf"\1: {OURS}"),
        (r"\bretrain\.sevenfold\.svc\b", f"retrain.{OURS}.svc"),
    ):
        text, count = re.subn(old, new, text)
        assert count, old
    left_out = re.compile(r"^  name: (grafana|prometheus)", re.MULTILINE)
    return [each for each in text.split("\n---\n") if not left_out.search(each)]


@pytest.fixture(scope="module")
def pod(kubeflow: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    made, folder = Pod(kubeflow), tmp_path_factory.mktemp("retrain")
    try:
        urllib.request.urlopen("http://localhost:5000/v2/alertmanager/tags/list", timeout=5).close()
    except OSError:
        pytest.skip("no cluster: Alertmanager's image is not in the local registry")
    write_plan(kubeflow, folder)
    journal = Path(tempfile.mkdtemp(prefix="sevenfold-test-journal", dir="/var/tmp"))
    os.chown(journal, 65532, 65532)
    (folder / "credential").write_text(CREDENTIAL)
    keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    keys |= {"AWS_ENDPOINT_URL": "http://seaweedfs.kubeflow:9000", "AWS_DEFAULT_REGION": "us-east-1"}
    namespaces = f"{NAMESPACE.format(name=OURS)}---\n{NAMESPACE.format(name=THEIRS)}"
    try:
        made.kubectl("apply", "-f", "-", given=namespaces)
        made.kubectl("apply", "-f", "-", given=VOLUME.format(name=OURS, folder=journal))
        for namespace in (OURS, THEIRS):
            source = f"--from-file={folder / 'credential'}"
            made.kubectl("create", "secret", "generic", "retrain-credential", source, namespace=namespace)
        literals = [f"--from-literal={key}={value}" for key, value in keys.items()]
        made.kubectl("create", "secret", "generic", "retrain-storage", *literals)
        objects = rendered(kubeflow, folder)
        for namespace in (OURS, THEIRS):
            given = "\n---\n".join(each for each in objects if f"\n  namespace: {namespace}\n" in f"{each}\n")
            made.kubectl("apply", "--server-side", "-f", "-", namespace=namespace, given=given)
        for namespace, name in ((OURS, "retrain"), (THEIRS, "alertmanager")):
            made.kubectl("rollout", "status", f"deployment/{name}", "--timeout=110s", namespace=namespace)
        yield made
    finally:
        for run in made.runs():
            kubeflow.kubectl("delete", "workflows", "-l", f"pipeline/runid={run['run_id']}", "--wait=false")
        kubeflow.kubectl("delete", "deployment", "retrain", "-n", OURS, "--cascade=foreground", fails=True)
        gone = ("--ignore-not-found", "--wait=false")
        kubeflow.kubectl("delete", "namespace", OURS, THEIRS, *gone, fails=True)
        kubeflow.kubectl("delete", "pv", OURS, *gone, fails=True)
        shutil.rmtree(journal)


# What the overlays' own have: it is this standard that the pods are admitted under.
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {name}
  labels: {{pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/enforce-version: latest}}
"""


@pytest.mark.parametrize("credential", ["", "a-credential-of-somebody-else"])
def test_nobody_is_admitted_without_the_credential(pod: Pod, credential: str) -> None:
    assert pod.ask("/alerts", notification(), credential)[0] == 401
    assert pod.ask("/decisions", None, credential)[0] == 401
    assert pod.decisions() == []


def test_alertmanager_starts_one_run_though_the_pod_is_killed_and_it_sends_again(pod: Pod) -> None:
    pod.until(pod.alertmanager_takes_the_alert)
    [start] = pod.until(pod.decisions)
    assert (start["action"], start["reason"], start["name"]) == ("start", "cause", PLAN)
    pod.kubectl("delete", "pod", "-l", "app.kubernetes.io/component=retrain", "--grace-period=0", "--force")
    # Alertmanager forgets what it has sent, and is given the same alert again
    pod.kubectl("delete", "pod", "-l", "app.kubernetes.io/name=alertmanager", namespace=THEIRS)
    pod.until(pod.alertmanager_takes_the_alert)
    pod.until(lambda: any(each["reason"] == "duplicate" for each in pod.decisions()))
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda _: pod.ask("/alerts", notification())[0], range(DUPLICATES)))
    assert set(answers) == {204}
    [run] = pod.until(pod.runs)
    assert run["display_name"] == f"{PLAN} retrain {start['cause']}"
    assert sum(each["action"] == "start" for each in pod.decisions()) == 1
    running = next(each for each in pod.decisions() if each["reason"] == "running")
    assert running["times"] == DUPLICATES
    assert f'sevenfold_retrain_unfinished_runs{{model="{PLAN}"}} 1' in pod.ask("/metrics")[1].decode()


@pytest.mark.extended
def test_a_run_that_is_ended_by_hand_calls_a_person(pod: Pod) -> None:
    [run] = pod.runs()
    request = urllib.request.Request(  # noqa: S310
        f"{pod.kubeflow.url}/apis/v2beta1/runs/{run['run_id']}:terminate", method="POST"
    )
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310
        pass
    pod.until(lambda: f'sevenfold_retrain_person_needed{{model="{PLAN}"}} 1' in pod.ask("/metrics")[1].decode())
    assert len(pod.runs()) == 1
