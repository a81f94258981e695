"""Models that serve on a real cluster: made here, deployed and judged by pods in the namespace, asked at the gateway.

Beside what the folder above needs: the manifests applied in namespace `sevenfold`, its gateway on 127.0.0.1:8080, and
kubectl. A misbehaving predictor is built with docker, podman or buildah.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest

from sevenfold.runtime.prometheus import PROMETHEUS_KEYS

HERE = Path(__file__).parent
NAMESPACE = "sevenfold"
BUCKET = "mlpipeline"
SECRET = "sevenfold-storage"  # noqa: S105 — its name
PROMETHEUS = "http://prometheus.sevenfold-monitoring:9090"
STORE = os.environ.get("SEVENFOLD_TEST_STORE", "http://seaweedfs.kubeflow:9000")  # as pods know it
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
FOLDERS = ("tmp", "minio", "s3")


@dataclass(frozen=True)
class Version:
    """A bundle in the store, with the dataset and the evaluation that belong to it."""

    digest: str
    root: str
    dataset: str
    bundle: str
    evaluation: str
    run: str
    bodies: tuple[bytes, ...]


@dataclass
class Release:
    """A pod that deploys and judges; `wait` returns what came of it."""

    team: Team
    pod: str
    started: float = field(default_factory=time.monotonic)

    def wait(self, seconds: float = 300) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while self.phase() not in ("Succeeded", "Failed"):
            assert time.monotonic() < deadline, self.log()
            time.sleep(1)
        text = self.log()
        self.team.kubectl("delete", "pod", self.pod, "--wait=false")
        try:
            return json.loads(text.strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise AssertionError(text) from None

    def phase(self) -> str:
        return self.team.kubectl("get", "pod", self.pod, "-o", "jsonpath={.status.phase}")

    def log(self) -> str:
        return self.team.kubectl("logs", self.pod, fails=True)


@dataclass
class Team:
    """The namespace, as a person and a run see it."""

    kubeflow: Any
    images: dict[str, str]
    store: Any
    prefix: str
    folder: Path
    load_module: ModuleType
    samples: ModuleType
    namespace: str = NAMESPACE
    bucket: str = BUCKET
    plans: set[str] = field(default_factory=set)

    def kubectl(self, *arguments: str, given: str = "", fails: bool = False, namespace: str = "") -> str:
        command = ["kubectl", "-n", namespace or self.namespace, *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=180, check=False)
        assert fails or done.returncode == 0, done.stderr
        return done.stdout

    def sevenfold(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.kubeflow.run(self.folder, self.kubeflow.command(*arguments))

    def version(self, name: str, *, seed: int, decision: str = "promote", **sample: Any) -> Version:
        """Make a version and upload it as a run of the pipeline `name` would have; `sample` is given to its maker."""
        from pyarrow import fs

        run = f"{seed:04d}-{uuid.uuid4().hex[:8]}"
        made = self.samples.make_sample(self.folder / run, seed=seed, **sample)
        if decision != "promote":
            self._refuse(made, decision)
        root = f"{self.bucket}/{self.prefix}/{name}/{run}"
        folders = {"dataset": made.dataset.folder, "bundle": made.bundle.folder, "evaluation": made.evaluation}
        for kind, folder in folders.items():
            target = f"{root}/task/1/{kind}"
            fs.copy_files(str(folder), target, fs.LocalFileSystem(), self.store)
        rows = pq.read_table(made.dataset.folder / "test.parquet").drop_columns(["delay"]).to_pylist()
        bodies = tuple(json.dumps({"instances": [row]}, default=lambda when: when.isoformat()).encode() for row in rows)
        tasks = {kind: f"task/1/{kind}" for kind in folders}
        return Version(digest=made.bundle.digest, root=root, run=run, bodies=bodies, **tasks)

    def _refuse(self, sample: Any, decision: str) -> None:
        from sevenfold.contracts.evaluation import Evaluation

        evaluation = Evaluation.open(sample.evaluation)
        rows = sample.dataset.table("test").num_rows
        evaluation.model_copy(update={"decision": decision}).save(sample.evaluation, rows=rows)

    def release(
        self, name: str, version: Version, *, image: str = "", section: Any = None, login: str = "", **more: Any
    ) -> Release:
        """Start a pod that deploys and judges as the service account `deployer`; `login` is Prometheus's Secret."""
        self.plans.add(name)
        canary = {"percent": 20, "min_requests": 100, "max_wait_seconds": 240, "max_blind_seconds": 120}
        given = section or {}
        canary |= given.get("canary", {})
        level = {"latency_p99_ms": 1_000.0}  # a good version must pass on a busy machine, too
        task = {
            "root": version.root,
            **{kind: getattr(version, kind) for kind in ("dataset", "bundle", "evaluation")},
            "name": name,
            "image": image or self.images["serve"],
            "prometheus": PROMETHEUS,
            "deployment": {"service_level": level, "deadline_seconds": 180, **given, "canary": canary},
            **more,
        }
        pod = f"{name}-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "-f", "-", given=json.dumps(self._pod(pod, task, login)))
        return Release(self, pod)

    def _pod(self, name: str, task: dict[str, Any], login: str) -> dict[str, Any]:
        keys = [(SECRET, "AWS_ACCESS_KEY_ID"), (SECRET, "AWS_SECRET_ACCESS_KEY")]
        keys += [(login, key) for key in PROMETHEUS_KEYS if login]
        secret = [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": source, "key": key, "optional": source == login}}}
            for source, key in keys
        ]
        own = {"AWS_ENDPOINT_URL": STORE, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        volumes = [{"name": each, "emptyDir": {}} for each in FOLDERS]
        script = {"name": "script", "configMap": {"name": "serving-test-script"}}
        mounts = [{"name": each, "mountPath": f"/{each}"} for each in FOLDERS]
        container = {
            "name": "main",
            "image": self.images["control"],
            "command": ["python", "/script/in_pod.py", json.dumps(task)],
            "env": [*secret, *({"name": key, "value": value} for key, value in own.items())],
            "volumeMounts": [*mounts, {"name": "script", "mountPath": "/script"}],
            "securityContext": RESTRICTED,
            "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        }
        person = {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532}
        spec = {
            "serviceAccountName": "deployer",
            "restartPolicy": "Never",
            "securityContext": {**person, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [*volumes, script],
        }
        labels = {"app.kubernetes.io/name": "serving-test"}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}

    def service(self, name: str) -> dict[str, Any] | None:
        text = self.kubectl("get", "inferenceservice", name, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def spec(self, name: str) -> dict[str, Any]:
        return self.service(name)["spec"]

    def percent(self, name: str) -> int | None:
        """The candidate's share; None while there is no candidate."""
        service = self.service(name)
        canary = ((service or {"spec": {}})["spec"].get("canary") or [None])[0]
        return canary.get("trafficPercent", 0) if canary else None

    def until(self, what: Callable[[], Any], seconds: float = 120, pause: float = 0.5) -> Any:
        deadline = time.monotonic() + seconds
        while not (result := what()):
            assert time.monotonic() < deadline, "it did not come about in time"
            time.sleep(pause)
        return result

    def load(self, name: str, version: Version, **more: Any) -> Any:
        return self.load_module.Load(
            f"{name}-{self.namespace}.example.com", f"/v1/models/{name}:predict", version.bodies, **more
        )

    def ask(self, name: str, version: Version) -> tuple[int, str]:
        """Send one request to the gateway; return the status and the digest that answered.

        A gateway without any route may not listen at all, which is as good as its 404.
        """
        from http.client import HTTPConnection

        connection = HTTPConnection(*self.load_module.GATEWAY, timeout=10)
        headers = {"host": f"{name}-{self.namespace}.example.com", "content-type": "application/json"}
        try:
            connection.request("POST", f"/v1/models/{name}:predict", version.bodies[0], headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("x-sevenfold-bundle", "")
        except ConnectionRefusedError:
            return 404, ""
        finally:
            connection.close()

    def records(self, name: str) -> list[dict[str, Any]]:
        """The records of what served, oldest first."""
        labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=release"
        items = json.loads(self.kubectl("get", "configmaps", "-l", labels, "-o", "json"))["items"]
        return sorted((json.loads(item["data"]["record.json"]) for item in items), key=lambda record: record["number"])

    def forget(self, name: str) -> None:
        labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/managed-by=sevenfold"
        self.kubectl("delete", "inferenceservices,configmaps", "-l", labels, "--wait=false")

    @functools.cached_property
    def misbehaving(self) -> Callable[[str], str]:
        engine = next((name for name in ("buildah", "podman", "docker") if shutil.which(name)), "")
        if not engine:
            pytest.skip("no docker, podman or buildah, to build a misbehaving predictor with")

        @functools.cache
        def image(fault: str) -> str:
            """Build and push the serve image with a fault; return its name."""
            content = (HERE / "misbehaving.py").read_bytes()
            tag = hashlib.sha256(content + self.images["serve"].encode() + fault.encode()).hexdigest()[:16]
            name = f"{self.images['serve'].partition('@')[0]}-misbehaving:{tag}"
            folder = self.folder / f"image-{fault}"
            folder.mkdir()
            shutil.copy(HERE / "misbehaving.py", folder)
            (folder / "Dockerfile").write_text(
                f"FROM {self.images['serve']}\nCOPY misbehaving.py /opt/faults/misbehaving.py\n"
                f"ENV PYTHONPATH=/opt/faults FAULT={fault}\n"
                'ENTRYPOINT ["/opt/sevenfold/bin/python", "-m", "misbehaving"]\n'
            )
            insecure = [] if engine == "docker" else ["--tls-verify=false"]
            for command in (["build", *insecure, "-t", name, str(folder)], ["push", *insecure, name]):
                done = subprocess.run([engine, *command], capture_output=True, text=True, timeout=180, check=False)
                assert done.returncode == 0, done.stderr[-2000:]
            return name

        return image


@pytest.fixture(scope="session")
def team(
    kubeflow: Any,
    load: ModuleType,
    module_at: Callable[[Path], ModuleType],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Team]:
    from pyarrow import fs

    if not shutil.which("kubectl"):
        pytest.skip("no cluster: kubectl is not installed")
    images = json.loads(kubeflow.images.read_text())["images"]
    endpoint = os.environ["AWS_ENDPOINT_URL"].partition("://")
    where = {"endpoint_override": endpoint[2], "scheme": endpoint[0], "region": "us-east-1"}
    store = fs.S3FileSystem(**where, allow_bucket_creation=True, allow_bucket_deletion=True)
    prefix, samples = f"serving-tests/{uuid.uuid4().hex[:8]}", module_at(HERE.parents[1] / "serving" / "conftest.py")
    team = Team(kubeflow, images, store, prefix, tmp_path_factory.mktemp("team"), load, samples)
    if not team.kubectl("get", "servingruntimes", "sevenfold", "--ignore-not-found", "-o", "name", fails=True):
        pytest.skip("no cluster: our manifests are not applied, or KServe is not there")
    # A gateway may open its port with the first route only, so it is not asked itself.
    programmed = "-o=jsonpath={.items[*].status.conditions[?(@.type=='Programmed')].status}"
    if "True" not in team.kubectl("get", "gateways", "--all-namespaces", programmed, fails=True):
        pytest.skip("no cluster: no Gateway is programmed")
    ready = ("rollout", "status", "deployment", "prometheus", "--timeout=60s")
    if "successfully" not in team.kubectl(*ready, fails=True, namespace="sevenfold-monitoring"):
        pytest.skip("no cluster: no Prometheus runs in namespace sevenfold-monitoring")
    source = f"--from-file={HERE / 'in_pod.py'}"
    script = team.kubectl("create", "configmap", "serving-test-script", source, "--dry-run=client", "-o", "yaml")
    team.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=script)
    try:
        yield team
    finally:
        for name in team.plans:
            team.forget(name)
        team.kubectl("delete", "pods", "-l", "app.kubernetes.io/name=serving-test", "--wait=false")
        with contextlib.suppress(FileNotFoundError):  # nothing was uploaded
            store.delete_dir(f"{BUCKET}/{team.prefix}")
