"""The record of promotions in the bucket: the folder of a local registry, kept below ``ROOT/PLAN/registry``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.reference import FORMAT_VERSION, Reference
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.contracts.versioned import read_versioned

if TYPE_CHECKING:
    from sevenfold.contracts.reference import FeatureBins
    from sevenfold.pipelines.store import Store

__all__ = ["BucketPromotions"]

REGISTRY = "registry"


class BucketPromotions:
    """The promotions of one plan. Two releases that end at one moment may write one record: run one at a time."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._home = store, f"{name}/{REGISTRY}"

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
            TemporaryError: ``store_read``, ``store_write``.
        """
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            folder = Path(work)
            registry = self._brought(folder)
            before = registry.current()
            written = registry.promote(record, bundle)
            if written == before:
                return written
            digest = record.bundle.removeprefix("sha256:")
            kept = sorted(path for path in (folder / "bundles" / digest).rglob("*") if path.is_file())
            for path in (*kept, folder / "history" / f"{written.number:08d}.json"):
                self._store.write(f"{self._home}/{path.relative_to(folder).as_posix()}", path.read_bytes())
            return written

    def predictions(self, digest: str) -> FeatureBins | None:
        """Return the bins of the predictions in a kept bundle's reference; None where it has none, or was not kept.

        Raises:
            IntegrityError: ``unknown_format``.
            TemporaryError: ``store_read``.
        """
        kept = f"{self._store.root}/{self._home}/bundles/{digest.removeprefix('sha256:')}/reference.json"
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            path = Path(work) / "reference.json"
            return read_versioned(path, Reference, FORMAT_VERSION).prediction if self._store.copy(kept, path) else None

    def _brought(self, folder: Path) -> LocalRegistry:
        self._store.copy(f"{self._store.root}/{self._home}/history", folder / "history")
        return LocalRegistry(folder)
