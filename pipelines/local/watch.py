"""Watch: turn the loop again and again, and keep the promoted model serving meanwhile."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import PlanError, PolicyError, SevenfoldError
from sevenfold.monitoring.retrain.acknowledgement import person_needed
from sevenfold.monitoring.retrain.history_report import entry_line
from sevenfold.monitoring.score_history import ScoreHistory
from sevenfold.pipelines.local.interruption import RunInterrupted, interruptions
from sevenfold.pipelines.local.loop import PAGE, LocalLoop
from sevenfold.pipelines.local.loop_page import SCORES
from sevenfold.pipelines.local.promoted_service import PromotedService
from sevenfold.plan import load_plan

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.monitoring.retrain.journal import Entry

__all__ = ["sole_watch", "watch_loop"]

LOCK: Final = "watch.lock"
KEEP_SECONDS: Final = 2.0


def watch_loop(
    loop: LocalLoop,
    console: Console,
    *,
    every_seconds: float = 60.0,
    once: bool = False,
    takes_feedback: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Turn a loop until it is interrupted, or once; return whether a person must look.

    A turn that cannot be finished now, such as on a full disk or with a plan that was spoilt meanwhile, is told once
    and tried again; the model goes on serving.

    Args:
        loop: the loop.
        console: gets a line for each decision.
        every_seconds: pause between two turns.
        once: turn it once, and serve nothing.
        takes_feedback: whether what serves has a port for labels that come back.
        sleep: waits so many seconds.

    Raises:
        PolicyError: ``already_watched``, and what a turn raises that no time mends.
        TemporaryError, OSError: with `once`, a turn that cannot be finished.
        RunInterrupted: after Ctrl-C, SIGTERM or SIGHUP.
    """
    with sole_watch(loop.home), interruptions() as signals:
        if once:
            _turn(loop, None, console)
            _print(console, f"page: {loop.home / PAGE}")
            return person_needed(loop.journal.entries(loop.plan.name)) is not None
        with PromotedService(loop, takes_feedback=takes_feedback) as service:
            told = ""
            try:
                while True:
                    fault = _tried(loop, service, console)
                    if fault and fault != told:
                        _print(console, f"waits: {fault}")
                    told = fault
                    sleep(every_seconds)
            finally:
                signals.ignore()  # what serves must be stopped, however often Ctrl-C is pressed


@contextmanager
def sole_watch(home: Path) -> Iterator[None]:
    """Refuse a second watch of a plan on this machine; a killed one does not count.

    Raises:
        PolicyError: ``already_watched``.
    """
    with (home / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PolicyError(
                "already_watched",
                f"A plan is watched by one process at a time, but another holds {home / LOCK}.",
                remedy="Leave it to the other one, or end that first.",
            ) from None
        yield


def _tried(loop: LocalLoop, service: PromotedService, console: Console) -> str:
    """Turn the loop; return what could not be done now, "" where all was."""
    try:
        _announce(service, console)
        if refused := _follow_plan(loop, console):
            return refused
        with _kept(service, console):
            _turn(loop, service, console)
        _announce(service, console)
    except SevenfoldError as error:
        if not error.retryable and not isinstance(error, PlanError):
            raise
        return str(error)
    except OSError as error:
        return str(error)
    return ""


def _follow_plan(loop: LocalLoop, console: Console) -> str:
    """Go on by the plan as it is now; return why that cannot be, "" where it can.

    A run reads the plan anew, so one that is half edited would use up its cause.
    """
    from sevenfold.pipelines.inspect_plan import inspect_plan

    try:
        if load_plan(loop.plan_path) != loop.plan:
            loop.replan(inspect_plan(loop.plan_path))
            _print(console, f"goes on by {loop.plan_path.name} as it is now")
    except SevenfoldError as error:
        return str(error)
    return ""


@contextmanager
def _kept(service: PromotedService, console: Console) -> Iterator[None]:
    """See meanwhile that the promoted model serves: a turn with a retraining in it may last for hours."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(KEEP_SECONDS):
            with suppress(SevenfoldError, OSError, RunInterrupted):  # the turn, or the next one, meets it too
                _announce(service, console)

    keeper = threading.Thread(target=keep, name="keep serving", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _turn(loop: LocalLoop, service: PromotedService | None, console: Console) -> None:
    labels = service.labels() if service is not None else None
    if labels is not None:
        loop.take_labels(labels.counted, labels.process)
        with suppress(SevenfoldError, OSError):  # for the page alone: the turn goes on, and the next look takes them
            scores = ScoreHistory(loop.home / SCORES, loop.plan.monitoring.feedback_hours)
            scores.take(labels.counts, process=labels.process, bundle=labels.bundle, now=time.time())
    told: dict[int, int] = {}

    def tell(decisions: Sequence[Entry]) -> None:
        for entry in decisions:
            if told.get(entry.number) != entry.times:
                told[entry.number] = entry.times
                _print(console, entry_line(entry))

    tell(loop.look(tell))


def _announce(service: PromotedService, console: Console) -> None:
    if not service.keep() or service.service is None:
        return
    _print(console, f"serving at {service.service.url}")
    if service.service.feedback_port:
        address = f"http://127.0.0.1:{service.service.feedback_port}/v1/models/{service.service.name}:feedback"
        _print(console, f"labels at {address}")


def _print(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
