"""Bring what a plan names on this machine to where a cluster's pods can read it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.pipelines.kubeflow.store import Store
from sevenfold.pipelines.placement import VOLUME_PATH
from sevenfold.plan import Plan
from sevenfold.runtime.progress import OnMessage
from sevenfold.tables.check_header import check_header
from sevenfold.tables.source import resolve_source, source_digest
from sevenfold.training.source import pack_source
from sevenfold.training.source import source_digest as code_digest

__all__ = ["carry_inputs", "carry_table"]


def carry_inputs(plan: Plan, base: Path, store: Store, on_message: OnMessage, *, repeated: bool = False) -> Plan:
    """Return the plan with every local file replaced by its address in the store, and with the table's digest.

    Args:
        plan: the plan as it was read.
        base: the folder its relative paths start from.
        store: where local files go, each under its digest.
        on_message: gets size and target before anything is sent.
        repeated: the run will be repeated: a table that lies elsewhere may change, and its digest is left empty
            unless the plan names one.

    Raises:
        DataError: ``missing_file``, ``digest_mismatch``.
        TrainingError: ``source_missing``, ``source_too_large``.
        PolicyError: ``volume_source``, ``digest_needed``.
        TemporaryError: ``store_write``.
    """
    notebook, source = plan.design.notebook, plan.training.source
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        # every file is checked before the first one is sent
        book = resolve_source(notebook, base, base, what="notebook") if notebook and "://" not in notebook else None
        code = pack_source(base / source, Path(work)) if source and "://" not in source else None
        address, digest = carry_table(plan, base, store, on_message, repeated=repeated)
        if book:
            notebook = _put(book, store, on_message)
        if code:
            source = f"{_put(code, store, on_message)}#{code_digest(base / source)}"
    return plan.model_copy(
        update={
            "data": plan.data.model_copy(update={"source": address, "digest": digest}),
            "design": plan.design.model_copy(update={"notebook": notebook}),
            "training": plan.training.model_copy(update={"source": source}),
        }
    )


def carry_table(
    plan: Plan, base: Path, store: Store, on_message: OnMessage, *, repeated: bool = False
) -> tuple[str, str]:
    """Return the address of a plan's table for pods, and its digest.

    A local file is sent to the store. One that lies elsewhere stays there; it is read here once for its digest,
    unless the plan names one. One on a volume is read here only if this machine has it at the same place.
    """
    source, wanted = plan.data.source, plan.data.digest
    if plan.data.volume:
        return source, _on_volume(source, wanted)
    if "://" in source and not source.startswith("file:"):
        if wanted or repeated:
            return source, wanted
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            return source, source_digest(resolve_source(source, base, Path(work)))
    path = resolve_source(source, base, base)
    check_header(path, plan.data)
    return _put(path, store, on_message), _checked(path, wanted)


def _on_volume(source: str, wanted: str) -> str:
    path = Path(unquote(urlsplit(source).path))
    if not source.startswith("file://") or not path.is_relative_to(VOLUME_PATH):
        raise PolicyError(
            "volume_source",
            f"With data.volume the source must lie below file://{VOLUME_PATH}/, but is {source!r}.",
            remedy=f"Write source: file://{VOLUME_PATH}/TABLE, or remove volume.",
        )
    if path.is_file():
        return _checked(path, wanted)
    if not wanted:
        raise PolicyError(
            "digest_needed",
            f"{source} cannot be read from here, so the plan must name its digest, but data.digest is empty.",
            remedy="Write digest: sha256:… (sha256sum prints it where the volume is).",
        )
    return wanted


def _checked(path: Path, wanted: str) -> str:
    digest = source_digest(path)
    if wanted and digest != wanted:
        raise DataError(
            "digest_mismatch",
            f"{path.name} must have the digest {wanted}, but has {digest}.",
            remedy="Fetch the table again, or write the new digest into the plan.",
        )
    return digest


def _put(path: Path, store: Store, on_message: OnMessage) -> str:
    on_message(f"{path.name}, {path.stat().st_size:,} bytes, goes to {store.root}")
    return store.put(path)
