"""Stage 5, testing: score a bundle and decide whether it may be promoted."""

# No `from __future__ import annotations` here: kfp reads the signature's types.

from kfp import dsl
from kfp.dsl import HTML, Artifact, ClassificationMetrics, Dataset, Input, Markdown, Metrics, Model, Output

from sevenfold.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def test_model(
    dataset: Input[Dataset],
    bundle: Input[Model],
    settings: str,
    evaluation: Output[Artifact],
    report: Output[HTML],
    summary: Output[Markdown],
    metrics: Output[Metrics],
    curves: Output[ClassificationMetrics],
) -> str:
    """Test a model bundle on rows that no earlier stage has used, and decide whether it may be promoted.

    Scores the bundle's own model.onnx, with confidence intervals, per slice, and against the model now serving and
    the best one ever promoted. Every gate of the plan is judged, even after one has refused.

    Args:
        dataset: Folder of prepared rows; those of `test` decide, those of `train` are for the overfitting gap.
        bundle: Folder of the candidate.
        settings: JSON with "testing" (section of the plan), "name" (the plan's name), "allow_leakage" (columns that
            may carry a nearly perfect score alone) and "deployment" (section of the plan: where promotions are
            recorded); of a retraining on a cluster "max_forgetting", for which the serving model's rows are fetched.
        evaluation: Folder with evaluation.json (scores, gates, decision) and predictions.parquet (test rows).
        report: Page with gates and charts.
        summary: Model card.
        metrics: Scores on the test rows.
        curves: ROC curve and confusion matrix.

    Returns:
        "promote" or "refuse". An undecided model gives "promote" where the plan holds it for a person, since
        deploy_model then gives it no traffic, and "refuse" where the plan keeps the serving model.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("testing"):
        from pathlib import Path

        from sevenfold.testing.stage import registry_of, run_test

        outcome = run_test(
            Path(bundle.path),
            Path(dataset.path),
            settings,
            registry=registry_of(settings),
            out=Path(evaluation.path),
            page=Path(report.path),
            card=Path(summary.path),
        )
        for name, value in outcome.scores.items():
            metrics.log_metric(name, value)
        if outcome.roc:
            curves.log_roc_curve(*outcome.roc)
        if outcome.confusion:
            curves.log_confusion_matrix(*outcome.confusion)
        return outcome.decision


test_model.__test__ = False  # not a test, whatever its name
