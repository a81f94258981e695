"""The written graph of the built-in network, against torch and against the graph that torch's exporter traces."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.training.export.join import model_bytes
from sevenfold.training.pytorch.export import export_network
from sevenfold.training.pytorch.network import TabularNetwork
from sevenfold.training.pytorch.tabular_graph import tabular_graph
from sevenfold.training.pytorch.tensors import Rows
from sevenfold.training.settings import NetworkSettings


def made(
    seed: int, pieces: list[int], cardinalities: list[int], outputs: int, shape: NetworkSettings
) -> TabularNetwork:
    """A network with random weights of the size that fits end with."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    edges = [np.sort(random.normal(size=count + 1)).astype(np.float32) for count in pieces]
    network = TabularNetwork(edges, cardinalities, outputs, shape).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return network


def rows_of(seed: int, count: int, columns: int, cardinalities: list[int]) -> Rows:
    generator = torch.Generator().manual_seed(seed)
    codes = [torch.randint(0, size, (count, 1), generator=generator) for size in cardinalities]
    categorical = torch.cat(codes, 1) if codes else torch.zeros(count, 0, dtype=torch.int64)
    return Rows(torch.randn(count, columns, generator=generator) * 2, categorical, torch.zeros(count))


def run(model: onnx.ModelProto, rows: Rows) -> np.ndarray:
    session = onnxruntime.InferenceSession(model_bytes(model), providers=["CPUExecutionProvider"])
    feeds = {"numeric": rows.numeric.numpy(), "categorical": rows.categorical.numpy()}
    (outputs,) = session.run(None, {entry.name: feeds[entry.name] for entry in session.get_inputs()})
    return np.asarray(outputs)


def expected_of(network: TabularNetwork, rows: Rows) -> np.ndarray:
    with torch.no_grad():
        return network(rows.numeric, rows.categorical).numpy()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    pieces=st.lists(st.integers(1, 9), max_size=5),
    cardinalities=st.lists(st.integers(2, 7), max_size=3),
    outputs=st.integers(1, 4),
    width=st.integers(1, 40),
    depth=st.integers(1, 4),
    members=st.integers(1, 5),
    count=st.integers(0, 6),
)
def test_the_graph_computes_what_torch_computes(
    seed: int,
    pieces: list[int],
    cardinalities: list[int],
    outputs: int,
    width: int,
    depth: int,
    members: int,
    count: int,
) -> None:
    if not pieces and not cardinalities:
        cardinalities = [3]
    shape = NetworkSettings(width=width, depth=depth, ensemble=members, embedding_width=3)
    network = made(seed, pieces, cardinalities, outputs, shape)
    model = tabular_graph(network, len(pieces))
    onnx.checker.check_model(model, full_check=True)
    rows = rows_of(seed, count, len(pieces), cardinalities)
    outputs_ = run(model, rows)
    assert outputs_.shape == (count, outputs)
    assert outputs_.dtype == np.float32
    expected = expected_of(network, rows)
    assert np.allclose(outputs_, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(
    ("pieces", "cardinalities", "members", "depth"),
    [([6, 1, 4], [3, 5], 4, 2), ([1, 1], [], 1, 1), ([], [4, 2], 3, 3)],
)
def test_the_graph_computes_what_the_traced_graph_computes(
    pieces: list[int], cardinalities: list[int], members: int, depth: int
) -> None:
    network = made(3, pieces, cardinalities, 3, NetworkSettings(width=32, depth=depth, ensemble=members))
    rows = rows_of(5, 200, len(pieces), cardinalities)
    written, traced = tabular_graph(network, len(pieces)), export_network(network, rows)
    assert np.abs(softmax(run(written, rows)) - softmax(run(traced, rows))).max() <= 1e-6


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_values_beyond_the_edges_are_not_extrapolated() -> None:
    network = made(1, [4], [], 1, NetworkSettings(width=8))
    far = Rows(torch.tensor([[-1e30], [-50.0], [50.0], [1e30]]), torch.zeros(4, 0, dtype=torch.int64), torch.zeros(4))
    outputs = run(tabular_graph(network, 1), far)
    assert outputs[0] == outputs[1] and outputs[2] == outputs[3]
    assert np.allclose(outputs, expected_of(network, far), atol=1e-6)


def test_only_the_inputs_that_the_network_uses_are_there() -> None:
    shape = NetworkSettings(width=4)
    names = [
        [entry.name for entry in tabular_graph(made(1, pieces, codes, 2, shape), len(pieces)).graph.input]
        for pieces, codes in (([2], [3]), ([2], []), ([], [3]))
    ]
    assert names == [["numeric", "categorical"], ["numeric"], ["categorical"]]
