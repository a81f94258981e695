"""The promoted model as a process of this machine, which the next `watch` finds again if this one was killed."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.service import LocalService, read_unsealed_service, write_service
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.scrape import read_label_counts, read_labels
from sevenfold.pipelines.releases import SERVED
from sevenfold.scoring.client import InferenceClient
from sevenfold.serving.local.predictor import runs, start_predictor
from sevenfold.serving.local.process import end_process

if TYPE_CHECKING:
    from sevenfold.drift.concept import Labelled
    from sevenfold.monitoring.label_scores import LabelCounts
    from sevenfold.pipelines.local.loop import LocalLoop

__all__ = ["SERVED", "CountedLabels", "PromotedService"]


@dataclass(frozen=True)
class CountedLabels:
    """What one process of a predictor counted of labels since it started: what is judged, and every counter."""

    counted: Labelled
    process: str
    bundle: str
    counts: LabelCounts


class PromotedService:
    """The promoted model as a process: a new one answers before the old one is stopped.

    Use it as a context manager; leaving it stops what serves. What a killed process of ours left serving is taken over,
    address and counts with it, or stopped where another model is promoted now. What serves for the project that this
    one was copied from is left to that one.

    Args:
        loop: says what is promoted.
        takes_feedback: whether a port for labels is open.
    """

    def __init__(self, loop: LocalLoop, *, takes_feedback: bool = False) -> None:
        self._loop, self._takes_feedback = loop, takes_feedback
        self._folder = loop.home / SERVED
        self._service: LocalService | None = None
        self._told = ""
        self._keeping = threading.Lock()

    def __enter__(self) -> PromotedService:
        with suppress(SevenfoldError):
            left = read_unsealed_service(LocalService, self._folder)
            if runs(left) and not self._is_of_another(left):
                self._service = left
        return self

    def __exit__(self, *_: object) -> None:
        if self._service is not None:
            end_process(self._service.pid, self._service.started)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def service(self) -> LocalService | None:
        """What serves now."""
        return self._service

    def keep(self) -> bool:
        """See that the promoted model serves; return whether it does so at an address that was not told yet.

        Several threads may call it: one at a time does something.

        Raises:
            ServingError: the predictor does not start; what served before goes on serving.
            OSError: it cannot be put on record; the new one is stopped.
        """
        with self._keeping:
            return self._keep()

    def _keep(self) -> bool:
        wanted, present = self._loop.serving.bundle, self._service
        if present is not None and self._fits(present, wanted):
            known, self._told = self._told == present.url, present.url
            self._loop.url = present.url
            return not known
        log = self._loop.home / f"watch-{wanted.removeprefix('sha256:')[:12]}.log"
        made = start_predictor(
            self._loop.registry.bundle(wanted),
            name=self._loop.plan.name,
            log=log,
            takes_feedback=self._takes_feedback,
        )
        try:
            write_service(made, self._folder)
        except BaseException:  # also Ctrl-C: the next watch would not know of it
            end_process(made.pid, made.started)
            raise
        self._service, self._told = made, made.url
        self._loop.url = made.url
        if present is not None:
            end_process(present.pid, present.started)
        return True

    def labels(self) -> CountedLabels | None:
        """Return what the serving process counted of labels; None where its port is closed, or it does not answer."""
        service = self._service
        if service is None or not service.feedback_port:
            return None
        try:
            with InferenceClient(service.url, service.name, timeout_seconds=10.0) as client:
                page = client.metrics()
            label = bundle_label(service.digest)
            counted = read_labels(page, model=service.name, bundle=label)
            counts = read_label_counts(page, model=service.name, bundle=label)
        except SevenfoldError:  # it is starting anew, or gone: the next look asks again
            return None
        return None if counted is None else CountedLabels(counted, f"{service.pid}-{service.started}", label, counts)

    def _is_of_another(self, service: LocalService) -> bool:
        """Whether a process serves for another folder of runs, of which this one is a copy; one that moved is ours."""
        started_by = Path(service.log).parent.resolve()
        if started_by == self._loop.home.resolve():
            return False
        try:
            return read_unsealed_service(LocalService, started_by / SERVED) == service
        except SevenfoldError:  # it moved here
            return False

    def _fits(self, service: LocalService, wanted: str) -> bool:
        """Whether a process runs, serves the promoted model, and has a port for labels just where one is wanted."""
        return service.digest == wanted and bool(service.feedback_port) is self._takes_feedback and runs(service)
