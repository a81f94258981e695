"""Google Cloud on this machine: the part of its APIs that a run needs, by the protocol types of Google's own client.

Vertex AI keeps what it is sent and runs nothing: a test says which states a job goes through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cloud_monitoring import WrittenSeries
from cloud_storage import Answer, CloudStorage, error, serving
from google.cloud.aiplatform_v1 import types
from google_endpoints import Endpoints
from google_rights import Rights

__all__ = ["GoogleCloud", "error", "serving"]


class GoogleCloud(CloudStorage):
    """One project in one region; `faults` answers the next questions to Vertex AI instead of it."""

    def __init__(self, project: str = "our-models", region: str = "europe-west4") -> None:
        super().__init__()
        self.parent = f"projects/{project}/locations/{region}"
        self.jobs: dict[str, Any] = {}
        self.models: dict[str, list[Any]] = {}  # versions by model
        self.endpoints = Endpoints(self.parent)
        self.written = WrittenSeries()
        self.rights = Rights(project)
        self.script: list[Callable[[Any], None]] = []  # each changes the job, one for each question about it
        self.logs: dict[str, list[dict[str, Any]]] = {}  # entries by custom job
        self.faults: list[tuple[int, dict[str, Any]]] = []
        self.slow = False  # an upload is registered, but its operation never says that it is done
        self.lost_answers = 0  # of the next questions: done, but answered with status 503
        self.tokens: list[str] = []

    def answer(self, method: str, target: str, body: bytes, authorization: str) -> Answer:
        parts = urlsplit(target)
        path, query = unquote(parts.path), {key: values[0] for key, values in parse_qs(parts.query).items()}
        if path.startswith(("/token", "/computeMetadata/", "/storage/", "/upload/")):
            return super().answer(method, target, body, authorization)
        self.tokens.append(authorization)
        if not authorization.startswith("Bearer "):
            return 401, error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."), {}
        if path == "/v2/entries:list":
            job = re.search(r'job_id="([^"]+)"', json.loads(body)["filter"])
            return 200, {"entries": list(reversed(self.logs.get(job[1] if job else "", [])))}, {}
        if self.faults:
            status, document = self.faults.pop(0)
            return status, document, {}
        about = self.rights.answer(path, body) if method == "POST" else None
        status, document = about or self._vertex(method, path, query, body)
        if self.lost_answers:
            self.lost_answers -= 1
            return 503, error(503, "UNAVAILABLE", "The service is currently unavailable."), {}
        return status, document, {}

    def _vertex(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path.startswith(f"/v1/{self.parent}/models"):
            return self._models(method, path.removeprefix("/v1/"), body)
        if path.startswith(f"/v1/{self.parent}/endpoints"):
            return self.endpoints.answer(method, path, query, body)
        if path.startswith("/v3/") and method == "POST":
            return self.written.write(path.split("/")[3], body)
        if path.startswith("/v3/"):
            return (
                self.written.read(query) if "custom.googleapis.com" in query["filter"] else self.endpoints.series(query)
            )
        if path.endswith("/operations/1"):
            return 200, {"name": path}
        home = f"/v1/{self.parent}/pipelineJobs"
        if not path.startswith(home):
            return 404, error(404, "NOT_FOUND", f"{path} was not found on this server.")
        if method == "POST" and path == home:
            name = f"{self.parent}/pipelineJobs/{query['pipelineJobId']}"
            if name in self.jobs:
                return 409, error(409, "ALREADY_EXISTS", f"{name} already exists.")
            job = types.PipelineJob.from_json(body)  # a field that the protocol does not have raises
            fault = _wrong(job, query["pipelineJobId"])
            if fault:
                return 400, error(400, "INVALID_ARGUMENT", fault)
            job.name, job.state = name, types.PipelineState.PIPELINE_STATE_PENDING
            self.jobs[name] = job
            return 200, _document(job)
        if method == "GET" and path == home:
            return 200, {"pipelineJobs": [{"name": name} for name in list(self.jobs)[-1:]]}
        job = self.jobs.get(path.removeprefix("/v1/"))
        if method != "GET" or job is None:
            return 404, error(404, "NOT_FOUND", f"{path} was not found.")
        if self.script:
            self.script.pop(0)(job)
        return 200, _document(job)

    def _models(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        name, _, verb = path.partition(":")
        if method == "POST" and verb == "upload":
            asked = types.UploadModelRequest.from_json(body)
            name = asked.parent_model or f"{self.parent}/models/{asked.model_id}"
            if bool(asked.parent_model) != (name in self.models) or not asked.model.container_spec.image_uri:
                return 400, error(400, "INVALID_ARGUMENT", f"{name} cannot be uploaded so.")
            versions = self.models.setdefault(name, [])
            asked.model.name, asked.model.version_id = name, str(len(versions) + 1)
            versions.append(asked.model)
            made = types.UploadModelResponse(model=name, model_version_id=asked.model.version_id)
            kind = "type.googleapis.com/google.cloud.aiplatform.v1.UploadModelResponse"
            if self.slow:
                return 200, {"name": f"{name}/operations/1"}
            return 200, {"name": f"{name}/operations/1", "done": True, "response": {"@type": kind, **_document(made)}}
        if method == "GET" and verb == "listVersions" and name in self.models:
            return 200, {"models": [_document(version) for version in self.models[name]]}
        return 404, error(404, "NOT_FOUND", f"{path} was not found.")


def _wrong(job: Any, name: str) -> str:
    """What Vertex AI would say of a job that it does not take."""
    document = types.PipelineJob.to_dict(job)
    spec, given = document["pipeline_spec"], document["runtime_config"]
    if not re.fullmatch(r"[a-z][-a-z0-9]{0,127}", name):
        return f"pipelineJobId {name!r} is invalid."
    if "root" not in spec or "platforms" in spec:
        return "The pipeline spec is invalid."
    if not given["gcs_output_directory"].startswith("gs://"):
        return "gcsOutputDirectory must be a Cloud Storage path."
    unknown = set(given["parameter_values"]) - set(spec["root"]["inputDefinitions"]["parameters"])
    return f"Unknown parameters: {sorted(unknown)}" if unknown else ""


def _document(message: Any) -> Any:
    return json.loads(type(message).to_json(message, use_integers_for_enums=False))
