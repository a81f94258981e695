"""The predictor as a container of Vertex AI: its variables say where the model is and what is asked where."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from cloud_storage import CloudStorage, error, serving

from sevenfold.contracts.errors import IntegrityError, ServingError, TemporaryError
from sevenfold.runtime.retry import Backoff
from sevenfold.serving.predictor import bucket
from sevenfold.serving.predictor.bucket import fetch_bundle

ROUTE = "/v1/endpoints/7/deployedModels/9"


@pytest.fixture
def storage() -> Iterator[CloudStorage]:
    with serving(CloudStorage()) as made:
        yield made


def put(storage: CloudStorage, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            storage.objects[f"ours/runs/bundle/{path.relative_to(folder)}"] = path.read_bytes()


def test_vertex_is_answered_at_its_routes(
    sample: Any, storage: CloudStorage, good_row: dict[str, Any], tmp_path: Path
) -> None:
    put(storage, sample.bundle.folder)
    storage.objects["ours/runs/bundle-of-others/manifest.json"] = b"{}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        "AIP_STORAGE_URI": "gs://ours/runs/bundle",
        "AIP_HTTP_PORT": str(port),
        "AIP_PREDICT_ROUTE": f"{ROUTE}:predict",
        "AIP_HEALTH_ROUTE": ROUTE,
        "STORAGE_EMULATOR_HOST": storage.url,
        "GCE_METADATA_HOST": storage.url.removeprefix("http://"),
        "TMPDIR": str(tmp_path),
    }
    # the arguments of the image stand behind the variables
    command = [sys.executable, "-P", "-m", "sevenfold.serving", "--bundle", "/mnt/models", "--port", "8080"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=given, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        assert asked(port, "GET", ROUTE, wait_for=process) == (200, {"ready": True})
        body = json.dumps({"instances": [good_row, good_row], "parameters": {}})
        status, answer = asked(port, "POST", f"{ROUTE}:predict", body)
        assert status == 200
        assert len(answer["predictions"]) == 2
        wrong, refusal = asked(port, "POST", f"{ROUTE}:predict", '{"instances": [{"distance": "far"}]}')
        assert wrong == 422
        assert "distance" in json.dumps(refusal)
        assert asked(port, "GET", f"{ROUTE}:predict")[0] == 405
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert set(storage.authorizations) == {"Bearer ours"}


def asked(
    port: int, method: str, path: str, body: str | None = None, wait_for: subprocess.Popen[bytes] | None = None
) -> tuple[int, Any]:
    deadline = time.monotonic() + 60
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except ConnectionRefusedError:
            assert wait_for is not None and wait_for.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        finally:
            connection.close()


def fetched(storage: CloudStorage, folder: Path, address: str = "gs://ours/runs/bundle") -> Path:
    return fetch_bundle(address, folder / "bundle", storage=storage.url, metadata=storage.url)


def test_a_folder_comes_whole_in_several_pages(storage: CloudStorage, tmp_path: Path) -> None:
    for number in range(8):
        storage.objects[f"ours/runs/bundle/deep/{number} of 8.json"] = b"%d" % number
    storage.objects["ours/runs/bundle/deep/"] = b""
    folder = fetched(storage, tmp_path)
    assert sorted(path.read_text() for path in folder.rglob("*.json")) == list("01234567")


@pytest.mark.parametrize("address", ["gs://ours/runs/none", "s3://ours/runs/bundle", "gs://"])
def test_what_is_no_bundle_is_refused_by_its_address(storage: CloudStorage, tmp_path: Path, address: str) -> None:
    with pytest.raises(ServingError, match="AIP_STORAGE_URI") as refused:
        fetched(storage, tmp_path, address)
    assert (refused.value.code, address in refused.value.message) == ("bundle_refused", True)


def test_a_name_that_leads_out_of_the_folder_is_refused(storage: CloudStorage, tmp_path: Path) -> None:
    storage.objects["ours/runs/bundle/../../evil"] = b"1"
    with pytest.raises(IntegrityError):
        fetched(storage, tmp_path)
    assert not list(tmp_path.rglob("evil"))


def test_who_may_not_read_is_refused_and_a_storage_that_is_down_is_waited_for(
    storage: CloudStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.objects["ours/runs/bundle/a"] = b"1"
    own, faults = storage.answer, [403]

    def answer(method: str, target: str, body: bytes, authorization: str) -> Any:
        if faults and "/storage/" in target:
            return faults[0], error(faults[0], "NO", "No."), {}
        return own(method, target, body, authorization)

    monkeypatch.setattr(storage, "answer", answer)
    with pytest.raises(ServingError, match="status 403"):
        fetched(storage, tmp_path)
    quick = Backoff(attempts=3, first_seconds=0.0)
    patient = bucket.with_retries
    monkeypatch.setattr(bucket, "with_retries", lambda ask, passing: patient(ask, passing, backoff=quick))
    faults[0] = 503
    with pytest.raises(TemporaryError, match="status 503"):
        fetched(storage, tmp_path)
    faults.clear()
    assert (fetched(storage, tmp_path) / "a").read_bytes() == b"1"
