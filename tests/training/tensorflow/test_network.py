"""The built-in network in Keras, against PyTorch's with the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sevenfold.training.edges import bin_edges
from sevenfold.training.pytorch.network import TabularNetwork as TorchNetwork
from sevenfold.training.pytorch.tabular_graph import tabular_graph
from sevenfold.training.settings import NetworkSettings


@pytest.mark.parametrize(("members", "depth"), [(1, 1), (4, 2)])
@pytest.mark.parametrize(("columns", "cardinalities"), [(3, (4, 6)), (3, ()), (0, (4, 6))])
def test_it_is_the_function_that_torchs_is(
    members: int, depth: int, columns: int, cardinalities: tuple[int, ...]
) -> None:
    from sevenfold.training.tensorflow.network import TabularNetwork

    random = np.random.default_rng(3)
    settings = NetworkSettings(width=8, depth=depth, ensemble=members, bins=6)
    numeric = random.normal(size=(200, columns)).astype(np.float32)
    categorical = np.stack([random.integers(0, size, 200) for size in cardinalities] or [[]] * 200, -1)
    categorical = categorical.reshape(200, len(cardinalities)).astype(np.int64)
    edges = bin_edges(numeric, settings.bins)
    network = TabularNetwork(edges, cardinalities, 3, settings, 1)
    for variable in network.trainable_variables:
        variable.assign(random.normal(size=variable.shape).astype(np.float32))
    other = TorchNetwork(edges, cardinalities, 3, settings).eval()
    arrays = network.arrays
    with torch.no_grad():
        if arrays.embedding is not None:
            other.embedding.copy_(torch.from_numpy(arrays.embedding))
        for layer, (kernel, bias) in zip([other.first, *other.hidden], arrays.layers, strict=True):
            layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
        if arrays.scales is not None and arrays.shifts is not None:
            other.scales.copy_(torch.from_numpy(arrays.scales))
            other.shifts.copy_(torch.from_numpy(arrays.shifts))
        other.last.copy_(torch.from_numpy(arrays.last))
        other.bias.copy_(torch.from_numpy(arrays.bias))
        expected = other(torch.from_numpy(numeric), torch.from_numpy(categorical)).numpy()
    np.testing.assert_allclose(network([numeric, categorical]).numpy(), expected, rtol=1e-4, atol=1e-4)
    assert network([numeric, categorical], training=True).shape == (200, members, 3)
    from sevenfold.training.export.network import network_graph

    graphs = [network_graph(arrays, columns), tabular_graph(other, columns)]
    assert graphs[0].SerializeToString(deterministic=True) == graphs[1].SerializeToString(deterministic=True)


def test_dropout_keeps_the_mean_and_unknown_hides_categories() -> None:
    from sevenfold.training.tensorflow.network import TabularNetwork

    settings = NetworkSettings(width=8, ensemble=1, dropout=0.25, unknown=0.5)
    network = TabularNetwork([], (50,), 1, settings, 1)
    drawn = network._bytes([100_000]).numpy()
    assert (drawn.min(), drawn.max()) == (0, 255)
    assert abs((drawn >= network.limit).mean() - 0.75) < 0.01
    codes = np.full((4_000, 1), 7, dtype=np.int64)
    numeric = np.zeros((4_000, 0), dtype=np.float32)
    given = network([numeric, codes], training=True).numpy()
    assert len(np.unique(network([numeric, codes]).numpy())) == 1
    assert len(np.unique(given)) > 2
