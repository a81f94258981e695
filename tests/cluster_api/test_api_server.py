"""Both views of a cluster over the one client, played by a small API server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubeconfig import point_at

from sevenfold.cluster.api_server import ApiServer, RequestError
from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.cluster.reader import ClusterReader
from sevenfold.contracts.errors import PolicyError, ServingError, TemporaryError
from sevenfold.runtime.retry import Backoff

MAPS = "/api/v1/namespaces/team/configmaps"
IMPATIENT = Backoff(attempts=2, first_seconds=0.001)


class Server:
    """Answers each path with a status and a document, and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str, str | None]] = []  # verb, path with query, content type

    def next_answer(self, path: str) -> tuple[int, Any]:
        answers = self.answers.get(path, [(404, {"message": "no such thing"})])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    known = Server()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known.asked.append((self.command, self.path, self.headers["Content-Type"]))
            status, document = known.next_answer(self.path.partition("?")[0])
            body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = respond

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        point_at(f"http://127.0.0.1:{http.server_port}", tmp_path / "config", monkeypatch)
        yield known
        http.shutdown()
        thread.join()


@pytest.fixture
def cluster(server: Server) -> Cluster:
    return Cluster("team", patience=IMPATIENT)


def test_an_object_is_read_or_absent(server: Server, cluster: Cluster) -> None:
    server.answers[f"{MAPS}/one"] = [(200, {"kind": "ConfigMap"})]
    assert cluster.get("ConfigMap", "one") == {"kind": "ConfigMap"}
    assert cluster.get("ConfigMap", "other") is None


def test_selectors_are_sent(server: Server, cluster: Cluster) -> None:
    server.answers[MAPS] = [(200, {"items": [{"kind": "ConfigMap"}]})]
    assert len(cluster.find("ConfigMap", labels="a=b")) == 1
    assert server.asked[-1][1] == f"{MAPS}?labelSelector=a%3Db"


def test_an_object_is_applied_on_the_server(server: Server, cluster: Cluster) -> None:
    server.answers[f"{MAPS}/one"] = [(200, {"kind": "ConfigMap"})]
    cluster.apply({"kind": "ConfigMap", "metadata": {"name": "one"}})
    verb, path, content = server.asked[-1]
    assert (verb, content) == ("PATCH", "application/apply-patch+yaml")
    assert "fieldManager=sevenfold&force=true" in path


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, PolicyError, "cluster_refused"),
        (403, PolicyError, "cluster_refused"),
        (404, ServingError, "no_such_kind"),
        (409, Conflict, "changed_meanwhile"),
        (422, ServingError, "cluster_rejected"),
        (503, TemporaryError, "cluster_unreachable"),
    ],
)
def test_a_refusal_has_its_code_and_the_servers_message(
    server: Server, cluster: Cluster, status: int, error: type[Exception], code: str
) -> None:
    server.answers[MAPS] = [(status, {"message": "because of that"})]
    with pytest.raises(error, match="because of that") as caught:
        cluster.create({"kind": "ConfigMap", "metadata": {"name": "one"}})
    assert caught.value.code == code


def test_a_passing_fault_is_waited_out(server: Server, cluster: Cluster) -> None:
    server.answers[f"{MAPS}/one"] = [(503, {}), (200, {"kind": "ConfigMap"})]
    assert cluster.get("ConfigMap", "one") == {"kind": "ConfigMap"}


def test_a_log_that_is_gone_is_empty(server: Server, cluster: Cluster) -> None:
    pods = "/api/v1/namespaces/team/pods"
    server.answers[f"{pods}/a/log"] = [(200, "a line")]
    server.answers[f"{pods}/b/log"] = [(200, "unable to retrieve container logs for it")]
    assert [cluster.log(pod, "main") for pod in ("a", "b", "c")] == ["a line", "", ""]


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, False), (503, False), (403, None), (500, None)])
def test_a_reader_takes_no_for_an_answer(server: Server, status: int, there: bool | None) -> None:
    server.answers["/version"] = [(status, {"gitVersion": "v1"} if status == 200 else {})]
    assert ClusterReader().get("/version").there is there
    assert len(server.asked) == 1


def test_a_server_that_is_away_is_not_known(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = ClusterReader()
    monkeypatch.setattr(reader._server._client.configuration, "host", "http://127.0.0.1:9")
    assert reader.get("/version").known is False


def test_a_status_comes_with_the_servers_message(server: Server) -> None:
    server.answers["/x"] = [(418, {"message": "short and stout"})]
    with pytest.raises(RequestError, match="status 418: short and stout"):
        ApiServer(seconds=5.0).request("GET", "/x")
