"""Bundles that must not be loaded, and what goes on serving meanwhile."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.bundle import BUNDLE_FILES
from sevenfold.contracts.errors import IntegrityError, PolicyError, ServingError, SevenfoldError
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Task
from sevenfold.serving.predictor.app import Predictor
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.model import ServedModel


@pytest.fixture
def folder(sample: Any, tmp_path: Path) -> Path:
    """A copy of a good bundle, to be spoilt."""
    return Path(shutil.copytree(sample.bundle.folder, tmp_path / "bundle"))


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def resealed(change: Callable[[Path], Any]) -> Callable[[Path], None]:
    """A bundle whose seal is right and whose content is not: an attacker who can write can also seal."""

    def apply(folder: Path) -> None:
        change(folder)
        seal(folder, expected=BUNDLE_FILES)

    return apply


def edit(name: str, change: Callable[[Any], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        value = json.loads((folder / name).read_text())
        change(value)
        (folder / name).write_text(json.dumps(value))

    return apply


def rename_in_manifest(new: str) -> Callable[[Path], None]:
    def change(manifest: Any) -> None:
        manifest["files"][new] = manifest["files"].pop("model.onnx")

    return edit("manifest.json", change)


def zip_of(name: str) -> bytes:
    import io

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, b"x" * 100)
    return stream.getvalue()


PICKLE = pickle.dumps(ValueError("boom"))
HOSTILE = {
    "pickle as the model": spoil("model.onnx", PICKLE),
    "sealed pickle as the model": resealed(spoil("model.onnx", PICKLE)),
    "protocol 0 pickle": resealed(spoil("model.onnx", pickle.dumps(ValueError("boom"), 0))),
    "zip as the model": resealed(spoil("model.onnx", zip_of("../evil"))),
    "empty model": spoil("model.onnx", b""),
    "a pickle nobody listed": spoil("weights.pt", PICKLE),
    "a file missing": lambda folder: (folder / "reference.json").unlink(),
    "a required file not listed": edit("manifest.json", lambda manifest: manifest["files"].pop("reference.json")),
    "another digest": edit("manifest.json", lambda manifest: manifest.update(digest="sha256:" + "0" * 64)),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "a path outside": rename_in_manifest("../model.onnx"),
    "an absolute path": rename_in_manifest("/etc/passwd"),
    "a backslash path": rename_in_manifest("..\\model.onnx"),
    "a symbolic link": lambda folder: (folder / "link").symlink_to("/etc/passwd"),
    "a symbolic link as the model": lambda folder: (
        (folder / "model.onnx").rename(folder.parent / "model.onnx"),
        (folder / "model.onnx").symlink_to(folder.parent / "model.onnx"),
    ),
    "a device": lambda folder: os.mkfifo(folder / "pipe"),
    "a newer format": resealed(edit("bundle.json", lambda info: info.update(version=99))),
    "a newer manifest": edit("manifest.json", lambda manifest: manifest.update(version=99)),
    "bundle.json is no bundle": resealed(spoil("bundle.json", b"[]")),
    "another signature": resealed(edit("bundle.json", lambda info: info["signature"]["inputs"].pop("distance"))),
    "reference of another model": resealed(
        edit("reference.json", lambda ref: ref["features"].update(other=ref["features"]["distance"]))
    ),
    "a thousand bins": resealed(
        edit("reference.json", lambda ref: ref["features"]["carrier"].update(names=["x"] * 1000, counts=[1] * 1000))
    ),
    "bins without edges": resealed(edit("reference.json", lambda ref: ref["features"]["distance"].update(edges=[]))),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_bundle_is_refused_and_the_old_model_goes_on(
    sample: Any, folder: Path, change: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    predictor = Predictor(Limits())
    good = predictor.load(lambda: ServedModel.load(sample.bundle.folder))
    change(folder)
    with pytest.raises(SevenfoldError) as caught:
        predictor.load(lambda: ServedModel.load(folder))
    expected = "integrity" if isinstance(caught.value, IntegrityError) else "other"
    assert isinstance(caught.value, IntegrityError | ServingError)
    assert predictor.model is good
    assert predictor.ready
    assert predictor.meter.refused == {"integrity": 0, "policy": 0, "other": 0} | {expected: 1}
    assert [record.data["reason"] for record in caplog.records if record.message == "model refused"] == [expected]


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc",
        "http://169.254.169.254/latest",
        "s3://other-bucket/model",
        "pvc://../x",
        "gs://x",
        "FILE:/etc",
        "hTTp://0xA9FEA9FE/",
    ],
)
def test_an_address_is_no_folder(address: str) -> None:
    with pytest.raises(PolicyError, match="folder of this machine"):
        ServedModel.load(Path(address))


def test_a_folder_may_be_reached_through_a_link(sample: Any, tmp_path: Path) -> None:
    # As `runs/flights/1/bundle` is; what lies in the folder must be plain files all the same.
    (tmp_path / "link").symlink_to(sample.bundle.folder)
    assert ServedModel.load(tmp_path / "link").digest == sample.bundle.digest


def test_another_digest_than_asked_for(sample: Any) -> None:
    with pytest.raises(IntegrityError, match="must have digest"):
        ServedModel.load(sample.bundle.folder, digest="sha256:" + "0" * 64)


@pytest.mark.parametrize("name", ["../x", "a b", "x" * 64, "é", 'a"b'])
def test_a_name_that_cannot_stand_in_an_address(sample: Any, name: str) -> None:
    with pytest.raises(PolicyError, match="letters, digits"):
        ServedModel.load(sample.bundle.folder, name=name)


def test_the_bytes_that_are_loaded_are_the_bytes_that_were_verified(
    sample: Any, folder: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # between verification and loading somebody exchanges the model for another good one
    other = make("other", seed=5).bundle.folder / "model.onnx"
    from sevenfold.contracts.bundle import Bundle

    def open_then_exchange(path: Path, *, digest: str | None = None, real: Any = Bundle.open) -> Any:
        bundle = real(path, digest=digest)
        shutil.copy(other, path / "model.onnx")
        return bundle

    monkeypatch.setattr(Bundle, "open", open_then_exchange)
    with pytest.raises(IntegrityError, match="sealed file"):
        ServedModel.load(folder)


def test_33_a_model_that_answers_nan(sample: Any, tmp_path: Path, start: Any, good_row: dict[str, Any]) -> None:
    """Weights with one damaged column: most rows are served, the poisoned one is a 500."""
    folder = Path(shutil.copytree(sample.bundle.folder, tmp_path / "bundle"))
    poison(folder / "model.onnx", sample)
    seal(folder, expected=BUNDLE_FILES)
    with start(folder, tmp_path / "server") as server:
        json_type = {"content-type": "application/json"}
        status, answer = server.predict({"instances": [{**good_row, "carrier": "UA"}]}, json_type)
        assert (status, answer["error"]["code"]) == (500, "nonfinite_output")
        assert server.predict({"instances": [good_row]}, json_type)[0] == 200
        text = server.request("GET", "/metrics")[2].decode()
        line = next(line for line in text.splitlines() if line.startswith("sevenfold_nonfinite_total"))
        assert line.endswith(" 1.0")


def poison(path: Path, sample: Any) -> None:
    import onnx
    from onnx import numpy_helper

    from sevenfold.contracts.transform import Transform

    transform = Transform.model_validate_json((sample.dataset.folder / "transform.json").read_bytes())
    column = transform.numeric_names.index("carrier=UA")
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name.endswith("weights"):
            weights = numpy_helper.to_array(tensor).copy()
            weights[column] = 3e38  # finite by itself, infinite as a logit
            weights[transform.numeric_names.index("carrier=AA")] = 0
            weights[column, 0] = np.float32(-3e38)
            weights[transform.numeric_names.index("tail=N1")] = [-3e38, 3e38]
            tensor.CopyFrom(numpy_helper.from_array(weights, tensor.name))
    onnx.save(model, path)


def test_a_refused_bundle_ends_the_process_with_its_reason(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(PICKLE)
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "sevenfold.serving", "--bundle", str(folder), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["code"] == "digest_mismatch"
    audit = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["reason"] for line in audit if line["event"] == "model refused"] == ["integrity"]
    assert "Traceback" not in ended.stderr


def test_reload_keeps_the_old_model_when_the_new_one_is_bad(
    sample: Any, folder: Path, start: Any, tmp_path: Path, make: Any, good_row: dict[str, Any]
) -> None:
    with start(folder, tmp_path / "server") as server:
        json_type = {"content-type": "application/json"}
        before = server.predict({"instances": [good_row]}, json_type)
        (folder / "model.onnx").write_bytes(PICKLE)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: b'reason="integrity"} 1.0' in server.request("GET", "/metrics")[2])
        assert server.predict({"instances": [good_row]}, json_type) == before
        # and a good one takes over
        other = make("other", seed=5).bundle
        shutil.rmtree(folder)
        shutil.copytree(other.folder, folder)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.request("GET", "/")[1]["x-sevenfold-bundle"] == other.digest)
        assert server.predict({"instances": [good_row]}, json_type) != before


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_unpickling_a_class_ends_the_process() -> None:
    code = (
        "from sevenfold.serving.predictor.serve import forbid_pickle; import pickle; forbid_pickle()\n"
        "print(pickle.loads(pickle.dumps([1, 'plain'])), flush=True)\n"
        "try:\n    pickle.loads(pickle.dumps(ValueError('x')))\nexcept BaseException:\n    pass\nprint('reached')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (70, "[1, 'plain']\n")


def test_a_safetensors_header_of_2_63_is_never_parsed(folder: Path) -> None:
    # the predictor verifies weights and does not read them: model.onnx holds its own
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2**63) + b"{}")
    seal(folder, expected=BUNDLE_FILES)
    assert ServedModel.load(folder).signature.task is Task.BINARY
