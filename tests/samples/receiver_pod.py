"""The receiver and an Alertmanager as pods of our manifests, in two namespaces of a test's own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

MANIFESTS = Path(__file__).parents[2] / "manifests"
KUBEFLOW = "http://ml-pipeline.kubeflow:8888"  # as our manifests know it
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
components:
  - {manifests}/components/monitoring
  - {manifests}/components/retrain
  - {manifests}/components/retrain-monitoring
configMapGenerator:
  - {{name: retrain-plan, namespace: sevenfold, files: [{files}]}}
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
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {name}
  labels: {{pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/enforce-version: latest}}
"""


@dataclass(frozen=True)
class ReceiverPod:
    """The receiver's pod, as Alertmanager and a person reach it; `mark` ends the name of each of its plans."""

    kubeflow: Any
    mark: str
    credential: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    @property
    def ours(self) -> str:
        """Namespace of the receiver."""
        return f"test-retrain-{self.mark}"

    @property
    def theirs(self) -> str:
        """Namespace of Alertmanager."""
        return f"{self.ours}-monitoring"

    def kubectl(self, *arguments: str, namespace: str = "", given: str = "") -> str:
        return str(self.kubeflow.kubectl(*arguments, "-n", namespace or self.ours, given=given))

    def ask(self, path: str, body: bytes | None = None, credential: str | None = None) -> tuple[int, bytes]:
        """Send a request to the Service; 0 while nobody answers."""
        given = self.credential if credential is None else credential
        return self.send(self.ours, "retrain", path, body, {"authorization": f"Bearer {given}"} if given else {})

    def send(
        self, namespace: str, service: str, path: str, body: bytes | None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        given = {"content-type": "application/json", **(headers or {})}
        request = urllib.request.Request(f"http://{self.address(namespace, service)}{path}", body, given)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def address(self, namespace: str, service: str) -> str:
        where = "-o=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}"
        return self.kubectl("get", "service", service, where, namespace=namespace)

    def decisions(self, name: str = "") -> list[dict[str, Any]]:
        """What the receiver has on record, newest first; about one plan, or about all."""
        status, text = self.ask("/decisions")
        told = json.loads(text) if status == 200 else []
        return [each for each in told if name in ("", each["name"])]

    def runs(self) -> list[dict[str, Any]]:
        """Every run of its plans that Kubeflow knows."""
        with urllib.request.urlopen(  # noqa: S310 - its list takes half a minute where the machine is busy
            f"{self.kubeflow.url}/apis/v2beta1/runs?page_size=20&sort_by=created_at%20desc", timeout=120
        ) as answer:
            return [run for run in json.load(answer).get("runs", []) if f"-{self.mark} " in run["display_name"]]

    def until(self, holds: Callable[[], Any], seconds: float = 90.0, pause: float = 0.2) -> Any:
        deadline = time.monotonic() + seconds
        while not (result := holds()):
            assert time.monotonic() < deadline, [f"{each['name']}: {each['sentence']}" for each in self.decisions()]
            time.sleep(pause)
        return result


@contextlib.contextmanager
def receiver_pod(
    kubeflow: Any, mark: str, folder: Path, plans: Sequence[str], beside: Sequence[str] = (), endpoint: str = KUBEFLOW
) -> Iterator[ReceiverPod]:
    """Run a receiver of the plans in a folder, and an Alertmanager that sends to it; no Prometheus, no Grafana.

    Args:
        kubeflow: the fixture.
        mark: ends the name of each plan, and is in the names of both namespaces.
        folder: with the plans; it gets a kustomization and the credential.
        plans: names of their files.
        beside: names of the files that they name.
        endpoint: Kubeflow's, as the pod reaches it.
    """
    made = ReceiverPod(kubeflow, mark)
    try:
        urllib.request.urlopen("http://localhost:5000/v2/alertmanager/tags/list", timeout=5).close()
    except OSError:
        pytest.skip("no cluster: Alertmanager's image is not in the local registry")
    journal = Path(tempfile.mkdtemp(prefix="sevenfold-test-journal", dir="/var/tmp"))
    os.chown(journal, 65532, 65532)
    (folder / "credential").write_text(made.credential)
    try:
        _prepare(made, folder, journal)
        objects = _rendered(made, folder, plans, beside, endpoint)
        for namespace in (made.ours, made.theirs):
            given = "\n---\n".join(each for each in objects if f"\n  namespace: {namespace}\n" in f"{each}\n")
            made.kubectl("apply", "--server-side", "-f", "-", namespace=namespace, given=given)
        for namespace, name in ((made.ours, "retrain"), (made.theirs, "alertmanager")):
            made.kubectl("rollout", "status", f"deployment/{name}", "--timeout=110s", namespace=namespace)
        made.until(lambda: made.ask("/decisions")[0] == 200)  # a Service leads to its pod a little after that is ready
        yield made
    finally:
        for run in made.runs():
            kubeflow.kubectl("delete", "workflows", "-l", f"pipeline/runid={run['run_id']}", "--wait=false")
        kubeflow.kubectl("delete", "deployment", "retrain", "-n", made.ours, "--cascade=foreground", fails=True)
        gone = ("--ignore-not-found", "--wait=false")
        kubeflow.kubectl("delete", "namespace", made.ours, made.theirs, *gone, fails=True)
        kubeflow.kubectl("delete", "pv", made.ours, *gone, fails=True)
        shutil.rmtree(journal, ignore_errors=True)


def _prepare(made: ReceiverPod, folder: Path, journal: Path) -> None:
    """Make namespaces, volume and Secrets: what no manifest holds."""
    keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    keys |= {"AWS_ENDPOINT_URL": "http://seaweedfs.kubeflow:9000", "AWS_DEFAULT_REGION": "us-east-1"}
    namespaces = "---\n".join(NAMESPACE.format(name=name) for name in (made.ours, made.theirs))
    made.kubectl("apply", "-f", "-", given=namespaces)
    made.kubectl("apply", "-f", "-", given=VOLUME.format(name=made.ours, folder=journal))
    for namespace in (made.ours, made.theirs):
        source = f"--from-file={folder / 'credential'}"
        made.kubectl("create", "secret", "generic", "retrain-credential", source, namespace=namespace)
    literals = [f"--from-literal={key}={value}" for key, value in keys.items()]
    made.kubectl("create", "secret", "generic", "retrain-storage", *literals)


def _rendered(made: ReceiverPod, folder: Path, plans: Sequence[str], beside: Sequence[str], endpoint: str) -> list[str]:
    """Return our manifests, moved to the namespaces."""
    files = ", ".join((*plans, *beside))
    manifests = os.path.relpath(MANIFESTS, folder)
    (folder / "kustomization.yaml").write_text(OVERLAY.format(manifests=manifests, files=files))
    text = made.kubeflow.kubectl("kustomize", str(folder))
    control = json.loads(made.kubeflow.images.read_text())["images"]["control"]
    named = "\n".join(rf"\1- /etc/retrain/{plan}" for plan in plans)
    for old, new in (
        (r"ghcr\.io/sevenfold/sevenfold-python-control:\S+", control),
        (r"quay\.io/prometheus/", "localhost:5000/"),
        (r"\bsevenfold-monitoring\b", made.theirs),
        # deeper stands the namespace of a plan's models, which is none of the test's
        (r"(?m)^(  namespace|.*kubernetes\.io/metadata\.name): sevenfold$", rf"\1: {made.ours}"),
        (r"\bretrain\.sevenfold\.svc\b", f"retrain.{made.ours}.svc"),
        (r"(?m)^( +)- /etc/retrain/plan\.yaml$", named),
        (re.escape(KUBEFLOW), endpoint),
    ):
        text, count = re.subn(old, new, text)
        assert count, old
    left_out = re.compile(r"^  name: (grafana|prometheus)", re.MULTILINE)
    return [each for each in text.split("\n---\n") if not left_out.search(each)]
