"""The registry: the record of every promotion and rollback, and a copy of every promoted bundle.

The last record of the history names the serving model. A record is one file that appears whole under the next number,
so an interrupted promotion leaves either the old or the new model serving, never a mixture.

=========================  ===========================================================
`bundles/<64 hex>/`        every bundle ever promoted, under its own digest
`history/00000001.json`    `Record`: one promotion or rollback, numbered from 1
=========================  ===========================================================
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import IntegrityError, PolicyError, TemporaryError
from sevenfold.contracts.versioned import refuse_empty

__all__ = ["LocalRegistry", "Record", "Registry", "best_of", "earlier_of"]


class Record(BaseModel):
    """One change of the serving model: who made it and why, the bundle, and the scores behind the decision."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    number: int = 0  # given by the registry, from 1
    action: Literal["promote", "rollback"] = "promote"
    name: str  # the plan's name
    bundle: str  # digest
    digests: dict[str, str] = {}  # data, dataset, plan; as in `BundleInfo`
    metric: str = ""  # the main metric of the gates
    scores: dict[str, float] = {}  # on the test rows, by metric
    image: str = ""  # the predictor's image; empty for a local process
    location: str = ""  # address of the bundle in the store; empty for a local process
    dataset: str = ""  # address of the dataset that it was tested on; empty for a local process
    who: str  # a person, or the run that decided
    run: str = ""
    reason: str = ""
    moment: str = ""  # ISO 8601, UTC; given by the registry


class Registry(Protocol):
    """The record of promotions, in whatever store."""

    def current(self) -> Record | None:
        """Return the record of the serving model, or None before the first promotion."""

    def best(self, metric: str, *, higher_is_better: bool) -> Record | None:
        """Return the promotion with the best score of `metric`, the oldest among equals, or None."""

    def history(self) -> list[Record]:
        """Return all records, oldest first."""

    def promote(self, record: Record, bundle: Path) -> Record:
        """Keep a copy of the bundle and make it the serving model; return the record as written."""

    def rollback(self, *, who: str, reason: str, to: str = "") -> Record:
        """Make an earlier bundle the serving model: the one named by digest, or the last other one."""

    def bundle(self, digest: str) -> Bundle:
        """Open the kept copy of a bundle, verified."""

    def dataset(self, digest: str) -> Path:
        """Return a folder with the dataset that a bundle was tested on; whoever opens it verifies it.

        Raises:
            IntegrityError: it is not known where that is, or it cannot be had.
        """


class LocalRegistry:
    """A registry in a folder; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> Record | None:
        """Return the record of the serving model, or None before the first promotion."""
        numbers = self._numbers()
        return self._read(numbers[-1]) if numbers else None

    def best(self, metric: str, *, higher_is_better: bool) -> Record | None:
        """Return the promotion with the best score of `metric`, the oldest among equals, or None."""
        return best_of(self.history(), metric, higher_is_better=higher_is_better)

    def history(self) -> list[Record]:
        """Return all records, oldest first.

        Raises:
            IntegrityError: ``unknown_format`` for a record this version cannot read.
        """
        return [self._read(number) for number in self._numbers()]

    def promote(self, record: Record, bundle: Path) -> Record:
        """Keep a copy of the bundle and make it the serving model; return the record as written.

        Promoting the serving model again writes nothing and returns its record.

        Raises:
            IntegrityError: whatever `Bundle.open` raises, and ``digest_mismatch`` if the folder is another bundle.
            TemporaryError: ``registry_busy`` if others keep writing at the same moment.
        """
        present = self.current()
        if present is not None and present.bundle == record.bundle:
            return present
        self._keep(Bundle.open(bundle, digest=record.bundle))
        return self._append(record)

    def rollback(self, *, who: str, reason: str, to: str = "") -> Record:
        """Make an earlier bundle the serving model: the one named by digest, or the last other one.

        Raises:
            PolicyError: ``nothing_to_roll_back`` if no such bundle was ever promoted.
            IntegrityError: if the kept copy has changed since its promotion.
        """
        back = earlier_of(self.history(), to)
        self.bundle(back.bundle)
        return self._append(back.model_copy(update={"action": "rollback", "who": who, "reason": reason}))

    def bundle(self, digest: str) -> Bundle:
        """Open the kept copy of a bundle, verified.

        Raises:
            IntegrityError: whatever `Bundle.open` raises.
        """
        return Bundle.open(self._home(digest), digest=digest)

    def dataset(self, digest: str) -> Path:
        """Raise: on one machine the run's folder has the dataset, and a retraining is given its path.

        Raises:
            IntegrityError: ``no_location``.
        """
        raise IntegrityError("no_location", f"The registry keeps no dataset, so not that of bundle {digest[:19]}.")

    def _keep(self, bundle: Bundle) -> None:
        home = self._home(bundle.digest)
        if home.exists():
            Bundle.open(home, digest=bundle.digest)
            return
        home.parent.mkdir(parents=True, exist_ok=True)
        copy = home.with_name(f".{secrets.token_hex(4)}.tmp")
        try:
            shutil.copytree(bundle.folder, copy)
            Bundle.open(copy, digest=bundle.digest)
            for path in (*copy.rglob("*"), copy):
                _flush(path)
            try:
                copy.rename(home)
            except OSError:
                if not home.exists():
                    raise
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def _append(self, record: Record) -> Record:
        folder = self.folder / "history"
        folder.mkdir(parents=True, exist_ok=True)
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        temporary = folder / f".{secrets.token_hex(4)}.tmp"
        try:
            for _ in range(20):
                number = (self._numbers() or [0])[-1] + 1
                written = record.model_copy(update={"number": number, "moment": moment})
                temporary.write_text(canonical_json(written.model_dump(mode="json")) + "\n")
                _flush(temporary)
                try:
                    # A link, unlike a rename, fails where another process has just taken the number.
                    os.link(temporary, folder / f"{number:08d}.json")
                except FileExistsError:
                    continue
                _flush(folder)
                return written
        finally:
            temporary.unlink(missing_ok=True)
        raise TemporaryError("registry_busy", "The registry was being written by others 20 times in a row.")

    def _numbers(self) -> list[int]:
        folder = self.folder / "history"
        return sorted(int(path.stem) for path in folder.glob("[0-9]*.json")) if folder.is_dir() else []

    def _read(self, number: int) -> Record:
        content = (self.folder / "history" / f"{number:08d}.json").read_bytes()
        refuse_empty(content, f"Record {number} of the registry")
        try:
            return Record.model_validate_json(content)
        except ValidationError as error:
            raise IntegrityError(
                "unknown_format",
                f"Record {number} of the registry is not of format 1.",
                remedy="Install the Sevenfold version that wrote it, or a newer one.",
            ) from error

    def _home(self, digest: str) -> Path:
        plain = digest.removeprefix("sha256:")
        if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):
            raise PolicyError("bad_digest", f"A bundle is named by its sha256 digest, but got {digest[:64]!r}.")
        return self.folder / "bundles" / plain


def best_of(records: Sequence[Record], metric: str, *, higher_is_better: bool) -> Record | None:
    """Return the promotion with the best score of `metric`, the oldest among equals, or None."""
    scored = [record for record in records if record.action == "promote" and metric in record.scores]
    sign = -1.0 if higher_is_better else 1.0
    return min(scored, key=lambda record: sign * record.scores[metric], default=None)


def earlier_of(records: Sequence[Record], to: str = "") -> Record:
    """Return the record that a rollback restores: of the bundle named by digest, or the last before the serving one.

    Raises:
        PolicyError: ``nothing_to_roll_back`` if no such bundle was ever promoted.
    """
    serving = records[-1].bundle if records else ""
    earlier = [r for r in records if (r.bundle == to if to else _leads_back(r, records, serving))]
    if not earlier or earlier[-1].bundle == serving:
        raise PolicyError(
            "nothing_to_roll_back",
            f"A rollback needs an earlier promotion{f' of {to}' if to else ''}, but there is none.",
            remedy="List the promotions with: sevenfold history NAME",
        )
    return earlier[-1]


def _leads_back(record: Record, records: Sequence[Record], serving: str) -> bool:
    """Whether a rollback without a name may land here: promoted before the serving model's first promotion."""
    first = next(r.number for r in records if r.bundle == serving)
    return record.bundle != serving and record.number < first


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


if TYPE_CHECKING:
    _conforms: type[Registry] = LocalRegistry
