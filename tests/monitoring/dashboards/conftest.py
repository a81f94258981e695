"""A Prometheus that knows three hours of a regression, its canary, a classifier and a receiver of retrainings."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from past_metrics import Past, write_blocks
from sealed_folders import info_of, linear_model, running_predictor, write_bundle

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import NumberFeature, Target, Transform
from sevenfold.drift.prometheus import PrometheusClient, Series
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.monitoring.retrain.metrics import metrics_page

CREDENTIAL = "a-credential-of-many-characters"
MANIFESTS = Path(__file__).parents[3] / "manifests/components"
POD = {"namespace": "team", "job": "sevenfold-predictors"}
ROWS = 900
CLASSES = ("calm", "storm")


def binary_bundle(folder: Path, make_table: Any) -> Bundle:
    """A classifier of the same rows as the regression, by their wind."""
    inputs = {"wind": Column(kind=Kind.NUMBER)}
    table = make_table(2_000, 5).select(["wind"])
    labels = np.array(CLASSES)[(table["wind"].to_numpy() > 12).astype(int)]
    table = table.append_column("weather", [labels.tolist()])
    schema = Schema(
        task=Task.BINARY,
        target="weather",
        classes=CLASSES,
        columns={**inputs, "weather": Column(kind=Kind.CATEGORY, role=Role.TARGET)},
    )
    transform = Transform(features=(NumberFeature(name="wind", center=10, scale=4),), target=Target(classes=CLASSES))
    info = info_of(
        Signature(task=Task.BINARY, target="weather", classes=CLASSES, inputs=inputs),
        "storm",
        metrics={"accuracy": 0.9},
        digests={"data": "sha256:d"},
    )
    model = linear_model(transform, inputs, np.array([[-1.0, 1.0]], dtype=np.float32))
    return write_bundle(folder, info, model, table, schema, [{"wind": 3.5}])


def post(port: int, path: str, body: Any) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"authorization": f"Bearer {CREDENTIAL}", "content-type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    status = connection.getresponse().status
    connection.close()
    return status


def page_of(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def ask(ports: dict[str, int], name: str, rows: list[dict[str, Any]], labels: list[Any]) -> None:
    """Send rows, one at a time and many at once, a request that is refused, and the rows' labels."""
    predict = f"/v1/models/{name}:predict"
    for row in rows[:20]:
        assert post(ports["port"], predict, {"instances": [row]}) == 200
    for start in range(0, ROWS, 300):
        assert post(ports["port"], predict, {"instances": rows[start : start + 300]}) == 200
    assert post(ports["port"], predict, {"instances": [{"rain": 1}]}) == 422
    assert (
        post(ports["feedback_port"], f"/v1/models/{name}:feedback", {"instances": rows[:300], "labels": labels[:300]})
        == 200
    )


def decided(folder: Path, now: float) -> str:
    """The page of a receiver that has seen a drift through to a promotion, another to a refusal, and noise."""
    journal = Journal(folder / "journal.db")
    hour = 3_600
    told = (
        ("a", Action.SUPPRESS, Reason.FEW_ROWS, now - 2.5 * hour),
        ("a", Action.START, Reason.CAUSE, now - 2 * hour),
        ("a", Action.SUPPRESS, Reason.DUPLICATE, now - 1.9 * hour),
        ("ra", Action.NOTE, Reason.PROMOTED, now - 1.5 * hour),
        ("b", Action.START, Reason.CAUSE, now - 1 * hour),
        ("rb", Action.PAGE, Reason.NOT_PROMOTED, now - 0.5 * hour),
    )
    for key, action, reason, moment in told:
        decision = Decision(action, reason, reason.value)
        journal.decide(
            Cause(name="wind", keys=(key,), since=0.0, evidence="wind"), lambda _, made=decision: made, moment
        )
    return metrics_page({"start:cause": 2, "suppress:few_rows": 1}, journal, ["wind", "storm"], now - 60)


def counted(bundles: dict[str, Bundle], folder: Path, make_table: Any) -> list[str]:
    """The pages of real predictors after real requests and labels."""
    table = make_table(ROWS, 7, wind=0.8).drop_columns(["when"])
    winds = table.select(["wind"]).to_pylist()
    sent = {
        "wind": (table.drop_columns(["delay"]).to_pylist(), table["delay"].to_pylist()),
        "storm": (winds, [CLASSES[row["wind"] > 12] for row in winds]),
    }
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL", CREDENTIAL)
        pages = []
        for name, bundle in bundles.items():
            options = ("--name", name, "--max-batch", "300", "--feedback-port", "0")
            stack.enter_context(running_predictor(bundle.folder, folder / f"predictor-{name}", *options))
            ports = json.loads((folder / f"predictor-{name}" / "port.json").read_text())
            ask(ports, name, *sent[name])
            pages.append(page_of(ports["port"]))
    return pages


@pytest.fixture(scope="session")
def watched(
    sample: Any,
    table: Any,
    start_prometheus: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PrometheusClient]:
    """A client of that Prometheus, once the rules were evaluated on what it knows."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("watched")
    bundles = {"wind": sample.bundle, "storm": binary_bundle(folder / "storm", table)}
    pages = [*counted(bundles, folder, table), decided(folder, now := time.time() - 1)]
    wind, canary = pages[0], pages[0].replace(bundle_label(sample.bundle.digest), "ca4a4bca4a4b")
    pages.append(canary)  # as another version counts
    pasts = [
        Past(page, {**POD, "pod": f"pod-{place}", "instance": f"pod-{place}"}, 180) for place, page in enumerate(pages)
    ]
    pasts[-1] = replace(pasts[-1], minutes=45)
    assert wind != canary
    write_blocks(pasts, folder / "data", now)
    shipped = [MANIFESTS / f"{name}/files/rules.yml" for name in ("monitoring", "retrain-monitoring")]
    groups = [path.read_text().partition("groups:\n")[2] for path in shipped]
    (folder / "rules.yml").write_text("groups:\n" + "".join(groups).replace("interval: 1m", "interval: 1s"))
    with start_prometheus(folder) as running:
        for page in pages:
            running.expose(lambda page=page: page)
        client = PrometheusClient(running.url)
        for recorded in ("sevenfold:feedback_drifted", "sevenfold:feature_drifted", "ALERTS"):
            assert answer(client, recorded, seconds=30), (folder / "log").read_text()
        yield client


def answer(client: PrometheusClient, expression: str, *, seconds: float = 10.0) -> list[Series]:
    """What Prometheus answers; a scrape that a busy machine missed is waited for."""
    deadline = time.monotonic() + seconds
    while not (found := client.query(expression)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


@pytest.fixture(scope="session")
def answered(watched: PrometheusClient) -> Callable[[str], list[Series]]:
    """Ask the watched Prometheus."""
    return lambda expression: answer(watched, expression)
