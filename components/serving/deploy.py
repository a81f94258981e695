"""Bring a tested bundle to serve on this machine, and prove that it serves what was tested."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import GateRefused, IntegrityError, PolicyError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.manifest import seal, verify
from sevenfold.contracts.registry import Record, Registry
from sevenfold.contracts.service import SERVICE_FILE, LocalService, Service, read_service, write_service
from sevenfold.plan.deployment import DeploymentSection, Runtime, Target
from sevenfold.runtime.progress import report_progress
from sevenfold.serving.compare import Comparison, compare
from sevenfold.serving.judge import Verdict, judge_local
from sevenfold.serving.local.predictor import runs, start_predictor
from sevenfold.serving.local.process import end_process
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.smoke import SmokeCheck, smoke_test

__all__ = ["CHECKS_FILE", "VERDICT_FILE", "Checks", "Deployed", "candidate_record", "deploy_locally"]
__all__ += ["judge_and_record", "place_of", "require_tested"]

CHECKS_FILE = "checks.json"
VERDICT_FILE = "verdict.json"
STAGE = "serving"
STEPS = 3


class Checks(BaseModel):
    """What was checked before anybody used the service, and what a promotion will record (`checks.json`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smoke: tuple[SmokeCheck, ...]
    comparison: Comparison
    bundle: str  # folder of the bundle
    candidate: Record

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `checks.json` of a verified service folder."""
        return cls.model_validate_json((folder / CHECKS_FILE).read_bytes())


@dataclass(frozen=True)
class Deployed:
    """A service that runs and was checked."""

    service: Service
    checks: Checks


def place_of(section: DeploymentSection, *, in_cluster: bool) -> Target:
    """Return where the plan wants its predictor: local or kserve.

    Raises:
        PolicyError: ``kserve_alone`` if TensorFlow Serving is wanted on this machine.
    """
    elsewhere = section.target is Target.KSERVE or (in_cluster and section.target is Target.AUTO)
    if section.runtime is Runtime.TENSORFLOW_SERVING and not elsewhere:
        raise PolicyError(
            "kserve_alone",
            f"TensorFlow Serving runs on KServe alone, but deployment.target is {section.target.value!r} here.",
            remedy="Set deployment.target: kserve, or deployment.runtime: sevenfold.",
        )
    return Target.KSERVE if elsewhere else Target.LOCAL


def deploy_locally(
    dataset: Dataset, bundle: Bundle, evaluation: Path, section: DeploymentSection, *, name: str, out: Path, log: Path
) -> Deployed:
    """Start a predictor for a bundle that passed its test, ask it with KServe's client, compare every test row.

    Writes the sealed folder `out` with `service.json` and `checks.json`. On any failure the predictor is stopped.

    Raises:
        GateRefused: ``refused`` if testing turned the bundle down.
        IntegrityError: ``digest_mismatch`` if bundle, dataset and evaluation do not belong together.
        ServingError: if the predictor does not start, answer, or agree with what was tested.
    """
    tested = Evaluation.open(evaluation)
    require_tested(tested, bundle, dataset)
    report_progress(STAGE, "Starting the predictor", done=0, total=STEPS)
    limits = Limits(max_batch=section.max_batch, strict_fields=section.strict_fields)
    service = start_predictor(bundle, name=name, log=log, limits=limits)
    try:
        report_progress(STAGE, f"Asking {service.url} with KServe's client", done=1, total=STEPS)
        smoke = smoke_test(service.url, name, bundle)
        report_progress(STAGE, "Comparing every test row with its tested prediction", done=2, total=STEPS)
        comparison = compare(
            service.url, name, dataset, bundle.signature, evaluation, max_batch=min(section.max_batch, 1_024)
        )
        checks = Checks(
            smoke=smoke,
            comparison=comparison,
            bundle=str(bundle.folder.resolve()),
            candidate=candidate_record(tested, bundle, name),
        )
        out.mkdir(parents=True, exist_ok=True)
        write_service(service, out)
        write_json(out / CHECKS_FILE, checks.model_dump(mode="json"))
        seal(out, expected=(SERVICE_FILE, CHECKS_FILE))
    except BaseException:
        end_process(service.pid, service.started)
        raise
    report_progress(STAGE, f"Serving at {service.url}", done=STEPS, total=STEPS)
    return Deployed(service, checks)


def judge_and_record(
    service_folder: Path, section: DeploymentSection, *, registry: Registry | None, run: str, out: Path
) -> Verdict:
    """Judge a local candidate, record its promotion, and write the sealed folder `out` with `verdict.json`.

    Args:
        service_folder: what `deploy_locally` wrote.
        section: the plan's.
        registry: where a promotion is recorded; None records nothing.
        run: the run that decides.
        out: the folder to write.
    """
    verify(service_folder)
    service, checks = read_service(service_folder, LocalService), Checks.read(service_folder)
    alive = runs(service) and _serves(service)
    verdict = judge_local(checks.comparison if alive else None, section)
    if verdict.decision == "promote" and registry is not None:
        record = checks.candidate.model_copy(update={"run": run, "reason": verdict.sentence})
        written = registry.promote(record, Path(checks.bundle))
        verdict = verdict.model_copy(update={"record": written.number})
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / VERDICT_FILE, verdict.model_dump(mode="json"))
    seal(out, expected=(VERDICT_FILE,))
    report_progress(STAGE, verdict.sentence, done=1, total=1)
    return verdict


def _serves(service: LocalService) -> bool:
    from sevenfold.scoring.client import InferenceClient

    with InferenceClient(service.url, service.name, timeout_seconds=5.0) as client:
        return client.ready() and client.bundle == service.digest


def require_tested(tested: Evaluation, bundle: Bundle, dataset: Dataset) -> None:
    """Raise unless testing let this very bundle pass, on this very dataset.

    Raises:
        GateRefused: ``refused``.
        IntegrityError: ``digest_mismatch``.
    """
    if tested.decision != "promote":
        raise GateRefused("refused", "Only a bundle that passed its gates is deployed, but testing refused this one.")
    for kind, digest in (("bundle", bundle.digest), ("dataset", dataset.digest)):
        if tested.digests.get(kind) != digest:
            raise IntegrityError(
                "digest_mismatch",
                f"The evaluation must be of {kind} {digest}, but is of {tested.digests.get(kind, 'none')}.",
                remedy="Test this very bundle first.",
            )


def candidate_record(tested: Evaluation, bundle: Bundle, name: str) -> Record:
    """Return what a promotion of this bundle will record."""
    return Record(
        name=name,
        bundle=bundle.digest,
        digests={**bundle.info.digests, "dataset": tested.digests["dataset"]},
        metric=tested.metric,
        scores=tested.scores,
        who="automatic",
    )
