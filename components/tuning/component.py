"""Stage 3, tuning: search the training settings."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl
from kfp.dsl import HTML, Artifact, Dataset, Input, Markdown, Metrics, Output

from sevenfold.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def tune_model(
    dataset: Input[Dataset],
    settings: str,
    study: Output[Artifact],
    report: Output[HTML],
    summary: Output[Markdown],
    metrics: Output[Metrics],
    data_digest: str = "",
    trials: int = -1,
    seed: int = -1,
) -> None:
    """Search the kind of model and the settings that score best on the validation rows, hopeless trials stopped early.

    The first trial of each kind takes the plan's own settings, so the result is never worse than those. A trial that
    fails is marked and the search goes on; a search that was killed goes on after its last trial when it is started
    again.

    Args:
        dataset: Sealed dataset folder; its training and validation rows are used.
        settings: Canonical JSON of {"tuning", "training": sections of the plan, "metric": name}.
        study: Folder with best.json (kind of model, settings for training, score) and trials.json, sealed.
        report: Trials, learning curves, what mattered, as a page.
        summary: The same as Markdown.
        metrics: Best score, trials, epochs.
        data_digest: sha256:… of the table; not read, but makes changed data a new cache key.
        trials: Number of trials; -1 takes the plan's, 0 skips the search.
        seed: Seed of search and training; -1 takes the plan's.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("tuning"):
        from pathlib import Path

        from sevenfold.runtime.environment import checkpoint_address
        from sevenfold.tuning.stage import run_tuning

        tuned = run_tuning(
            Path(dataset.path),
            settings,
            out=Path(study.path),
            page=Path(report.path),
            summary=Path(summary.path),
            trials=trials,
            seed=seed,
            checkpoints=checkpoint_address(study.uri),
        )
        for name, value in tuned.scores.items():
            metrics.log_metric(name, value)
