"""Serve the receiver: plans, journal, endpoint and HTTP server, put together and kept until a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.monitoring.retrain.decide import Rules
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.pipelines.inputs import require_inputs
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.login import Login
from sevenfold.pipelines.kubeflow.retrain import KubeflowRunner, require_receivable
from sevenfold.pipelines.kubeflow.submit import Submission
from sevenfold.pipelines.releases import JOURNAL
from sevenfold.pipelines.store import Store
from sevenfold.plan import Plan

__all__ = ["Received", "receiving", "serve_receiver"]

MIN_CREDENTIAL: Final = 16  # characters


@dataclass(frozen=True, kw_only=True)
class Received:
    """What `sevenfold receive` was given; "" and None take the defaults."""

    plans: tuple[tuple[Path, Plan], ...]
    credential: Path
    folder: Path
    host: str = "127.0.0.1"
    port: int = 8090
    model_namespace: str = ""
    endpoint: str = ""
    namespace: str = ""
    account: str = ""
    root: str = ""
    authority: Path | None = None
    token: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)


def serve_receiver(given: Received, on_message: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; raises what `receiving` does."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with receiving(given, on_message) as receiver:
        on_message(f"receiving alerts at http://{given.host}:{receiver.port}/alerts")
        ended.wait()


@contextmanager
def receiving(
    given: Received, on_message: Callable[[str], None], connect: Callable[[], Engine] | None = None
) -> Iterator[Receiver]:
    """Serve a receiver within the block.

    Args:
        given: plans, credential, addresses.
        on_message: gets each decision and what waits.
        connect: returns the endpoint; None takes that of `given`.

    Raises:
        PlanError, PolicyError: ``nothing_to_receive``, ``plan_twice``: a plan cannot be retrained by an alert.
        DataError: ``bad_credential``, ``missing_file``.
        TrainingError: ``source_missing``: a plan names a file that is not here.
    """
    _credential(given.credential)
    _require_plans([plan for _, plan in given.plans])
    for path, plan in given.plans:
        require_inputs(plan, path.resolve().parent)  # else only the first alert would show that a file is missing
    login = Login(given.token, given.cookie, given.authority)
    runner = KubeflowRunner(
        submissions={
            plan.name: Submission(plan_path=path, runs=given.folder, root=given.root, account=given.account)
            for path, plan in given.plans
        },
        plans={plan.name: plan for _, plan in given.plans},
        connect=connect or (lambda: Engine(given.endpoint, given.namespace, login)),
        store=Store(given.root),
        runs=given.folder,
        on_message=on_message,
    )
    rules = {
        plan.name: Rules(
            name=plan.name,
            section=plan.retrain,
            namespace=given.model_namespace or plan.deployment.namespace,
            hours=plan.budget.hours,
        )
        for _, plan in given.plans
    }
    retrainer = Retrainer(Journal(given.folder / JOURNAL), rules, runner)
    with Receiver(
        retrainer, lambda: _credential(given.credential), host=given.host, port=given.port, on_message=on_message
    ) as receiver:
        yield receiver


def _require_plans(plans: Sequence[Plan]) -> None:
    for plan in plans:
        require_receivable(plan)
    names = [plan.name for plan in plans]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PolicyError("plan_twice", f"Each plan must have a name of its own, but {twice[0]!r} stands twice.")


def _credential(path: Path) -> str:
    """Return what the file holds, without the line break at its end."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise DataError(
            "bad_credential",
            f"--credential must name a readable file of plain characters, but {path.name} is not: "
            f"{type(error).__name__}.",
        ) from error
    if len(text) < MIN_CREDENTIAL:
        raise DataError(
            "bad_credential",
            f"The credential must have {MIN_CREDENTIAL} characters or more, but {path.name} has {len(text)}.",
            remedy="Make one with: openssl rand -hex 32",
        )
    return text
