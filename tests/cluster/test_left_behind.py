"""What a real run leaves: no secret and no personal value, and pods that a strict namespace admits."""

from __future__ import annotations

import functools
import http.server
import io
import json
import os
import random
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

PERSON = "zq-Rosalind-Okonkwo-4417"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")
PLANTED = {key: f"zq-planted-{key.lower().replace('_', '-')}-9351" for key in KEYS}
SECRET = "sevenfold-test-planted"  # noqa: S105 — a name
# What may hold rows of the table: the table itself and the dataset.
ROWS = ("/dataset/", "sevenfold-inputs/")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def finished(kubeflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A run whose table comes over http, with a planted person in it, and whose Secret is planted whole."""
    folder = kubeflow.write_project(tmp_path_factory.mktemp("planted"))
    chance = random.Random(3)
    lines = (folder / "trains.csv").read_text().splitlines()
    guests = [f"guest {chance.randrange(10**9)}" for _ in lines]
    guests[17] = PERSON
    table = [
        lines[0] + ",who,town",
        *(
            f"{x},{who},{PERSON if n == 41 else 'Graz'}"
            for n, (x, who) in enumerate(zip(lines[1:], guests[1:], strict=True))
        ),
    ]
    (folder / "web").mkdir()
    (folder / "web" / "trains.csv").write_text("\n".join(table) + "\n")
    handler = functools.partial(Quiet, directory=str(folder / "web"))
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), handler)  # noqa: S104 — pods come from elsewhere
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://{own_address(kubeflow.url)}:{server.server_port}/trains.csv"
    text = (folder / "plan.yaml").read_text().replace("source: trains.csv", f"source: {address}")
    sensitive = (
        "    who: {kind: category, role: identifier, sensitive: true}\n    town: {kind: category, sensitive: true}\n"
    )
    text = text.replace("  columns:\n", f"  columns:\n{sensitive}").replace(
        "  notebook: explore.ipynb", "  notebook: ''"
    )
    (folder / "plan.yaml").write_text(text.replace("sevenfold-storage", SECRET))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": PLANTED}
    kubeflow.kubectl("apply", "-f", "-", given=json.dumps(secret))
    try:
        done = kubeflow.submit(folder, "--trials", "2", "--max-epochs", "2")
        assert done.returncode == 3, done.stdout + done.stderr
        [run] = (folder / "runs").glob("*/cluster-*")
        yield run, json.loads((run / "run.json").read_text())["run"]
    finally:
        server.shutdown()
        server.server_close()
        kubeflow.kubectl("delete", "secret", SECRET)


def own_address(url: str) -> str:
    """The address of this machine that the cluster's pods reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((urlsplit(url).hostname, 9))
        return os.environ.get("SEVENFOLD_TEST_ADDRESS") or str(probe.getsockname()[0])


def pods_of(kubeflow, run: str) -> list[dict]:
    return json.loads(kubeflow.kubectl("get", "pods", "-l", f"pipeline/runid={run}", "-o", "json"))["items"]


def hits(name: str, content: bytes | str) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    return [f"{name}: {word}" for word in (PERSON, *PLANTED.values()) if word.encode() in raw]


def readable(name: str, raw: bytes) -> bytes:
    """Parquet compresses what it holds, so its rows are read."""
    if not name.endswith(".parquet"):
        return raw
    import pyarrow.parquet as pq

    return json.dumps(pq.read_table(io.BytesIO(raw)).to_pylist(), default=str).encode()


def test_what_was_planted_was_there_to_be_found(finished: tuple[Path, str], kubeflow) -> None:
    """Else the next test could not fail: the pods had the Secret, and the dataset holds the person."""
    named = [pod for pod in pods_of(kubeflow, finished[1]) if SECRET in json.dumps(pod["spec"])]
    assert len(named) >= 2
    stored = objects(f"trains/{finished[1]}")
    assert any(PERSON.encode() in readable(name, raw) for name, raw in stored if "/dataset/" in name)


def test_no_secret_and_no_person_is_left_anywhere(finished: tuple[Path, str], kubeflow) -> None:
    run, number = finished
    secrets_seen: list[str] = []
    with urllib.request.urlopen(f"{kubeflow.url}/apis/v2beta1/runs/{number}", timeout=30) as answer:  # noqa: S310
        secrets_seen += hits("run record", answer.read())
    for path in sorted(path for path in run.rglob("*") if path.is_file() and not path.is_symlink()):
        secrets_seen += hits(f"brought home {path.relative_to(run)}", readable(path.name, path.read_bytes()))
    stored = objects(f"trains/{number}")
    assert len(stored) > 20
    for name, raw in stored:
        if not any(part in name for part in ROWS):
            secrets_seen += hits(name, readable(name, raw))
    pods = pods_of(kubeflow, number)
    assert len(pods) >= 10
    for pod in pods:
        name = pod["metadata"]["name"]
        secrets_seen += hits(f"pod {name}", json.dumps(pod))
        secrets_seen += hits(f"log of {name}", kubeflow.kubectl("logs", name, "--all-containers", fails=True))
    workflow = pods[0]["metadata"]["labels"]["workflows.argoproj.io/workflow"]
    secrets_seen += hits("workflow", kubeflow.kubectl("get", "workflow", workflow, "-o", "yaml"))
    assert not secrets_seen


def objects(prefix: str) -> list[tuple[str, bytes]]:
    from pyarrow import fs

    system, path = fs.FileSystem.from_uri(f"s3://mlpipeline/v2/artifacts/{prefix}")
    listed = system.get_file_info(fs.FileSelector(path, recursive=True))
    files = []
    for info in listed:
        if info.is_file:
            with system.open_input_stream(info.path, compression=None) as stream:
                files.append((info.path, bytes(stream.read())))
    return files


@pytest.fixture
def strict(kubeflow) -> Iterator[str]:
    """A namespace that refuses what the restricted pod security standard refuses."""
    name = "sevenfold-test-restricted"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    kubeflow.kubectl("apply", "-f", "-", given=json.dumps(namespace))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner", "namespace": name}}
    kubeflow.kubectl("apply", "-n", name, "-f", "-", given=json.dumps(account))
    yield name
    kubeflow.kubectl("delete", "namespace", name, "--wait=false")


def test_every_pod_is_admitted_where_only_restricted_pods_are(
    finished: tuple[Path, str], kubeflow, strict: str
) -> None:
    refused = {}
    pods = pods_of(kubeflow, finished[1])
    for pod in pods:
        answer = kubeflow.kubectl(
            "create", "-n", strict, "--dry-run=server", "-f", "-", given=json.dumps(moved(pod, strict)), fails=True
        )
        if "forbidden" in answer or "created" not in answer:
            refused[pod["metadata"]["name"]] = answer
    assert not refused
    unsafe = moved(pods[0], strict)
    unsafe["spec"]["containers"][0]["securityContext"] = {"allowPrivilegeEscalation": True}
    answer = kubeflow.kubectl(
        "create", "-n", strict, "--dry-run=server", "-f", "-", given=json.dumps(unsafe), fails=True
    )
    assert "violates PodSecurity" in answer, "else the test above proves nothing"


def moved(pod: dict, namespace: str) -> dict:
    """A pod as its controller asked for it, for another namespace."""
    spec = {key: value for key, value in pod["spec"].items() if key not in ("nodeName", "serviceAccount", "priority")}
    spec = json.loads(json.dumps({**spec, "serviceAccountName": "runner"}))
    projected = {volume["name"] for volume in spec["volumes"] if volume["name"].startswith("kube-api-access-")}
    spec["volumes"] = [volume for volume in spec["volumes"] if volume["name"] not in projected]
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        container["volumeMounts"] = [m for m in container.get("volumeMounts", ()) if m["name"] not in projected]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod["metadata"]["name"], "namespace": namespace},
        "spec": spec,
    }
