"""The steps of an epoch and the outputs of a network, compiled by TensorFlow once per fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.training.schedule import WARMUP
from sevenfold.training.settings import FitSettings
from sevenfold.training.tensorflow.library import keras, tensorflow
from sevenfold.training.tensorflow.model import Network
from sevenfold.training.tensorflow.rows import Rows

__all__ = ["Steps", "outputs_of"]

CHUNK: Final = 8_192  # rows scored at once
# Operations whose numbers come from a generator inside TensorFlow, which cannot be read: all other randomness has a
# seed and a counter.
HIDDEN_RANDOM: Final = frozenset(
    {
        "Multinomial",
        "ParameterizedTruncatedNormal",
        "RandomGamma",
        "RandomPoissonV2",
        "RandomShuffle",
        "RandomStandardNormal",
        "RandomUniform",
        "RandomUniformInt",
        "TruncatedNormal",
    }
)


class Steps:
    """AdamW (Loshchilov & Hutter 2019) over batches, with warm-up, clipped gradients and averaged weights.

    The average (Izmailov et al. 2018) reaches back `average_steps` on average, early on a third of the steps so far;
    below 1 there is none.

    Args:
        network: its variables are changed in place.
        settings: of the fit.
        rows: the training rows.
        batch_size: rows of a step.
        steps: of all epochs that the fit may have.
        average_steps: how far the average reaches back.
        class_weights: what a row of each class counts; None where all count 1, and for values.
        classification: whether the target is a class.
    """

    def __init__(
        self,
        network: Network,
        settings: FitSettings,
        rows: Rows,
        *,
        batch_size: int,
        steps: int,
        average_steps: float,
        class_weights: NDArray[np.float64] | None,
        classification: bool,
    ) -> None:
        tf = tensorflow()
        self._network, self._batch = network, batch_size
        self._rows = [tf.constant(part) for part in (rows.numeric, rows.categorical, rows.target)]
        self._count = math.ceil(len(rows) / batch_size)
        self._classification = classification
        self._weights = None if class_weights is None else tf.constant(class_weights, tf.float32)
        self._optimiser = _optimiser(network.trainable, settings, steps)
        self._average_steps = average_steps
        trained = network.trainable if average_steps >= 1 else []
        self._means = [tf.Variable(variable.value, trainable=False) for variable in trained]
        self._epoch = self._compiled(len(rows))

    @property
    def optimiser(self) -> Mapping[str, Any]:
        """The optimiser's variables by name."""
        return {f"{index:03d}.{one.name}": one for index, one in enumerate(self._optimiser.variables)}

    @property
    def average(self) -> Mapping[str, Any]:
        """The averages of the trained variables."""
        return {f"{index:03d}": one for index, one in enumerate(self._means)}

    @property
    def is_resumable(self) -> bool:
        """Whether all randomness of a step has its state in a variable."""
        definition = self._epoch.graph.as_graph_def()
        nodes = [*definition.node, *(node for one in definition.library.function for node in one.node_def)]
        return not any(node.op in HIDDEN_RANDOM for node in nodes)

    def run(self, order: NDArray[np.int64]) -> NDArray[np.float32]:
        """Go through the rows once in the given order, and return the loss of every step."""
        losses: NDArray[np.float32] = self._epoch(tensorflow().constant(order)).numpy()
        return losses

    def loss(self, outputs: Any, target: Any) -> Any:
        """Return the mean loss; members of an ensemble, ``[rows, members, outputs]``, learn each for itself."""
        tf = tensorflow()
        if not self._classification:
            values = tf.reshape(outputs, [tf.shape(target)[0], -1])
            return tf.reduce_mean(tf.math.squared_difference(values, target[:, None]))
        members = outputs.shape[1] if len(outputs.shape) == 3 else 1
        target = tf.repeat(target, members) if members > 1 else target
        logits = tf.reshape(outputs, [-1, outputs.shape[-1]])
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logits)
        if self._weights is None:
            return tf.reduce_mean(each)
        weights = tf.gather(self._weights, target)
        return tf.reduce_sum(each * weights) / tf.reduce_sum(weights)

    def swap_average(self) -> None:
        """Exchange the trained variables with their averages; a second time puts both back."""
        for mean, variable in zip(self._means, self._network.trainable, strict=False):
            kept = mean.numpy()
            mean.assign(variable.value)
            variable.assign(kept)

    def _compiled(self, rows: int) -> Any:
        tf = tensorflow()
        try:
            return tf.function(self._all_batches, autograph=False).get_concrete_function(
                tf.TensorSpec([rows], tf.int64)
            )
        except SevenfoldError:
            raise
        except Exception as error:
            raise TrainingError(
                "build_model",
                f"A network must be callable with training=True, but raised {type(error).__name__}: "
                f"{str(error).strip()[:300]}",
                remedy="Mend its call; TensorFlow traces it with batches of any number of rows.",
            ) from error

    def _all_batches(self, order: Any) -> Any:
        tf = tensorflow()

        def step(index: Any, losses: Any) -> tuple[Any, Any]:
            chosen = order[index * self._batch : (index + 1) * self._batch]
            batch = [tf.gather(part, chosen) for part in self._rows]
            return index + 1, losses.write(index, self._step(*batch))

        losses = tf.TensorArray(tf.float32, size=self._count)
        _, losses = tf.while_loop(
            lambda index, _: index < self._count, step, [tf.constant(0), losses], parallel_iterations=1
        )
        return losses.stack()

    def _step(self, numeric: Any, categorical: Any, target: Any) -> Any:
        tf, trained = tensorflow(), self._network.trainable
        with tf.GradientTape() as tape:
            outputs = self._network(numeric, categorical, training=True)
            loss = self.loss(outputs, target)
            penalised = tf.add_n([loss, *self._network.model.losses])
        gradients = tape.gradient(penalised, [variable.value for variable in trained])
        reached = [(slope, variable) for slope, variable in zip(gradients, trained, strict=True) if slope is not None]
        if not reached:
            raise TrainingError(
                "build_model",
                "A network must have weights that its outputs depend on, but has none to fit.",
                remedy="Leave layers trainable, and use operations that TensorFlow can differentiate.",
            )
        self._optimiser.apply(*map(list, zip(*reached, strict=True)))
        seen = tf.cast(self._optimiser.iterations, tf.float32)
        share = 1.0 / tf.minimum(tf.cast(self._average_steps, tf.float32), 1.0 + seen / 3.0)
        for mean, variable in zip(self._means, trained, strict=False):
            mean.assign_add((variable.value - mean) * share)
        return loss


def outputs_of(network: Network, rows: Rows) -> Callable[[Rows], NDArray[np.float32]]:
    """Return a function from rows like these to the network's outputs, float32 ``[n, outputs]``."""
    tf = tensorflow()
    widths = rows.numeric.shape[1], rows.categorical.shape[1]
    compiled = tf.function(
        network.__call__,
        input_signature=[tf.TensorSpec([None, widths[0]], tf.float32), tf.TensorSpec([None, widths[1]], tf.int64)],
        autograph=False,
    )

    def outputs(rows: Rows) -> NDArray[np.float32]:
        starts = range(0, len(rows), CHUNK)
        parts = [
            compiled(rows.numeric[start : start + CHUNK], rows.categorical[start : start + CHUNK]) for start in starts
        ]
        return np.concatenate([part.numpy() for part in parts])

    return outputs


def _optimiser(variables: list[Any], settings: FitSettings, steps: int) -> Any:
    """Return AdamW: weight decay for matrices only, none for vectors; rates as `learning_rate_at` has them."""
    schedule: Any = keras().optimizers.schedules.LearningRateSchedule

    def rate(_: Any, step: Any) -> Any:
        tf = tensorflow()
        done = tf.cast(step + 1, "float32")
        warm = settings.learning_rate * tf.minimum(1.0, done / WARMUP)
        if settings.schedule == "constant":
            return warm
        return warm * (1.0 + tf.cos(math.pi * tf.minimum(1.0, (done - 1.0) / steps))) / 2.0

    rates = type("Rates", (schedule,), {"__call__": rate})()
    optimiser = keras().optimizers.AdamW(
        rates, weight_decay=settings.weight_decay, epsilon=1e-8, global_clipnorm=settings.max_norm
    )
    optimiser.exclude_from_weight_decay(var_list=[one for one in variables if len(one.shape) <= 1])
    optimiser.build(variables)
    return optimiser
