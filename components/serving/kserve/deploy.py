"""Deploy a tested bundle on KServe without traffic, and check there that it serves what was tested."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from sevenfold.cluster.objects import Cluster
from sevenfold.cluster.records import Candidate, ClusterRegistry
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import ServingError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.registry import Record
from sevenfold.contracts.service import KServeService
from sevenfold.drift.telemetry import bundle_label
from sevenfold.plan.deployment import DeploymentSection, Runtime
from sevenfold.runtime.progress import report_progress
from sevenfold.serving.compare import compare
from sevenfold.serving.deployment import STAGE, Checks, Deployed, candidate_record, require_tested
from sevenfold.serving.kserve.predictor_spec import RUNTIME, fetchable, predictor_of
from sevenfold.serving.kserve.readiness import container_of
from sevenfold.serving.kserve.rollout import Rollout, Staged
from sevenfold.serving.kserve.strategy import rollout_of
from sevenfold.serving.smoke import smoke_test

__all__ = ["deploy_on_kserve", "note_what_serves", "run_of"]

STEPS: Final = 4


def deploy_on_kserve(
    dataset: Dataset,
    bundle: Bundle,
    evaluation: Path,
    section: DeploymentSection,
    *,
    name: str,
    location: str,
    rows_location: str = "",
    cluster: Cluster,
    out: Path,
    image: str = "",
) -> Deployed:
    """Stage a bundle that passed its test without traffic, query it with KServe's client, compare every row.

    Writes the sealed folder `out` with `service.json` and `checks.json`. On any failure the candidate is withdrawn,
    and what served before goes on serving.

    TensorFlow Serving verifies no digest: verified are the bundle in this task, and that every test row is answered
    as tested.

    Args:
        dataset: its test rows are replayed, marked so that no statistics count them.
        bundle: what to serve.
        evaluation: verified folder of its test.
        section: the plan's.
        name: the plan's; the InferenceService has the same.
        location: address of the bundle's folder in the store; our predictor refuses it under any other digest.
        rows_location: address of the dataset's folder, which a later retraining is compared on; "" leaves it out.
        cluster: with the namespace to serve in.
        out: the folder to write.
        image: of the predictor; "" takes the ServingRuntime's, and records which it was.

    Raises:
        GateRefused, IntegrityError: as `deploy_locally`.
        ServingError: ``revision_failed`` with the pods' events and logs; ``no_runtime``; what the checks raise.
        PolicyError: ``no_saved_model``, ``not_ours``, ``bad_location``, ``cluster_refused``.
    """
    tested = Evaluation.open(evaluation)
    require_tested(tested, bundle, dataset)
    ours = section.runtime is Runtime.SEVENFOLD
    if not ours:
        bundle.require_saved_model()
    registry = ClusterRegistry(cluster, name)
    rollout = rollout_of(cluster, name, section.strategy, on_message=lambda message: _say(message, 0))
    note_what_serves(registry, rollout)
    used = image or (_runtime_image(cluster) if ours else "")
    candidate = _candidate(candidate_record(tested, bundle, name), location, rows_location, used, section)
    registry.remember(candidate)
    _say(f"Bringing up {name} in namespace {cluster.namespace}", 0)
    staged = rollout.stage(candidate.predictor, seconds=section.deadline_seconds)
    try:
        if not used:
            candidate = _with_image(candidate, cluster, staged.workload)
            registry.remember(candidate)
        _say("Asking it with KServe's client", 1)
        smoke = smoke_test(staged.url, name, bundle, runtime=section.runtime)
        _say("Comparing every test row with its tested prediction", 2)
        batch = min(section.max_batch, 1_024)
        comparison = compare(
            staged.url,
            name,
            dataset,
            bundle.signature,
            evaluation,
            max_batch=batch,
            runtime=section.runtime,
            threshold=bundle.info.threshold,
        )
    except BaseException:
        rollout.withdraw(bundle.digest)
        raise
    service = _service(rollout, staged, bundle.digest, section)
    checks = Checks(
        smoke=smoke,
        comparison=comparison,
        bundle=str(bundle.folder.resolve()),
        candidate=candidate.record,
        waits=tested.waits,
    )
    deployed = Deployed(service, checks)
    deployed.save(out)
    _say(f"It serves without traffic so far: {staged.url}", STEPS)
    return deployed


def note_what_serves(registry: ClusterRegistry, rollout: Rollout) -> Record | None:
    """Return the record of the serving version; one that an interruption kept from being written is written now."""
    release = rollout.read()
    if release is None or release.hidden:
        return None
    present = registry.current()
    if present is not None and present.bundle == release.stable_digest:
        return present
    kept = registry.candidate(bundle_label(release.stable_digest))
    return registry.promote(kept.record) if kept else present


def run_of(location: str) -> str:
    """Return the run that made an artifact, as Kubeflow lays artifacts out: …/PIPELINE/RUN/TASK/EXECUTION/OUTPUT.

    >>> run_of("minio://mlpipeline/v2/artifacts/flights/6f1c/train-model/09ab/bundle")
    '6f1c'
    """
    parts = PurePosixPath(location.partition("://")[2]).parts
    return parts[-4] if len(parts) > 4 else ""


def _candidate(record: Record, location: str, rows_location: str, image: str, section: DeploymentSection) -> Candidate:
    """Return what a promotion will record, and the predictor that it will bring up."""
    known = {"image": image, "location": fetchable(location), "run": run_of(location)}
    known["dataset"] = rows_location.replace("minio://", "s3://", 1) if "://" in rows_location else ""
    predictor = predictor_of(record.name, location, record.bundle, image, section)
    return Candidate(record=record.model_copy(update=known), predictor=predictor)


def _service(rollout: Rollout, staged: Staged, digest: str, section: DeploymentSection) -> KServeService:
    return KServeService(
        name=rollout.name,
        namespace=rollout.cluster.namespace,
        url=staged.url,
        public_url=rollout.public_url(),
        digest=digest,
        stable=staged.stable,
        workload=staged.workload,
        strategy=section.strategy,
    )


def _runtime_image(cluster: Cluster) -> str:
    """Return the image that the ServingRuntime names, so that a promotion records it and a rollback restores it."""
    runtime = cluster.get("ServingRuntime", RUNTIME)
    if runtime is None:
        raise ServingError(
            "no_runtime",
            f"Namespace {cluster.namespace!r} must have the ServingRuntime {RUNTIME!r}, but does not have it.",
            remedy="kubectl apply --server-side -k manifests/overlays/cluster",
        )
    return str(runtime["spec"]["containers"][0]["image"])


def _with_image(candidate: Candidate, cluster: Cluster, workload: str) -> Candidate:
    """Return the candidate with the image that runs: KServe's own runtimes are not ours to read or to keep."""
    image = str(container_of(cluster.get("Deployment", workload) or {})["image"])
    model = candidate.predictor["model"] | {"image": image}
    return Candidate(
        record=candidate.record.model_copy(update={"image": image}), predictor=candidate.predictor | {"model": model}
    )


def _say(message: str, done: int) -> None:
    report_progress(STAGE, message, done=done, total=STEPS)
