from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.training.edges import bin_edges
from sevenfold.training.pytorch.network import ByteDropout, PiecewiseLinear, TabularNetwork
from sevenfold.training.settings import FitSettings, NetworkSettings, default_space

numbers = st.integers(-1_000, 1_000).map(lambda tenths: tenths / 10)


@settings(deadline=None, max_examples=60)
@given(st.lists(numbers, min_size=2, max_size=6, unique=True), st.lists(numbers, min_size=1, max_size=8))
def test_a_number_becomes_the_share_of_each_piece_that_it_has_passed(ends: list[float], values: list[float]) -> None:
    edges = np.sort(np.array(ends, dtype=np.float32))
    got = PiecewiseLinear([edges])(torch.tensor(values, dtype=torch.float32).unsqueeze(1)).numpy()
    for value, pieces in zip(np.float32(values), got, strict=True):
        for low, high, piece in zip(edges[:-1], edges[1:], pieces, strict=True):
            passed = (np.float64(value) - low) / (np.float64(high) - low)
            assert piece == pytest.approx(min(max(passed, 0.0), 1.0), abs=1e-3)


def test_pieces_of_several_columns_stand_side_by_side() -> None:
    encode = PiecewiseLinear([np.array([0, 1, 3], np.float32), np.array([0, 2], np.float32)])
    assert encode(torch.tensor([[2.0, 1.0]])).tolist() == [[1.0, 0.5, 0.5]]


def test_nothing_is_extrapolated() -> None:
    encode = PiecewiseLinear([np.array([0, 1, 3], np.float32)])
    far = encode(torch.tensor([[-1e9], [0.0], [3.0], [1e9]]))
    assert torch.equal(far[0], far[1]) and torch.equal(far[2], far[3])


def test_edges_are_quantiles() -> None:
    column = np.random.default_rng(1).exponential(size=4_000).astype(np.float32)
    (edges,) = bin_edges(column[:, None], 4)
    assert edges == pytest.approx([np.sort(column)[i] for i in (0, 1_000, 2_000, 3_000, 3_999)], rel=1e-2)


@pytest.mark.parametrize(
    ("column", "pieces"),
    [
        (np.zeros(1_000), 1),  # constant
        (np.arange(1_000) % 2, 1),  # two values
        (np.r_[np.zeros(995), np.arange(5)], 1),  # quantiles that fall together
        (np.arange(1_000), 32),
        (np.r_[np.zeros(400), np.full(200, 1e-45), np.ones(400)], 1),  # too near to each other
        (np.full(1_000, 1e-45), 1),
        (np.arange(200), 10),  # 20 rows a piece
    ],
)
def test_a_column_gets_no_more_pieces_than_it_can_fill(column: np.ndarray, pieces: int) -> None:
    (edges,) = bin_edges(column.astype(np.float32)[:, None], 32)
    assert len(edges) == pieces + 1
    assert (np.diff(edges) > 0).all()


def test_a_wide_table_keeps_a_small_first_layer() -> None:
    numeric = np.random.default_rng(1).normal(size=(2_000, 1_000)).astype(np.float32)
    assert sum(len(edges) - 1 for edges in bin_edges(numeric, 32)) <= 4_096


def test_dropout_leaves_out_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(3)
    dropped = ByteDropout(0.25)(torch.ones(400, 1_001))
    assert float((dropped == 0).double().mean()) == pytest.approx(0.25, abs=0.005)
    assert float(dropped.double().mean()) == pytest.approx(1.0, abs=0.01)
    # no two units share their fate
    assert float((dropped[:, ::8] == 0).double().mean()) == pytest.approx(0.25, abs=0.01)
    assert float((dropped[:, :-1] * dropped[:, 1:] > 0).double().mean()) == pytest.approx(0.75**2, abs=0.01)


def test_dropout_is_off_outside_training() -> None:
    values = torch.randn(5, 7)
    assert torch.equal(ByteDropout(0.5).eval()(values), values)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize(("columns", "cardinalities"), [(2, [3, 4]), (0, [3, 4]), (2, [])])
def test_any_mix_of_columns_and_members(members: int, columns: int, cardinalities: list[int]) -> None:
    edges = [np.array([0, 1, 2], np.float32)] * columns
    network = TabularNetwork(edges, cardinalities, 5, NetworkSettings(width=8, ensemble=members, dropout=0, unknown=0))
    numeric = torch.rand(6, columns)
    categorical = torch.randint(0, 3, (6, len(cardinalities)))
    each = network.train()(numeric, categorical)
    assert each.shape == (6, members, 5)
    assert torch.allclose(network.eval()(numeric, categorical), each.mean(1), atol=1e-6)


def test_each_column_has_its_own_embedding() -> None:
    network = TabularNetwork([], [2, 3], 1, NetworkSettings(width=4, ensemble=1)).eval()
    assert network.embedding is not None
    table = network.embedding.detach()
    with torch.no_grad():
        network.first.weight.copy_(torch.randn_like(network.first.weight))
        got = network(torch.zeros(1, 0), torch.tensor([[1, 2]]))
        hidden = torch.relu(network.first(torch.cat([table[1], table[2 + 2]]).unsqueeze(0)))
        expected = torch.relu(network.hidden[0](hidden)) @ network.last[0] + network.bias[0]
    assert torch.allclose(got, expected, atol=1e-6)


def test_members_differ() -> None:
    torch.manual_seed(1)
    network = TabularNetwork([np.array([0, 1], np.float32)], [], 1, NetworkSettings(ensemble=4, dropout=0)).train()
    each = network(torch.rand(3, 1), torch.zeros(3, 0, dtype=torch.int64))
    assert float(each.std(1).min().detach()) > 0


def test_training_takes_a_share_of_the_categories_for_unknown() -> None:
    torch.manual_seed(2)
    network = TabularNetwork([], [5], 1, NetworkSettings(width=4, unknown=0.25, dropout=0, ensemble=1)).train()
    codes = torch.full((8_000, 1), 3)
    nothing = torch.zeros(8_000, 0)
    unknown = network(nothing[:1], torch.ones(1, 1, dtype=torch.int64)).flatten()
    got = network(nothing, codes).flatten()
    assert float(torch.isclose(got, unknown).double().mean()) == pytest.approx(0.25, abs=0.02)
    assert len(network.eval()(nothing, codes).unique()) == 1


def test_the_search_space_holds_the_defaults() -> None:
    known = {**NetworkSettings().model_dump(), **FitSettings().model_dump()}
    for name, dimension in default_space().items():
        if dimension.choices is not None:
            assert known[name] in dimension.choices
        else:
            assert dimension.low is not None and dimension.high is not None
            assert dimension.low <= known[name] <= dimension.high
