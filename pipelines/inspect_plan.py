"""A plan with all that can be seen of what it names on this machine, without reading a row of the table."""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sevenfold.contracts.errors import DataError, IntegrityError, PlanError, TrainingError
from sevenfold.pipelines.warm_start import with_warm_start
from sevenfold.plan import Plan, check_plan
from sevenfold.plan.rules import Breach
from sevenfold.plan.training import Framework
from sevenfold.training.source import BUILD_MODEL, FORMS, TRAIN

__all__ = ["inspect_plan"]

AT_KEYS: Final = {"delimiter": "delimiter", "encoding": "encoding", "not_parquet": "format"}  # of data, by code
MAX_HEADERS: Final = 100  # of the files of a table


def inspect_plan(path: Path, *, table: bool = True) -> Plan:
    """Read a plan and check it with the header of its table, its notebook, its model source and its settings.

    What lies at an address is not fetched.

    Args:
        path: the plan; the paths in it start from its folder.
        table: whether the plan's own table is to be read; another one makes its header irrelevant.

    Raises:
        PlanError: with every problem found, each with line, rule, value and remedy.
    """
    checked = check_plan(path)
    problems = list(checked.problems)
    if checked.plan is not None:
        located = checked.plan.located(path.resolve().parent)
        breaches = list(_recipe(located))
        if table and not breaches:
            breaches += _table(located)
        breaches += [*_notebook(located), *_source(located), *_settings(located), *_sampler(located)]
        breaches += _warm_start(located)
        problems += [checked.problem(breach) for breach in breaches if not checked.is_wrong(breach[0])]
    if problems or checked.plan is None:
        raise PlanError(problems, path=path.name)
    return checked.plan


def _recipe(plan: Plan) -> Iterator[Breach]:
    """Yield what is wrong with the recipe: each step that cannot be replayed, by its number."""
    from sevenfold.refine.recipe import load_recipe
    from sevenfold.refine.refined_source import check_form

    key, path = ("refine", "recipe"), Path(plan.refine.recipe)
    if not plan.refine.recipe or "://" in plan.refine.recipe:
        return
    if not path.is_file():
        yield _absent(key, path, "an OpenRefine history", {".json"})
        return
    try:
        check_form(plan.data)
        load_recipe(plan.refine.recipe, Path(), Path())
    except DataError as fault:
        yield key, fault.message, "", fault.remedy


def _table(plan: Plan) -> Iterator[Breach]:
    """Yield what is wrong with the files of the table, each key once."""
    shown: set[tuple[str, ...]] = set()
    for source in plan.data.sources:
        for breach in _files(source, plan):
            if breach[0] not in shown:
                shown.add(breach[0])
                yield breach


def _files(source: str, plan: Plan) -> Iterator[Breach]:
    from sevenfold.tables.sources import matching_files

    path = Path(unquote(urlsplit(source).path) if source.startswith("file://") else source)
    elsewhere = "://" in source and not source.startswith("file://")
    if elsewhere or (plan.data.volume and not path.exists()):
        return
    try:
        files = matching_files(source, Path())
    except DataError as fault:
        yield ("data", "source"), fault.message, "", fault.remedy
        return
    if not files and not path.exists():
        yield _absent(("data", "source"), path, "a file", {".csv", ".tsv", ".txt", ".gz", ".zst", ".parquet"})
        return
    for file in (files or [path])[:MAX_HEADERS]:
        if file.is_file():
            yield from _header(file, plan)
        else:
            yield ("data", "source"), "must be the path of a file", f"the folder {file.name!r}", "Name a file in it."


def _header(path: Path, plan: Plan) -> Iterator[Breach]:
    """Yield what the header shows: how the file is to be read, and columns that only the plan or only the table has."""
    if plan.refine.recipe:
        yield from _refined_header(path, plan)
        return
    from sevenfold.tables.check_header import unreadable_types
    from sevenfold.tables.reader import TableReader

    try:
        schema = TableReader(path, plan.data).schema()
    except DataError as fault:
        yield ("data", AT_KEYS.get(fault.code, "source")), fault.message, "", fault.remedy
        return
    yield from _columns(schema.names, plan, path.name)
    for name, unreadable in unreadable_types(schema, plan.data).items():
        yield ("data", "columns", name, "kind"), unreadable.message, "", unreadable.remedy


def _refined_header(path: Path, plan: Plan) -> Iterator[Breach]:
    """Yield what the header shows after the recipe, as far as the steps decide that without the values."""
    from sevenfold.refine.check_source import raw_names, refined_names
    from sevenfold.refine.recipe import load_recipe

    if "://" in plan.refine.recipe:
        return
    try:
        raw = raw_names(path, plan.data)
    except DataError as fault:
        yield ("data", AT_KEYS.get(fault.code, "source")), fault.message, "", fault.remedy
        return
    try:
        names = refined_names(raw, load_recipe(plan.refine.recipe, Path(), Path()).history)
    except DataError as fault:
        yield ("refine", "recipe"), fault.message, "", fault.remedy
        return
    if names is not None:
        yield from _columns(names, plan, f"the refined {path.name}")


def _columns(names: list[str], plan: Plan, table: str) -> Iterator[Breach]:
    from sevenfold.tables.header import missing_columns, unknown_columns

    unknown = unknown_columns(names, plan.data)
    for name in missing_columns(names, plan.data):
        remedy = _did_you_mean(name, unknown) or "Correct the name, or give it role: ignore if it is no longer there."
        yield ("data", "columns", name), f"must be a column of {table}", "a table without it", remedy
    if unknown:
        named = ", ".join(repr(name[:60]) for name in unknown[:8]) + (" …" if len(unknown) > 8 else "")
        remedy = "Add them, with role: ignore where the model must not see them."
        yield ("data", "columns"), f"must name every column of {table}", f"no entry for {named}", remedy


def _notebook(plan: Plan) -> Iterator[Breach]:
    key, path = ("design", "notebook"), Path(plan.design.notebook)
    if not plan.design.notebook or "://" in plan.design.notebook:
        return
    if not path.is_file():
        yield _absent(key, path, "a notebook", {".ipynb"})
        return
    try:
        cells = json.loads(path.read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        cells = None
    if not isinstance(cells, list):
        yield key, "must be a Jupyter notebook", repr(path.name), "Save it again from JupyterLab."


def _source(plan: Plan) -> Iterator[Breach]:
    key, path = ("training", "source"), Path(plan.training.source)
    if not plan.training.source or "://" in plan.training.source:
        return
    entry = path / "__init__.py" if path.is_dir() else path
    if not path.exists():
        yield _absent(key, path, "a Python file or a package folder", {".py", ""})
        return
    if not entry.is_file() or entry.suffix != ".py":
        yield key, "must be a Python file or a package folder", repr(path.name), "Give its path relative to the plan."
        return
    try:
        text = entry.read_text()
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError) as error:
        at = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        yield key, "must be Python", f"{getattr(error, 'msg', error)}{at} of {entry.name}", "Correct the file."
        return
    borrowed = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body)
    function = TRAIN if plan.training.framework is Framework.ONNX else BUILD_MODEL
    if not re.search(rf"\b{function}\b", text) and not borrowed:
        form, result = FORMS[function]
        yield key, f"must define {form}", f"no such name in {entry.name}", f"Define {function}; it returns {result}."


def _settings(plan: Plan) -> Iterator[Breach]:
    """Yield settings of built-in models that they do not know, or that are out of bounds."""
    from sevenfold.training.kinds import kinds_of, own_name

    if plan.training.source or plan.training.framework is Framework.ONNX:
        return
    given: list[tuple[tuple[str, ...], str, Any]] = [
        (("training", "settings", name), name, value) for name, value in plan.training.settings.items()
    ]
    for index, start in enumerate(plan.tuning.warm_start.settings):
        at = ("tuning", "warm_start", "settings", str(index))
        given += [((*at, name), name, value) for name, value in start.items()]
    for name, searched in plan.tuning.space.items():
        ends = (searched.choices or ()) if searched.choices is not None else (searched.low, searched.high)
        given += [(("tuning", "space", name), name, int(end) if searched.integer else end) for end in ends]
    kinds = kinds_of(plan.training.model_copy(update={"settings": {}}))
    shown: set[tuple[str, ...]] = set()
    for key, name, value in given:
        try:
            kind, own = own_name(kinds, name)
            kind.effective_settings({own: value})
        except TrainingError as fault:
            if key not in shown and fault.code == "unknown_setting":
                yield key, "must be a setting of the model", repr(name), fault.remedy
            elif key not in shown:
                yield key, fault.message.removeprefix(f"training.settings.{own}: "), "", fault.remedy
            shown.add(key)


def _sampler(plan: Plan) -> Iterator[Breach]:
    """Yield why the sampler cannot search the plan's space, or the one that a kind of model brings."""
    from sevenfold.training.kinds import kinds_of
    from sevenfold.tuning.searchable import require_searchable
    from sevenfold.tuning.task import searched_space

    tuning, training = plan.tuning, plan.training
    spaces = [dict(tuning.space)]
    if not training.source and training.framework is not Framework.ONNX:
        kinds = kinds_of(training.model_copy(update={"settings": {}}))
        spaces = [
            {(f"{kind.name}." if training.leaves_choice else "") + name: given for name, given in space.items()}
            for kind in kinds
            for space in [searched_space(kind, tuning, training)]
        ]
    for space in spaces if tuning.trials else ():
        try:
            if space:
                require_searchable(tuning.sampler, space)
        except TrainingError as fault:
            yield ("tuning", "sampler"), fault.message.removeprefix("tuning.sampler: "), "", fault.remedy
            return


def _warm_start(plan: Plan) -> Iterator[Breach]:
    """Yield why settings cannot be read from a study on this machine."""
    study = plan.tuning.warm_start.study
    if "://" not in study:
        try:
            with_warm_start(plan, Path())
        except (DataError, IntegrityError) as fault:
            yield ("tuning", "warm_start", "study"), fault.message, "", fault.remedy


def _absent(key: tuple[str, ...], path: Path, what: str, suffixes: set[str]) -> Breach:
    entries = path.parent.iterdir() if path.parent.is_dir() else ()
    beside = [entry.name for entry in entries if entry.suffix in suffixes and entry.name != path.name]
    state = f"the folder {path.name!r}" if path.is_dir() else f"{path.name!r}, which is not there"
    remedy = _did_you_mean(path.name, beside) or "Correct the path; it starts from the plan's folder."
    return key, f"must be the path of {what}", state, remedy


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    folded = {other.casefold(): other for other in known}
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    return f"Did you mean {folded[near[0]]!r}?" if near else ""
