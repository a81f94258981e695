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
    """Watch a deployed model: judge drift from its own counters, write alerts and a dashboard.

    On one machine the rows the plan names are sent to the predictor as production traffic, window by window; what it
    counted is compared with the training rows. On a cluster nothing is sent: Prometheus is asked what users sent, and
    whether it scrapes the model and has loaded its rules, and the rows are judged without the service. Drift is a
    finding, not a failure; where Prometheus does not answer, drift is unknown.

    Args:
        dataset: Sealed dataset folder; its later or test rows are replayed or judged.
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
        from sevenfold.monitoring.on_cluster import watch_on_cluster
        from sevenfold.monitoring.watch import read_service
        from sevenfold.monitoring.watch import watch as watch_service
        from sevenfold.plan.deployment import ServiceLevel
        from sevenfold.plan.monitoring import MonitoringSection

        given = json.loads(settings)
        address = read_service(Path(service.path))
        watched = watch_on_cluster if address.kind == "kserve" else watch_service
        found = watched(
            SealedDataset.open(Path(dataset.path)),
            Bundle.open(Path(bundle.path)),
            address,
            MonitoringSection.model_validate(given["monitoring"]),
            Path(watch.path),
            name=given["name"],
            time_column=given.get("time_column", ""),
            level=ServiceLevel.model_validate(given.get("service_level", {})),
        )
        write_report(found, Path(report.path), Path(summary.path))
