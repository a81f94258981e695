import json
import os
from pathlib import Path

import pytest

from sevenfold.contracts.canonical import digest_of
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import MANIFEST, Manifest, require_file, seal, verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "inner").mkdir(parents=True)
    (made / "rows.parquet").write_bytes(b"rows")
    (made / "inner" / "é.json").write_text("{}")
    return made


def refusal(folder: Path, **options: str) -> str:
    with pytest.raises(IntegrityError) as refused:
        verify(folder, **options)
    assert refused.value.message
    return refused.value.code


def forge(folder: Path, **changes: object) -> None:
    """Write a manifest with some keys changed; its own digest is made to fit, as a forger would."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest |= changes
    if "digest" not in changes:
        manifest["digest"] = digest_of(manifest["files"])
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_sealed_folder_is_verified(folder: Path) -> None:
    digest = seal(folder, expected=["rows.parquet"], rows={"rows.parquet": 4})
    manifest = verify(folder, digest=digest)
    assert manifest.digest == digest
    assert sorted(manifest.files) == ["inner/é.json", "rows.parquet"]
    assert manifest.files["rows.parquet"].rows == 4
    assert manifest.files["rows.parquet"].bytes == 4


def test_the_digest_is_of_content_alone(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    folder_digest = seal(folder, expected=[])
    folder.rename(other)
    os.utime(other / "rows.parquet", (0, 0))
    assert seal(other, expected=[]) == folder_digest
    (other / "rows.parquet").write_bytes(b"rowz")
    assert seal(other, expected=[]) != folder_digest


def test_the_digest_covers_names_and_rows(folder: Path) -> None:
    digests = {seal(folder, expected=[]), seal(folder, expected=[], rows={"rows.parquet": 4})}
    (folder / "rows.parquet").rename(folder / "other.parquet")
    digests.add(seal(folder, expected=[]))
    assert len(digests) == 3


@pytest.mark.parametrize(("name", "code"), [("absent.json", "missing_output"), ("empty.json", "empty_output")])
def test_what_was_promised_must_be_there(folder: Path, name: str, code: str) -> None:
    seal(folder, expected=[])
    (folder / "empty.json").touch()
    with pytest.raises(IntegrityError) as refused:
        seal(folder, expected=[name])
    assert refused.value.code == code
    assert not (folder / MANIFEST).exists()  # a folder that fails to be sealed is not sealed any more


@pytest.mark.parametrize("content", [b"rowz", b"", b"rows and more"])
def test_changed_content_is_noticed(folder: Path, content: bytes) -> None:
    seal(folder, expected=[])
    (folder / "rows.parquet").write_bytes(content)
    assert refusal(folder) == "digest_mismatch"


def test_a_file_that_is_gone_is_noticed(folder: Path) -> None:
    seal(folder, expected=[])
    (folder / "rows.parquet").unlink()
    assert refusal(folder) == "missing_file"


@pytest.mark.parametrize("name", ["weights.pkl", "inner/.hidden", "inner/manifest.json"])
def test_a_file_that_came_later_is_noticed(folder: Path, name: str) -> None:
    seal(folder, expected=[])
    (folder / name).write_bytes(b"\x80\x05.")
    assert refusal(folder) == "unlisted_file"


def test_another_folder_than_the_one_chosen_is_noticed(folder: Path) -> None:
    seal(folder, expected=[])
    assert refusal(folder, digest="sha256:" + "0" * 64) == "digest_mismatch"


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/../../secret", "..", "a\\..\\b", "a\0b", "", ".", "inner/../../x"]
)
def test_a_name_that_leaves_the_folder_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    seal(folder, expected=[])
    (tmp_path / "secret").write_bytes(b"rows")
    files = json.loads((folder / MANIFEST).read_text())["files"]
    forge(folder, files={**files, name: files["rows.parquet"]})
    assert refusal(folder) in ("path_escape", "missing_file")
    if name not in (".", ""):
        assert refusal(folder) == "path_escape"


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("sealed_before", [True, False])
def test_links_are_refused(folder: Path, tmp_path: Path, inside: bool, sealed_before: bool) -> None:
    target = folder / "rows.parquet" if inside else tmp_path / "outside"
    if not inside:
        target.write_bytes(b"rows")
    if sealed_before:
        seal(folder, expected=[])
    (folder / "link").symlink_to(target)
    with pytest.raises(IntegrityError) as refused:
        verify(folder) if sealed_before else seal(folder, expected=[])
    assert refused.value.code == "not_a_file"


def test_a_file_replaced_by_a_link_to_the_same_content_is_refused(folder: Path, tmp_path: Path) -> None:
    seal(folder, expected=[])
    (folder / "rows.parquet").rename(tmp_path / "rows.parquet")
    (folder / "rows.parquet").symlink_to(tmp_path / "rows.parquet")
    assert refusal(folder) == "not_a_file"


def test_a_linked_folder_and_a_linked_manifest_are_refused(folder: Path, tmp_path: Path) -> None:
    seal(folder, expected=[])
    (tmp_path / "alias").symlink_to(folder)
    with pytest.raises(IntegrityError):
        verify(tmp_path / "alias")
    (folder / MANIFEST).rename(tmp_path / "elsewhere.json")
    (folder / MANIFEST).symlink_to(tmp_path / "elsewhere.json")
    assert refusal(folder) == "not_sealed"


def test_a_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(IntegrityError) as refused:
        seal(folder, expected=[])
    assert refused.value.code == "not_a_file"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"version": "x"}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_manifest_is_refused(folder: Path, content: bytes) -> None:
    seal(folder, expected=[])
    (folder / MANIFEST).write_bytes(content)
    assert refusal(folder) == "not_sealed"


def test_no_manifest_and_no_folder_are_told_apart(folder: Path, tmp_path: Path) -> None:
    assert refusal(folder) == "not_sealed"
    assert refusal(tmp_path / "nowhere") in ("not_sealed", "missing_file")


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_version_is_refused_by_number(folder: Path, version: int) -> None:
    seal(folder, expected=[])
    forge(folder, version=version, more={"a newer": "format"})
    with pytest.raises(IntegrityError, match=f"got {version}") as refused:
        verify(folder)
    assert refused.value.code == "unknown_format"
    assert "Install" in refused.value.remedy


def test_a_forged_digest_is_noticed(folder: Path) -> None:
    seal(folder, expected=[])
    forge(folder, digest="sha256:" + "1" * 64)
    assert refusal(folder) == "digest_mismatch"


def test_an_unknown_key_is_refused(folder: Path) -> None:
    seal(folder, expected=[])
    forge(folder, surprise=1)
    assert refusal(folder) == "not_sealed"


def test_the_manifest_is_canonical_json(folder: Path) -> None:
    seal(folder, expected=[])
    text = (folder / MANIFEST).read_text()
    again = json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert text == again + "\n"
    assert Manifest.model_validate_json(text).version == 1


def test_a_folder_is_no_file(folder: Path) -> None:
    with pytest.raises(IntegrityError) as refused:
        require_file(folder)
    assert refused.value.code == "missing_file"
