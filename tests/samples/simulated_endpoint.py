"""A cloud's endpoint in memory: users ask as time passes, and calls are lost before or after they act."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.errors import TemporaryError
from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.endpoint.protocol import Bins, Served
from sevenfold.serving.observed import Side

BINS = FeatureBins(kind="category", names=("low", "high"), counts=(5_000, 5_000))
ANSWER: dict[str, Any] = {"predictions": [0.5]}


@dataclass(frozen=True)
class Behaviour:
    """How a version treats users: shares of their requests, and its 99th percentile in milliseconds."""

    errors: float = 0.0
    refused: float = 0.0
    p99: float = 10.0
    answer: float = 0.5  # to the example
    high: float = 0.5  # share of its predictions in the bin "high"


class Promotions:
    """The record of promotions; a lost call is one of `lost` of the endpoint."""

    def __init__(self, endpoint: SimulatedEndpoint) -> None:
        self.records: list[Record] = []
        self._endpoint = endpoint

    def current(self) -> Record | None:
        return self.records[-1] if self.records else None

    def predictions(self, digest: str) -> FeatureBins:
        return BINS

    def promote(self, record: Record, bundle: Path) -> Record:
        with self._endpoint.calling("promote"):
            if not self.records or self.records[-1].bundle != record.bundle:
                self.records.append(record.model_copy(update={"number": len(self.records) + 1}))
        return self.records[-1]


class SimulatedEndpoint:
    """Serves what is staged.

    `lose` is the number of the change whose answer is lost, and whether it happened; `figures` says whether containers
    tell of predictions, `late_seconds` how late.
    """

    address = "endpoint"

    def __init__(self, behaviours: dict[str, Behaviour], *, rate: float = 2.0, seed: int = 0) -> None:
        self.behaviours, self.rate = behaviours, rate
        self.shares: dict[str, int] = {}
        self.time, self.moved = 0.0, 0.0
        self.events: list[tuple[float, str, str]] = []  # when, by which bundle, with which outcome
        self.calls: list[str] = []
        self.lose: tuple[int, bool] | None = None
        self.blind, self.figures, self.late_seconds = False, True, 0.0
        self._random = random.Random(seed)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass, and users ask."""
        for _ in range(round(seconds * self.rate)):
            bundle = self._random.choices(list(self.shares), list(self.shares.values()))[0]
            behaviour, chance = self.behaviours[bundle], self._random.random()
            refused = chance < behaviour.refused
            outcome = "refused" if refused else "error" if chance < behaviour.refused + behaviour.errors else "good"
            self.events.append((self.time, bundle, outcome))
        self.time += seconds

    def calling(self, name: str) -> Any:
        """Note a change; lose it before or after it acts, where `lose` says so."""
        return _Call(self, name)

    def served(self) -> list[Served]:
        return [Served(bundle, percent) for bundle, percent in self.shares.items()]

    def stage(self, bundle: str) -> None:
        with self.calling(f"stage {bundle}"):
            assert bundle not in self.shares, "it would be paid for twice"
            self.shares[bundle] = 0 if self.shares else 100

    def share(self, percents: dict[str, int]) -> None:
        with self.calling(f"share {percents}"):
            assert percents.keys() == self.shares.keys()
            assert sum(percents.values()) == 100
            self.shares, self.moved = dict(percents), self.time

    def changed(self) -> float:
        return self.moved

    def withdraw(self, bundle: str) -> None:
        with self.calling(f"withdraw {bundle}"):
            assert self.shares[bundle] == 0 or set(self.shares) == {bundle}, "its users would lose their requests"
            del self.shares[bundle]

    def ask(self, body: bytes, bundle: str) -> dict[str, Any] | None:
        return {"predictions": [self.behaviours[bundle].answer]}

    def count(self, bundle: str, since: float) -> Side:
        if self.blind:
            raise TemporaryError("metrics", "No metrics.")
        outcomes = [outcome for moment, one, outcome in self.events if one == bundle and moment >= since]
        return Side(
            bundle=bundle,
            pods=1,
            answered=len(outcomes) - outcomes.count("refused"),
            errors=outcomes.count("error"),
            refused=outcomes.count("refused"),
            latency_p99_ms=self.behaviours[bundle].p99 if outcomes else None,
        )

    def predictions(self, bundle: str, since: float, bins: Sequence[str]) -> dict[str, int] | None:
        if not self.figures:
            return None
        late = self.time - self.late_seconds
        good = [
            1 for moment, one, outcome in self.events if one == bundle and since <= moment <= late and outcome == "good"
        ]
        high = round(len(good) * self.behaviours[bundle].high)
        return {"low": len(good) - high, "high": high}

    def features(self, bundle: str, since: float, bins: Bins) -> None:
        """Its containers tell of predictions alone."""


class _Call:
    def __init__(self, endpoint: SimulatedEndpoint, name: str) -> None:
        self._endpoint, self._name = endpoint, name

    def __enter__(self) -> None:
        self._number = len(self._endpoint.calls)
        if self._endpoint.lose == (self._number, False):
            self._lost()
        self._endpoint.calls.append(self._name)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._endpoint.lose == (self._number, True):
            self._lost()

    def _lost(self) -> None:
        self._endpoint.lose = None
        raise TemporaryError("lost", "No answer came.")
