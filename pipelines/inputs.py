"""Bring what a plan names on this machine to where a cluster's pods can read it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.source import resolve_source, source_digest
from sevenfold.pipelines.store import Store
from sevenfold.plan import Plan

__all__ = ["carry_inputs", "carry_table"]


def carry_inputs(plan: Plan, base: Path, store: Store, tell: Callable[[str], None]) -> tuple[Plan, str]:
    """Return the plan with every local file replaced by its address in the store, and the table's digest.

    Args:
        plan: the plan as it was read.
        base: the folder its relative paths start from.
        store: where local files go, each under its digest.
        tell: is told size and target before anything is sent.

    Raises:
        DataError: ``missing_file``.
        PolicyError: ``source_not_carried`` for a model source, which this version cannot carry to a cluster.
    """
    if plan.training.source:
        raise PolicyError(
            "source_not_carried",
            f"A run on a cluster cannot carry training.source yet, but the plan names {plan.training.source!r}.",
            remedy="Remove it, or run the plan here with: sevenfold run PLAN.YAML",
        )
    address, digest = carry_table(plan.data.source, base, store, tell, known=plan.data.digest)
    notebook = plan.design.notebook
    if notebook and "://" not in notebook:
        notebook = _put(resolve_source(notebook, base, base), store, tell)
    return (
        plan.model_copy(
            update={
                "data": plan.data.model_copy(update={"source": address}),
                "design": plan.design.model_copy(update={"notebook": notebook}),
            }
        ),
        digest,
    )


def carry_table(
    source: str, base: Path, store: Store, tell: Callable[[str], None], *, known: str = ""
) -> tuple[str, str]:
    """Return a table's address for pods and its digest; one that lies elsewhere is read here once, unless `known`."""
    if "://" in source and not source.startswith("file:"):
        if known:
            return source, known
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            return source, source_digest(resolve_source(source, base, Path(work)))
    path = resolve_source(source, base, base)
    return _put(path, store, tell), source_digest(path)


def _put(path: Path, store: Store, tell: Callable[[str], None]) -> str:
    tell(f"{path.name}, {path.stat().st_size:,} bytes, goes to {store.root}")
    return store.put(path)
