"""Settings of the built-in network and of every fit: defaults, bounds, purpose, and the ranges that tuning searches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension

__all__ = [
    "FitSettings",
    "LinearSettings",
    "NetworkSettings",
    "Settings",
    "all_settings",
    "check_names",
    "default_space",
    "split_settings",
]


class Settings(BaseModel):
    """Settings of one kind of model, checked."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Self:
        """Check settings and fill in defaults.

        Raises:
            TrainingError: ``setting`` for a value out of bounds.
        """
        try:
            return cls.model_validate(dict(settings))
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            rule = first["msg"][0].lower() + first["msg"][1:]
            raise TrainingError(
                "setting",
                f"training.settings.{name}: {rule}, but got {first['input']!r}.",
                remedy="Change it in the plan.",
            ) from error

    @classmethod
    def checked(cls, settings: Mapping[str, Any]) -> Self:
        """Check names and values of settings, and fill in defaults.

        Raises:
            TrainingError: ``unknown_setting`` or ``setting``.
        """
        check_names(settings, list(cls.model_fields))
        return cls.read(settings)


def check_names(settings: Iterable[str], known: Sequence[str]) -> None:
    """Raise for the first setting that is not known.

    Raises:
        TrainingError: ``unknown_setting``.
    """
    for name in settings:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise TrainingError(
                "unknown_setting",
                f"training.settings must name settings of the model, but got {name!r}.",
                remedy=f"Did you mean {near[0]!r}?" if near else f"Settings are {', '.join(known)}.",
            )


class FitSettings(Settings):
    """Settings of the optimiser, whatever the network: AdamW (Loshchilov & Hutter 2019)."""

    learning_rate: Annotated[float, Field(gt=0, le=1, description="Step size after the warm-up.")] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=10, description="Decoupled weight decay, of matrices only.")] = 3e-2
    averaging: Annotated[
        float,
        Field(
            ge=0,
            le=10,
            description="Epochs over which the weights that are scored and kept are averaged; 0 keeps the last step's.",
        ),
    ] = 2.0
    max_norm: Annotated[
        float, Field(gt=0, le=1e9, description="Largest norm of a step's whole gradient; a longer one is cut to it.")
    ] = 5.0
    schedule: Annotated[
        Literal["constant", "cosine"],
        Field(description="Learning rate after the warm-up: constant, or cosine, which falls to 0 at the last epoch."),
    ] = "constant"


class NetworkSettings(Settings):
    """The shape of the built-in network."""

    width: Annotated[int, Field(ge=1, le=8192, description="Units of a hidden layer.")] = 64
    depth: Annotated[int, Field(ge=1, le=16, description="Hidden layers.")] = 2
    dropout: Annotated[float, Field(ge=0, lt=1, description="Share of hidden units left out of a step.")] = 0.4
    unknown: Annotated[
        float,
        Field(ge=0, lt=1, description="Share of categories that training takes for unknown, so that it knows them."),
    ] = 0.02
    embedding_width: Annotated[int, Field(ge=1, le=512, description="Numbers per category level.")] = 8
    bins: Annotated[int, Field(ge=1, le=512, description="Most pieces of a number's encoding.")] = 32
    ensemble: Annotated[int, Field(ge=1, le=64, description="Members that share the weights.")] = 4


class LinearSettings(Settings):
    """Settings of logistic and ridge regression."""

    penalty: Annotated[
        float, Field(ge=0, le=1e9, description="What ½‖w‖² is multiplied with, beside the sum of the rows' losses.")
    ] = 1.0


def split_settings(settings: Mapping[str, Any]) -> tuple[FitSettings, dict[str, Any]]:
    """Return what belongs to the fit, checked, and the rest, which is the model's own."""
    own = {name: value for name, value in settings.items() if name not in FitSettings.model_fields}
    return FitSettings.read({name: value for name, value in settings.items() if name not in own}), own


def all_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a fit of the built-in network, defaults included.

    Raises:
        TrainingError: ``unknown_setting`` or ``setting``.
    """
    fit, own = split_settings(settings)
    check_names(own, [*NetworkSettings.model_fields, *FitSettings.model_fields])
    return {**NetworkSettings.read(own).model_dump(), **fit.model_dump()}


def default_space() -> dict[str, Dimension]:
    """Return the settings that tuning searches where the plan names none, each with its range."""
    return {
        "learning_rate": Dimension(low=5e-4, high=3e-3, log=True),
        "weight_decay": Dimension(low=1e-3, high=3e-1, log=True),
        "dropout": Dimension(low=0.2, high=0.6),
        "width": Dimension(choices=(32, 64, 128)),
        "embedding_width": Dimension(choices=(4, 8)),
    }
