#!/usr/bin/env bash
# botocore calls BotoCoreError the base of its exceptions, and ClientError is what a service refuses. Where something
# else answers in the place of the service, such as a proxy's page for signing in, with status 200 and HTML, a call
# raises botocore.parsers.ResponseParserError: a plain Exception that is neither, so `except (BotoCoreError,
# ClientError)` lets it through as a traceback. It is raised after the first answer, without another try.
# Seen with boto3 1.44.8 and botocore 1.44.8 on Python 3.11, against a server of Python's own on loopback.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.44.8 botocore==1.44.8
cd "$work"
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=eu-central-1
"$work/venv/bin/python" - <<'PY'
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

PAGE = b"<html><body>Please sign in<br></body></html>"
asked = []


class Proxy(BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Proxy)
Thread(target=server.serve_forever, daemon=True).start()
client = boto3.client("sts", endpoint_url=f"http://127.0.0.1:{server.server_port}")
try:
    client.get_caller_identity()
    raised = None
except (BotoCoreError, ClientError) as error:
    raised = error
    print("one of botocore's own now:", type(error).__name__)
except Exception as error:
    raised = error
    print("let through:", type(error).__module__, type(error).__name__, "after", len(asked), "request")
server.shutdown()
assert isinstance(raised, ResponseParserError), "another error now"
assert not isinstance(raised, BotoCoreError | ClientError), "it is one of botocore's own now"
assert len(asked) == 1, "it is tried again now"
PY
