"""A cluster in memory: the API server's rules, what KServe makes of an InferenceService, and a gateway that lags.

The API server keeps versions and refuses a stale one; KServe gives every predictor a Deployment, and each visible
service a route; a Deployment takes some looks to come up; and the proxies learn of a route only seconds later, so
that a workload that goes while they still send requests to it loses some.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.contracts.errors import TemporaryError
from sevenfold.runtime.retry import PATIENT
from sevenfold.serving.kserve.inference_service import digest_of, workload

LAG = 3.0  # seconds from a route to the proxies
LOOKS = 3  # at a Deployment before it is up
IMAGE = "registry.example.org/serve@sha256:1"
RUNTIMES_IMAGE = "registry.example.org/tensorflow/serving:2"  # of a predictor that names none
Key = tuple[str, str]


class Killed(BaseException):
    """The process ended here: nothing that it would have done afterwards is done."""


@dataclass
class World:
    """What outlives a process."""

    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    pods: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)  # digests that never come up
    lost: list[str] = field(default_factory=list)  # workloads that went while users were sent to them
    now: float = 0.0
    versions: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    known: dict[str, int] = field(default_factory=dict)  # what the proxies know: weight by workload
    learnt: list[tuple[float, dict[str, int]]] = field(default_factory=list)  # what they will know, and when

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        while self.learnt and self.learnt[0][0] <= self.now:
            self.known = self.learnt.pop(0)[1]

    def clock(self) -> float:
        return self.now

    def copy(self) -> World:
        return copy.deepcopy(self)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [item for (own, _), item in self.objects.items() if own == kind]

    def put(self, manifest: dict[str, Any]) -> dict[str, Any]:
        key = manifest["kind"], manifest["metadata"]["name"]
        metadata = {**manifest["metadata"], "resourceVersion": str(next(self.versions)), "namespace": "team"}
        self.objects[key] = {**copy.deepcopy(manifest), "metadata": metadata}
        self.reconcile()
        return self.objects[key]

    def reconcile(self) -> None:
        """Do what KServe does."""
        wanted: dict[str, dict[str, Any]] = {}
        weights: dict[str, int] = {}
        for item in self.of("InferenceService"):
            name, spec = item["metadata"]["name"], item["spec"]
            canary = (spec.get("canary") or [None])[0]
            share = canary["trafficPercent"] if canary else 0
            sides = [(spec["predictor"], 100 - share)] + ([(canary["predictor"], share)] if canary else [])
            route = {workload(name, predictor): weight for predictor, weight in sides}
            wanted |= {workload(name, predictor): predictor for predictor, _ in sides}
            if "networking.kserve.io/visibility" not in item["metadata"]["labels"]:
                weights |= route
                ends = [{"name": service, "weight": weight} for service, weight in route.items()]
                self.objects["HTTPRoute", name] = {
                    "metadata": {"name": name},
                    "spec": {"rules": [{"backendRefs": ends}]},
                }
        for deployment, predictor in wanted.items():
            self._deployment(deployment, predictor)
        for _, deployment in [key for key in self.objects if key[0] == "Deployment" and key[1] not in wanted]:
            del self.objects["Deployment", deployment]
            if self.known.get(deployment):
                self.lost.append(deployment)
        if weights != (self.learnt[-1][1] if self.learnt else self.known):
            self.learnt.append((self.now + LAG, weights))

    def _deployment(self, name: str, predictor: dict[str, Any]) -> None:
        model = predictor["model"]
        image = model.get("image", RUNTIMES_IMAGE)
        container = {"name": "kserve-container", "image": image, "args": ["--name=x", *model["args"]]}
        template = {
            "metadata": {"annotations": {"of": "kserve", **predictor.get("annotations", {})}},
            "spec": {"containers": [container]},
        }
        present = self.objects.get(("Deployment", name))
        if present and present["spec"]["template"] == template:
            return
        generation = present["metadata"]["generation"] + 1 if present else 1
        self.objects["Deployment", name] = {
            "metadata": {"name": name, "generation": generation},
            "spec": {"replicas": predictor.get("minReplicas", 1), "template": template},
            "status": {"observedGeneration": generation},
            "looks": 0,
            "digest": digest_of(predictor),
        }

    def look(self, deployment: dict[str, Any]) -> None:
        """Come up, a look nearer; a broken one never does."""
        deployment["looks"] += 1
        if deployment["looks"] >= LOOKS and deployment["digest"] not in self.broken:
            replicas = deployment["spec"]["replicas"]
            counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), replicas)
            deployment["status"] |= counts

    def serving(self) -> list[dict[str, Any]]:
        """The predictors that get users' requests, once the proxies know."""
        services = [
            item
            for item in self.of("InferenceService")
            if "networking.kserve.io/visibility" not in item["metadata"]["labels"]
        ]
        predictors = []
        for item in services:
            canary = (item["spec"].get("canary") or [None])[0]
            share = canary["trafficPercent"] if canary else 0
            predictors += [item["spec"]["predictor"]] * (share < 100)
            predictors += [canary["predictor"]] if share else []
        return predictors

    def recorded(self) -> list[dict[str, Any]]:
        """The records of what served, oldest first."""
        texts = [item["data"].get("record.json") for item in self.of("ConfigMap")]
        records = [json.loads(text) for text in texts if text]
        records.sort(key=lambda record: record["number"])
        assert [record["number"] for record in records] == list(range(1, len(records) + 1))
        return records

    def records(self) -> list[tuple[str, str]]:
        """What was recorded: action and bundle, oldest first."""
        return [(record["action"], record["bundle"]) for record in self.recorded()]


class MemoryCluster(Cluster):
    """One process's connection to the world; at its call number `fault_at` something goes wrong.

    `fault` is killed (the process ends) or passing (the server does not answer this once), and `late` says that the
    call was carried out all the same.
    """

    def __init__(self, world: World, *, fault: str = "", fault_at: int = 0, late: bool = False) -> None:
        self.namespace, self.world = "team", world
        self.fault, self.fault_at, self.late = fault, fault_at, late
        self.calls = 0
        self._patience, self._sleep = PATIENT, world.sleep

    def _once(self, verb: str, kind: str, name: str, query: Any, body: Any, absent: bool, text: bool) -> Any:
        self.calls += 1
        struck = self.calls == self.fault_at or (self.fault == "killed" and self.calls > self.fault_at)
        if struck and self.fault and not (self.late and self.calls == self.fault_at):
            raise self._fault()
        answer = self._answer(verb, kind, name, dict(query), body, text)
        if struck and self.fault:
            raise self._fault()
        return answer

    def _fault(self) -> BaseException:
        return Killed() if self.fault == "killed" else TemporaryError("cluster_unreachable", "gone for a moment")

    def _answer(self, verb: str, kind: str, name: str, query: dict[str, str], body: Any, text: bool) -> Any:
        if text:
            return "Traceback: no such file"
        present = self.world.objects.get((kind, name))
        if verb == "GET" and name:
            if kind == "Deployment" and present:
                self.world.look(present)
            return copy.deepcopy(present)
        if verb == "GET":
            return {"items": copy.deepcopy(self._found(kind, query.get("labelSelector", "")))}
        if verb == "DELETE":
            self.world.objects.pop((kind, name), None)
            self.world.objects.pop(("HTTPRoute", name), None)
            self.world.reconcile()
            return None
        if verb == "POST":
            if (kind, body["metadata"]["name"]) in self.world.objects:
                raise Conflict("changed_meanwhile", "it is there already")
            return self.world.put(body)
        version = body["metadata"].get("resourceVersion")
        if version and (present is None or present["metadata"]["resourceVersion"] != version):
            raise Conflict("changed_meanwhile", "another version")
        same = present and without_version(present) == without_version(body)
        return present if same else self.world.put(body)

    def _found(self, kind: str, selector: str) -> list[dict[str, Any]]:
        if kind == "Pod":
            return [pod for pod in self.world.pods if pod["metadata"]["labels"]["app"] == selector.partition("=")[2]]
        if kind == "Event":
            return self.world.events
        wanted = dict(pair.split("=") for pair in selector.split(",") if pair)
        items = self.world.of(kind)
        return [item for item in items if wanted.items() <= item["metadata"].get("labels", {}).items()]


def without_version(manifest: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in manifest["metadata"].items() if key not in ("resourceVersion", "namespace")}
    return {**manifest, "metadata": own}


@pytest.fixture
def world() -> World:
    """An empty namespace with our ServingRuntime."""
    empty = World()
    container = {"name": "kserve-container", "image": IMAGE}
    runtime = {"kind": "ServingRuntime", "metadata": {"name": "sevenfold"}, "spec": {"containers": [container]}}
    empty.put(runtime)
    return empty


@pytest.fixture(scope="session")
def connect() -> Callable[..., MemoryCluster]:
    return MemoryCluster


@pytest.fixture(scope="session")
def killed() -> type[BaseException]:
    return Killed


@pytest.fixture(scope="session")
def predictor() -> Callable[..., dict[str, Any]]:
    """Make a predictor's spec for a bundle, named by one hexadecimal digit."""

    def made(digit: str, *more: str, image: str = IMAGE) -> dict[str, Any]:
        digest = f"sha256:{digit * 64}"
        model = {"args": [f"--digest={digest}", *more], "image": image}
        return {"name": f"b{digit * 12}", "minReplicas": 1, "model": model}

    return made
