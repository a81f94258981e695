"""Google Cloud on this machine: the part of its APIs that a run needs, by the protocol types of Google's own client.

Vertex AI keeps what it is sent and runs nothing: a test says which states a job goes through. The bucket keeps objects
in memory, as the JSON API of Cloud Storage serves them to the C++ client that Arrow is built with.
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from google.cloud.aiplatform_v1 import types

MOMENT = "2026-01-01T00:00:00Z"
Answer = tuple[int, Any, dict[str, str]]


class GoogleCloud:
    """One project in one region; `faults` answers the next questions to Vertex AI instead of it."""

    def __init__(self, project: str = "our-models", region: str = "europe-west4") -> None:
        self.parent = f"projects/{project}/locations/{region}"
        self.jobs: dict[str, Any] = {}
        self.script: list[Callable[[Any], None]] = []  # each changes the job, one for each question about it
        self.objects: dict[str, bytes] = {}  # by BUCKET/KEY
        self.logs: dict[str, list[dict[str, Any]]] = {}  # entries by custom job
        self.faults: list[tuple[int, dict[str, Any]]] = []
        self.lost_answers = 0  # of the next questions: done, but answered with status 503
        self.tokens: list[str] = []
        self.uploads: dict[str, str] = {}
        self.url = ""

    def answer(self, method: str, target: str, body: bytes, authorization: str) -> Answer:
        parts = urlsplit(target)
        path, query = unquote(parts.path), {key: values[0] for key, values in parse_qs(parts.query).items()}
        if path == "/token":
            return 200, {"access_token": "ours", "expires_in": 3600, "token_type": "Bearer"}, {}
        if path.startswith(("/storage/", "/upload/")):
            return self._storage(method, urlsplit(target).path, query, body)
        self.tokens.append(authorization)
        if not authorization.startswith("Bearer "):
            return 401, error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."), {}
        if path == "/v2/entries:list":
            job = re.search(r'job_id="([^"]+)"', json.loads(body)["filter"])
            return 200, {"entries": list(reversed(self.logs.get(job[1] if job else "", [])))}, {}
        if self.faults:
            status, document = self.faults.pop(0)
            return status, document, {}
        status, document = self._vertex(method, path, query, body)
        if self.lost_answers:
            self.lost_answers -= 1
            return 503, error(503, "UNAVAILABLE", "The service is currently unavailable."), {}
        return status, document, {}

    def _vertex(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
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

    def _storage(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        bucket, _, key = path.removeprefix("/upload").removeprefix("/storage/v1/b/").partition("/o")
        key = unquote(key.removeprefix("/"))
        if path.startswith("/upload"):
            if method == "POST":
                number = str(len(self.uploads))
                self.uploads[number] = f"{bucket}/{query['name']}"
                return 200, {}, {"Location": f"{self.url}{path}?upload_id={number}"}
            name = self.uploads[query["upload_id"]]
            self.objects[name] = body
            return 200, self._about(name), {}
        if method == "GET" and not key:
            prefix = f"{bucket}/{query.get('prefix', '')}"
            return 200, {"items": [self._about(name) for name in sorted(self.objects) if name.startswith(prefix)]}, {}
        name = f"{bucket}/{key}"
        if name not in self.objects:
            return 404, error(404, "NOT_FOUND", f"No such object: {name}"), {}
        if method == "DELETE":
            del self.objects[name]
            return 204, {}, {}
        return 200, self.objects[name] if query.get("alt") == "media" else self._about(name), {}

    def _about(self, name: str) -> dict[str, Any]:
        bucket, _, key = name.partition("/")
        content = self.objects[name]
        about = {"kind": "storage#object", "bucket": bucket, "name": key, "id": name, "size": str(len(content))}
        times = {
            "timeCreated": MOMENT,
            "updated": MOMENT,
            "generation": str(zlib.crc32(content)),
            "metageneration": "1",
        }
        return {**about, **times}


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


def error(status: int, word: str, message: str, **info: Any) -> dict[str, Any]:
    """The body of an answer that refuses, as all of Google's APIs write it; `info` is that of its ErrorInfo."""
    about = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com", **info}
    return {"error": {"code": status, "status": word, "message": message, "details": [about] if info else []}}


@contextmanager
def serving(cloud: GoogleCloud) -> Iterator[GoogleCloud]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait for each other

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer, headers = cloud.answer(
                self.command, self.path, body, self.headers.get("Authorization") or ""
            )
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
            if wanted and isinstance(answer, bytes):
                content = content[int(wanted[1]) : int(wanted[2]) + 1 if wanted[2] else None]
                status = 206
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = respond

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
