"""The record of promotions in the bucket: the folder of a local registry, kept below ``ROOT/PLAN/registry``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import TemporaryError
from sevenfold.contracts.reference import Reference
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.contracts.schema import FORMAT_VERSION
from sevenfold.contracts.versioned import read_versioned
from sevenfold.pipelines.new_object import write_new

if TYPE_CHECKING:
    from sevenfold.contracts.reference import FeatureBins
    from sevenfold.pipelines.store import Store

__all__ = ["BucketPromotions", "kept_at"]

REGISTRY = "registry"
ATTEMPTS: Final = 20  # at a number that nobody else takes


def kept_at(name: str, digest: str) -> str:
    """Return where below a root the bundle of a promotion is kept."""
    return f"{name}/{REGISTRY}/bundles/{digest.removeprefix('sha256:')}"


class BucketPromotions:
    """The promotions of one plan. Two that are recorded at one moment get a number each."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self._home, self._waits = f"{name}/{REGISTRY}", f"{name}/releases/waiting.json"

    def current(self) -> Record | None:
        """Return the record of the serving bundle; None before the first promotion.

        Raises:
            IntegrityError: ``unknown_format``.
            TemporaryError: ``store_read``.
        """
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            return self._brought(Path(work)).current()

    def promote(self, record: Record, bundle: Path) -> Record:
        """Keep the bundle, then write the record, and return it as written; the serving bundle's is left as it is.

        Raises:
            IntegrityError: the folder is damaged or another bundle.
            TemporaryError: ``store_read``, ``store_write``, ``registry_busy``.
        """

        def attempt(folder: Path) -> tuple[Record, bool]:
            registry = self._brought(folder)
            before = registry.current()
            written = registry.promote(record, bundle)
            if written == before:
                return written, True
            digest = record.bundle.removeprefix("sha256:")
            for path in sorted(path for path in (folder / "bundles" / digest).rglob("*") if path.is_file()):
                self._store.write(f"{self._home}/{path.relative_to(folder).as_posix()}", path.read_bytes())
            return written, self._recorded(folder, written)

        return _until_recorded(attempt)

    def history(self) -> list[Record]:
        """Return all records, oldest first.

        Raises:
            IntegrityError, TemporaryError: as `current`.
        """
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            return self._brought(Path(work)).history()

    def rollback(self, *, who: str, reason: str, to: str) -> Record:
        """Record that an earlier bundle, named by digest, serves again.

        Raises:
            PolicyError: ``nothing_to_roll_back``.
            IntegrityError: the kept bundle is damaged.
            TemporaryError: ``store_read``, ``store_write``, ``registry_busy``.
        """

        def attempt(folder: Path) -> tuple[Record, bool]:
            registry = self._brought(folder)
            self._bring_bundle(to, folder / "bundles" / to.removeprefix("sha256:"))
            written = registry.rollback(who=who, reason=reason, to=to)
            return written, self._recorded(folder, written)

        return _until_recorded(attempt)

    def waiting(self) -> Record | None:
        """Return what the promotion of the candidate that waits for a person would record; None where none waits.

        Raises:
            TemporaryError: ``store_read``.
        """
        kept = self._store.read(self._waits)
        return Record.model_validate_json(kept) if kept else None

    def wait(self, record: Record, bundle: Path) -> None:
        """Keep a candidate's bundle, and note that it waits for a person, in the place of one that waited before.

        Raises:
            TemporaryError: ``store_write``.
        """
        home = kept_at(self._name, record.bundle)
        for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
            self._store.write(f"{home}/{path.relative_to(bundle).as_posix()}", path.read_bytes())
        self._store.write(self._waits, canonical_json(record.model_dump(mode="json")).encode())

    def forget(self) -> None:
        """Note that no candidate waits any more."""
        if self._store.read(self._waits):
            self._store.write(self._waits, b"")

    def bundle(self, digest: str, target: Path) -> Bundle:
        """Bring a kept bundle to a folder, verified.

        Raises:
            IntegrityError: it is damaged, or not there.
            TemporaryError: ``store_read``.
        """
        self._bring_bundle(digest, target)
        return Bundle.open(target, digest=digest)

    def _bring_bundle(self, digest: str, target: Path) -> None:
        self._store.copy(f"{self._store.root}/{kept_at(self._name, digest)}", target)

    def predictions(self, digest: str) -> FeatureBins | None:
        """Return the bins of the predictions in a kept bundle's reference; None where it has none, or was not kept.

        Raises:
            IntegrityError: ``unknown_format``.
            TemporaryError: ``store_read``.
        """
        reference = self.reference(digest)
        return None if reference is None else reference.prediction

    def reference(self, digest: str) -> Reference | None:
        """Return the reference of a kept bundle; None where it was not kept.

        Raises:
            IntegrityError, TemporaryError: as `predictions`.
        """
        kept = f"{self._store.root}/{kept_at(self._name, digest)}/reference.json"
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            path = Path(work) / "reference.json"
            return read_versioned(path, Reference, FORMAT_VERSION) if self._store.copy(kept, path) else None

    def _recorded(self, folder: Path, record: Record) -> bool:
        """Write a record under its number; return whether it is there, and not another one."""
        name = f"history/{record.number:08d}.json"
        content = (folder / name).read_bytes()
        new = write_new(f"{self._store.root}/{self._home}/{name}", content)
        return new or self._store.read(f"{self._home}/{name}") == content

    def _brought(self, folder: Path) -> LocalRegistry:
        self._store.copy(f"{self._store.root}/{self._home}/history", folder / "history")
        return LocalRegistry(folder)


def _until_recorded(attempt: Callable[[Path], tuple[Record, bool]]) -> Record:
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            written, recorded = attempt(Path(work))
        if recorded:
            return written
    raise TemporaryError("registry_busy", f"The record of promotions was written by others {ATTEMPTS} times in a row.")
