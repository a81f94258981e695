"""Propose a plan for a table: everything visible in `plan.yaml`, every proposal with its reason."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import PolicyError
from sevenfold.design.document import Findings, plan_document
from sevenfold.design.infinities import infinities_as_missing
from sevenfold.design.notebook import built_in_notebook
from sevenfold.design.plan_text import Path as Keys
from sevenfold.design.plan_text import plan_text
from sevenfold.design.profile import Profile, profile_typed
from sevenfold.design.settle import Choices, judged_roles, settled
from sevenfold.design.target import target_facts
from sevenfold.design.time_split import time_split
from sevenfold.design.typed_table import TypedTable, read_typed
from sevenfold.design.usable import MAX_BAD_FRACTION, allowed_share, refuse_broken_records
from sevenfold.plan import Plan, parse_plan
from sevenfold.refine.recipe import load_recipe
from sevenfold.runtime.progress import OnProgress
from sevenfold.tables.likely_dialect import likely_dialect
from sevenfold.tables.sources import local_tables

__all__ = ["NOTEBOOK", "PLAN", "Project", "Proposal", "init_project", "plan_name", "propose_plan"]

PLAN: Final = "plan.yaml"
NOTEBOOK: Final = "explore.ipynb"
_NOT_LABEL: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Proposal:
    """A plan, its text with the reasons, and what it was proposed from."""

    plan: Plan
    text: str
    findings: Findings


@dataclass(frozen=True)
class Project:
    """The plan that was written, and its proposal."""

    path: Path
    proposal: Proposal


def propose_plan(
    table: Path | Sequence[Path],
    target: str,
    *,
    source: str | Sequence[str] = "",
    encoding: str = "",
    name: str = "",
    notebook: str = "",
    recipe: Path | None = None,
    recipe_named: str = "",
    for_cluster: bool = False,
    max_bad_fraction: float = MAX_BAD_FRACTION,
    on_progress: OnProgress | None = None,
) -> Proposal:
    """Read a table and propose a plan that preparation accepts and that an honest model passes.

    Args:
        table: a CSV or Parquet file, a pattern of such, or several, which make up one table.
        target: the column to predict.
        source: how the plan names the table; empty takes its path.
        encoding: what a CSV is written in; empty takes UTF-8, or what its byte order mark says.
        name: name of the plan; empty makes one of the file's.
        notebook: how the plan names the notebook; empty takes the built-in one.
        recipe: file of an OpenRefine history that is done to the table first; None for nothing.
        recipe_named: how the plan names it; empty takes its path.
        for_cluster: propose what a shared cluster wants: a person approves, and no example rows stand for users.
        max_bad_fraction: the largest share of bad rows that a plan may be proposed for.
        on_progress: called with a message, the steps done and their number.

    Raises:
        DataError: the table cannot be used, or its target cannot be predicted; the code says why.
    """
    given = [table] if isinstance(table, Path) else list(table)
    paths = local_tables(given)
    steps = load_recipe(str(recipe), Path(), Path()) if recipe is not None else None
    read = read_typed(paths, target=target, encoding=encoding, recipe=steps, on_progress=on_progress)
    max_bad_fraction = allowed_share(max_bad_fraction, read.rows + read.refused)
    read = infinities_as_missing(read, max_bad_fraction)
    refuse_broken_records(read, max_bad_fraction, likely_dialect(paths[0], read.dialect) if read.refused else "")
    profile = profile_typed(read, on_progress=on_progress)
    if on_progress is not None:
        on_progress("look for identifiers and leaks", len(read.columns), len(read.columns))
    findings = _findings(read, profile, target, max_bad_fraction)
    document, comments = plan_document(
        findings,
        source or _named([str(path) for path in given]),
        name or plan_name(_stem(given)),
        notebook,
        for_cluster,
        max_bad_fraction,
    )
    if recipe is not None:
        document, comments = _with_recipe(document, comments, recipe_named or str(recipe))
    text = plan_text(document, comments, inline=[("data", "columns")])
    return Proposal(parse_plan(text), text, findings)


def _findings(read: TypedTable, profile: Profile, target: str, max_bad_fraction: float) -> Findings:
    hidden = target in profile.columns and bool(profile.columns[target].sensitive)
    choices = Choices(
        split=lambda facts: time_split(read, profile, facts),
        roles=lambda facts, split: judged_roles(read, profile, facts, split),
        max_bad_fraction=max_bad_fraction,
    )
    return settled(read, profile, target_facts(read, target, hidden=hidden), choices)


def _with_recipe(
    document: dict[str, Any], comments: dict[Keys, str], named: str
) -> tuple[dict[str, Any], dict[Keys, str]]:
    """Return the plan with the recipe behind the table that it is done to."""
    remark: dict[Keys, str] = {
        ("refine", "recipe"): "Recorded in OpenRefine; the columns above are those that it leaves."
    }
    keys = list(document)
    at = keys.index("data") + 1
    ordered = {**{key: document[key] for key in keys[:at]}, "refine": {"recipe": named}}
    return {**ordered, **{key: document[key] for key in keys[at:]}}, {**comments, **remark}


def _named(sources: Sequence[str]) -> str | list[str]:
    """Return how a plan names its table: one text, or a list."""
    return sources[0] if len(sources) == 1 else list(sources)


def _stem(given: Sequence[Path]) -> str:
    """Return what to name a plan after: the file, or the folder of several."""
    name = given[0].name.removesuffix(".gz").removesuffix(".zst")
    several = len(given) > 1 or has_magic(name)
    return given[0].absolute().parent.name if several else Path(name).stem


def plan_name(stem: str) -> str:
    """Return a plan's name made of a file's: a DNS label of at most 30 characters.

    >>> plan_name("House Prices (2013)"), plan_name("2013")
    ('house-prices-2013', 'plan-2013')
    """
    label = _NOT_LABEL.sub("-", stem.casefold()).strip("-")
    if not label or not label[0].isalpha():
        label = f"plan-{label}"
    return label[:30].strip("-")


def init_project(
    table: Path | Sequence[Path],
    target: str,
    out: Path,
    *,
    name: str = "",
    encoding: str = "",
    recipe: Path | None = None,
    force: bool = False,
    for_cluster: bool = False,
    max_bad_fraction: float = MAX_BAD_FRACTION,
    on_progress: OnProgress | None = None,
) -> Project:
    """Profile a table and write `plan.yaml` and the notebook `explore.ipynb` that starts from it, both or neither.

    Args:
        table: a CSV or Parquet file, a pattern of such, or several, which make up one table.
        target: the column to predict.
        out: folder of the two files, made where needed.
        name: name of the plan; empty makes one of the file's.
        encoding: what a CSV is written in; empty takes UTF-8, or what its byte order mark says.
        recipe: file of an OpenRefine history that is done to the table first; None for nothing.
        force: replace files that are there.
        for_cluster: propose what a shared cluster wants.
        max_bad_fraction: the largest share of bad rows that a plan may be proposed for.
        on_progress: called with a message, the steps done and their number.

    Raises:
        PolicyError: ``exists`` where a file is there already and `force` is not set.
        DataError: what `propose_plan` raises.
        PlanError: `name` is not one that plans may have.
    """
    plan, notebook = out / PLAN, out / NOTEBOOK
    _refuse_existing([plan, notebook], force)
    proposal = propose_plan(
        table,
        target,
        source=_named([_relative(path, out) for path in ([table] if isinstance(table, Path) else table)]),
        name=name,
        encoding=encoding,
        notebook=NOTEBOOK,
        recipe=recipe,
        recipe_named=_relative(recipe, out) if recipe is not None else "",
        for_cluster=for_cluster,
        max_bad_fraction=max_bad_fraction,
        on_progress=on_progress,
    )
    before = notebook.read_bytes() if notebook.exists() else None
    write_whole(notebook, built_in_notebook().encode())
    try:
        write_whole(plan, proposal.text.encode())
    except BaseException:
        if before is None:
            notebook.unlink(missing_ok=True)
        else:
            write_whole(notebook, before)
        raise
    return Project(plan, proposal)


def _refuse_existing(files: list[Path], force: bool) -> None:
    there = [file.name for file in files if file.exists()]
    if there and not force:
        raise PolicyError(
            "exists",
            f"Files that are there are not replaced, but {files[0].parent} has {' and '.join(there)}.",
            remedy="Choose another folder with --out, or replace them with --force.",
        )


def _relative(table: Path, folder: Path) -> str:
    """Return how a plan in `folder` names `table`."""
    try:
        return Path(os.path.relpath(table.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return table.resolve().as_posix()
