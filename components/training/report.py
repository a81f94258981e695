"""The report of training: learning curves, settings and scores on the validation rows."""

from __future__ import annotations

from sevenfold.plan.metrics import higher_is_better
from sevenfold.report.charts import Limit, lines
from sevenfold.report.format_value import format_score
from sevenfold.report.model import Block, Chart, Fact, Facts, Finding, Findings, Report, Table
from sevenfold.training.protocol import FittedModel
from sevenfold.training.threshold_report import threshold_blocks
from sevenfold.training.train import Trained

__all__ = ["training_report"]

NAMES = {"onnx": "ONNX model"}  # at the start of a sentence; other kinds have their own name there
_LOSSES = {
    "network": "Training loss is the mean over the epoch's steps, with dropout; validation loss comes after it.",
    "trees": "Both losses are those of all trees up to the epoch.",
}
STOPPED = {
    "patience": "stopped because validation got no better",
    "epochs": "went through all its epochs",
    "converged": "converged",
    "pruned": "was stopped from outside",
}


def training_report(trained: Trained) -> Report:
    """Return the report of a fit."""
    fitted, best, name = trained.fitted, trained.fitted.best, trained.kind.name
    return Report(
        stage="training",
        title="Training",
        headline=f"{NAMES.get(name, name.capitalize())}: {fitted.metric} {format_score(best.score)} on "
        f"{trained.validation_rows:,} validation rows{_reached(fitted)}; the fit {STOPPED[fitted.stopped]}.",
        level="good",
        blocks=(
            _facts(trained),
            *_findings(trained),
            *_curves(trained),
            *threshold_blocks(trained.threshold),
            _metrics(trained),
            _settings(trained),
        ),
    )


def _reached(fitted: FittedModel) -> str:
    return f", reached in epoch {fitted.best.number} of {len(fitted.curve)}" if len(fitted.curve) > 1 else ""


def _facts(trained: Trained) -> Facts:
    fitted = trained.fitted
    return Facts(
        facts=(
            Fact(label=f"Validation {fitted.metric}", value=fitted.score, level="good"),
            Fact(label="Model", value=f"{trained.kind.name} ({trained.kind.framework})"),
            Fact(label="Best epoch", value=f"{fitted.best.number} of {len(fitted.curve)}"),
            Fact(label="Training rows", value=trained.train_rows),
            Fact(label=fitted.unit.capitalize(), value=fitted.size),
            Fact(label="model.onnx", value=round(trained.model_bytes / 1024, 1), unit="KiB"),
            Fact(label="Fit", value=round(fitted.curve[-1].seconds, 1), unit="s"),
        )
    )


def _findings(trained: Trained) -> list[Block]:
    fitted = trained.fitted
    same = (
        f"model.onnx predicts what the model itself predicts on all {trained.validation_rows:,} validation rows: "
        f"the largest difference is {trained.difference:.2g}."
    )
    findings = [Finding(level="good", text=same)]
    if fitted.stopped == "epochs" and fitted.best.number == len(fitted.curve) > 1:
        text = f"The last epoch was the best: more than {len(fitted.curve)} epochs (training.max_epochs) may help."
        findings.append(Finding(level="info", text=text))
    last = fitted.curve[-1]
    if len(fitted.curve) > 1 and last.validation_loss > 1.25 * max(last.train_loss, 1e-9):
        text = (
            f"By the last epoch the validation loss ({last.validation_loss:.3g}) was well above the training loss "
            f"({last.train_loss:.3g}): the kept weights are those of epoch {fitted.best.number}."
        )
        findings.append(Finding(level="info", text=text))
    return [Findings(findings=tuple(findings))]


def _curves(trained: Trained) -> list[Chart]:
    fitted = trained.fitted
    if len(fitted.curve) == 1:
        return []
    losses = [{"epoch": epoch.number, "loss": epoch.train_loss, "rows": "training"} for epoch in fitted.curve]
    losses += [{"epoch": epoch.number, "loss": epoch.validation_loss, "rows": "validation"} for epoch in fitted.curve]
    scores = [{"epoch": epoch.number, "score": epoch.score} for epoch in fitted.curve]
    better = "higher" if higher_is_better(fitted.metric) else "lower"
    kept = Limit(value=fitted.best.number, label="kept", on="x", level="info")
    return [
        lines(
            "Loss per epoch",
            losses,
            "epoch",
            "loss",
            "rows",
            x_title="epoch",
            x_format="d",
            y_title="loss",
            marked=True,
            limits=[kept],
            caption=_LOSSES["trees" if trained.kind.name == "trees" else "network"],
            alt=f"Training and validation loss over {len(fitted.curve)} epochs; epoch {fitted.best.number} is kept.",
        ),
        lines(
            f"Validation {fitted.metric} per epoch",
            scores,
            "epoch",
            "score",
            x_title="epoch",
            x_format="d",
            y_title=fitted.metric,
            marked=True,
            limits=[kept],
            caption=f"The {better} the better.",
            alt=f"Validation {fitted.metric} per epoch, best {format_score(fitted.score)} in epoch "
            f"{fitted.best.number}.",
        ),
    ]


def _metrics(trained: Trained) -> Table:
    return Table(
        title="On the validation rows",
        columns=("metric", "value"),
        rows=tuple(trained.metrics.items()),
        caption="These rows chose the epoch and the settings; the test rows judge.",
    )


def _settings(trained: Trained) -> Table:
    section = trained.section
    used = dict(sorted(trained.fitted.recorded.items())) | {"patience": section.patience}
    used |= {"seed": section.seed, "threads": section.threads, "device": section.device.value}
    return Table(
        title="Settings",
        columns=("setting", "value", "from"),
        rows=tuple((name, _shown(value), _origin(trained, name)) for name, value in used.items()),
    )


def _shown(value: object) -> str | int | float:
    return value if isinstance(value, int | float | str) else str(value)


def _origin(trained: Trained, name: str) -> str:
    if name in trained.tuned:
        return "tuning"
    section = trained.section
    return "plan" if name in section.settings or name in section.model_fields_set else "default"
