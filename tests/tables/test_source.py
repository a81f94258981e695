"""Sources: brought whole or not at all, no secrets, no link-local addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sevenfold.contracts.errors import DataError, PolicyError, TemporaryError
from sevenfold.tables.source import ATTEMPTS, resolve_source, shown

BODY = b"a,b\n1,2\n" * 1_000


class Handler(BaseHTTPRequestHandler):
    faults = 0

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        status = {"/none.csv": 404, "/closed.csv": 403, "/down.csv": 503}.get(path, 200)
        if path == "/shaky.csv" and Handler.faults > 0:
            Handler.faults -= 1
            status = 503
        self.send_response(status)
        length = len(BODY) + (100 if path == "/short.csv" else 0)
        self.send_header("Content-Length", str(length if status == 200 else 0))
        self.end_headers()
        if status == 200:
            self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def slept() -> list[float]:
    return []


def test_a_path_is_taken_as_it_is(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(BODY)
    assert resolve_source("t.csv", tmp_path, tmp_path / "work") == path
    assert resolve_source(path.as_uri(), Path("/"), tmp_path / "work") == path
    assert not (tmp_path / "work").exists()


def test_http_is_copied_whole(server, tmp_path):
    resolved = resolve_source(f"{server}/data/t.csv", tmp_path, tmp_path / "work")
    assert resolved == tmp_path / "work" / "t.csv"
    assert resolved.read_bytes() == BODY


def test_a_passing_fault_is_tried_again(server, tmp_path, slept):
    Handler.faults = 2
    resolved = resolve_source(f"{server}/shaky.csv", tmp_path, tmp_path / "work", sleep=slept.append)
    assert resolved.read_bytes() == BODY
    assert [longest / 2 < pause <= longest for pause, longest in zip(slept, [0.5, 1.0], strict=True)] == [True] * 2


@pytest.mark.parametrize("name", ["down.csv", "short.csv"])
def test_a_lasting_fault_is_temporary_and_leaves_nothing(server, tmp_path, slept, name):
    with pytest.raises(TemporaryError) as caught:
        resolve_source(f"{server}/{name}", tmp_path, tmp_path / "work", sleep=slept.append)
    assert caught.value.code == "source_unreachable"
    assert len(slept) == ATTEMPTS - 1
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(("name", "code"), [("none.csv", "missing_file"), ("closed.csv", "source_refused")])
def test_a_refusal_is_final(server, tmp_path, slept, name, code):
    with pytest.raises(DataError) as caught:
        resolve_source(f"{server}/{name}", tmp_path, tmp_path / "work", sleep=slept.append)
    assert caught.value.code == code
    assert slept == []


def test_too_large_is_refused(server, tmp_path):
    with pytest.raises(DataError) as caught:
        resolve_source(f"{server}/t.csv", tmp_path, tmp_path / "work", max_bytes=1_000)
    assert caught.value.code == "file_too_large"
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/latest/",
        "http://0xA9FEA9FE/",
        "http://[fe80::1]/t.csv",
        "http://[::ffff:169.254.169.254]/t.csv",
        "http://[fd00:ec2::254]/t.csv",
        "http://0.0.0.0/t.csv",
    ],
)
def test_addresses_of_the_link_are_refused(tmp_path, address):
    with pytest.raises(PolicyError) as caught:
        resolve_source(address, tmp_path, tmp_path / "work")
    assert caught.value.code == "source_address"


def test_a_redirect_cannot_lead_there(server, tmp_path):
    with pytest.raises(PolicyError):
        resolve_source(f"{server}/away", tmp_path, tmp_path / "work")


@pytest.mark.parametrize(
    "address",
    [
        "https://me:hunter2@example.com/t.csv",
        "https://me@example.com/t.csv",
        "s3://AKIA:hunter2@bucket/t.csv",
        "https://example.com/t.csv?X-Amz-Signature=hunter2",
        "https://example.com/t.csv?sv=1&sig=hunter2",
        "https://example.com/t.csv?access_token=hunter2",
    ],
)
def test_secrets_in_addresses_are_refused_and_not_repeated(tmp_path, address):
    with pytest.raises(PolicyError) as caught:
        resolve_source(address, tmp_path, tmp_path / "work")
    assert caught.value.code == "source_secret"
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in shown(address)


@pytest.mark.parametrize("address", ["ftp://example.com/t.csv", "gopher://x/", "file://host/etc/passwd"])
def test_other_schemes_are_refused(tmp_path, address):
    with pytest.raises(PolicyError) as caught:
        resolve_source(address, tmp_path, tmp_path / "work")
    assert caught.value.code == "source_scheme"


@pytest.mark.parametrize("name", ["none.csv", "."])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(DataError) as caught:
        resolve_source(name, tmp_path, tmp_path / "work")
    assert caught.value.code == "missing_file"
