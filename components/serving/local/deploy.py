"""Deploy a tested bundle on this machine, check that it serves what was tested, judge it and record its promotion."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.registry import Registry
from sevenfold.contracts.service import LocalService, open_service_of
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.runtime.progress import report_progress
from sevenfold.scoring.client import InferenceClient
from sevenfold.serving.compare import compare
from sevenfold.serving.deployment import STAGE, Checks, Deployed, candidate_record, require_tested, save_verdict
from sevenfold.serving.judge import Verdict, judge_local
from sevenfold.serving.local.predictor import runs, start_predictor
from sevenfold.serving.local.process import end_process
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.smoke import smoke_test

__all__ = ["deploy_locally", "judge_and_record"]

STEPS: Final = 3


def deploy_locally(
    dataset: Dataset, bundle: Bundle, evaluation: Path, section: DeploymentSection, *, name: str, out: Path, log: Path
) -> Deployed:
    """Start a predictor for a bundle that passed its test, query it with KServe's client, compare every test row.

    Writes the sealed folder `out` with `service.json` and `checks.json`. On any failure the predictor is stopped.

    Args:
        dataset: its test rows are replayed, marked so that no statistics count them.
        bundle: what to serve.
        evaluation: verified folder of its test.
        section: the plan's.
        name: the plan's, and the served name.
        out: the folder to write.
        log: file for the predictor's output.

    Raises:
        GateRefused: ``refused`` if testing refused the bundle.
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
        batch = min(section.max_batch, 1_024)
        comparison = compare(
            service.url,
            name,
            dataset,
            bundle.signature,
            evaluation,
            max_batch=batch,
            threshold=bundle.info.threshold,
        )
        record = candidate_record(tested, bundle, name)
        checks = Checks(
            smoke=smoke,
            comparison=comparison,
            bundle=str(bundle.folder.resolve()),
            candidate=record,
            waits=tested.waits,
        )
        deployed = Deployed(service, checks)
        deployed.save(out)
    except BaseException:
        end_process(service.pid, service.started)
        raise
    report_progress(STAGE, f"Serving at {service.url}", done=STEPS, total=STEPS)
    return deployed


def judge_and_record(
    service_folder: Path, section: DeploymentSection, *, registry: Registry | None, run: str, out: Path
) -> Verdict:
    """Judge a local candidate, record its promotion, and write the sealed folder `out` with `verdict.json`.

    Args:
        service_folder: what `deploy_locally` wrote.
        section: the plan's; a candidate whose test was undecided waits for a person, whatever it says.
        registry: where a promotion is recorded; None records nothing.
        run: the run that decides.
        out: the folder to write.
    """
    service, checks = open_service_of(LocalService, service_folder), Checks.read(service_folder)
    alive = runs(service) and _serves(service)
    verdict = judge_local(checks.comparison if alive else None, checks.approved_by(section))
    if verdict.decision == "promote" and registry is not None:
        record = checks.candidate.model_copy(update={"run": run, "reason": verdict.sentence})
        written = registry.promote(record, Path(checks.bundle))
        verdict = verdict.model_copy(update={"record": written.number})
    save_verdict(verdict, out)
    report_progress(STAGE, verdict.sentence, done=1, total=1)
    return verdict


def _serves(service: LocalService) -> bool:
    with InferenceClient(service.url, service.name, timeout_seconds=5.0) as client:
        return client.ready() and client.bundle == service.digest
