"""Each stage as a call on a job's folders: the same functions that the components of Kubeflow call."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.canonical import canonical_json, write_json
from sevenfold.contracts.errors import DataError
from sevenfold.run_stage.folders import JobFolders

if TYPE_CHECKING:
    from sevenfold.serving.judge import Verdict

__all__ = ["DECISION_FILE", "PAGES", "REGISTRATION_FILE", "REGISTRY", "STAGES", "Job"]

REGISTRY: Final = "registry"
DECISION_FILE: Final = "decision.json"
REGISTRATION_FILE: Final = "registration.json"
# What a verdict is in the words of SageMaker's model registry.
APPROVAL: Final = {"promote": "Approved", "hold": "PendingManualApproval", "rollback": "Rejected"}
UNKNOWN: Final = "unknown"
MOST_LETTERS: Final = 1_000  # of a sentence that SageMaker keeps
# The files of the output `report`, by what the components call them.
PAGES: Final = {
    "report": "report.html",
    "summary": "summary.md",
    "notebook": "notebook.ipynb",
    "notebook_page": "notebook.html",
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: its folders, and what its run changes of the plan; -1, 0 and "" take the plan's."""

    folders: JobFolders
    data_digest: str = ""
    trials: int = -1
    max_epochs: int = 0
    seed: int = -1
    run: str = ""

    def page(self, stage: str, name: str = "report") -> Path:
        """Return a file of the stage's report; of several stages in one job each has a folder of its own."""
        folder = self.folders.output("report") / stage
        folder.mkdir(exist_ok=True)
        return folder / PAGES[name]

    def settings(self, stage: str) -> dict[str, Any]:
        """Return a stage's settings, every address that is mounted replaced by the file itself.

        Raises:
            DataError: ``missing_input``, ``one_file``; ``settings`` where the file has none for the stage.
        """
        path = self.folders.file("settings")
        given = json.loads(path.read_bytes()) if path else {}
        if stage not in given:
            raise DataError("settings", f"The input 'settings' must hold a JSON object with {stage!r}, but does not.")
        settings: dict[str, Any] = given[stage]
        for section, key, name in (
            ("design", "notebook", "notebook"),
            ("refine", "recipe", "recipe"),
            ("training", "source", "source"),
        ):
            mounted = self.folders.file(name) if settings.get(section, {}).get(key) else None
            if mounted:
                digest = settings[section][key].partition("#")[2]
                settings[section][key] = mounted.resolve().as_uri() + (f"#{digest}" if digest else "")
        return settings

    def table(self, settings: dict[str, Any]) -> str:
        """Return where the table's files are: what is mounted as ``table-1`` and so on, and addresses of the others."""
        from sevenfold.tables.sources import sources_of, sources_text

        sources = sources_of(settings["data"]["source"])
        mounted = (self.folders.file(f"table-{number}", source) for number, source in enumerate(sources, start=1))
        return sources_text([str(path) if path else source for path, source in zip(mounted, sources, strict=True)])


def _explore(job: Job, stage: str) -> None:
    from sevenfold.design.stage import run_design

    settings = job.settings(stage)
    run_design(
        job.table(settings),
        canonical_json(settings),
        page=job.page(stage),
        summary=job.page(stage, "summary"),
        notebook=job.page(stage, "notebook"),
        notebook_page=job.page(stage, "notebook_page"),
    )


def _prepare(job: Job, stage: str) -> None:
    from sevenfold.preparation.stage import run_preparation

    settings = job.settings(stage)
    run_preparation(
        job.table(settings),
        job.data_digest,
        canonical_json(settings),
        out=job.folders.output("dataset"),
        page=job.page(stage),
        summary=job.page(stage, "summary"),
    )


def _tune(job: Job, stage: str) -> None:
    from sevenfold.tuning.stage import run_tuning

    run_tuning(
        job.folders.input("dataset"),
        canonical_json(job.settings(stage)),
        out=job.folders.output("study"),
        page=job.page(stage),
        summary=job.page(stage, "summary"),
        trials=job.trials,
        seed=job.seed,
        checkpoints=job.folders.checkpoints,
    )


def _train(job: Job, stage: str) -> None:
    from sevenfold.training.stage import run_training

    run_training(
        job.folders.input("dataset"),
        job.folders.input("study"),
        canonical_json(job.settings(stage)),
        out=job.folders.output("bundle"),
        page=job.page(stage),
        summary=job.page(stage, "summary"),
        data_digest=job.data_digest,
        max_epochs=job.max_epochs,
        seed=job.seed,
        checkpoints=job.folders.checkpoints,
    )


def _test(job: Job, stage: str) -> None:
    from sevenfold.contracts.evaluation import Evaluation
    from sevenfold.contracts.registry import LocalRegistry
    from sevenfold.testing.stage import run_test

    kept, out = job.folders.optional(REGISTRY), job.folders.output("evaluation")
    outcome = run_test(
        job.folders.input("bundle"),
        job.folders.input("dataset"),
        canonical_json(job.settings(stage)),
        registry=LocalRegistry(kept) if kept else None,
        out=out,
        page=job.page(stage),
        card=job.page(stage, "summary"),
    )
    # What the pipeline branches on, and what it says where it ends there.
    tested = {"decision": outcome.decision, "sentence": Evaluation.open(out).sentence[:MOST_LETTERS]}
    write_json(job.folders.output("decision") / DECISION_FILE, tested)


def _deploy(job: Job, stage: str) -> None:
    from sevenfold.contracts.bundle import Bundle
    from sevenfold.contracts.dataset import Dataset
    from sevenfold.plan.deployment import DeploymentSection
    from sevenfold.report.page import write_report
    from sevenfold.serving.local.deploy import deploy_locally
    from sevenfold.serving.report import deployment_report

    settings = job.settings(stage)
    section = DeploymentSection.model_validate(settings["deployment"])
    deployed = deploy_locally(
        Dataset.open(job.folders.input("dataset")),
        Bundle.open(job.folders.input("bundle")),
        job.folders.input("evaluation"),
        section,
        name=settings["name"],
        out=job.folders.output("service"),
        log=job.page(stage).with_name("predictor.log"),
    )
    write_report(deployment_report(deployed, section), job.page(stage), job.page(stage, "summary"))


def _judge(job: Job, stage: str) -> None:
    from sevenfold.contracts.registry import LocalRegistry
    from sevenfold.plan.deployment import DeploymentSection
    from sevenfold.report.page import write_report
    from sevenfold.serving.local.deploy import judge_and_record
    from sevenfold.serving.report import verdict_report

    section = DeploymentSection.model_validate(job.settings(stage)["deployment"])
    kept, registry = job.folders.optional(REGISTRY), job.folders.output(REGISTRY)
    if kept:
        shutil.copytree(kept, registry, dirs_exist_ok=True)
    verdict = judge_and_record(
        job.folders.output("service"),
        section,
        registry=LocalRegistry(registry),
        run=job.run,
        out=job.folders.output("verdict"),
    )
    write_report(verdict_report(verdict, section), job.page(stage), job.page(stage, "summary"))
    write_json(job.folders.output("registration") / REGISTRATION_FILE, _registration(job, verdict))


def _registration(job: Job, verdict: Verdict) -> dict[str, str]:
    """Return what the model registry is given: texts, none of them empty, since it keeps nothing else."""
    from sevenfold.serving.deployment import Checks

    candidate = Checks.read(job.folders.output("service")).candidate
    return {
        "status": APPROVAL[verdict.decision],
        "sentence": verdict.sentence[:MOST_LETTERS],
        "bundle": candidate.bundle,
        **{name: candidate.digests.get(name) or UNKNOWN for name in ("data", "dataset", "plan")},
        "metric": candidate.metric or UNKNOWN,
        "score": f"{candidate.scores[candidate.metric]:.6g}" if candidate.metric in candidate.scores else UNKNOWN,
    }


def _monitor(job: Job, stage: str) -> None:
    from sevenfold.monitoring.stage import run_monitoring

    run_monitoring(
        job.folders.input("dataset"),
        job.folders.input("bundle"),
        job.folders.output("service"),
        canonical_json(job.settings(stage)),
        out=job.folders.output("watch"),
        page=job.page(stage),
        summary=job.page(stage, "summary"),
    )


# By task: the stage that an error names, and the call.
STAGES: Final[dict[str, tuple[str, Callable[[Job, str], None]]]] = {
    "explore-data": ("design", _explore),
    "prepare-data": ("preparation", _prepare),
    "tune-model": ("tuning", _tune),
    "train-model": ("training", _train),
    "test-model": ("testing", _test),
    "deploy-model": ("serving", _deploy),
    "judge-canary": ("serving", _judge),
    "monitor-model": ("monitoring", _monitor),
}
