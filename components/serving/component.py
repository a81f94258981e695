"""Stage 6, inference: deploy a tested bundle, and judge whether it may stay."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl
from kfp.dsl import HTML, Artifact, Dataset, Input, Markdown, Model, Output

from sevenfold.images import CONTROL


@dsl.component(base_image=CONTROL, install_kfp_package=False)
def deploy_model(
    dataset: Input[Dataset],
    bundle: Input[Model],
    evaluation: Input[Artifact],
    settings: str,
    service: Output[Artifact],
    report: Output[HTML],
    summary: Output[Markdown],
) -> None:
    """Bring a tested bundle to serve and prove that it serves what was tested.

    Outside a cluster the predictor is a process of this machine. It is asked with KServe's own client, and every test
    row is compared with its tested prediction: 1e-6 for probabilities, 1e-5 relative for values.

    Args:
        dataset: Sealed dataset folder; its test rows are replayed, marked so that no statistics count them.
        bundle: Sealed bundle folder.
        evaluation: Sealed evaluation folder of this bundle and dataset; its decision must be promote.
        settings: Canonical JSON of {"deployment": section of the plan, "name": name of the plan}.
        service: Folder with service.json (url, pid, digest) and checks.json, sealed.
        report: What was found, as a page.
        summary: The same as Markdown.
    """
    from sevenfold.contracts.failure import stage_boundary

    with stage_boundary("serving"):
        import json
        from pathlib import Path

        from sevenfold.contracts.bundle import Bundle
        from sevenfold.contracts.dataset import Dataset as SealedDataset
        from sevenfold.contracts.environment import in_cluster, run_folder
        from sevenfold.contracts.report.page import write_report
        from sevenfold.plan.deployment import DeploymentSection
        from sevenfold.serving.deploy import deploy_locally, place_of
        from sevenfold.serving.report import deployment_report

        given = json.loads(settings)
        section = DeploymentSection.model_validate(given["deployment"])
        place_of(section, in_cluster=in_cluster())
        log = (run_folder() or Path(service.path).parent) / "predictor.log"
        deployed = deploy_locally(
            SealedDataset.open(Path(dataset.path)),
            Bundle.open(Path(bundle.path)),
            Path(evaluation.path),
            section,
            name=given["name"],
            out=Path(service.path),
            log=log,
        )
        write_report(deployment_report(deployed, section), Path(report.path), Path(summary.path))


@dsl.component(base_image=CONTROL, install_kfp_package=False)
def judge_canary(
    service: Input[Artifact],
    settings: str,
    verdict: Output[Artifact],
    report: Output[HTML],
    summary: Output[Markdown],
) -> str:
    """Judge a deployed candidate: promote, hold or roll back.

    Outside a cluster the replayed test rows are the evidence. A promotion is recorded in the registry beside the run.

    Args:
        service: Sealed service folder of deploy_model.
        settings: Canonical JSON of {"deployment": section of the plan, "name": name of the plan}.
        verdict: Folder with verdict.json, sealed.
        report: What was decided and why, as a page.
        summary: The same as Markdown.

    Returns:
        promote, hold or rollback.
    """
    from sevenfold.contracts.failure import stage_boundary

    with stage_boundary("serving"):
        import json
        from pathlib import Path

        from sevenfold.contracts.environment import in_cluster, registry_folder, run_folder
        from sevenfold.contracts.registry import LocalRegistry
        from sevenfold.contracts.report.page import write_report
        from sevenfold.plan.deployment import DeploymentSection
        from sevenfold.serving.deploy import judge_and_record, place_of
        from sevenfold.serving.report import verdict_report

        section = DeploymentSection.model_validate(json.loads(settings)["deployment"])
        place_of(section, in_cluster=in_cluster())
        run, home = run_folder(), registry_folder()
        decided = judge_and_record(
            Path(service.path),
            section,
            registry=LocalRegistry(home) if home else None,
            run=run.name if run else "",
            out=Path(verdict.path),
        )
        write_report(verdict_report(decided), Path(report.path), Path(summary.path))
        return decided.decision
