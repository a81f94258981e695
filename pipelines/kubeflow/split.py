"""Deploy in a second run under an account of its own, what a first run built and tested but may not deploy.

The first run's folder holds all that the second needs, so whoever comes back to the first one starts it too. Its
digests are read from the evaluation that was verified here: whatever the store holds by then, what is deployed is what
the test let pass, or nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import IntegrityError, PolicyError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.handover import Handover
from sevenfold.contracts.manifest import verify
from sevenfold.pipelines.kubeflow.submit import RELEASE_PACKAGE, Submitted
from sevenfold.pipelines.result import HANDOVER
from sevenfold.pipelines.stages import pipeline_name

if TYPE_CHECKING:
    from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
    from sevenfold.pipelines.kubeflow.engine import Engine
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.runs import RunFolder

__all__ = ["awaits_release", "refuse_release", "release", "split_target"]


def split_target(first: ClusterTarget, account: str, *, wait: bool, scheduled: bool) -> ClusterTarget:
    """Return where, and as whom, the second run deploys; `tester` of it is the account of the first.

    Args:
        first: the target of the run that builds and tests.
        account: that of the second run's pods; "" takes Kubeflow's own.
        wait: whether submit waits for the first run's end.
        scheduled: whether Kubeflow is to start the plan by itself.

    Raises:
        PolicyError: ``split_unattended``, ``split_accounts``.
    """
    given = "a schedule (--cron or --every)" if scheduled else "" if wait else "--no-wait"
    if given:
        raise PolicyError(
            "split_unattended",
            f"With --split-release submit must wait for the test, as it starts the second run, but got {given}.",
            remedy="Leave one of them out; after Ctrl-C, sevenfold follow RUN waits on and releases.",
        )
    second = replace(first, account=account, tester=first.runner)
    if second.runner == first.runner:
        raise PolicyError(
            "split_accounts",
            f"With --split-release the two runs must have different accounts, but both have {first.runner!r}.",
            remedy="Name one that may not deploy with --service-account, or one that may with --release-account.",
        )
    return second


def awaits_release(first: Submitted, result: Result) -> bool:
    """Whether a first run has ended so that its second is due, and was submitted from here."""
    return result.state == "tested" and "release" in first.folder.values()


def release(first: Submitted, engine: Engine) -> Submitted:
    """Start the run that deploys what `first` handed over, once: whoever asks again gets the same run.

    Raises:
        IntegrityError: what was handed over is damaged, or is not what was tested.
        PolicyError, TemporaryError: the endpoint says no; then no run was started.
    """
    wanted = first.folder.values()["release"]
    name = pipeline_name(first.name, "release")
    if "run" not in wanted:
        moment = datetime.now(UTC)
        arguments = _arguments(first.folder)
        made = engine.register(name, wanted["version"], first.folder.path / RELEASE_PACKAGE)
        title = f"{name} {moment:%Y-%m-%d %H:%M}"
        run = engine.start(made, title, wanted["experiment"], arguments, wanted["account"])
        wanted |= {"run": run, "link": engine.link(run), "arguments": arguments}
        wanted["started"] = moment.isoformat(timespec="seconds")
        first.folder.record(state="running", release=wanted)
    return Submitted(wanted["run"], name, first.folder)


def refuse_release(run: Any) -> None:
    """Refuse to follow a second run by itself: what it is judged by lies with the first one.

    Raises:
        PolicyError: ``release_run`` naming the first one.
    """
    from sevenfold.serving.kserve.deploy import run_of

    given = (run.runtime_config.parameters if run.runtime_config else None) or {}
    if "evaluation_digest" in given:
        raise PolicyError(
            "release_run",
            f"A release is followed by the run that it releases, but {run.run_id} is the release itself.",
            remedy=f"sevenfold follow {run_of(str(given.get('evaluation', '')))}, where it was submitted.",
        )


def _arguments(folder: RunFolder) -> dict[str, str]:
    evaluation, handover = folder.artifact("test-model", "evaluation"), folder.artifact(*HANDOVER)
    if evaluation is None or handover is None:
        raise IntegrityError("missing_output", "A release needs what was tested and handed over, but it is not here.")
    tested, sealed = Evaluation.open(evaluation), verify(evaluation)
    arguments = Handover.open(handover).model_dump()
    digests = {"bundle_digest": tested.digests["bundle"], "evaluation_digest": sealed.digest}
    for key, digest in digests.items():
        if arguments[key] != digest:
            raise IntegrityError(
                "digest_mismatch",
                f"The {key} that was handed over must be {digest}, of what was tested, but is {arguments[key]}.",
                remedy="Something was changed in the store since: submit again.",
            )
    return arguments
