#!/usr/bin/env bash
# PredictionServiceClient.raw_predict of google-cloud-aiplatform with its REST transport puts the body into an object:
# it posts {"httpBody": {"contentType": …, "data": BASE64}} where the service takes the very bytes, and of an answer
# such as {"predictions": [0.25]} it returns an empty HttpBody, without an error. The method exists to pass both as they
# are; the gRPC transport does. To ask a container with a body of its own, post to :rawPredict by an AuthorizedSession.
# Seen with google-cloud-aiplatform 2.7.0 on Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check google-cloud-aiplatform==2.7.0
"$work/venv/bin/python" - <<'PY'
import http.server, json, threading
from google.auth.credentials import AnonymousCredentials
from google.cloud.aiplatform_v1.services.prediction_service import PredictionServiceClient
from google.cloud.aiplatform_v1.services.prediction_service.transports.rest import PredictionServiceRestTransport

sent, answer = [], b'{"predictions": [0.25]}'

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sent.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
transport = PredictionServiceRestTransport(
    host=f"127.0.0.1:{server.server_port}", url_scheme="http", credentials=AnonymousCredentials()
)
body = b'{"instances": [1]}'
got = PredictionServiceClient(transport=transport).raw_predict(
    request={
        "endpoint": "projects/p/locations/l/endpoints/e",
        "http_body": {"data": body, "content_type": "application/json"},
    }
)
print("given", body, "sent", json.loads(sent[0]), "answered", answer, "returned", got.data)
assert sent[0] != body and list(json.loads(sent[0])) == ["httpBody"], "it sends the body as it is now"
assert got.data == b"", "it returns the answer now"
PY
