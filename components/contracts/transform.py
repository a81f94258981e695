"""The transform that preparation fitted on the training rows (`transform.json`): raw columns to numbers and codes.

A transform is values only. `encode` applies it with numpy for training, `preprocessing_graph` turns it into the
first part of `model.onnx`; both give the same float32. It is fitted in preparation::

    Transform(
        features=(
            NumberFeature(name="distance", fill=872.0, center=1040.0, scale=733.0, indicator=False),
            CategoryFeature(name="carrier", levels=("UA", "B6", "EV")),
            DatetimeFeature(name="scheduled", parts=(Part.TIME_OF_DAY, Part.WEEKDAY, Part.DAY_OF_YEAR)),
        ),
        target=Target(classes=("on time", "late")),
    )
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sevenfold.contracts.schema import FORMAT_VERSION, Kind, Part

__all__ = [
    "CLIP",
    "MISSING_CODE",
    "UNKNOWN_CODE",
    "CategoryFeature",
    "DatetimeFeature",
    "NumberFeature",
    "Part",
    "Target",
    "Transform",
]

CLIP: Final = 10.0
MISSING_CODE: Final = 0
UNKNOWN_CODE: Final = 1
FIRST_LEVEL: Final = 2


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NumberFeature(_Part):
    """A number, integer or boolean: ``(x - center) / scale`` in float64, cut to ±`clip`, then float32.

    A missing value becomes `fill` first (raw unit). `clip` keeps one absurd value from deciding the prediction; None
    where numbers are not scaled. `indicator` adds an input that is 1 where the value is missing.
    """

    name: str
    kind: Literal[Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN] = Kind.NUMBER
    fill: float = 0.0
    center: float = 0.0
    scale: Annotated[float, Field(gt=0)] = 1.0
    clip: Annotated[float, Field(gt=0)] | None = CLIP
    indicator: bool = False


class CategoryFeature(_Part):
    """A category: code 0 for missing, 1 for rare or unknown, ``2 + i`` for ``levels[i]``.

    With encoding ``embedding`` the code is one of the `categorical` inputs; with ``onehot`` every code, the first two
    included, is one 0/1 input among the `numeric` ones.
    """

    name: str
    kind: Literal[Kind.CATEGORY] = Kind.CATEGORY
    encoding: Literal["embedding", "onehot"] = "embedding"
    levels: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of codes."""
        return FIRST_LEVEL + len(self.levels)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if "" in self.levels or len(set(self.levels)) != len(self.levels):
            raise ValueError("`levels` must be distinct and not empty texts")
        return self


class DatetimeFeature(_Part):
    """A datetime, seen through its `parts`; `center` and `scale` are days since 1970 and belong to `Part.TREND`.

    The cyclic parts are those of the local time: the moment and the offset from UTC that holds then, ``offsets[i]``
    from ``changes[i-1]`` until before ``changes[i]``; all in microseconds, the changes UTC and ascending. The table is
    part of the transform, so that a model means the same wherever it runs and whatever time zones do later.
    """

    name: str
    kind: Literal[Kind.DATETIME] = Kind.DATETIME
    parts: tuple[Part, ...] = (Part.TIME_OF_DAY, Part.WEEKDAY, Part.DAY_OF_YEAR)
    changes: tuple[int, ...] = ()
    offsets: tuple[int, ...] = (0,)
    center: float = 0.0
    scale: Annotated[float, Field(gt=0)] = 1.0
    indicator: bool = False

    @property
    def cycles(self) -> list[Part]:
        """The cyclic parts, in the order of the inputs they become."""
        return [part for part in Part if part in self.parts and part is not Part.TREND]

    @property
    def is_local(self) -> bool:
        """Whether the cyclic parts are those of another time than UTC."""
        return self.offsets != (0,)

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if len(self.offsets) != len(self.changes) + 1 or list(self.changes) != sorted(set(self.changes)):
            raise ValueError("`changes` must ascend, and have one `offsets` more than there are of them")
        return self


Feature = Annotated[NumberFeature | CategoryFeature | DatetimeFeature, Field(discriminator="kind")]


class Target(_Part):
    """The target: its classes (class index is what a model learns), or mean and scale of a regression's values."""

    classes: tuple[str, ...] = ()
    mean: float = 0.0
    scale: Annotated[float, Field(gt=0)] = 1.0


class Transform(_Part):
    """Features in the order of the schema, and the target.

    The `numeric` inputs of a model stand in this order: every number and trend, the cyclic parts, the one-hot codes,
    the indicators; within each block as the features stand.
    """

    version: int = FORMAT_VERSION
    features: tuple[Feature, ...]
    target: Target

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [feature.name for feature in self.features]
        if len(set(names)) != len(names):
            raise ValueError("a feature must stand once")
        return self

    @property
    def numbers(self) -> list[NumberFeature]:
        """The number, integer and boolean features."""
        return [feature for feature in self.features if isinstance(feature, NumberFeature)]

    @property
    def datetimes(self) -> list[DatetimeFeature]:
        """The datetime features."""
        return [feature for feature in self.features if isinstance(feature, DatetimeFeature)]

    @property
    def embedded(self) -> list[CategoryFeature]:
        """The category features that enter as codes."""
        return [feature for feature in self._categories if feature.encoding == "embedding"]

    @property
    def onehot(self) -> list[CategoryFeature]:
        """The category features that enter as 0/1 inputs."""
        return [feature for feature in self._categories if feature.encoding == "onehot"]

    @property
    def _categories(self) -> list[CategoryFeature]:
        return [feature for feature in self.features if isinstance(feature, CategoryFeature)]

    @property
    def numeric_names(self) -> list[str]:
        """One name per `numeric` input, such as ``distance``, ``scheduled:weekday:sin`` or ``distance:missing``."""
        names = [feature.name for feature in self.numbers]
        names += [f"{feature.name}:trend" for feature in self.datetimes if Part.TREND in feature.parts]
        for feature in self.datetimes:
            names += [f"{feature.name}:{part}:{form}" for part in feature.cycles for form in ("sin", "cos", "phase")]
        for category in self.onehot:
            names += [f"{category.name}={level}" for level in ("(missing)", "(unknown)", *category.levels)]
        names += [f"{feature.name}:missing" for feature in self.numbers if feature.indicator]
        names += [f"{feature.name}:missing" for feature in self.datetimes if feature.indicator]
        return names

    @property
    def categorical_names(self) -> list[str]:
        """One name per `categorical` input."""
        return [feature.name for feature in self.embedded]

    @property
    def cardinalities(self) -> list[int]:
        """The number of codes of each `categorical` input."""
        return [feature.size for feature in self.embedded]
