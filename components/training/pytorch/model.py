"""What builds the network: the built-in one, or the user's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.training.pytorch.tensors import Tensors
from sevenfold.training.settings import NetworkSettings, split_settings
from sevenfold.training.source import Source, load_source

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Model", "build"]


@dataclass(frozen=True)
class Model:
    """The built-in network, or the user's where there is a `source`."""

    source: Source | None = None

    @classmethod
    def of(cls, section: TrainingSection) -> Model:
        """Load what the section names.

        Raises:
            TrainingError: as `load_source`.
        """
        return cls(load_source(section.source) if section.source else None)


def build(model: Model, tensors: Tensors, settings: Mapping[str, Any]) -> nn.Module:
    """Build the network for the tensors.

    Raises:
        TrainingError: ``build_model`` where the user's function fails or gives something else than a module.
    """
    _, own = split_settings(settings)
    signature = tensors.signature
    if model.source is None:
        from sevenfold.training.edges import bin_edges
        from sevenfold.training.pytorch.network import TabularNetwork

        checked = NetworkSettings.read(own)
        edges = bin_edges(tensors.train.numeric.numpy(), checked.bins)
        return TabularNetwork(edges, signature.cardinalities, signature.outputs, checked)
    from torch import nn

    try:
        network = model.source.build_model(signature, **own)
    except Exception as error:
        raise TrainingError(
            "build_model",
            f"build_model of {model.source.name} must return a network, but raised {type(error).__name__}: {error}",
            remedy="Mend it; it is called as build_model(signature, **settings).",
        ) from error
    if not isinstance(network, nn.Module):
        keras = sys.modules.get("keras")
        foreign = keras is not None and isinstance(network, keras.Model)
        raise TrainingError(
            "build_model",
            f"build_model of {model.source.name} must return a torch.nn.Module, but gave "
            f"{'a keras.Model, ' if foreign else ''}{type(network).__name__}.",
            remedy="Write training.framework: tensorflow." if foreign else "Return a torch.nn.Module.",
        )
    return network
