import json
import shutil
from pathlib import Path

import pytest

from sevenfold.contracts.bundle import BUNDLE_FILES, Bundle
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal

GOLDEN = Path(__file__).parents[1] / "golden" / "1" / "bundle"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "bundle"))


def refusal(folder: Path, **options: str) -> IntegrityError:
    with pytest.raises(IntegrityError) as refused:
        Bundle.open(folder, **options)
    return refused.value


def test_a_bundle_moves_and_keeps_its_digest(folder: Path) -> None:
    bundle = Bundle.open(folder, digest=Bundle.open(GOLDEN).digest)
    assert bundle.signature.classes == ("on time", "late")
    assert list(bundle.signature.inputs) == ["distance", "seats", "wide", "carrier", "airport", "owner", "due"]
    assert bundle.model_path == folder / "model.onnx"


@pytest.mark.parametrize("name", BUNDLE_FILES)
def test_a_file_that_was_never_sealed_is_missed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    seal(folder, expected=[])
    refused = refusal(folder)
    assert refused.code == "missing_file"
    assert name in refused.message


@pytest.mark.parametrize("name", ["model.pkl", "model.onnx.data", "code/build.py"])
def test_a_file_slipped_in_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"\x80\x05cos\nsystem\n.")
    assert refusal(folder).code == "unlisted_file"


def test_weights_from_outside_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "model.onnx").rename(tmp_path / "model.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "model.onnx")
    assert refusal(folder).code == "not_a_file"


def test_a_bundle_that_was_not_tested_is_refused(folder: Path) -> None:
    assert refusal(folder, digest="sha256:" + "0" * 64).code == "digest_mismatch"


@pytest.mark.parametrize("changes", [{"version": 99}, {"version": 0}, {"version": 99, "shards": 4}, {"surprise": True}])
def test_another_format_is_refused(folder: Path, changes: dict[str, object]) -> None:
    path = folder / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    seal(folder, expected=[])
    refused = refusal(folder)
    assert refused.code == "unknown_format"
    if "version" in changes:
        assert f"got {changes['version']}" in refused.message
        assert "Install" in refused.remedy


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"', b"\x80\x05."])
def test_what_describes_no_model_is_refused(folder: Path, content: bytes) -> None:
    (folder / "bundle.json").write_bytes(content)
    seal(folder, expected=[])
    assert refusal(folder).code == "unknown_format"
