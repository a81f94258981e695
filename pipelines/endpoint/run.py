"""The release of what a run made: from the run's folder to the endpoint, once, and back to the run's folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.pipelines.endpoint.example import example_of
from sevenfold.pipelines.endpoint.promotions import BucketPromotions
from sevenfold.pipelines.endpoint.rollout import Candidate, Rollout
from sevenfold.pipelines.result import ENDPOINT, Result, conclude
from sevenfold.plan.deployment import Approval
from sevenfold.serving.deployment import candidate_record, save_verdict
from sevenfold.serving.judge import Verdict
from sevenfold.serving.report import verdict_report

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.pipelines.endpoint.protocol import CloudEndpoint
    from sevenfold.pipelines.runs import RunFolder
    from sevenfold.pipelines.store import Store
    from sevenfold.plan import Plan
    from sevenfold.runtime.progress import OnMessage

__all__ = ["release_run", "verdict_key", "waits_for_a_person"]


def waits_for_a_person(folder: RunFolder, plan: Plan) -> bool:
    """Whether a person releases the bundle: the plan says so, or its test was undecided."""
    return plan.deployment.approval is Approval.MANUAL or _evaluation(folder).waits


def release_run(
    folder: RunFolder,
    run: str,
    plan: Plan,
    store: Store,
    connect: Callable[[Candidate], CloudEndpoint],
    on_message: OnMessage,
) -> Result:
    """Release a run's bundle on an endpoint, unless that was decided before, and return how the run ended by it.

    One that a person releases is deployed without requests, and noted in the bucket: `by_hand` goes on from there. The
    verdict lies in the bucket, so that a run is decided once, whoever follows it again; the run's folder gets a copy
    and a report.

    Args:
        folder: of a run whose test was passed, with bundle and evaluation.
        run: its id.
        plan: as it was submitted.
        store: the bucket, at the plan's root.
        connect: makes the endpoint for a candidate.
        on_message: gets each step, in words.

    Raises:
        IntegrityError, PolicyError, ServingError, TemporaryError: as `Rollout.release`.
    """
    key = verdict_key(plan.name, run)
    kept = store.read(key)
    if kept is not None:
        verdict = Verdict.model_validate_json(kept)
    else:
        candidate, promotions = _candidate(folder, run, plan), BucketPromotions(store, plan.name)
        rollout = Rollout(connect(candidate), promotions, plan.deployment, on_message)
        if waits_for_a_person(folder, plan):
            verdict = rollout.hold(candidate)
            promotions.wait(candidate.record, candidate.folder)
        else:
            verdict = rollout.release(candidate)
            promotions.forget()  # what waited was withdrawn
            store.write(key, canonical_json(verdict.model_dump(mode="json")).encode())
    _keep(folder.path / "artifacts" / run / ENDPOINT[0], verdict, plan)
    return conclude(folder, True, sealed=(("test-model", "evaluation"),), released=False)


def verdict_key(name: str, run: str) -> str:
    """Return where in the bucket the verdict on a run's bundle lies."""
    return f"{name}/releases/{run}.json"


def _candidate(folder: RunFolder, run: str, plan: Plan) -> Candidate:
    path = folder.artifact("train-model", "bundle")
    if path is None:
        raise IntegrityError("missing_output", "A bundle is released that the run left, but it left none.")
    tested = _evaluation(folder)
    bundle = Bundle.open(path, digest=tested.digests["bundle"])
    record = candidate_record(tested, bundle, plan.name)
    bins = bundle.reference().prediction
    return Candidate(bundle.folder, record.model_copy(update={"run": run}), *example_of(bundle), predictions=bins)


def _evaluation(folder: RunFolder) -> Evaluation:
    path = folder.artifact("test-model", "evaluation")
    if path is None:
        raise IntegrityError("missing_output", "A bundle is released that was tested, but no evaluation is there.")
    return Evaluation.open(path)


def _keep(home: Path, verdict: Verdict, plan: Plan) -> None:
    from sevenfold.report.page import write_report

    shutil.rmtree(home, ignore_errors=True)
    save_verdict(verdict, home / ENDPOINT[1])
    write_report(verdict_report(verdict, plan.deployment), home / "report")
