"""Replay: rows sent through a predictor as if they were production traffic, a window at a time.

The rows are counted like anybody's: no replay mark is set, so that what is measured is what Prometheus would see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.contracts.errors import ServingError
from sevenfold.contracts.schema import Column
from sevenfold.drift.counters import Scrape, since, summed
from sevenfold.monitoring.scrape import read_metrics
from sevenfold.monitoring.windows import Window
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.feeds import Feeds, feeds_from_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_ROWS", "Replayed", "replay", "scrape", "some_places"]

BATCH: Final = 1_024  # rows of a request; halved where the predictor takes fewer
SINGLES: Final = 100  # rows of each window sent one by one first, for the time of one request
MAX_ROWS: Final = 50_000  # of one window, evenly spaced: more tell nothing new


@dataclass(frozen=True)
class Replayed:
    """What the predictor counted while one window was sent; `singles` is the part sent row by row."""

    label: str
    counted: Scrape
    singles: Scrape


def scrape(client: InferenceClient, bundle: str) -> Scrape:
    """Read what the predictor has counted until now."""
    return read_metrics(client.metrics(), model=client.model, bundle=bundle)


def replay(
    client: InferenceClient,
    table: pa.Table,
    inputs: dict[str, Column],
    windows: Sequence[Window],
    bundle: str,
    *,
    on_progress: Callable[[str, int, int], None] = lambda message, done, total: None,
) -> list[Replayed]:
    """Send the windows' rows, looking at the predictor's counters before and after each.

    Args:
        client: of the predictor, for the served name.
        table: rows with the columns of `inputs`.
        inputs: the bundle's.
        windows: which rows, in the order to send them.
        bundle: the bundle's label.
        on_progress: called with a message, rows done and rows in all after each window.

    Raises:
        ServingError, TemporaryError: what the client raises.
        MonitoringError: what reading the metrics raises.
    """
    total = sum(min(len(window.places), MAX_ROWS) for window in windows)
    done, batch, found = 0, BATCH, []
    before = scrape(client, bundle)
    for window in windows:
        feeds = feeds_from_table(table.take(some_places(window.places)), inputs)
        rows = len(next(iter(feeds.values())))
        single = min(SINGLES, rows)
        for place in range(single):
            client.infer(_cut(feeds, place, place + 1))
        middle = scrape(client, bundle)
        batch = _send(client, feeds, single, rows, batch)
        after = scrape(client, bundle)
        one_by_one = since(before, middle)
        found.append(Replayed(window.label, summed([one_by_one, since(middle, after)]), one_by_one))
        before, done = after, done + rows
        on_progress(f"{window.label}: {rows:,} rows replayed", done, total)
    return found


def _send(client: InferenceClient, feeds: Feeds, start: int, rows: int, batch: int) -> int:
    """Send rows in batches, smaller ones where the predictor refuses the size; return the size that went through."""
    while start < rows:
        try:
            client.infer(_cut(feeds, start, start + batch))
        except ServingError as error:
            if error.code != "http_413" or batch == 1:
                raise
            batch = max(1, batch // 2)
            continue
        start += batch
    return batch


def _cut(feeds: Feeds, start: int, stop: int) -> Feeds:
    return {name: values[start:stop] for name, values in feeds.items()}


def some_places(places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return at most `MAX_ROWS` of some places, evenly spread over them."""
    if len(places) <= MAX_ROWS:
        return places
    return places[np.linspace(0, len(places) - 1, MAX_ROWS).astype(np.int64)]
