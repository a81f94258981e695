"""The built-in network for tables as a Keras model: the same function as PyTorch's, from the same settings.

This module imports TensorFlow, so others import it inside the function that needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.transform import UNKNOWN_CODE
from sevenfold.training.export.network import NetworkArrays
from sevenfold.training.settings import NetworkSettings
from sevenfold.training.tensorflow.library import keras, tensorflow

__all__ = ["TabularNetwork"]

tf = tensorflow()
BYTES = 4  # random bytes per uint32


class TabularNetwork(keras().Model):  # type: ignore[misc]
    """An MLP over piecewise-linear numbers and embedded categories, with members that share its weights.

    In training it gives ``[rows, members, outputs]``, else the members' mean ``[rows, outputs]``; see
    `pytorch.network.TabularNetwork` for the papers.

    Args:
        edges: ascending edges of the pieces of each numeric input.
        cardinalities: number of codes of each categorical input.
        outputs: logits (one per class), or 1 for a value.
        settings: width, depth, dropout, embedding_width, bins, ensemble.
        seed: of the first weights and of dropout.
    """

    def __init__(
        self,
        edges: Sequence[NDArray[np.float32]],
        cardinalities: Sequence[int],
        outputs: int,
        settings: NetworkSettings,
        seed: int,
    ) -> None:
        super().__init__(name="network")
        random = np.random.default_rng(seed)
        self.drawn = keras().random.SeedGenerator(seed)
        nothing = np.zeros(0, np.float32)
        self.columns = np.array([column for column, ends in enumerate(edges) for _ in ends[1:]], dtype=np.int32)
        self.low = np.concatenate([nothing, *(ends[:-1] for ends in edges)])
        self.slope = np.float32(1.0) / np.concatenate([nothing, *(np.diff(ends) for ends in edges)])
        self.starts = np.array([0, *cardinalities[:-1]], dtype=np.int64).cumsum()
        self.limit, self.unknown = round(settings.dropout * 256), round(settings.unknown * 256)
        width, members = settings.width, settings.ensemble
        fed = len(self.columns) + len(cardinalities) * settings.embedding_width
        self.embedding: Any = None
        if cardinalities:
            shape = (sum(cardinalities), settings.embedding_width)
            self.embedding = self._made("embedding", random.standard_normal(shape) * 0.1)
        self.layers_of = []
        for depth in range(settings.depth):
            bound = (fed if depth == 0 else width) ** -0.5
            kernel = random.uniform(-bound, bound, (fed if depth == 0 else width, width))
            bias = random.uniform(-bound, bound, width)
            self.layers_of.append((self._made(f"kernel_{depth}", kernel), self._made(f"bias_{depth}", bias)))
        self.scales: Any = None
        self.shifts: Any = None
        if members > 1:
            signs = random.integers(0, 2, (settings.depth, members, width)) * 2.0 - 1.0
            self.scales = self._made("scales", signs)
            self.shifts = self._made("shifts", np.zeros((settings.depth, members, width)))
        self.last = self._made("last", random.standard_normal((members, width, outputs)) * width**-0.5)
        self.bias = self._made("bias", np.zeros((members, 1, outputs)))
        self.built = True

    def _made(self, name: str, values: NDArray[Any]) -> Any:
        return self.add_weight(name=name, shape=values.shape, initializer=lambda shape, dtype: values.astype(dtype))

    def call(self, inputs: Sequence[Any], training: bool = False) -> Any:
        """Return logits or standardised values for numeric float32 ``[n, N]`` and categorical int64 ``[n, C]``."""
        numeric, categorical = inputs
        fed = []
        if len(self.columns):
            pieces = (tf.gather(numeric, self.columns, axis=1) - self.low) * self.slope
            fed.append(tf.clip_by_value(pieces, 0.0, 1.0))
        if self.embedding is not None:
            if training and self.unknown:
                known = self._bytes(tf.shape(categorical)) >= self.unknown
                categorical = tf.where(known, categorical, np.int64(UNKNOWN_CODE))
            vectors = tf.gather(self.embedding, categorical + self.starts)
            fed.append(tf.reshape(vectors, [-1, len(self.starts) * self.embedding.shape[1]]))
        hidden = tf.concat(fed, 1)
        for depth, (kernel, bias) in enumerate(self.layers_of):
            hidden = self._members(tf.matmul(hidden, kernel) + bias, depth, training)
        if len(hidden.shape) == 2:
            hidden = hidden[None]
        outputs = tf.matmul(hidden, self.last) + self.bias
        return tf.transpose(outputs, [1, 0, 2]) if training else tf.reduce_mean(outputs, 0)

    @property
    def arrays(self) -> NetworkArrays:
        """The weights, as a graph is written from them."""
        numbers, categories = len(self.columns) > 0, self.embedding is not None
        members = self.scales is not None
        return NetworkArrays(
            columns=self.columns if numbers else None,
            low=self.low if numbers else None,
            slope=self.slope if numbers else None,
            embedding=self.embedding.numpy() if categories else None,
            starts=self.starts if categories else None,
            layers=[(kernel.numpy(), bias.numpy()) for kernel, bias in self.layers_of],
            scales=self.scales.numpy() if members else None,
            shifts=self.shifts.numpy() if members else None,
            last=self.last.numpy(),
            bias=self.bias.numpy(),
        )

    def _members(self, hidden: Any, depth: int, training: bool) -> Any:
        """Give each member its own view of a layer: ``[rows, width]`` or more becomes ``[members, rows, width]``."""
        if self.scales is not None:
            hidden = hidden * self.scales[depth][:, None] + self.shifts[depth][:, None]
        hidden = tf.nn.relu(hidden)
        if not training or self.limit == 0:
            return hidden
        kept = tf.cast(self._bytes(tf.shape(hidden)) >= self.limit, hidden.dtype)
        return hidden * (kept * (256 / (256 - self.limit)))

    def _bytes(self, shape: Any) -> Any:
        """Return int32 from 0 to 255 of a shape: a byte costs less than a random number."""
        count = tf.reduce_prod(shape)
        words = tf.random.stateless_uniform(
            [(count + BYTES - 1) // BYTES], self.drawn.next(), minval=None, maxval=None, dtype=tf.uint32
        )
        return tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:count], shape)
