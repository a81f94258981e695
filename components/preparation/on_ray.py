"""Check the partitions of a table on Ray, through Ray Data."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.schema import Column
from sevenfold.plan.data import DataSection
from sevenfold.plan.ray import PreparationRaySection
from sevenfold.preparation.sent_files import served_files
from sevenfold.ray.session import ray_session
from sevenfold.ray.use import PREPARATION
from sevenfold.runtime.progress import OnMessage
from sevenfold.tables.coded_column import CodedColumn
from sevenfold.tables.partition import LocalFiles, Partition, TableFiles, checked_partition
from sevenfold.tables.partitioned_reader import Checked, CheckPartitions, PartitionedReader

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["partitions_on_ray"]

BLOCK_BYTES: Final = 32 << 20  # of checked rows that a task sends at once


@contextmanager
def partitions_on_ray(
    section: PreparationRaySection, on_message: OnMessage = lambda message: None
) -> Iterator[CheckPartitions]:
    """Connect to Ray for the `with` block, and yield what a `PartitionedReader` has its partitions checked by.

    Each partition is a task of Ray Data, at most `section.tasks` at a time. A task whose process or node is lost is
    done again on another one.

    Raises:
        SevenfoldError: ``ray_too_small``; ``ray_failed`` where tasks were lost too often; as `ray_session`.
    """
    with ray_session(section, PREPARATION, on_message):
        _require_room(section)

        def check(reader: PartitionedReader, partitions: Sequence[Partition]) -> Checked:
            sent = served_files(reader.paths) if section.on_cluster else nullcontext(LocalFiles(reader.paths))
            with sent as files:
                task = _Task(files, reader.data, reader.columns, reader.fresh_codes())
                with closing(_checked(task, partitions, section)) as found:
                    yield from found

        yield check


class _Task:
    """What a task does with its partition, a row of Ray Data: a row for each batch that is found."""

    def __init__(
        self,
        files: TableFiles,
        data: DataSection,
        columns: Mapping[str, Column],
        coded: Mapping[str, CodedColumn],
    ) -> None:
        self._files, self._data, self._columns = files, data, dict(columns)
        self._coded = pickle.dumps(dict(coded))  # one task must not learn from another that the same process did

    def __call__(self, rows: pa.Table) -> Iterator[pa.Table]:
        import pyarrow as pa

        for number, pickled in zip(rows["number"].to_pylist(), rows["partition"].to_pylist(), strict=True):
            coded = pickle.loads(self._coded)  # noqa: S301 - of the process that started this task
            partition = pickle.loads(pickled)  # noqa: S301
            for found in checked_partition(partition, self._files, self._data, self._columns, coded):
                yield pa.table({"number": [number], "found": [pickle.dumps(found, protocol=5)]})


def _checked(task: _Task, partitions: Sequence[Partition], section: PreparationRaySection) -> Checked:
    import ray

    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = BLOCK_BYTES
    rows = [{"number": at, "partition": pickle.dumps(partition)} for at, partition in enumerate(partitions)]
    tasks: dict[str, Any] = {"num_cpus": section.cpu, "compute": ray.data.TaskPoolStrategy(size=section.tasks)}
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # Ray Data gives its own loggers back their level
    found = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        task, batch_size=1, batch_format="pyarrow", **tasks
    )
    try:
        for batch in found.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=1):
            for number, pickled in zip(batch["number"], batch["found"], strict=True):
                yield number.as_py(), pickle.loads(pickled.as_buffer())  # noqa: S301 - of our own tasks
    except ray.exceptions.RayError as error:
        raise PREPARATION.error(
            "ray_failed",
            f"Ray must check every partition of the table, but has not: {str(error).strip().splitlines()[-1][:300]}",
            remedy=f"See the logs of its nodes, or write {PREPARATION.other}.",
        ) from error


def _require_room(section: PreparationRaySection) -> None:
    """Raise where no node could ever run a task."""
    import ray

    largest = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
    if largest < section.cpu:
        raise PREPARATION.error(
            "ray_too_small",
            f"A task needs a node with {section.cpu} CPUs, but Ray has none: the largest has {largest:g}.",
            remedy="Lower preparation.ray.cpu, or give the cluster larger nodes.",
        )
