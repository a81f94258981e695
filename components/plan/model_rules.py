"""Rules of the section `training` between framework, model, source and class weights."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.contracts.schema import Task
from sevenfold.plan.column_rules import Breach
from sevenfold.plan.plan import Plan
from sevenfold.plan.training import Device, Framework, ModelChoice, TrainingSection
from sevenfold.plan.trainjob import TrainJobSection

__all__ = ["model_breaches"]


def model_breaches(plan: Plan) -> Iterator[Breach]:
    """Yield what the section asks for that cannot go together, or not with the task."""
    training = plan.training
    if training.framework is Framework.ONNX:
        yield from _foreign(training)
    elif training.framework is Framework.TENSORFLOW:
        yield from _tensorflow(training)
    elif training.source and training.model in (ModelChoice.TREES, ModelChoice.LINEAR):
        yield (
            ("training", "model"),
            "names a built-in kind of model, and training.source builds a network",
            repr(training.model.value),
            "Remove one of both.",
        )
    network = training.framework is Framework.PYTORCH and training.model in (ModelChoice.AUTO, ModelChoice.NETWORK)
    if training.processes > 1 and not network:
        yield (
            ("training", "processes"),
            "training.framework: pytorch fits a network in several processes, and nothing else is",
            repr(training.processes),
            "Write processes: 1; trees take more threads, with training.threads.",
        )
    yield from _pods(training, network=network)
    if training.class_weights and plan.data.task is Task.REGRESSION:
        yield (
            ("training", "class_weights"),
            "weighs the classes of a target, and a regression's has none",
            repr(training.class_weights),
            "Remove it.",
        )


def _pods(training: TrainingSection, *, network: bool) -> Iterator[Breach]:
    """Yield what pods of a TrainJob cannot fit."""
    key, wanted = ("training", "trainjob"), training.trainjob
    if not wanted.nodes:
        if wanted != TrainJobSection():
            rule = "says how many pods there are, where anything is said of them"
            yield (*key, "nodes"), rule, "0", "Write a number of 1 or more, or remove trainjob."
        return
    if not network:
        yield (
            key,
            "training.framework: pytorch fits a network in several pods, and nothing else is",
            f"nodes: {wanted.nodes}",
            "Remove it; trees take more threads, with training.threads.",
        )
    if training.source:
        yield (
            key,
            "makes pods that have no file of a model, and training.source names one",
            repr(training.source),
            "Remove one of both; training.processes fits it in several processes of one pod.",
        )
    if training.device is Device.CUDA:
        yield key, "makes pods without GPUs", "training.device: cuda", "Write device: cpu, or remove trainjob."


def _foreign(training: TrainingSection) -> Iterator[Breach]:
    if not training.source:
        yield (
            ("training", "source"),
            "framework: onnx takes a model that a file with train(dataset, settings) fits",
            "''",
            "Name the file or package folder.",
        )
    if "model" in training.model_fields_set and training.model is not ModelChoice.AUTO:
        yield (
            ("training", "model"),
            "names a built-in kind of model, and framework: onnx takes that of training.source",
            repr(training.model.value),
            "Remove it.",
        )


def _tensorflow(training: TrainingSection) -> Iterator[Breach]:
    """Yield what TensorFlow cannot do: it fits networks, on the CPU."""
    if training.model in (ModelChoice.TREES, ModelChoice.LINEAR):
        yield (
            ("training", "model"),
            "training.framework: tensorflow makes a network and nothing else",
            repr(training.model.value),
            "Write model: network, or framework: pytorch, which has every kind of model.",
        )
    if training.device is Device.CUDA:
        yield (
            ("training", "device"),
            "training.framework: tensorflow fits on the CPU",
            repr(training.device.value),
            "Write device: cpu, or framework: pytorch.",
        )
