"""Prepare: a table and its plan in, a sealed dataset folder out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.dataset import DATASET_FILES
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.reference import Reference
from sevenfold.contracts.schema import Schema, Task
from sevenfold.contracts.split_names import files_of
from sevenfold.contracts.transform import Target, Transform
from sevenfold.contracts.versioned import write_versioned
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import PreparationEngine, PreparationSection, SplitBy
from sevenfold.preparation.dropped import without_dropped, without_private_group
from sevenfold.preparation.features import FeatureFindings, FeatureFitter
from sevenfold.preparation.folder import scratch_folder, whole_folder
from sevenfold.preparation.on_ray import partitions_on_ray
from sevenfold.preparation.prepared import Prepared, warnings_of
from sevenfold.preparation.refined import RefinedTable, refined_table
from sevenfold.preparation.split_files import SplitFiles
from sevenfold.preparation.split_rows import split_rows, targets_of
from sevenfold.preparation.store import RowStore
from sevenfold.preparation.timeline import balance
from sevenfold.refine.recipe import Recipe
from sevenfold.report.quantity import quantity
from sevenfold.runtime.freed_memory import FreedMemory, give_memory_back
from sevenfold.runtime.progress import OnProgress
from sevenfold.tables.mean_deviation import mean_and_deviation
from sevenfold.tables.numbers import IN_MEMORY
from sevenfold.tables.partitioned_reader import PartitionedReader
from sevenfold.tables.parts import part_names, parts_of, table_name
from sevenfold.tables.quarantine import Quarantine
from sevenfold.tables.reader import TableReader
from sevenfold.tables.sources import table_digest
from sevenfold.tables.split import TRAIN, side_sizes

__all__ = ["prepare"]

STEPS: Final = 5
AT_ONCE: Final = 2  # threads: one writes while one looks for duplicates and fits, and then two fit


def prepare(
    table: Path | Sequence[Path],
    data: DataSection,
    preparation: PreparationSection,
    out: Path,
    *,
    recipe: Recipe | None = None,
    max_features: int = 50,
    earlier: Earlier | None = None,
    on_progress: OnProgress | None = None,
) -> Prepared:
    """Read a table, check it, split it, fit the transform on the training rows, and seal the dataset folder `out`.

    The folder (see `contracts.dataset`) appears whole or not at all, and equal inputs give equal bytes. Memory holds a
    chunk of rows and, of classes, two bytes per row of the table; a target that is a number takes eight, a split by
    group or at random and a table of many equal rows take more.

    Args:
        table: a CSV or Parquet file, or the files that make up the table, in order.
        data: what the file is and what its columns are.
        preparation: how to split and fit.
        out: the folder to make; an earlier dataset there is replaced.
        recipe: what is done to the table first, so that `data.columns` are those of the refined one; None for nothing.
        max_features: how many features get reference bins.
        earlier: a dataset whose test rows test again; None for none.
        on_progress: called with a message, the steps done and their number.

    Raises:
        DataError: the table cannot be used; the code says why.
        PolicyError: ``not_ours`` where `out` holds something else than a dataset.
        SevenfoldError: ``disk_full``; with `engine: ray` what `partitions_on_ray` raises.
    """
    on_progress = on_progress or (lambda message, done, total: None)
    paths = parts_of(table)
    _check_digest(paths, data)
    with whole_folder(out) as work, scratch_folder(work) as scratch:
        store = RowStore(scratch / "rows.arrow")
        try:
            refined = refined_table(paths, data, recipe, scratch, on_progress) if recipe is not None else None
            return _prepared(paths, data, preparation, work, store, max_features, on_progress, refined, earlier)
        finally:
            store.close()


def _prepared(
    paths: Sequence[Path],
    data: DataSection,
    section: PreparationSection,
    work: Path,
    store: RowStore,
    max_features: int,
    on_progress: OnProgress,
    refined: RefinedTable | None,
    earlier: Earlier | None,
) -> Prepared:
    split_column = "" if section.split.by is SplitBy.STRATIFIED else section.split.column
    table, read_as = (paths, data) if refined is None else ((refined.path,), refined.data)
    freed = FreedMemory(IN_MEMORY)
    with (
        _opened(table, read_as, section, {split_column} - {""}, on_progress) as reader,
        closing(iter(reader)) as batches,
    ):
        for batch in batches:
            store.add(batch)
            freed.after(reader.rows)
            on_progress(_read_text(reader), 0, STEPS)
    store.flush()
    give_memory_back()
    if refined is not None:
        reader.quarantine.relocate(refined.source.located, part_names(paths))
    reader.check()
    if store.rows == 0:
        refused = quantity(reader.rows, "row was refused", "rows were refused")
        raise DataError("no_rows", f"A table must have usable rows, but {table_name(paths)} has none: {refused}.")
    targets = targets_of(store.column(data.target), data)
    on_progress(f"split {quantity(store.rows, 'row')} by {section.split.by.value}", 1, STEPS)
    split = split_rows(store, data, section, targets, earlier)
    give_memory_back()
    sides, target, classes = split.sides, targets.values, targets.classes
    # canonical JSON sorts its keys, so only this order is the same before and after writing
    columns = {name: data.columns[name] for name in sorted(reader.columns)}
    schema = Schema(
        task=data.task,
        target=data.target,
        classes=classes,
        columns=columns,
        notation=data.notation,
        merged_classes=reader.classes.merged,
        left_out_classes=reader.classes.left_out,
    )
    schema = without_private_group(schema)
    fitter = FeatureFitter(data, section, sides, target, schema, max_features, store.path.parent)
    features = []
    with ThreadPoolExecutor(AT_ONCE) as workers:
        files = SplitFiles(workers, store, split, schema, work)
        duplicates = workers.submit(split.duplicates)
        try:
            for at, fitted in enumerate(fitter.fit_all(store.column, workers)):
                on_progress(f"fit {at + 1} of {quantity(len(schema.features), 'feature')}", 2, STEPS)
                features.append(fitter.take(fitted))
            leaks = fitter.finish()
            schema = without_dropped(schema, features)
        except BaseException:
            files.give_up()
            raise
        on_progress("write the splits", 3, STEPS)
        splits = files.rows(lambda rows: on_progress(f"wrote {rows:,} of {quantity(store.rows, 'row')}", 3, STEPS))
    if refined is not None:
        schema = schema.model_copy(update={"refinement": refined.refinement(schema)})
    _write_rest(work, schema, features, fitter, target, sides, reader.quarantine)
    on_progress("seal the dataset", 4, STEPS)
    rows = {name: some for side, count in splits.items() for name, some in files_of(side, count).items()}
    rows["quarantine.parquet"] = reader.quarantine.counts.total()
    digest = seal(work, expected=[*DATASET_FILES, *rows], rows=rows)
    hidden = data.columns[data.target].sensitive
    return Prepared(
        digest=digest,
        source=table_name(paths),
        schema=schema,
        by=section.split.by,
        rows=reader.rows,
        splits=splits,
        refused=dict(reader.quarantine.counts),
        refused_by_column=dict(reader.quarantine.by_column),
        features=features,
        merged_rows={} if hidden else dict(reader.classes.counts),
        balance=balance(target, sides, classes, hidden=hidden),
        timeline=[] if split.times is None else split.times.spans,
        warnings=leaks + warnings_of(reader, features, split.times, data, split_column),
        duplicates=duplicates.result(),
        refined=None if refined is None else refined.steps,
    )


@contextmanager
def _opened(
    table: Sequence[Path],
    data: DataSection,
    section: PreparationSection,
    required: Collection[str],
    on_progress: OnProgress,
) -> Iterator[TableReader]:
    """Open the table for the `with` block, with the engine of the plan; what is known of it stays known."""
    if section.engine is not PreparationEngine.RAY:
        yield TableReader(table, data, required=required)
        return
    with partitions_on_ray(section.ray, lambda message: on_progress(message, 0, STEPS)) as check:
        yield PartitionedReader(table, data, required=required, check=check)


def _write_rest(
    work: Path,
    schema: Schema,
    features: list[FeatureFindings],
    fitter: FeatureFitter,
    target: NDArray[Any],
    sides: NDArray[np.int8],
    quarantine: Quarantine,
) -> None:
    import pyarrow.parquet as pq

    if schema.task is Task.REGRESSION:
        mean, scale = mean_and_deviation(target[sides == TRAIN])
        fitted = Target(mean=mean, scale=scale if scale > 0 else 1.0)
    else:
        fitted = Target(classes=schema.classes)
    kept = tuple(item.feature for item in features if item.feature is not None and not item.dropped)
    write_versioned(work / "schema.json", schema)
    write_versioned(work / "transform.json", Transform(features=kept, target=fitted))
    rows = next(iter(fitter.bins.values())).rows if fitter.bins else side_sizes(sides)[TRAIN]
    write_versioned(work / "reference.json", Reference(rows=rows, features=fitter.bins))
    pq.write_table(quarantine.table(), work / "quarantine.parquet", compression="snappy", store_schema=False)


def _read_text(reader: TableReader) -> str:
    about = reader.rows_of_all
    if about is None:
        return f"read {quantity(reader.rows, 'row')}"
    size = 10 ** max(0, len(str(about)) - 3)  # three digits are all that it is good for
    return f"read {reader.rows:,} of about {max(reader.rows, round(about / size) * size):,} rows"


def _check_digest(paths: Sequence[Path], data: DataSection) -> None:
    if data.digest and (actual := table_digest(paths)) != data.digest:
        raise DataError(
            "digest_mismatch",
            f"{table_name(paths)} must have the digest {data.digest}, but has {actual}.",
            remedy="It was cut off or replaced: fetch it again, or write the new digest into the plan.",
        )
