"""An endpoint of Vertex AI: each bundle is a deployed model of it, the shares are its traffic split."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import PolicyError, ServingError, TemporaryError
from sevenfold.pipelines.endpoint.protocol import ALL, CloudEndpoint, Served
from sevenfold.pipelines.vertex.counts import count, count_features, count_predictions
from sevenfold.pipelines.vertex.run import PLAN_LABEL
from sevenfold.runtime.waiting import wait_until

if TYPE_CHECKING:
    from sevenfold.drift.stability import Counts
    from sevenfold.pipelines.endpoint.protocol import Bins
    from sevenfold.pipelines.vertex.service import Service
    from sevenfold.serving.observed import Side

__all__ = ["VertexEndpoint"]

PATIENCE_SECONDS: Final = 600.0
PAUSE_SECONDS: Final = 10.0
NEW: Final = "0"  # the id of a model that is just being deployed, in a traffic split
OURS: Final = re.compile(r"[0-9a-f]{12}")


class VertexEndpoint:
    """One endpoint, by the service's client.

    Args:
        service: of the project and region.
        plan: name of the plan, whose label the endpoint has.
        name: its id.
        model: the candidate's version in the model registry, ``projects/…/models/NAME@3``.
        machine: machine type of a replica.
        replicas: how many.
        ready_seconds: longest wait for a new version to become ready.
        sleep: waits so many seconds.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        service: Service,
        *,
        plan: str,
        name: str,
        model: str,
        machine: str,
        replicas: int,
        ready_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._service, self._client = service, service.endpoints()
        self._plan, self._id, self._model = plan, name, model
        self._machine, self._replicas, self._seconds = machine, replicas, ready_seconds
        self._sleep, self._now = sleep, now
        self._name = f"{service.parent}/endpoints/{name}"

    @property
    def address(self) -> str:
        """Name of the endpoint."""
        return self._name

    def served(self) -> list[Served]:
        """Return what is deployed; see `CloudEndpoint`."""
        found = self._read()
        if found is None:
            return []
        shares = dict(found.traffic_split)
        return [Served(one.display_name, shares.get(one.id, 0)) for one in found.deployed_models]

    def stage(self, bundle: str) -> None:
        """Deploy the candidate's version of the model; Vertex AI waits until its container is healthy."""
        if self._read() is None:
            self._create()
        count = {"min_replica_count": self._replicas, "max_replica_count": self._replicas}
        resources = {"machine_spec": {"machine_type": self._machine}, **count}
        model = {
            "id": _id_of(bundle),  # so that a call whose answer was lost deploys nothing twice
            "model": self._model,
            "display_name": bundle,
            "dedicated_resources": resources,
            "service_account": self._service.section.service_account,
        }
        ids = self._ids()
        shares = {ids[one.bundle]: one.percent for one in self.served()}
        split = {**shares, NEW: 0 if shares else ALL}
        request = {"endpoint": self._name, "deployed_model": model, "traffic_split": split}
        self._done("deploy a model", lambda: self._client.deploy_model(request=request), self._seconds)
        wait_until(  # an earlier call may still be at it
            lambda: bundle in self._ids(),
            pause_seconds=PAUSE_SECONDS,
            patience_seconds=self._seconds,
            late=lambda: _slow("deploy a model", self._seconds),
            sleep=self._sleep,
        )

    def share(self, percents: dict[str, int]) -> None:
        """Change the traffic split."""
        ids = self._ids()
        split = {ids[bundle]: percent for bundle, percent in percents.items()}
        endpoint = self._service.types.Endpoint(name=self._name, traffic_split=split)
        request = {"endpoint": endpoint, "update_mask": {"paths": ["traffic_split"]}}
        self._service.asked(
            "share the requests",
            lambda: self._client.update_endpoint(request=request),
            patience_seconds=PATIENCE_SECONDS,
        )

    def changed(self) -> float:
        """Return when the endpoint was last changed."""
        found = self._read()
        return self._now() if found is None else float(found.update_time.timestamp())

    def withdraw(self, bundle: str) -> None:
        """Undeploy a bundle; the endpoint goes with the last one."""
        ids = self._ids()
        request = {"endpoint": self._name, "deployed_model_id": ids[bundle]}
        self._done("withdraw a model", lambda: self._client.undeploy_model(request=request), PATIENCE_SECONDS)
        if set(ids) == {bundle}:
            remove = {"name": self._name}
            self._done("remove an endpoint", lambda: self._client.delete_endpoint(request=remove), PATIENCE_SECONDS)

    def ask(self, body: bytes, bundle: str) -> dict[str, Any] | None:
        """Ask the endpoint, where the bundle takes all requests: Vertex AI sends none to a single deployed model."""
        if Served(bundle, ALL) not in self.served():
            return None
        try:
            return self._service.predict(self._name, body)
        except PolicyError as error:
            if error.code == "vertex_refused":  # by the container, not the service
                return {"error": error.message}
            raise

    def count(self, bundle: str, since: float) -> Side:
        """Return what Cloud Monitoring counted."""
        deployed = self._ids().get(bundle, _id_of(bundle))
        return count(self._service, self._id, deployed, bundle, since, self._now())

    def predictions(self, bundle: str, since: float, bins: Sequence[str]) -> dict[str, int] | None:
        """Return what the container's own figures say."""
        serving = self._service.section.serving
        if serving is None or not serving.metrics:
            return None
        return count_predictions(self._service, self._id, bundle, bins, since, self._now())

    def features(self, bundle: str, since: float, bins: Bins) -> dict[str, Counts] | None:
        """Return what the containers' own figures say."""
        serving = self._service.section.serving
        if serving is None or not serving.metrics:
            return None
        return count_features(self._service, self._id, bundle, bins, since, self._now())

    def _create(self) -> None:
        section, types = self._service.section, self._service.types
        made = types.Endpoint(display_name=self._id, labels={**section.labels, PLAN_LABEL: self._plan})
        if section.encryption_key:
            made.encryption_spec = {"kms_key_name": section.encryption_key}
        request = {"parent": self._service.parent, "endpoint": made, "endpoint_id": self._id}
        self._done("make an endpoint", lambda: self._client.create_endpoint(request=request), PATIENCE_SECONDS)

    def _read(self) -> Any:
        """Return the endpoint, or None where there is none.

        Raises:
            PolicyError: ``endpoint_foreign``.
        """
        from google.api_core.exceptions import NotFound

        def ask() -> tuple[Any]:
            try:
                return (self._client.get_endpoint(name=self._name),)
            except NotFound:
                return (None,)

        (found,) = self._service.asked("read an endpoint", ask, patience_seconds=PATIENCE_SECONDS, reading=True)
        if found is None:
            return None
        strangers = [one.display_name for one in found.deployed_models if not OURS.fullmatch(one.display_name)]
        if found.labels.get(PLAN_LABEL) != self._plan or strangers:
            why = f"serves {strangers[0][:60]!r} too" if strangers else f"has no label {PLAN_LABEL}: {self._plan}"
            raise PolicyError(
                "endpoint_foreign",
                f"The endpoint {self._id} must be this plan's alone, but {why}.",
                remedy="Name another one in vertex.serving.endpoint.",
            )
        return found

    def _ids(self) -> dict[str, str]:
        found = self._read()
        return {} if found is None else {one.display_name: one.id for one in found.deployed_models}

    def _done(self, what: str, start: Callable[[], Any], seconds: float) -> None:
        """Start an operation and wait for its end.

        Raises:
            ServingError: ``endpoint_failed`` where the operation fails, as for a container that does not come up.
        """
        from google.api_core.exceptions import Conflict

        def ask() -> None:
            try:
                operation = start()
            except Conflict:  # an earlier call, whose answer was lost, has done it
                return
            try:
                fault = operation.exception(timeout=seconds)
            except TimeoutError as error:
                raise _slow(what, seconds) from error
            if fault is not None:
                raise ServingError(
                    "endpoint_failed",
                    f"Vertex AI must {what}, but did not: {' '.join(str(fault).split())[:300]}",
                    remedy="See the container's log in Cloud Logging; nothing of the candidate serves.",
                )

        self._service.asked(what, ask)


def _slow(what: str, seconds: float) -> TemporaryError:
    return TemporaryError(
        "endpoint_slow",
        f"Vertex AI must {what} within {seconds:g} seconds, but is still at it.",
        remedy="Follow the run again: it goes on from there.",
    )


def _id_of(bundle: str) -> str:
    """Return the id of a bundle's deployed model: one to ten digits, made of its digest."""
    return str(int(bundle[:8], 16))


if TYPE_CHECKING:
    _conforms: type[CloudEndpoint] = VertexEndpoint
