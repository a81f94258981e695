"""Stage 7, monitoring: watch what serves."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl
from kfp.dsl import HTML, Artifact, Dataset, Input, Markdown, Model, Output

from sevenfold.images import CONTROL


@dsl.component(base_image=CONTROL, install_kfp_package=False)
def monitor_model(
    dataset: Input[Dataset],
    bundle: Input[Model],
    service: Input[Artifact],
    settings: str,
    watch: Output[Artifact],
    report: Output[HTML],
    summary: Output[Markdown],
) -> None:
    """Watch a deployed model: send rows through it, judge drift from its own counters, write alerts and a dashboard.

    The rows the plan names are sent to the predictor as production traffic, window by window; what it counted is
    compared with the training rows. Drift is a finding, not a failure.

    Args:
        dataset: Sealed dataset folder; its later or test rows are replayed.
        bundle: Sealed bundle folder of what serves; its reference is compared with.
        service: Sealed service folder of deploy_model.
        settings: Canonical JSON of {"monitoring": section of the plan, "name": name of the plan, "time_column":
            column that windows are cut by}, and on request "service_level" for the alerts.
        watch: Folder with rules.yaml (PrometheusRule), dashboard.json (Grafana) and drift.json, sealed.
        report: Drift per feature over time, latency and predictions, as a page.
        summary: The same as Markdown.
    """
    from sevenfold.contracts.failure import stage_boundary

    with stage_boundary("monitoring"):
        import json
        from pathlib import Path

        from sevenfold.contracts.bundle import Bundle
        from sevenfold.contracts.dataset import Dataset as SealedDataset
        from sevenfold.contracts.report.page import write_report
        from sevenfold.monitoring.watch import read_service
        from sevenfold.monitoring.watch import watch as watch_service
        from sevenfold.plan.deployment import ServiceLevel
        from sevenfold.plan.monitoring import MonitoringSection

        given = json.loads(settings)
        found = watch_service(
            SealedDataset.open(Path(dataset.path)),
            Bundle.open(Path(bundle.path)),
            read_service(Path(service.path)),
            MonitoringSection.model_validate(given["monitoring"]),
            Path(watch.path),
            name=given["name"],
            time_column=given.get("time_column", ""),
            level=ServiceLevel.model_validate(given.get("service_level", {})),
        )
        write_report(found, Path(report.path), Path(summary.path))
