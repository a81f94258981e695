"""What networks have in common as a kind of model, whichever library fits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sevenfold.plan.tuning import Dimension
from sevenfold.training.protocol import FittedModel, ModelKind
from sevenfold.training.settings import FitSettings, all_settings, default_space, split_settings
from sevenfold.training.source import Source

__all__ = ["WEIGHTS", "AnyNetwork", "FittedNetwork", "effective_settings"]

WEIGHTS: Final = "model.safetensors"
Encoded = TypeVar("Encoded")


def effective_settings(source: Source | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings a fit of the built-in network, or of the user's, uses, defaults included.

    Raises:
        TrainingError: ``unknown_setting`` (built-in network only) or ``setting``.
    """
    if source is None:
        return all_settings(settings)
    fit, own = split_settings(settings)
    return {**own, **fit.model_dump()}


@dataclass(frozen=True)
class FittedNetwork(FittedModel):
    """A fitted network with the weights of its best epoch; `batch_size` is how many of the rows a step saw."""

    batch_size: int

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings of the fit, its epochs and the size of a batch."""
        return {**super().recorded, "batch_size": self.batch_size}


class AnyNetwork(ModelKind[Encoded]):
    """The built-in network, or the user's where there is a `source`.

    An epoch goes through all training rows once, of a small table several times.
    """

    name = "network"

    def __init__(self, source: Source | None) -> None:
        self.source = source

    @property
    def digests(self) -> dict[str, str]:
        """The digest of the user's source, if there is one."""
        return {"source": self.source.digest} if self.source else {}

    def effective_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings, defaults included.

        Raises:
            TrainingError: ``unknown_setting`` (built-in network only) or ``setting``.
        """
        return effective_settings(self.source, settings)

    def space(self) -> dict[str, Dimension]:
        """Return the space of the built-in network; a user's own shares the settings of the fit alone."""
        known = default_space()
        return {name: known[name] for name in known if self.source is None or name in FitSettings.model_fields}
