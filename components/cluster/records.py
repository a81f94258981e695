"""The record of promotions on a cluster: a ConfigMap per candidate bundle, and one per change of the serving version.

A record's ConfigMap is made under the next number and never changed. Two that are written at once cannot get the same
number, for the API server makes a name only once. What is written here follows the serving version, never the other way
round: the InferenceService alone decides the serving version. A record that an interruption kept from being written is
added by the next caller (`sevenfold.serving.kserve.deploy.note_what_serves`).

======================================  ==================================================
`sevenfold-NAME-bundle-<12 hex>`        `Candidate`: record as of its decision, predictor
`sevenfold-NAME-release-00000001`       `Record`: one promotion or rollback, from 1
======================================  ==================================================
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import IntegrityError, MissingExtraError, TemporaryError
from sevenfold.contracts.registry import Record, Registry, best_of, earlier_of
from sevenfold.drift.telemetry import bundle_label

__all__ = ["Candidate", "ClusterRegistry", "labels_of"]

ATTEMPTS = 20
Kept = TypeVar("Kept", bound=BaseModel)


class Candidate(BaseModel):
    """A bundle that was brought to the cluster: what a promotion of it records, and the predictor that serves it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    record: Record
    predictor: dict[str, Any]  # KServe's predictor spec


def labels_of(plan: str) -> dict[str, str]:
    """Return the labels that say an object is ours, and of which plan."""
    return {
        "app.kubernetes.io/part-of": "sevenfold",
        "app.kubernetes.io/managed-by": "sevenfold",
        "app.kubernetes.io/instance": plan,
    }


class ClusterRegistry:
    """The promotions of one plan in one namespace; several processes may use it at once.

    Args:
        cluster: with the namespace that the plan is served in.
        name: the plan's.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name

    def current(self) -> Record | None:
        """Return the record of the serving version, or None before the first promotion."""
        records = self.history()
        return records[-1] if records else None

    def best(self, metric: str, *, higher_is_better: bool) -> Record | None:
        """Return the promotion with the best score of `metric`, the oldest among equals, or None."""
        return best_of(self.history(), metric, higher_is_better=higher_is_better)

    def history(self) -> list[Record]:
        """Return all records, oldest first.

        Raises:
            IntegrityError: ``unknown_format`` for a record this version cannot read.
            PolicyError, TemporaryError: as `Cluster`.
        """
        items = self.cluster.find("ConfigMap", labels=self._selector("release"))
        return sorted((_read(Record, item, "record.json") for item in items), key=lambda record: record.number)

    def promote(self, record: Record, bundle: Path | None = None) -> Record:
        """Write that `record` serves now; the bundle itself stays where it was uploaded.

        What the last record says already is not written again.
        """
        present = self.current()
        if present is not None and present.bundle == record.bundle:
            return present
        return self._append(record)

    def rollback(self, *, who: str, reason: str, to: str = "") -> Record:
        """Write that an earlier bundle serves again: the one named by digest, or the last other one.

        Raises:
            PolicyError: ``nothing_to_roll_back``.
        """
        back = earlier_of(self.history(), to)
        return self._append(back.model_copy(update={"action": "rollback", "who": who, "reason": reason}))

    def remember(self, candidate: Candidate) -> None:
        """Keep what a candidate is, under its digest; a newer word on the same bundle replaces the older."""
        self.cluster.apply(
            self._map(
                f"bundle-{bundle_label(candidate.record.bundle)}",
                "bundle",
                {"candidate.json": canonical_json(candidate.model_dump(mode="json"))},
            )
        )

    def candidate(self, label: str) -> Candidate | None:
        """Return what is kept of a bundle, by the first 12 hex digits of its digest, or None."""
        item = self.cluster.get("ConfigMap", f"sevenfold-{self.name}-bundle-{label}")
        return _read(Candidate, item, "candidate.json") if item else None

    def bundle(self, digest: str) -> Bundle:
        """Fetch a promoted bundle from where it was uploaded, and open it verified; once per process.

        Raises:
            IntegrityError: ``no_location`` or ``unreachable_bundle``, and whatever `Bundle.open` raises.
        """
        kept = self.candidate(bundle_label(digest))
        if kept is None or not kept.record.location:
            raise IntegrityError("no_location", f"The address of bundle {digest[:19]} must be recorded, but is not.")
        home = Path(tempfile.mkdtemp(prefix="sevenfold-")) / "bundle"
        try:
            _fetch(kept.record.location, home)
            return Bundle.open(home, digest=digest)
        except BaseException:
            shutil.rmtree(home.parent, ignore_errors=True)
            raise

    def dataset(self, digest: str) -> Path:
        """Fetch the dataset that a bundle was tested on to a folder of this machine; whoever opens it verifies it.

        Raises:
            IntegrityError: ``no_location`` or ``unreachable_dataset``.
        """
        kept = self.candidate(bundle_label(digest))
        if kept is None or not kept.record.dataset:
            raise IntegrityError(
                "no_location", f"The address of the dataset of bundle {digest[:19]} must be recorded, but is not."
            )
        home = Path(tempfile.mkdtemp(prefix="sevenfold-")) / "dataset"
        try:
            _fetch(kept.record.dataset, home, "dataset")
        except BaseException:
            shutil.rmtree(home.parent, ignore_errors=True)
            raise
        return home

    def _append(self, record: Record) -> Record:
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        for _ in range(ATTEMPTS):
            records = self.history()
            number = (records[-1].number if records else 0) + 1
            written = record.model_copy(update={"number": number, "moment": moment})
            data = {"record.json": canonical_json(written.model_dump(mode="json"))}
            manifest = self._map(f"release-{number:08d}", "release", data, immutable=True)
            try:
                self.cluster.create(manifest)
            except Conflict:
                present = self.cluster.get("ConfigMap", manifest["metadata"]["name"])
                if not present or present["data"] != data:  # else ours: only the answer was lost
                    continue
            return written
        raise TemporaryError("registry_busy", f"The registry was being written by others {ATTEMPTS} times in a row.")

    def _map(self, ending: str, component: str, data: dict[str, str], **more: Any) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"sevenfold-{self.name}-{ending}",
                "labels": {**labels_of(self.name), "app.kubernetes.io/component": component},
            },
            "data": data,
            **more,
        }

    def _selector(self, component: str) -> str:
        pairs = {**labels_of(self.name), "app.kubernetes.io/component": component}
        return ",".join(f"{key}={value}" for key, value in pairs.items())


def _read(kind: type[Kept], item: dict[str, Any], key: str) -> Kept:
    try:
        return kind.model_validate_json(item["data"][key])
    except (ValidationError, KeyError) as error:
        raise IntegrityError(
            "unknown_format",
            f"ConfigMap {item['metadata']['name']} must hold {key} of format 1, but does not.",
            remedy="Install the Sevenfold version that wrote it, or a newer one.",
        ) from error


def _fetch(location: str, target: Path, kind: str = "bundle") -> None:
    try:
        from pyarrow import fs
    except ImportError as error:
        raise MissingExtraError("pyarrow", "test") from error
    try:
        system, path = fs.FileSystem.from_uri(location)
        target.mkdir()
        fs.copy_files(path, str(target), system, fs.LocalFileSystem())
    except (OSError, ValueError) as error:
        raise IntegrityError(
            f"unreachable_{kind}",
            f"A promoted {kind} must be readable at {location}, but is not: {str(error)[:200]}",
            remedy="Name a Secret with the store's keys in the plan: secrets.storage.",
        ) from error


if TYPE_CHECKING:
    _conforms: type[Registry] = ClusterRegistry
