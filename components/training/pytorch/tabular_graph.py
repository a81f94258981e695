"""PyTorch's built-in network as ONNX, written from its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sevenfold.training.export.network import NetworkArrays, network_graph

if TYPE_CHECKING:
    import onnx
    from torch import Tensor

    from sevenfold.training.pytorch.network import TabularNetwork

__all__ = ["tabular_graph"]


def tabular_graph(network: TabularNetwork, columns: int) -> onnx.ModelProto:
    """Return the network in evaluation mode as ONNX, as `network_graph` writes it."""
    numbers, categories = network.numbers, network.embedding is not None
    layers = [network.first, *network.hidden]
    arrays = NetworkArrays(
        columns=_array(numbers.place) if numbers else None,
        low=_array(numbers.low) if numbers else None,
        slope=_array(numbers.slope) if numbers else None,
        embedding=_array(network.embedding) if network.embedding is not None else None,
        starts=_array(network.starts) if categories else None,
        layers=[(_array(layer.weight).T, _array(layer.bias)) for layer in layers],
        scales=_array(network.scales) if network.scales is not None else None,
        shifts=_array(network.shifts) if network.shifts is not None else None,
        last=_array(network.last),
        bias=_array(network.bias),
    )
    return network_graph(arrays, columns)


def _array(tensor: Tensor) -> NDArray[Any]:
    values: NDArray[Any] = tensor.detach().numpy()
    return values
