"""Endpoints of Vertex AI on this machine, by the protocol types of Google's own client, and Cloud Monitoring's counts.

It refuses what the service refuses: a traffic split that does not add up to 100 or names nobody, a model that takes
requests and is undeployed. Requests are counted as a test says; `predictor` is an address that answers them.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import httpx
from cloud_storage import error
from google.cloud.aiplatform_v1 import types

__all__ = ["Endpoints"]

RESPONSE = "type.googleapis.com/google.cloud.aiplatform.v1."
Answer = tuple[int, Any]


class Endpoints:
    """The endpoints of one region; `broken` models do not come up, `counted` holds requests by model id and class."""

    def __init__(self, parent: str) -> None:
        self.parent = parent
        self.kept: dict[str, Any] = {}
        self.broken: set[str] = set()  # versions of models
        self.counted: dict[str, dict[str, int]] = {}
        self.latency_ms: dict[str, float] = {}
        self.predictor = ""
        self.changes: list[str] = []
        self.forbidden = False  # to read Cloud Monitoring

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        name, _, verb = path.removeprefix("/v1/").partition(":")
        if method == "POST" and name == f"{self.parent}/endpoints" and not verb:
            return self._create(f"{name}/{query['endpointId']}", types.Endpoint.from_json(body))
        found = self.kept.get(name)
        if found is None:
            return 404, error(404, "NOT_FOUND", f"The Endpoint {name} does not exist.")
        match method, verb:
            case "GET", "":
                return 200, _document(found)
            case "PATCH", "":
                return self._update(found, types.Endpoint.from_json(body), query.get("updateMask", ""))
            case "DELETE", "":
                if found.deployed_models:
                    return 400, error(400, "FAILED_PRECONDITION", "It has deployed models.")
                self.changes.append("delete")
                del self.kept[name]
                return 200, _operation(name, "google.protobuf.Empty", {})
            case "POST", "deployModel":
                return self._deploy(found, types.DeployModelRequest.from_json(body))
            case "POST", "undeployModel":
                return self._undeploy(found, types.UndeployModelRequest.from_json(body))
            case "POST", "rawPredict":
                return self._predict(body)
        return 404, error(404, "NOT_FOUND", path)

    def series(self, query: dict[str, str]) -> Answer:
        """Answer as Cloud Monitoring's timeSeries does."""
        if self.forbidden:
            return 403, error(403, "PERMISSION_DENIED", "Permission monitoring.timeSeries.list denied.")
        asked = dict(re.findall(r'([a-z_.]+)="([^"]*)"', query["filter"]))
        model, metric = asked["metric.labels.deployed_model_id"], asked["metric.type"].rpartition("/")[2]
        if metric == "response_count":
            found = [
                _series({"response_code": code}, {"int64Value": str(count)})
                for code, count in self.counted.get(model, {}).items()
            ]
        else:
            assert query["aggregation.perSeriesAligner"] == "ALIGN_PERCENTILE_99"
            latency = self.latency_ms.get(model)
            found = [] if latency is None else [_series({"latency_type": "model"}, {"doubleValue": latency})]
        # two pages, as of a service with many series
        if query.get("pageToken"):
            return 200, {"timeSeries": found[1:]}
        return 200, {"timeSeries": found[:1], "nextPageToken": "more"} if len(found) > 1 else {"timeSeries": found}

    def _create(self, name: str, endpoint: Any) -> Answer:
        if name in self.kept:
            return 409, error(409, "ALREADY_EXISTS", f"{name} already exists.")
        self.changes.append("create")
        endpoint.name, endpoint.update_time = name, datetime.now(UTC)
        self.kept[name] = endpoint
        return 200, _operation(name, f"{RESPONSE}Endpoint", _document(endpoint))

    def _update(self, endpoint: Any, asked: Any, mask: str) -> Answer:
        if mask.strip('"') not in ("trafficSplit", "traffic_split"):
            return 400, error(400, "INVALID_ARGUMENT", f"updateMask {mask!r} is not what was meant.")
        fault = self._split(endpoint, dict(asked.traffic_split))
        if fault:
            return 400, error(400, "INVALID_ARGUMENT", fault)
        self.changes.append(f"split {dict(sorted(endpoint.traffic_split.items()))}")
        return 200, _document(endpoint)

    def _deploy(self, endpoint: Any, asked: Any) -> Answer:
        model = asked.deployed_model
        if not re.fullmatch(r"[0-9]{1,10}", model.id):
            return 400, error(400, "INVALID_ARGUMENT", f"The id {model.id!r} is invalid.")
        if any(one.id == model.id for one in endpoint.deployed_models):
            return 409, error(409, "ALREADY_EXISTS", f"DeployedModel {model.id} already exists.")
        if model.model in self.broken:
            message = (
                "Model server never became ready. Please validate that your model file or container configuration."
            )
            return 200, {
                "name": f"{endpoint.name}/operations/1",
                "done": True,
                "error": {"code": 9, "message": message},
            }
        self.changes.append(f"deploy {model.display_name}")
        endpoint.deployed_models.append(model)
        split = {model.id if key == "0" else key: value for key, value in asked.traffic_split.items()}
        fault = self._split(endpoint, split)
        if fault:
            return 400, error(400, "INVALID_ARGUMENT", fault)
        made = types.DeployModelResponse(deployed_model=model)
        return 200, _operation(endpoint.name, f"{RESPONSE}DeployModelResponse", _document(made))

    def _undeploy(self, endpoint: Any, asked: Any) -> Answer:
        left = [one for one in endpoint.deployed_models if one.id != asked.deployed_model_id]
        if endpoint.traffic_split.get(asked.deployed_model_id) and left:
            return 400, error(400, "INVALID_ARGUMENT", "It takes requests.")
        self.changes.append(f"undeploy {asked.deployed_model_id}")
        endpoint.deployed_models = left
        endpoint.traffic_split.pop(asked.deployed_model_id, None)
        return 200, _operation(endpoint.name, f"{RESPONSE}UndeployModelResponse", {})

    def _split(self, endpoint: Any, split: dict[str, int]) -> str:
        known = {one.id for one in endpoint.deployed_models}
        if sum(split.values()) != 100 or set(split) - known:
            return f"The traffic split {split} must add up to 100, over {sorted(known)}."
        endpoint.traffic_split, endpoint.update_time = split, datetime.now(UTC)
        return ""

    def _predict(self, body: bytes) -> Answer:
        answer = httpx.post(self.predictor, content=body, headers={"Content-Type": "application/json"})
        return answer.status_code, answer.json()


def _series(labels: dict[str, str], value: dict[str, Any]) -> dict[str, Any]:
    moment = "2026-01-01T00:01:00Z"
    interval = {"startTime": moment, "endTime": moment}
    return {"metric": {"labels": labels}, "points": [{"interval": interval, "value": value}]}


def _operation(name: str, kind: str, response: dict[str, Any]) -> dict[str, Any]:
    kind = kind if kind.startswith("type.") else f"type.googleapis.com/{kind}"
    value = {"@type": kind, **response}
    return {"name": f"{name}/operations/1", "done": True, "response": value}


def _document(message: Any) -> Any:
    return json.loads(type(message).to_json(message, use_integers_for_enums=False))
