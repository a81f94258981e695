"""What was promoted, here, on a cluster or on a cloud, and how to release or put back a version."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import IntegrityError, PolicyError
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.drift.telemetry import bundle_label
from sevenfold.report.format_value import format_score
from sevenfold.runtime.progress import OnMessage
from sevenfold.runtime.retry import Backoff

if TYPE_CHECKING:
    from sevenfold.cluster.objects import Cluster
    from sevenfold.pipelines.endpoint.by_hand import EndpointReleases

__all__ = [
    "JOURNAL",
    "SERVED",
    "ReleaseTarget",
    "promote",
    "release_lines",
    "roll_back",
    "status_lines",
    "withdraw",
]

JOURNAL: Final = "retrain.db"  # of decisions about retrainings, beside the runs of a plan
SERVED: Final = "watch"  # the folder of what `sevenfold watch` serves, beside them


@dataclass(frozen=True)
class ReleaseTarget:
    """Where a plan is served: a namespace of a cluster, a cloud's endpoint, or the folder of this machine's runs.

    Without a namespace and a cloud the folder is meant. A cloud is found by the last run that was submitted to it.
    """

    namespace: str = ""
    context: str = ""
    runs: Path = Path("runs")
    cloud: str = ""


def release_lines(name: str, target: ReleaseTarget) -> list[str]:
    """Return one line per promotion and rollback, newest first; the first is the serving version.

    Raises:
        PolicyError: ``nothing_promoted``.
    """
    if target.cloud:
        return [_line(record) for record in reversed(_on_cloud(name, target).history())]
    if not target.namespace:
        return [_line(record) for record in reversed(_local(name, target.runs).history())]
    from sevenfold.serving.kserve.deploy import note_what_serves
    from sevenfold.serving.kserve.release import releases_of

    registry, rollout = releases_of(_cluster(target), name, lambda text: None)
    note_what_serves(registry, rollout)
    records = registry.history()
    if not records:
        raise PolicyError(
            "nothing_promoted", f"A promotion of {name!r} must be recorded in {target.namespace}, but there is none."
        )
    return [_line(record) for record in reversed(records)]


def roll_back(name: str, target: ReleaseTarget, reason: str, on_message: OnMessage, to: str = "") -> str:
    """Make the previously promoted bundle, or the one named, the serving version, and return the line of the record.

    Raises:
        PolicyError: ``nothing_promoted`` or ``nothing_to_roll_back``.
    """
    who, why = getpass.getuser(), reason or "asked for"
    if target.cloud:
        return _line(_on_cloud(name, target).roll_back(who, why, to, on_message))
    if not target.namespace:
        return _line(_local(name, target.runs).rollback(who=who, reason=why, to=to))
    from sevenfold.serving.kserve.release import put_back

    return _line(put_back(_cluster(target), name, who=who, reason=why, on_message=on_message, to=to))


def promote(name: str, target: ReleaseTarget, reason: str, on_message: OnMessage) -> str:
    """Release the candidate that waits for a person's approval, and return the line of the record.

    On this machine that is the model of the last run, and its promotion is recorded.

    Raises:
        PolicyError: ``nothing_waits``.
    """
    who, why = getpass.getuser(), reason or "approved"
    if target.cloud:
        return _line(_on_cloud(name, target).promote(who, why, on_message))
    if not target.namespace:
        return _line(_promote_here(name, target.runs, who=who, reason=why))
    from sevenfold.serving.kserve.release import promote_waiting

    return _line(promote_waiting(_needed(target), name, who=who, reason=why, on_message=on_message))


def withdraw(name: str, target: ReleaseTarget, on_message: OnMessage) -> str:
    """Take the waiting candidate away and say so; the serving version is not touched."""
    if target.cloud:
        digest: str | None = _on_cloud(name, target).withdraw(on_message)
    else:
        from sevenfold.serving.kserve.release import withdraw_waiting

        digest = withdraw_waiting(_needed(target), name, on_message)
    return f"withdrew {digest[:19]}" if digest else "no candidate waits"


def status_lines(name: str, target: ReleaseTarget) -> list[str]:
    """Return the serving version, the waiting one beside it, where users ask, and which pods are up.

    On this machine: the promoted version, and where `sevenfold watch` serves it and takes labels, while it runs.

    Raises:
        PolicyError: ``not_deployed``, ``nothing_promoted``.
    """
    if target.cloud:
        return _cloud_status(_on_cloud(name, target))
    if not target.namespace:
        return [f"serving   {release_lines(name, target)[0].strip()}", *_watched(target.runs / name)]
    from sevenfold.serving.kserve.release import state_of

    state = state_of(_cluster(target), name)
    record = state.record
    known = record is not None and record.bundle == state.serving
    serving = _line(record).strip() if record is not None and known else state.serving[:19] or "nothing yet"
    lines = [
        f"serving   {serving}",
        f"waiting   {f'{state.waiting[:19]}, {state.percent} % of the requests' if state.waiting else 'nothing'}",
        f"url       {state.url or 'none yet'}",
    ]
    pods = (f"pods      {workload} {'serves' if up else 'is not whole'}" for workload, up in state.replicas.items())
    return [*lines, *pods]


def _watched(home: Path) -> list[str]:
    """Return where `sevenfold watch` serves; what a project that this one was copied from serves is not ours."""
    from sevenfold.contracts.service import LocalService, read_unsealed_service
    from sevenfold.serving.local.process import is_running

    none = ["url       none: sevenfold watch does not serve it now"]
    try:
        service = read_unsealed_service(LocalService, home / SERVED)
    except IntegrityError:
        return none
    log = Path(service.log)
    copied = log.parent.resolve() != home.resolve() and log.exists()
    if copied or not is_running(service.pid, service.started):
        return none
    labels = f"http://127.0.0.1:{service.feedback_port}/v1/models/{service.name}:feedback"
    return [f"url       {service.url}", *([f"labels    {labels}"] if service.feedback_port else [])]


def _on_cloud(name: str, target: ReleaseTarget) -> EndpointReleases:
    """Return the releases on a cloud, by the last run that was submitted to it from here.

    Raises:
        PolicyError: ``target_unknown``, ``no_runs``, and what the cloud refuses.
    """
    from sevenfold.pipelines.known_runs import last_run

    if target.cloud == "vertex":
        from sevenfold.pipelines.vertex.release import releases_of
    elif target.cloud == "sagemaker":
        from sevenfold.pipelines.sagemaker.release import releases_of
    else:
        raise PolicyError(
            "target_unknown",
            f"A cloud that serves is vertex or sagemaker, but got {target.cloud!r}.",
            remedy="Leave --target out for this machine, or give --namespace for a cluster.",
        )
    folder = last_run(name, target.cloud, target.runs)
    if folder is None:
        raise PolicyError(
            "no_runs",
            f"A run of {name!r} must have been submitted to {target.cloud} from {target.runs}, but none was.",
            remedy="Name the folder of its runs with --runs.",
        )
    return releases_of(folder)


def _cloud_status(releases: EndpointReleases) -> list[str]:
    from sevenfold.pipelines.endpoint.drift import drift_lines

    address, served, current, waiting = releases.state()
    shares = {one.bundle: one.percent for one in served}
    waits = f"{waiting.bundle[:19]}, {shares.get(bundle_label(waiting.bundle), 0)} % of the requests" if waiting else ""
    lines = [
        f"serving   {_line(current).strip() if current else 'nothing yet'}",
        f"waiting   {waits or 'nothing'}",
        f"endpoint  {address}",
    ]
    lines += (f"version   {bundle}  {percent} % of the requests" for bundle, percent in shares.items())
    return [*lines, *drift_lines(releases.drift, releases.plan.monitoring.min_rows)] if current and shares else lines


def _promote_here(name: str, runs: Path, *, who: str, reason: str) -> Record:
    """Record the promotion of the last run's model, if it waits."""
    from sevenfold.pipelines.runs import RunFolder
    from sevenfold.serving.deployment import Checks

    home = runs / name
    numbers = [int(entry.name) for entry in home.iterdir() if entry.name.isdigit()] if home.is_dir() else []
    folder = RunFolder((home / str(max(numbers))).resolve()) if numbers else None
    service = folder.artifact("deploy-model", "service") if folder else None
    if folder is None or service is None or folder.values().get("state") != "waiting":
        raise PolicyError(
            "nothing_waits",
            f"The last run of {name!r} in {runs} must have a model that waits for a person, but has none.",
            remedy="Name a cluster's --namespace, or another folder of runs with --runs.",
        )
    verify(service)
    checks = Checks.read(service)
    record = checks.candidate.model_copy(update={"run": folder.path.name, "who": who, "reason": reason})
    # The path on record is that of the day: the folder of the runs may have been moved or copied since.
    bundle = folder.artifact("train-model", "bundle") or Path(checks.bundle)
    written = LocalRegistry(home / "registry").promote(record, bundle)
    folder.record(state="promoted", sentence=f"Promoted by {who}: {reason}.")
    return written


def _cluster(target: ReleaseTarget) -> Cluster:
    from sevenfold.cluster.objects import Cluster

    return Cluster(target.namespace, context=target.context, patience=Backoff(budget_seconds=60.0))


def _needed(target: ReleaseTarget) -> Cluster:
    if not target.namespace:
        raise PolicyError(
            "no_namespace",
            "A candidate waits on a cluster, so its namespace must be named, but was not.",
            remedy="Give --namespace.",
        )
    return _cluster(target)


def _local(name: str, runs: Path) -> LocalRegistry:
    folder = runs / name / "registry"
    if not folder.is_dir():
        raise PolicyError(
            "nothing_promoted",
            f"A promotion of {name!r} must be recorded in {runs}/{name}, but there is none.",
            remedy="Promote one with: sevenfold run PLAN.YAML, or name a cluster's --namespace.",
        )
    return LocalRegistry(folder)


def _line(record: Record) -> str:
    score = f"  {record.metric} {format_score(record.scores[record.metric])}" if record.metric in record.scores else ""
    run = f"  run {record.run[:8]}" if record.run else ""
    reason = f"  ({record.reason})" if record.reason else ""
    head = f"{record.number:>4}  {record.moment}  {record.action:<8}  {record.bundle[:19]}"
    return f"{head}{score}{run}  by {record.who}{reason}"
