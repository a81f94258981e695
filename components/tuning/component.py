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
    """Search the training settings that score best on the validation rows, hopeless trials stopped early.

    The first trial takes the plan's own settings, so the result is never worse than those. A trial that fails is
    marked and the search goes on; a search that was killed goes on after its last trial when it is started again.

    Args:
        dataset: Sealed dataset folder; its training and validation rows are used.
        settings: Canonical JSON of {"tuning", "training": sections of the plan, "metric": name}.
        study: Folder with best.json (settings for training, score) and trials.json, sealed.
        report: Trials, learning curves, what mattered, as a page.
        summary: The same as Markdown.
        metrics: Best score, trials, epochs.
        data_digest: sha256:… of the table; not read, but makes changed data a new cache key.
        trials: Number of trials; -1 takes the plan's, 0 skips the search.
        seed: Seed of search and training; -1 takes the plan's.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("tuning"):
        import json
        import time
        from collections.abc import Mapping
        from pathlib import Path
        from typing import Any

        from sevenfold.contracts.dataset import Dataset as SealedDataset
        from sevenfold.plan.metrics import higher_is_better
        from sevenfold.plan.training import TrainingSection
        from sevenfold.plan.tuning import TuningSection
        from sevenfold.report.page import write_report
        from sevenfold.runtime.checkpoint import Draft, checkpoints_at
        from sevenfold.runtime.environment import checkpoint_address
        from sevenfold.runtime.progress import report_progress
        from sevenfold.runtime.termination import on_termination
        from sevenfold.training.pytorch.device import device_of
        from sevenfold.training.pytorch.fit import fit
        from sevenfold.training.pytorch.model import Model as Network
        from sevenfold.training.pytorch.model import effective_settings
        from sevenfold.training.pytorch.space import default_space
        from sevenfold.training.pytorch.tensors import load_tensors
        from sevenfold.training.rehearsal import rehearse
        from sevenfold.training.settings import FitSettings
        from sevenfold.training.train import work_of
        from sevenfold.tuning.report import build_report
        from sevenfold.tuning.study import search, write_study

        given, chosen = json.loads(settings), seed if seed >= 0 else None
        section = TuningSection.model_validate(given["tuning"])
        section = section.replaced(trials=trials if trials >= 0 else None, seed=chosen)
        training = TrainingSection.model_validate(given["training"]).replaced(seed=chosen)
        if section.trials:
            device_of(training.device)  # else every trial would fail on it, one by one
        metric, sealed = given["metric"], SealedDataset.open(Path(dataset.path))
        network = Network.of(training)
        known = effective_settings(network, training.settings)
        # The built-in space names settings of the built-in network; a user's own shares only those of the fit.
        ranges = {k: v for k, v in default_space().items() if network.source is None or k in FitSettings.model_fields}
        tensors = (
            load_tensors(sealed, row_fraction=section.row_fraction, seed=training.seed) if section.trials else None
        )
        if tensors is not None and training.source:
            rehearse(sealed, tensors, training, metric)

        kept = checkpoints_at(
            checkpoint_address(study.uri),
            {**work_of(sealed, training, metric, network), "tuning": section.model_dump(mode="json")},
            lambda message: report_progress("tuning", message, total=section.trials),
        )

        def objective(tried: Mapping[str, Any], on_epoch: Any) -> float:
            assert tensors is not None  # noqa: S101 - no trial runs without them
            draft = Draft(kept, "trial", of=tried)
            budget = {"max_epochs": section.max_epochs, "on_epoch": on_epoch, "model": network, "progress": draft}
            with on_termination(draft.flush):
                return fit(tensors, training, metric, settings=tried, **budget).score

        def tell(trial: Any, best: Any) -> None:
            said = f", best {best.score:.4g}" if best else ""
            done = trial.number + 1
            report_progress("tuning", f"trial {done} of {section.trials}{said}", done=done, total=section.trials)

        found = search(
            objective,
            section,
            section.space or ranges,
            "maximize" if higher_is_better(metric) else "minimize",
            first=known,
            checkpoints=kept,
            on_trial=tell,
        )
        write_study(found, training.settings, Path(study.path))
        kept.remove()
        if found.best is not None:
            metrics.log_metric(f"best_{metric}", found.best.score)
        metrics.log_metric("trials", len(found.trials))
        metrics.log_metric("epochs", found.epochs)
        page = build_report(found, metric, training.settings, cpu_seconds=time.process_time())
        write_report(page, Path(report.path), Path(summary.path))
