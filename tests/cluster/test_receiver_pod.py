"""The receiver as a pod of our manifests: a real Alertmanager of the cluster sends to it, and it starts one run."""

from __future__ import annotations

import json
import os
import secrets
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from receiver_pod import ReceiverPod, receiver_pod

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

MARK = secrets.token_hex(3)
PLAN = f"trains-{MARK}"
BEGAN = datetime.now(UTC) - timedelta(minutes=5)
DUPLICATES = 50


def alert(namespace: str) -> dict[str, Any]:
    labels = {"alertname": "SevenfoldFeatureDrift", "namespace": namespace, "model": PLAN, "feature": "a"}
    notes = {"summary": f"a of {PLAN} has drifted."}
    return {"labels": labels, "annotations": notes, "startsAt": BEGAN.isoformat()}


def notification() -> bytes:
    """What somebody else might send for the same alert."""
    told = {**alert("sevenfold"), "status": "firing", "fingerprint": "another"}
    return json.dumps({"version": "4", "alerts": [told]}).encode()


def alertmanager_takes_the_alert(pod: ReceiverPod) -> bool:
    body = json.dumps([alert("sevenfold")]).encode()
    return pod.send(pod.theirs, "alertmanager", "/api/v2/alerts", body)[0] == 200


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


@pytest.fixture(scope="module")
def pod(kubeflow: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverPod]:
    folder = tmp_path_factory.mktemp("retrain")
    write_plan(kubeflow, folder)
    with receiver_pod(kubeflow, MARK, folder, ["plan.yaml"], ["explore.ipynb"]) as made:
        yield made


@pytest.mark.parametrize("credential", ["", "a-credential-of-somebody-else"])
def test_nobody_is_admitted_without_the_credential(pod: ReceiverPod, credential: str) -> None:
    assert pod.ask("/alerts", notification(), credential)[0] == 401
    assert pod.ask("/decisions", None, credential)[0] == 401
    assert pod.decisions() == []


def test_alertmanager_starts_one_run_though_the_pod_is_killed_and_it_sends_again(pod: ReceiverPod) -> None:
    pod.until(lambda: alertmanager_takes_the_alert(pod))
    [start] = pod.until(pod.decisions)
    assert (start["action"], start["reason"], start["name"]) == ("start", "cause", PLAN)
    pod.kubectl("delete", "pod", "-l", "app.kubernetes.io/component=retrain", "--grace-period=0", "--force")
    # Alertmanager forgets what it has sent, and is given the same alert again
    pod.kubectl("delete", "pod", "-l", "app.kubernetes.io/name=alertmanager", namespace=pod.theirs)
    pod.until(lambda: alertmanager_takes_the_alert(pod))
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
def test_a_run_that_is_ended_by_hand_calls_a_person(pod: ReceiverPod) -> None:
    [run] = pod.runs()
    request = urllib.request.Request(  # noqa: S310
        f"{pod.kubeflow.url}/apis/v2beta1/runs/{run['run_id']}:terminate", method="POST"
    )
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310
        pass
    pod.until(lambda: f'sevenfold_retrain_person_needed{{model="{PLAN}"}} 1' in pod.ask("/metrics")[1].decode())
    assert len(pod.runs()) == 1
