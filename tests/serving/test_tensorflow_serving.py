"""Requests to TensorFlow Serving, played by a small server, and the KServe spec that runs it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.errors import PolicyError, ServingError
from sevenfold.contracts.registry import Record
from sevenfold.contracts.schema import Kind, Task
from sevenfold.contracts.service import KServeService
from sevenfold.plan.deployment import DeploymentSection, Runtime, Strategy, Target
from sevenfold.report import Text
from sevenfold.scoring.scorer import Scorer
from sevenfold.scoring.tensorflow_client import TensorFlowClient
from sevenfold.serving import smoke_client
from sevenfold.serving.compare import Comparison, compare
from sevenfold.serving.deployment import Checks, Deployed, deployment_target
from sevenfold.serving.kserve.inference_service import Release, digest_of, read_release
from sevenfold.serving.kserve.predictor_spec import predictor_of
from sevenfold.serving.report import deployment_report
from sevenfold.serving.smoke import smoke_test

DIGEST = f"sha256:{'a' * 64}"
SECTION = DeploymentSection(runtime=Runtime.TENSORFLOW_SERVING, strategy=Strategy.REPLACE, replicas=2)
Serve = Callable[..., AbstractContextManager[str]]


def arrays(instances: list[dict[str, Any]], inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Read rows as TensorFlow Serving does: every input and no other, null is no value, NaN is a number."""
    names: dict[str, Any] = {}
    for name, column in inputs.items():
        names[name] = {Kind.CATEGORY: object, Kind.DATETIME: np.int64}.get(column.kind, np.float64)
        if column.kind is Kind.DATETIME:
            names[f"{name}:missing"] = np.bool_
    for row in instances:
        if row.keys() != names.keys() or None in row.values():
            raise ValueError(f"not what the signature takes: {row}")
        assert all(type(row[name]) is not bool for name, kind in names.items() if kind is not np.bool_)
    return {name: np.array([row[name] for row in instances], dtype=kind) for name, kind in names.items()}


@contextmanager
def tensorflow_serving(
    bundle: Any, answer: Callable[[list[Any]], list[Any]] = lambda predictions: predictions
) -> Iterator[str]:
    """Serve a bundle's graph over V1 as TensorFlow Serving would its SavedModel."""
    scorer, signature = Scorer(bundle.model_path, bundle.signature), bundle.signature

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one write: the client would wait 40 ms for the second

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                assert self.path == "/v1/models/flights:predict"
                scored = scorer.predict(arrays(sent["instances"], signature.inputs))
            except (ValueError, AssertionError) as error:
                return self.reply(400, {"error": str(error)})
            if scored.values is not None:
                return self.reply(200, {"predictions": answer(scored.values.tolist())})
            rows = zip(scored.labels.tolist(), scored.probabilities.tolist(), strict=True)
            self.reply(200, {"predictions": answer([{"label": x, "probabilities": p} for x, p in rows])})

        def reply(self, status: int, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


@pytest.mark.parametrize("task", list(Task))
def test_every_test_row_is_compared(samples: dict[Task, Any], task: Task) -> None:
    sample = samples[task]
    with tensorflow_serving(sample.bundle) as url:
        comparison = compare(
            url,
            "flights",
            sample.dataset,
            sample.bundle.signature,
            sample.evaluation,
            max_batch=128,
            runtime=Runtime.TENSORFLOW_SERVING,
        )
    assert (comparison.rows, comparison.requests, comparison.single_requests) == (300, 3, 200)
    assert comparison.difference <= comparison.limit == 1e-5


def test_another_model_is_noticed(sample: Any, make: Any) -> None:
    with tensorflow_serving(make(seed=1).bundle) as url, pytest.raises(ServingError, match="may differ by 1e-05"):
        compare(
            url,
            "flights",
            sample.dataset,
            sample.bundle.signature,
            sample.evaluation,
            max_batch=128,
            runtime=Runtime.TENSORFLOW_SERVING,
        )


def in_this_process(command: list[str], *, input: str, **_: Any) -> subprocess.CompletedProcess[str]:
    """Run KServe's client here: importing it in another process costs seconds, which test_component pays."""
    assert command[-1] == "sevenfold.serving.smoke_client"
    checks = asyncio.run(smoke_client.run(json.loads(input)))
    return subprocess.CompletedProcess(command, 0, json.dumps(checks), "")


def test_kserves_client_asks_it(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example holds a missing number, which that client would write as null."""
    monkeypatch.setattr(subprocess, "run", in_this_process)
    with tensorflow_serving(sample.bundle) as url:
        checks = smoke_test(url, "flights", sample.bundle, runtime=Runtime.TENSORFLOW_SERVING)
    assert [(check.name, check.passed, check.detail) for check in checks] == [("predict, V1", True, "2 predictions")]


@pytest.mark.parametrize(
    ("feeds", "answer", "code"),
    [
        ({"distance": np.array([1.0])}, lambda predictions: predictions, "http_400"),
        (None, lambda predictions: predictions[:-1], "bad_answer"),
        (None, lambda predictions: [{"label": "no"}, {}], "bad_answer"),
        (None, lambda predictions: ["a", "b"], "bad_answer"),
        (None, lambda predictions: None, "bad_answer"),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(sample: Any, feeds: Any, answer: Any, code: str) -> None:
    from sevenfold.scoring.feeds import feeds_from_table

    signature = sample.bundle.signature
    sent = feeds or feeds_from_table(sample.dataset.table("test")[:2], signature.inputs)
    with tensorflow_serving(sample.bundle, answer) as url, TensorFlowClient(url, "flights") as client:
        with pytest.raises(ServingError) as caught:
            client.infer(sent)
        assert caught.value.code == code


@pytest.fixture(scope="module")
def predictor() -> dict[str, Any]:
    return predictor_of("flights", "minio://bucket/flights/run/train-model/1/bundle/", DIGEST, "", SECTION)


def test_the_storage_path_is_the_saved_models_parent(predictor: dict[str, Any]) -> None:
    model = predictor["model"]
    assert model["storageUri"] == "s3://bucket/flights/run/train-model/1/bundle/saved_model"
    assert (model["modelFormat"], model["runtime"]) == (
        {"name": "tensorflow", "version": "2"},
        "kserve-tensorflow-serving",
    )
    assert (model["protocolVersion"], model["args"]) == ("v1", ["--model_name=flights"])
    assert "image" not in model
    assert predictor["minReplicas"] == 2


def test_an_image_can_be_named() -> None:
    named = predictor_of("flights", "s3://bucket/bundle", DIGEST, "registry.example.org/tensorflow/serving:2", SECTION)
    assert named["model"]["image"] == "registry.example.org/tensorflow/serving:2"


def test_kserves_own_types_lose_nothing_of_it(predictor: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What one of KServe's classes does not know, it drops when it reads."""
    import kserve
    from kubernetes import client

    manifest = Release("flights", "team", predictor).manifest()
    api = client.ApiClient(client.Configuration())
    for name in dir(kserve):
        if name.startswith("V1"):
            monkeypatch.setattr(
                client.models, name, getattr(kserve, name), raising=False
            )  # where the reader looks for classes
    answer = type("Answer", (), {"data": json.dumps(manifest)})()
    read = api.deserialize(answer, "V1beta1InferenceService")
    assert api.sanitize_for_serialization(read) == manifest


def test_what_serves_is_read_back(predictor: dict[str, Any]) -> None:
    release = read_release(Release("flights", "team", predictor).manifest(), "flights")
    assert (release.stable_digest, release.stable["name"]) == (DIGEST, "baaaaaaaaaaaa")
    assert digest_of({"model": {"args": []}}) == ""


def test_it_may_run_under_the_restricted_standard(predictor: dict[str, Any]) -> None:
    pod, container = predictor["securityContext"], predictor["model"]["securityContext"]
    assert pod == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["allowPrivilegeEscalation"] is container["privileged"] is False
    assert (container["runAsNonRoot"], container["capabilities"]) == (True, {"drop": ["ALL"]})
    assert predictor["automountServiceAccountToken"] is False


@pytest.mark.parametrize(("target", "in_cluster"), [(Target.AUTO, False), (Target.LOCAL, True)])
def test_it_runs_on_kserve_alone(target: Target, in_cluster: bool) -> None:
    with pytest.raises(PolicyError, match="KServe alone"):
        deployment_target(SECTION.replaced(target=target), in_cluster=in_cluster)
    assert deployment_target(SECTION, in_cluster=True) is Target.KSERVE


def test_the_report_asks_as_tensorflow_serving_wants_it(sample: Any) -> None:
    service = KServeService(
        name="flights", namespace="team", url="http://flights.team.svc", digest=sample.bundle.digest, workload="flights"
    )
    checks = Checks(
        smoke=(),
        comparison=Comparison(rows=300, requests=3, difference=0.0, limit=1e-5),
        bundle=str(sample.bundle.folder),
        candidate=Record(name="flights", bundle=sample.bundle.digest, metric="log_loss", scores={}, who="automatic"),
    )
    blocks = deployment_report(Deployed(service, checks), SECTION).blocks
    [line] = [block.text for block in blocks if isinstance(block, Text) and block.text.startswith("curl")]
    [row] = json.loads(line.partition("-d '")[2].removesuffix("'"))["instances"]
    arrays([row], sample.bundle.signature.inputs)
