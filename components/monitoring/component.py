"""Stage 7, monitoring: watch the serving model."""

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
    """Watch a deployed model: judge drift from its own counters, write alerts and dashboards.

    On one machine the rows the plan names are sent to the predictor as production traffic, window by window; what it
    counted is compared with the training rows. On a cluster nothing is sent: the counters of users' requests are read
    from Prometheus, which is also asked whether it scrapes the model and has loaded its rules; the plan's rows are
    judged without the service. Drift is a finding, not a failure; where Prometheus does not answer, drift is unknown.

    Args:
        dataset: Sealed dataset folder; its later or test rows are replayed or judged.
        bundle: Sealed bundle folder of the serving model, with the reference to compare with.
        service: Sealed service folder of deploy_model.
        settings: Canonical JSON of {"monitoring": section of the plan, "name": name of the plan, "time_column":
            column that windows are cut by, "in_time_order": whether the test rows are the newest}, and on request
            "service_level" for the alerts.
        watch: Folder with rules.yaml (PrometheusRule), dashboards/ (Grafana) and drift.json, sealed.
        report: Drift per feature over time, latency and predictions, as a page.
        summary: The same as Markdown.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("monitoring"):
        from pathlib import Path

        from sevenfold.monitoring.stage import run_monitoring

        run_monitoring(
            Path(dataset.path),
            Path(bundle.path),
            Path(service.path),
            settings,
            out=Path(watch.path),
            page=Path(report.path),
            summary=Path(summary.path),
        )
