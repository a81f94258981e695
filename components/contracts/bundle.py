"""The bundle folder: one artifact from raw row to prediction.

`model.onnx` takes the raw columns and returns the prediction; testing scores that very file and serving loads that
very file. Beside it: `bundle.json` (`BundleInfo`), the weights in the form of the
model's own library (`model.safetensors` of a network), `reference.json`, `example_request.json`
(synthetic rows, V1 form) and `manifest.json`. `linear.onnx` is a plain logistic or ridge regression of the same rows
with the same inputs and outputs: testing scores it beside the model, nothing serves it. A bundle holds no time, host or
duration, so the same data, plan and seed give the same digest.

The names, shapes and types of the graph's inputs and outputs are those of `contracts.signature`.

From TensorFlow there is also `saved_model/1/saved_model.pb` and what belongs to it, for TensorFlow Serving: its
signature ``serving_default`` has the same inputs, and the outputs under their plain names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.errors import IntegrityError, PolicyError
from sevenfold.contracts.manifest import Manifest, verify
from sevenfold.contracts.reference import Reference
from sevenfold.contracts.schema import FORMAT_VERSION as DATASET_VERSION
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD, ThresholdChoice
from sevenfold.contracts.versioned import read_versioned

__all__ = ["BUNDLE_FILES", "FORMAT_VERSION", "LINEAR", "SAVED_MODEL", "Bundle", "BundleInfo"]

# 2 added `notation` to the signature; 3 the threshold, `linear.onnx`, parts of moments, classes; 4 the kind of model;
# 5 the refinement
FORMAT_VERSION = 5
BUNDLE_FILES: Final = ("bundle.json", "model.onnx", "reference.json", "example_request.json")
LINEAR: Final = "linear.onnx"  # bundles of earlier formats, and of `sevenfold bundle`, lack it
SAVED_MODEL: Final = "saved_model"  # folder of one numbered version, as TensorFlow Serving wants it
SAVED_MODEL_FILE: Final = f"{SAVED_MODEL}/1/saved_model.pb"


class BundleInfo(BaseModel):
    """The content of `bundle.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = FORMAT_VERSION
    name: str  # the plan's name
    model: str = "network"  # the kind: trees, network, linear, …
    framework: str  # the library that fitted it
    package_version: str
    signature: Signature
    settings: dict[str, Any]  # the training settings that were used, defaults included
    metrics: dict[str, float]  # on the validation rows
    digests: dict[str, str]  # data, dataset, plan; source when the user brought a model
    threshold: float = DEFAULT_THRESHOLD  # binary: probability from which `model.onnx` says the positive class
    threshold_choice: ThresholdChoice | None = None  # binary: why; None in formats 1 and 2


@dataclass(frozen=True)
class Bundle:
    """A verified bundle folder."""

    folder: Path
    manifest: Manifest
    info: BundleInfo

    @classmethod
    def open(cls, folder: Path, *, digest: str | None = None) -> Bundle:
        """Verify the folder and read `bundle.json`.

        Raises:
            IntegrityError: whatever `verify` raises, ``missing_file`` for a required file, ``unknown_format``.
        """
        # The folder itself may be reached through a link, such as `runs/flights/1/bundle`; nothing in it may be one.
        folder = folder.resolve()
        manifest = verify(folder, digest=digest)
        missing = [name for name in BUNDLE_FILES if name not in manifest.files]
        if missing:
            raise IntegrityError("missing_file", f"A bundle holds {list(BUNDLE_FILES)}, but {missing} are not there.")
        info = read_versioned(folder / "bundle.json", BundleInfo, FORMAT_VERSION)
        return cls(folder, manifest, info)

    @property
    def digest(self) -> str:
        """The digest that identifies the model everywhere: records, metrics, response headers."""
        return self.manifest.digest

    @property
    def signature(self) -> Signature:
        """What the model takes and gives."""
        return self.info.signature

    @property
    def model_path(self) -> Path:
        """The ONNX file."""
        return self.folder / "model.onnx"

    @property
    def linear_path(self) -> Path | None:
        """The plain linear model of the same rows; None where the bundle has none."""
        return self.folder / LINEAR if LINEAR in self.manifest.files else None

    def require_saved_model(self) -> None:
        """Raise unless TensorFlow Serving can serve this bundle.

        Raises:
            PolicyError: ``no_saved_model``.
        """
        if SAVED_MODEL_FILE not in self.manifest.files:
            raise PolicyError(
                "no_saved_model",
                f"TensorFlow Serving takes a bundle that holds {SAVED_MODEL_FILE}, but {self.digest[:19]} "
                f"(framework {self.info.framework}) does not.",
                remedy="Set deployment.runtime: sevenfold, or train with training.framework: tensorflow.",
            )

    def reference(self) -> Reference:
        """Read the bins and counts of the training rows."""
        return read_versioned(self.folder / "reference.json", Reference, DATASET_VERSION)
