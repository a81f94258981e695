"""Labels that come back to a predictor on a real cluster: who is admitted, what is counted, what Prometheus says."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from metrics_page import parse_metrics

from sevenfold.drift import telemetry
from sevenfold.drift.telemetry import Metric, bundle_label

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

NAME, SECRET = "feedback", "feedback-credential"
CREDENTIAL = secrets.token_hex(32)
BATCH = 100
DOCUMENT = Path(__file__).parents[3] / "docs" / "operate.md"
REFERENCE = 0.9  # the accuracy that the bundle claims
OTHER = {"yes": "no", "no": "yes"}


@dataclass(frozen=True)
class Served:
    """A predictor that takes labels, as its users, the sender of the labels and Prometheus reach it."""

    team: Any
    version: Any

    @property
    def rows(self) -> list[Any]:
        return [row for body in self.version.bodies for row in json.loads(body)["instances"]]

    def answers(self) -> bool:
        """Whether the Service leads to the port for labels yet."""
        with contextlib.suppress(ConnectionRefusedError):
            return self.feed({}, "")[0] == 401
        return False

    def through_the_gateway(self, verb: str, body: Any, **headers: str) -> tuple[int, Any]:
        host = f"{NAME}-{self.team.namespace}.example.com"
        return self._post(self.team.load_module.GATEWAY, verb, body, {"host": host, **headers})

    def feed(self, body: Any, credential: str = CREDENTIAL) -> tuple[int, Any]:
        """Send to the Service of the document."""
        address = self.team.kubectl(
            "get", "service", f"{NAME}-feedback", "-o=jsonpath={.spec.clusterIP} {.spec.ports[0].port}"
        )
        host, port = address.split()
        bearer = {"authorization": f"Bearer {credential}"} if credential else {}
        return self._post((host, int(port)), "feedback", body, bearer)

    def _post(self, where: tuple[str, int], verb: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        connection = HTTPConnection(*where, timeout=20)
        try:
            given = {"content-type": "application/json", **headers}
            connection.request("POST", f"/v1/models/{NAME}:{verb}", json.dumps(body), given)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text.startswith(b"{") else text
        finally:
            connection.close()

    def predicted(self) -> list[str]:
        """What the service predicts for all rows, in batches."""
        labels: list[str] = []
        for start in range(0, len(self.rows), BATCH):
            status, answer = self.through_the_gateway("predict", {"instances": self.rows[start : start + BATCH]})
            assert status == 200, answer
            labels += [each["label"] for each in answer["predictions"]]
        return labels

    def feed_all(self, labels: list[str], name: str) -> list[dict[str, Any]]:
        """Feed the labels of all rows back, in batches with ids."""
        answers = []
        for start in range(0, len(labels), BATCH):
            part = slice(start, start + BATCH)
            body = {"id": f"{name}-{start}", "instances": self.rows[part], "labels": labels[part]}
            status, answer = self.feed(body)
            assert status == 200, answer
            answers.append(answer)
        return answers

    def count(self, metric: Metric, **labels: str) -> float:
        """A count on the pages of the predictor's pods."""
        selector = f"app=isvc.{NAME}-b{bundle_label(self.version.digest)}-predictor"
        addresses = self.team.kubectl("get", "pods", "-l", selector, "-o=jsonpath={.items[*].status.podIP}").split()
        assert len(addresses) == 1
        with urllib.request.urlopen(f"http://{addresses[0]}:8080/metrics", timeout=10) as page:
            counts = parse_metrics(page.read().decode())
        return sum(value for (name, pairs), value in counts.items() if name == metric.name and labels.items() <= pairs)

    def query(self, expression: str) -> list[float]:
        """What Prometheus answers."""
        where = self.team.kubectl(
            "get", "service", "prometheus", "-o=jsonpath={.spec.clusterIP}", namespace="sevenfold-monitoring"
        )
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"http://{where}:9090/api/v1/query?{query}", timeout=10) as answer:
            return [float(each["value"][1]) for each in json.load(answer)["data"]["result"]]

    def of_the_model(self, series: str) -> list[float]:
        return self.query(f'{series}{{model="{NAME}", bundle="{bundle_label(self.version.digest)}"}}')


def service_of_the_document() -> str:
    """The Service that the document shows, for this model."""
    shown = r"```yaml\n(apiVersion: v1\nkind: Service\nmetadata: {name: NAME-feedback}.*?)```"
    [found] = re.findall(shown, DOCUMENT.read_text(), re.DOTALL)
    return str(found).replace("NAME", NAME)


@pytest.fixture(scope="module")
def served(team) -> Iterator[Served]:
    team.forget(NAME)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}}
    team.kubectl("apply", "-f", "-", given=json.dumps({**secret, "stringData": {"credential": CREDENTIAL}}))
    try:
        # Another bundle each time: its window of a day holds the labels of earlier tests, too.
        version = team.version(NAME, seed=secrets.randbelow(2**16), scores={"accuracy": REFERENCE})
        end = team.release(NAME, version, section={"strategy": "replace", "feedback_secret": SECRET}).wait()
        assert end.get("decision") == "promote", end
        team.kubectl("apply", "-f", "-", given=service_of_the_document())
        made = Served(team, version)
        team.until(lambda: made.answers() and team.ask(NAME, version)[0] == 200, 30)
        # What was there at the first look at a counter did not come within a window.
        team.until(lambda: made.of_the_model(telemetry.FEEDBACK_CORRECT.name) == [0], 60)
        yield made
    finally:
        team.kubectl("delete", f"secret/{SECRET}", f"service/{NAME}-feedback", "--ignore-not-found", fails=True)


def mostly_right(predicted: list[str]) -> list[str]:
    """Labels of which the model predicted 19 of 20."""
    return [OTHER[label] if row % 20 == 0 else label for row, label in enumerate(predicted)]


def test_who_has_the_credential_is_counted_and_nobody_else(served: Served) -> None:
    labels = mostly_right(served.predicted())
    body = {"instances": served.rows[:1], "labels": labels[:1]}
    for credential in ("", secrets.token_hex(32)):
        status, answer = served.feed(body, credential)
        assert (status, answer["error"]["code"]) == (401, "credential")
    assert served.through_the_gateway("feedback", body, authorization=f"Bearer {CREDENTIAL}")[0] == 404
    assert served.count(telemetry.FEEDBACK_ROWS) == 0

    predictions = served.count(telemetry.PREDICTIONS)
    answers = served.feed_all(labels, "right")
    assert [answer["scored"] for answer in answers] == [BATCH] * (len(labels) // BATCH)
    assert not any(answer["repeated"] for answer in answers)
    assert all(answer["repeated"] for answer in served.feed_all(labels, "right"))
    assert served.count(telemetry.FEEDBACK_ROWS, label="scored") == len(labels)
    assert served.count(telemetry.FEEDBACK_CORRECT) == len(labels) * 19 / 20
    assert served.count(telemetry.PREDICTIONS) == predictions


def test_prometheus_says_that_a_model_has_become_worse(served: Served) -> None:
    predicted = served.predicted()
    count, wrong = len(predicted), [OTHER[label] for label in predicted]
    served.feed_all(mostly_right(predicted), "right")
    served.team.until(lambda: served.of_the_model("sevenfold:feedback_drifted") == [0], 120)
    assert served.of_the_model("sevenfold:feedback_rows") == [count]
    assert served.of_the_model("sevenfold:feedback_accuracy") == [pytest.approx(0.95)]
    assert served.of_the_model("sevenfold:feedback_loss") == [pytest.approx(REFERENCE - 0.95)]
    alert = f'ALERTS{{alertname=~"SevenfoldConceptDrift.*", model="{NAME}"}}'
    assert served.query(alert) == []

    served.feed_all(wrong, "wrong")
    served.team.until(lambda: served.of_the_model("sevenfold:feedback_drifted") == [1], 120)
    assert served.of_the_model("sevenfold:feedback_rows") == [2 * count]
    assert served.of_the_model("sevenfold:feedback_accuracy") == [pytest.approx(0.95 / 2)]
    assert served.team.until(lambda: served.query(alert), 30) == [1]


def test_without_its_secret_a_version_is_given_up_by_name(team) -> None:
    name = f"{NAME}-without"
    team.forget(name)
    section = {"strategy": "replace", "feedback_secret": "no-such-secret"}
    end = team.release(name, team.version(name, seed=32), section=section).wait()
    assert end["code"] == "revision_failed"
    assert 'secret "no-such-secret" not found' in end["message"]
