"""Bring what a plan names on this machine to where a cluster's pods can read it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.pipelines.placement import VOLUME_PATH
from sevenfold.pipelines.warm_start import with_warm_start
from sevenfold.plan import Plan
from sevenfold.runtime.progress import OnMessage
from sevenfold.tables.parts import table_name
from sevenfold.tables.source import resolve_source
from sevenfold.tables.sources import resolve_sources, table_digest
from sevenfold.training.source import pack_source
from sevenfold.training.source import source_digest as code_digest

__all__ = ["InputStore", "carry_inputs", "carry_table", "require_inputs"]


class InputStore(Protocol):
    """Where files of this machine are put for a run, each under its digest."""

    root: str

    def put(self, path: Path) -> str:
        """Keep a file and return its address."""


def carry_inputs(
    plan: Plan, base: Path, store: InputStore, on_message: OnMessage, *, repeated: bool = False, table: bool = True
) -> Plan:
    """Return the plan with every local file replaced by its address in the store, and with the table's digest.

    Args:
        plan: the plan as it was read.
        base: the folder its relative paths start from.
        store: where local files go, each under its digest.
        on_message: gets size and target before anything is sent.
        repeated: the run will be repeated: a table that lies elsewhere may change, and its digest is left empty
            unless the plan names one.
        table: whether the table is read and carried too; else it stays as the plan names it.

    Raises:
        DataError: ``missing_file``, ``digest_mismatch``; as `with_warm_start`.
        TrainingError: ``source_missing``, ``source_too_large``.
        PolicyError: ``volume_source``, ``digest_needed``.
        TemporaryError: ``store_write``.
    """
    plan = with_warm_start(plan, base)
    notebook, source, recipe = plan.design.notebook, plan.training.source, plan.refine.recipe
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        # every file is checked before the first one is sent
        book, code, steps = _local_files(plan, base, Path(work))
        addresses, digest = plan.data.sources, plan.data.digest
        if table:
            addresses, digest = carry_table(plan, base, store, on_message, repeated=repeated)
        if book:
            notebook = _put(book, store, on_message)
        if code:
            source = f"{_put(code, store, on_message)}#{code_digest(base / source)}"
        if steps:
            recipe = f"{_put(steps, store, on_message)}#{file_digest(steps)}"
    return plan.model_copy(
        update={
            "refine": plan.refine.model_copy(update={"recipe": recipe}),
            "data": plan.data.model_copy(
                update={"source": addresses[0] if len(addresses) == 1 else addresses, "digest": digest}
            ),
            "design": plan.design.model_copy(update={"notebook": notebook}),
            "training": plan.training.model_copy(update={"source": source}),
        }
    )


def require_inputs(plan: Plan, base: Path) -> None:
    """Refuse a plan that names a file of this machine which is not here; nothing is sent.

    Raises:
        DataError: ``missing_file``.
        TrainingError: ``source_missing``, ``source_too_large``.
    """
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        _local_files(plan, base, Path(work))
        local = [source for source in plan.data.sources if "://" not in source and not plan.data.volume]
        if local:
            resolve_sources(local, base, Path(work))


def _local_files(plan: Plan, base: Path, work: Path) -> tuple[Path | None, Path | None, Path | None]:
    """Return notebook, packed model source and recipe, as far as the plan names any on this machine."""
    notebook, source, recipe = plan.design.notebook, plan.training.source, plan.refine.recipe
    return (
        resolve_source(notebook, base, base, what="notebook") if notebook and "://" not in notebook else None,
        pack_source(base / source, work) if source and "://" not in source else None,
        resolve_source(recipe, base, base, what="recipe") if recipe and "://" not in recipe else None,
    )


def carry_table(
    plan: Plan, base: Path, store: InputStore, on_message: OnMessage, *, repeated: bool = False
) -> tuple[tuple[str, ...], str]:
    """Return the addresses of a plan's table for pods, and its digest.

    Local files are sent to the store. What lies elsewhere stays there; it is read here once for the digest, unless the
    plan names one. Files on a volume are read here only if this machine has them at the same place.
    """
    sources, wanted = plan.data.sources, plan.data.digest
    if plan.data.volume:
        return sources, _on_volume(sources, wanted)
    local = [source for source in sources if "://" not in source or source.startswith("file:")]
    if not local and (wanted or repeated):
        return sources, wanted
    if local and len(local) < len(sources):
        raise PolicyError(
            "mixed_sources",
            f"All files of a table are sent to the store or none is, but {local[0]!r} is on this machine and others "
            "are not.",
            remedy="Copy them to one side.",
        )
    from sevenfold.refine.check_source import check_source  # only a table that is read here needs the package regex

    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        paths = resolve_sources(sources, base, Path(work))
        if local:
            check_source(paths, plan.data, plan.refine.recipe, base)
        digest = _checked(paths, wanted)
        return (tuple(_put(path, store, on_message) for path in paths) if local else sources), digest


def _on_volume(sources: tuple[str, ...], wanted: str) -> str:
    paths = [Path(unquote(urlsplit(source).path)) for source in sources]
    for source, path in zip(sources, paths, strict=True):
        if not source.startswith("file://") or not path.is_relative_to(VOLUME_PATH):
            raise PolicyError(
                "volume_source",
                f"With data.volume the source must lie below file://{VOLUME_PATH}/, but is {source!r}.",
                remedy=f"Write source: file://{VOLUME_PATH}/TABLE, or remove volume.",
            )
    if all(path.is_file() for path in paths):
        return _checked(paths, wanted)
    if not wanted:
        raise PolicyError(
            "digest_needed",
            f"{sources[0]} cannot be read from here, so the plan must name its digest, but data.digest is empty.",
            remedy="Write digest: sha256:… (sha256sum prints it where the volume is).",
        )
    return wanted


def _checked(paths: Sequence[Path], wanted: str) -> str:
    digest = table_digest(paths)
    if wanted and digest != wanted:
        raise DataError(
            "digest_mismatch",
            f"{table_name(paths)} must have the digest {wanted}, but has {digest}.",
            remedy="Fetch the table again, or write the new digest into the plan.",
        )
    return digest


def _put(path: Path, store: InputStore, on_message: OnMessage) -> str:
    on_message(f"{path.name}, {path.stat().st_size:,} bytes, goes to {store.root}")
    return store.put(path)
