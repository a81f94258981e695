"""Replay: send rows through a predictor as production traffic, one window at a time.

The rows are counted like those of users: no replay header is set, so the counters are the ones Prometheus would see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import ServingError
from sevenfold.contracts.schema import Column
from sevenfold.contracts.service import REFINED_ROWS, ROWS_HEADER
from sevenfold.drift.counters import Scrape, since, summed
from sevenfold.monitoring.scrape import scrape
from sevenfold.monitoring.windows import Window
from sevenfold.report.quantity import quantity
from sevenfold.runtime.progress import OnProgress
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.feeds import Feeds, feeds_from_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_ROWS", "Replayed", "evenly_spaced", "replay"]


REFINED: Final = {ROWS_HEADER: REFINED_ROWS}  # a dataset's rows have been through the plan's recipe
BATCH: Final = 1_024  # rows of a request; halved where the predictor takes fewer
SINGLES: Final = 100  # rows of each window sent one by one first, for the time of one request
MAX_ROWS: Final = 50_000  # of one window, evenly spaced: more would add nothing


@dataclass(frozen=True)
class Replayed:
    """What the predictor counted during one window; `singles` is the part that was sent row by row."""

    label: str
    counted: Scrape
    singles: Scrape

    @classmethod
    def of_traffic(cls, label: str, counted: Scrape) -> Self:
        """Return traffic that was not sent by a replay as one window."""
        return cls(label, counted, counted)


def replay(
    client: InferenceClient,
    table: pa.Table,
    inputs: dict[str, Column],
    windows: Sequence[Window],
    bundle: str,
    *,
    on_progress: OnProgress = lambda message, done, total: None,
) -> list[Replayed]:
    """Send the rows of the windows, reading the predictor's counters before and after each.

    Args:
        client: of the predictor, with the served name.
        table: rows with the columns of `inputs`.
        inputs: the bundle's input columns.
        windows: the rows to send, in this order.
        bundle: the bundle's label.
        on_progress: called with a message, rows done and rows in all after each window.

    Raises:
        ServingError, TemporaryError: what the client raises.
        MonitoringError: what reading the metrics raises.
    """
    total = sum(min(len(window.rows), MAX_ROWS) for window in windows)
    done, batch, replayed = 0, BATCH, []
    before = scrape(client, bundle)
    for window in windows:
        feeds = feeds_from_table(table.take(evenly_spaced(window.rows)), inputs)
        rows = len(next(iter(feeds.values())))
        single = min(SINGLES, rows)
        for index in range(single):
            client.infer(_cut(feeds, index, index + 1), headers=REFINED)
        middle = scrape(client, bundle)
        batch = _send(client, feeds, single, rows, batch)
        after = scrape(client, bundle)
        one_by_one = since(before, middle)
        replayed.append(Replayed(window.label, summed([one_by_one, since(middle, after)]), one_by_one))
        before, done = after, done + rows
        on_progress(f"{window.label}: {quantity(rows, 'row')} replayed", done, total)
    return replayed


def _send(client: InferenceClient, feeds: Feeds, start: int, rows: int, batch: int) -> int:
    """Send rows in batches, halved where the predictor refuses the size; return the size it accepted."""
    while start < rows:
        try:
            client.infer(_cut(feeds, start, start + batch), headers=REFINED)
        except ServingError as error:
            if error.code != "http_413" or batch == 1:
                raise
            batch = max(1, batch // 2)
            continue
        start += batch
    return batch


def _cut(feeds: Feeds, start: int, stop: int) -> Feeds:
    return {name: values[start:stop] for name, values in feeds.items()}


def evenly_spaced(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return row indices unchanged, or `MAX_ROWS` of them at even distances where there are more."""
    if len(rows) <= MAX_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MAX_ROWS).astype(np.int64)]
