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
    bundle_digest: str = "",
    evaluation_digest: str = "",
) -> None:
    """Deploy a tested bundle and check that it serves what was tested.

    On a cluster it becomes a candidate of the plan's InferenceService that no user's request reaches yet; elsewhere the
    predictor is a process of this machine. It is queried with KServe's own client, and every test row is compared with
    its tested prediction: 1e-6 for probabilities, 1e-5 relative for values.

    Args:
        dataset: Sealed dataset folder; its test rows are replayed, marked so that no statistics count them.
        bundle: Sealed bundle folder; on a cluster KServe fetches it from the artifact's address.
        evaluation: Sealed evaluation folder of this bundle and dataset; its decision must be promote.
        settings: Canonical JSON of {"deployment": section of the plan, "name": name of the plan, "image": image of the
            predictor, empty for the cluster's ServingRuntime's}.
        service: Folder with service.json (kind, url, digest, …) and checks.json, sealed.
        report: Address, query and checks, as a page.
        summary: The same as Markdown.
        bundle_digest: sha256:… that the bundle must have, where it comes from another run; empty accepts any that the
            evaluation is of.
        evaluation_digest: The same of the evaluation.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("serving"):
        from pathlib import Path

        from sevenfold.serving.stage import run_deployment

        run_deployment(
            Path(dataset.path),
            Path(bundle.path),
            Path(evaluation.path),
            settings,
            location=bundle.uri,
            rows_location=dataset.uri,
            bundle_digest=bundle_digest,
            evaluation_digest=evaluation_digest,
            out=Path(service.path),
            page=Path(report.path),
            summary=Path(summary.path),
        )


@dsl.component(base_image=CONTROL, install_kfp_package=False)
def judge_canary(
    service: Input[Artifact],
    settings: str,
    verdict: Output[Artifact],
    report: Output[HTML],
    summary: Output[Markdown],
) -> str:
    """Judge a deployed candidate: promote, hold or roll back, and carry it out.

    On a cluster the candidate gets its share of the users' requests and is judged on what Prometheus counted of them;
    elsewhere the replayed test rows are the evidence. A promotion is recorded in the plan's registry.

    Args:
        service: Sealed service folder of deploy_model.
        settings: Canonical JSON of {"deployment": section of the plan, "name": name of the plan, "prometheus": URL}.
        verdict: Folder with verdict.json, sealed.
        report: The decision, its reason and its numbers, as a page.
        summary: The same as Markdown.

    Returns:
        promote, hold or rollback.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("serving"):
        from pathlib import Path

        from sevenfold.serving.stage import run_judgement

        outputs = {"out": Path(verdict.path), "page": Path(report.path), "summary": Path(summary.path)}
        return run_judgement(Path(service.path), settings, **outputs).decision
