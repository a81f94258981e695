"""The bundle's example, as the bundle itself answers it: what a new version must answer before a user asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import ServingError

if TYPE_CHECKING:
    from sevenfold.contracts.bundle import Bundle

__all__ = ["example_of", "require_same"]

PROBABILITY: Final = 1e-6  # as every row of a replay
VALUE: Final = 1e-5  # relative, of values above 1


def example_of(bundle: Bundle) -> tuple[bytes, dict[str, Any]]:
    """Return the example request in the form of V1, and the answer to it that is computed here."""
    import orjson

    from sevenfold.serving.predictor.limits import Limits
    from sevenfold.serving.predictor.model import ServedModel
    from sevenfold.serving.predictor.v1 import encode_v1, read_v1

    body = (bundle.folder / "example_request.json").read_bytes()
    model = ServedModel.load(bundle.folder, digest=bundle.digest)
    request = read_v1(body, model, Limits())
    return body, orjson.loads(encode_v1(model, model.predict(request.feeds), {}))


def require_same(answer: dict[str, Any], expected: dict[str, Any]) -> None:
    """Refuse an answer that is not the bundle's own.

    Raises:
        ServingError: ``served_differs``.
    """
    got, wanted = answer.get("predictions"), expected["predictions"]
    same = isinstance(got, list) and len(got) == len(wanted) and all(map(_alike, got, wanted))
    if not same:
        raise ServingError(
            "served_differs",
            f"A new version must answer the example as its bundle does, but answers {str(answer)[:200]}.",
            remedy="See the log of its container.",
        )


def _alike(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, (int, float)):
        return _near(got, wanted, VALUE * max(1.0, abs(wanted)))
    if not isinstance(got, dict) or got.get("label") != wanted["label"]:
        return False
    given: Any = got.get("probabilities")
    return isinstance(given, dict) and all(
        _near(given.get(name), value, PROBABILITY) for name, value in wanted["probabilities"].items()
    )


def _near(got: Any, wanted: float, limit: float) -> bool:
    return isinstance(got, (int, float)) and abs(got - wanted) <= limit
