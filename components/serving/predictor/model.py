"""A bundle in memory, ready to answer: verified, and loaded from the bytes that were verified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sevenfold.contracts.bundle import Bundle, BundleInfo
from sevenfold.contracts.errors import IntegrityError, PolicyError
from sevenfold.contracts.reference import Reference
from sevenfold.contracts.schema import Column, Kind, Task
from sevenfold.contracts.signature import MISSING, Signature
from sevenfold.drift.telemetry import bundle_label
from sevenfold.scoring.raw_rows import RawRows
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.scoring.single_row import SingleRow

__all__ = ["BEYOND_INTEGERS", "ServedModel"]


BEYOND_INTEGERS: Final = 2.0**63  # a float of this size may have been written as an integer of more than 64 bits


@dataclass(frozen=True)
class ServedModel:
    """One bundle under the name it is served by."""

    name: str
    digest: str
    info: BundleInfo
    reference: Reference
    scorer: Scorer

    @classmethod
    def load(cls, folder: Path, *, name: str = "", digest: str = "") -> Self:
        """Verify a bundle folder and load it.

        Args:
            folder: a folder on this machine; addresses are refused.
            name: the served name; empty takes the plan's.
            digest: the digest the bundle must have; empty takes any valid one.

        Raises:
            PolicyError: ``not_a_folder`` for an address or a link, ``bad_name``.
            IntegrityError: whatever `Bundle.open` raises, and ``digest_mismatch`` for a file changed since.
            ServingError: ``model_unreadable`` or ``signature_mismatch``.
        """
        if ":" in str(folder).partition("/")[0] or "\0" in str(folder):
            raise PolicyError(
                "not_a_folder",
                f"A predictor loads a folder of this machine, but got {str(folder)[:64]!r}.",
                remedy="Fetch the bundle first, then name the folder.",
            )
        bundle = Bundle.open(folder, digest=digest or None)
        info = BundleInfo.model_validate_json(_verified(bundle, "bundle.json"))
        served = name or info.name
        if not served or len(served) > 63 or not set(served) <= _NAME:
            raise PolicyError("bad_name", f"A model's name has letters, digits, - and _, but got {served[:64]!r}.")
        reference = _reference(_verified(bundle, "reference.json"), info.signature)
        scorer = Scorer(bundle.model_path, info.signature, sha256=bundle.manifest.files["model.onnx"].sha256)
        model = cls(served, bundle.digest, info, reference, scorer)
        model.warm_up()
        return model

    @property
    def signature(self) -> Signature:
        """The model's inputs and outputs."""
        return self.info.signature

    @cached_property
    def label(self) -> str:
        """The short digest that stands in metric labels and as the model's version."""
        return bundle_label(self.digest)

    @cached_property
    def inputs(self) -> frozenset[str]:
        """The names of the model's inputs, which a refined row has."""
        return frozenset(self.signature.inputs)

    @cached_property
    def raw(self) -> RawRows | None:
        """The reader of raw rows; None where there is no recipe, or one that a row alone cannot go through."""
        refinement = self.signature.refinement
        return None if refinement is None or not refinement.takes_raw_rows else RawRows(self.signature)

    @cached_property
    def request_inputs(self) -> dict[str, Column]:
        """What a request brings, unless a header says that its rows are refined."""
        return self.signature.raw_inputs

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names a row of a request may have."""
        return frozenset(self.request_inputs)

    @cached_property
    def made(self) -> frozenset[str]:
        """The names that a refined row has and a raw one cannot have; none where no recipe stands between them."""
        refinement = self.signature.refinement
        return frozenset() if refinement is None or self.raw is None else self.inputs - set(refinement.columns)

    @cached_property
    def single_row(self) -> SingleRow:
        """The reader of a request with one row."""
        return SingleRow(self.signature.inputs, self.signature.notation)

    @cached_property
    def flags(self) -> frozenset[str]:
        """The names of the V2 tensors that flag missing dates."""
        inputs = [*self.signature.inputs.items(), *self.request_inputs.items()]
        return frozenset(name + MISSING for name, column in inputs if column.kind is Kind.DATETIME)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The fields that hold numbers of any size."""
        return tuple(name for name, column in self.signature.inputs.items() if column.kind is Kind.NUMBER)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The names of the graph's outputs."""
        return ("value",) if self.signature.task is Task.REGRESSION else ("label", "probabilities")

    def warm_up(self) -> None:
        """Score one row of missing values, so that the first request is as fast as any other.

        Raises:
            ServingError: if the model cannot score at all.
        """
        self.scorer.predict(_missing_row(self.signature))
        _ = self.raw  # a recipe that cannot be read is known here, and not at the first request

    def beyond_integers(self, feeds: Mapping[str, NDArray[Any]]) -> bool:
        """Whether a number is so large that it may have been written as an integer of more than 64 bits."""
        if not self.numbers:
            return False
        numbers = np.concatenate([feeds[name] for name in self.numbers])
        return bool((np.abs(numbers) >= BEYOND_INTEGERS).any())

    def predict(self, feeds: Mapping[str, NDArray[Any]]) -> Prediction:
        """Score the rows of `feeds`.

        Raises:
            ServingError: ``nonfinite_output`` or ``model_failed``.
        """
        return self.scorer.predict(feeds)


MAX_FEATURES = 50
MAX_BINS = 16  # every bin is a series
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def _verified(bundle: Bundle, name: str) -> bytes:
    content = (bundle.folder / name).read_bytes()
    if "sha256:" + hashlib.sha256(content).hexdigest() != bundle.manifest.files[name].sha256:
        raise IntegrityError("digest_mismatch", f"{name} must be the sealed file, but was changed while it was read.")
    return content


def _reference(content: bytes, signature: Signature) -> Reference:
    try:
        reference = Reference.model_validate_json(content)
    except ValidationError as error:
        raise IntegrityError("unknown_format", "reference.json is not of the format that is read here.") from error
    bounded = len(reference.features) <= MAX_FEATURES and set(reference.features) <= set(signature.inputs)
    for bins in (*reference.features.values(), *filter(None, [reference.prediction])):
        intervals = len(bins.edges) + 2 == len(bins.names) or bins.kind != "number"
        bounded = bounded and len(bins.names) == len(bins.counts) <= MAX_BINS and intervals
    if not bounded:
        raise IntegrityError(
            "bad_reference",
            f"A reference has at most {MAX_FEATURES} of the model's features and {MAX_BINS} bins each, "
            "but this one has more.",
        )
    return reference


def _missing_row(signature: Signature) -> dict[str, NDArray[Any]]:
    feeds: dict[str, NDArray[Any]] = {}
    for name, column in signature.inputs.items():
        if column.kind is Kind.CATEGORY:
            feeds[name] = np.array([""], dtype=object)
        elif column.kind is Kind.DATETIME:
            feeds[name] = np.zeros(1, dtype=np.int64)
            feeds[name + MISSING] = np.ones(1, dtype=np.bool_)
        else:
            feeds[name] = np.array([np.nan])
    return feeds
