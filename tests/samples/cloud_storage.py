"""Cloud Storage on this machine: objects in memory, as its JSON API serves them to Google's own clients."""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

MOMENT = "2026-01-01T00:00:00Z"
PAGE = 3  # objects of a listing: more than one page of them is met
Answer = tuple[int, Any, dict[str, str]]


class CloudStorage:
    """Every bucket; `objects` by BUCKET/KEY. Tokens are given at ``/token``, to accounts and to machines."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, str] = {}
        self.location = "EUROPE-WEST4"  # of every bucket
        self.authorizations: list[str] = []
        self.url = ""

    def answer(self, method: str, target: str, body: bytes, authorization: str) -> Answer:
        """Answer one request: status, document or bytes, headers."""
        parts = urlsplit(target)
        if parts.path.endswith("/token"):
            return 200, {"access_token": "ours", "expires_in": 3600, "token_type": "Bearer"}, {}
        self.authorizations.append(authorization)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        return self._storage(method, parts.path, query, body)

    def _storage(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        bucket, _, key = path.removeprefix("/upload").removeprefix("/storage/v1/b/").partition("/o")
        key = unquote(key.removeprefix("/"))
        if path.startswith("/upload"):
            if method == "POST" and query.get("uploadType") == "media":
                name = f"{bucket}/{query['name']}"
                if query.get("ifGenerationMatch") == "0" and name in self.objects:
                    return 412, error(412, "conditionNotMet", "At least one of the pre-conditions did not hold."), {}
                self.objects[name] = body
                return 200, self._about(name), {}
            if method == "POST":
                number = str(len(self.uploads))
                self.uploads[number] = f"{bucket}/{query['name']}"
                return 200, {}, {"Location": f"{self.url}{path}?upload_id={number}"}
            name = self.uploads[query["upload_id"]]
            self.objects[name] = body
            return 200, self._about(name), {}
        if method == "GET" and path == f"/storage/v1/b/{bucket}":
            return 200, {"location": self.location}, {}
        if method == "GET" and not key:
            prefix = f"{bucket}/{query.get('prefix', '')}"
            names = [name for name in sorted(self.objects) if name.startswith(prefix)]
            start = int(query.get("pageToken") or 0)
            more = {"nextPageToken": str(start + PAGE)} if len(names) > start + PAGE else {}
            return 200, {"items": [self._about(name) for name in names[start : start + PAGE]], **more}, {}
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


def error(status: int, word: str, message: str, **info: Any) -> dict[str, Any]:
    """The body of an answer that refuses, as all of Google's APIs write it; `info` is that of its ErrorInfo."""
    about = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com", **info}
    return {"error": {"code": status, "status": word, "message": message, "details": [about] if info else []}}


Served = TypeVar("Served", bound=CloudStorage)


@contextmanager
def serving(cloud: Served) -> Iterator[Served]:
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

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = respond

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
