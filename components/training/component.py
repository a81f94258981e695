"""Stage 4, training: fit the model and export the bundle."""
# No `from __future__ import annotations` here: kfp reads the signature's types.

from kfp import dsl
from kfp.dsl import HTML, Artifact, Dataset, Input, Markdown, Metrics, Model, Output

from sevenfold.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def train_model(
    dataset: Input[Dataset],
    study: Input[Artifact],
    settings: str,
    bundle: Output[Model],
    report: Output[HTML],
    summary: Output[Markdown],
    metrics: Output[Metrics],
    data_digest: str = "",
    max_epochs: int = 0,
    seed: int = -1,
) -> None:
    """Fit a model with the best settings and export it as one model.onnx, from raw row to prediction.

    Stops when the validation rows get no better and keeps the best epoch. The file is compared with the model on
    all validation rows before it is sealed. The same data, settings and seed give the same bundle digest, also where
    a fit was stopped and went on from its last checkpoint.

    Args:
        dataset: Folder of prepared rows.
        study: Folder with best.json, the kind of model and the settings to train with.
        settings: Canonical JSON of {"training": section of the plan, "name", "metric", "plan_digest"}.
        bundle: Folder with model.onnx, weights, bundle.json, reference bins and an example request.
        report: Page with learning curves.
        summary: The same as Markdown.
        metrics: Scores on the validation rows.
        data_digest: sha256:… of the table, recorded in the bundle.
        max_epochs: Most epochs; 0 takes the plan's.
        seed: Seed of the fit; -1 takes the plan's.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("training"):
        from pathlib import Path

        from sevenfold.runtime.environment import checkpoint_address
        from sevenfold.training.stage import run_training

        trained = run_training(
            Path(dataset.path),
            Path(study.path),
            settings,
            out=Path(bundle.path),
            page=Path(report.path),
            summary=Path(summary.path),
            data_digest=data_digest,
            max_epochs=max_epochs,
            seed=seed,
            checkpoints=checkpoint_address(bundle.uri),
        )
        for name, value in trained.metrics.items():
            metrics.log_metric(name, value)
