"""The registry: what serves is always one whole bundle, whatever interrupts a promotion."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.bundle import BUNDLE_FILES, BundleInfo
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import IntegrityError, PolicyError
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature


def make_bundle(folder: Path, mark: str) -> str:
    folder.mkdir(parents=True)
    info = BundleInfo(
        name="flights",
        framework="pytorch",
        package_version="0.1.0",
        signature=Signature(task=Task.REGRESSION, target="y", inputs={}),
        settings={"mark": mark},
        metrics={},
        digests={},
    )
    write_json(folder / "bundle.json", info.model_dump(mode="json"))
    for name in BUNDLE_FILES[1:]:
        (folder / name).write_text("{}")
    return seal(folder, expected=BUNDLE_FILES)


def record(digest: str, **scores: float) -> Record:
    return Record(name="flights", bundle=digest, scores=scores, who="automatic", reason="good")


@pytest.fixture
def bundles(tmp_path: Path) -> dict[str, tuple[str, Path]]:
    return {mark: (make_bundle(tmp_path / mark, mark), tmp_path / mark) for mark in "abc"}


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    return LocalRegistry(tmp_path / "registry")


@pytest.fixture
def promote(registry: LocalRegistry, bundles: dict[str, tuple[str, Path]]) -> Callable[..., Record]:
    return lambda mark, **scores: registry.promote(record(bundles[mark][0], **scores), bundles[mark][1])


def test_empty(registry: LocalRegistry) -> None:
    assert registry.current() is None
    assert registry.history() == []
    assert registry.best("rmse", higher_is_better=False) is None
    with pytest.raises(PolicyError, match="earlier promotion"):
        registry.rollback(who="me", reason="bad")


def test_the_last_promotion_serves(registry: LocalRegistry, promote: Any, bundles: Any, tmp_path: Path) -> None:
    promote("a", rmse=3.0)
    promote("b", rmse=1.0)
    promote("c", rmse=1.0, mae=0.5)
    current = registry.current()
    assert (current.number, current.bundle, current.action) == (3, bundles["c"][0], "promote")
    assert current.moment.endswith("+00:00")
    # the oldest among equals, so that a margin cannot ratchet down
    assert registry.best("rmse", higher_is_better=False).number == 2
    assert registry.best("rmse", higher_is_better=True).number == 1
    assert registry.best("r2", higher_is_better=True) is None
    # the kept copy does not need the folder it came from
    shutil.rmtree(tmp_path / "c")
    assert registry.bundle(current.bundle).info.settings == {"mark": "c"}


def test_promoting_what_serves_changes_nothing(registry: LocalRegistry, promote: Any) -> None:
    first = promote("a", rmse=3.0)
    assert promote("a", rmse=2.0) == first
    assert len(registry.history()) == 1


def test_rollback_walks_back_and_stops_at_the_first(registry: LocalRegistry, promote: Any, bundles: Any) -> None:
    for mark in "abc":
        promote(mark, rmse=1.0)
    back = registry.rollback(who="me", reason="slow")
    assert (back.number, back.action, back.bundle, back.who) == (4, "rollback", bundles["b"][0], "me")
    assert registry.rollback(who="me", reason="slow").bundle == bundles["a"][0]
    with pytest.raises(PolicyError):
        registry.rollback(who="me", reason="slow")
    assert registry.rollback(who="me", reason="better", to=bundles["c"][0]).bundle == bundles["c"][0]
    with pytest.raises(PolicyError):
        registry.rollback(who="me", reason="again", to=bundles["c"][0])
    # a rollback is no promotion: it does not count as another best
    assert registry.best("rmse", higher_is_better=False).number == 1


def test_a_bundle_changed_since_it_was_promoted_is_not_rolled_back_to(
    registry: LocalRegistry, promote: Any, bundles: Any
) -> None:
    promote("a")
    promote("b")
    kept = registry.bundle(bundles["a"][0]).folder
    (kept / "model.onnx").write_text("other")
    with pytest.raises(IntegrityError, match="changed after it was sealed"):
        registry.rollback(who="me", reason="bad")
    assert registry.current().bundle == bundles["b"][0]


def test_another_bundle_than_the_record_names_is_refused(registry: LocalRegistry, bundles: Any) -> None:
    with pytest.raises(IntegrityError):
        registry.promote(record(bundles["a"][0]), bundles["b"][1])
    assert registry.current() is None


@pytest.mark.parametrize("digest", ["../../etc", "sha256:" + "z" * 64, ""])
def test_a_name_that_is_no_digest_is_refused(registry: LocalRegistry, digest: str) -> None:
    with pytest.raises(PolicyError):
        registry.bundle(digest)


CALLS = [(shutil, "copytree"), (os, "fsync"), (Path, "rename"), (os, "link"), (Path, "write_text")]


@pytest.mark.parametrize(("owner", "name"), CALLS, ids=[name for _, name in CALLS])
@pytest.mark.parametrize("nth", [0, 1, 2, 5, 8])
def test_an_interrupted_promotion_leaves_old_or_new(
    registry: LocalRegistry,
    promote: Any,
    bundles: Any,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    nth: int,
) -> None:
    promote("a")
    real, calls = getattr(owner, name), [0]

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] > nth:
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing)
        try:
            promote("b")
            whole = True
        except OSError:
            whole = False
    current = registry.current()
    assert current.bundle in (bundles["a"][0], bundles["b"][0])
    assert not whole or current.bundle == bundles["b"][0]
    registry.bundle(current.bundle)
    # and the next run converges
    promote("b")
    assert registry.current().bundle == bundles["b"][0]
    assert registry.bundle(bundles["b"][0]).digest == bundles["b"][0]
    assert not list(registry.folder.rglob("*.tmp"))


def test_two_at_once_both_get_a_number(registry: LocalRegistry, promote: Any) -> None:
    promote("c")
    threads = [threading.Thread(target=promote, args=(mark,)) for mark in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.number for one in registry.history()] == [1, 2, 3]


def test_a_newer_record_is_refused(registry: LocalRegistry, promote: Any) -> None:
    promote("a")
    path = registry.folder / "history" / "00000001.json"
    path.write_text(path.read_text().replace('"version":1', '"version":2'))
    with pytest.raises(IntegrityError, match="not of format 1"):
        registry.current()
    path.write_bytes(b"")
    with pytest.raises(IntegrityError, match="Record 1 of the registry must hold JSON, but is empty"):
        registry.current()
