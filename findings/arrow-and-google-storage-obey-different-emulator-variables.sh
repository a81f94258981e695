#!/usr/bin/env bash
# One environment variable does not send everything in a process to the same emulator of Cloud Storage. Google's Python
# client obeys STORAGE_EMULATOR_HOST and has never heard of CLOUD_STORAGE_EMULATOR_ENDPOINT; pyarrow's GcsFileSystem,
# which is built on Google's C++ client, obeys CLOUD_STORAGE_EMULATOR_ENDPOINT and takes no notice of
# STORAGE_EMULATOR_HOST. With only one of them set, half of a program that uses both talks to the real service.
# Seen with google-cloud-storage 3.4.1 and pyarrow 26.0.1 on Python 3.11. "Elsewhere" below is a proxy address on
# loopback where nobody listens, so nothing leaves this machine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 google-cloud-storage==3.4.1
cat >"$work/ask_google.py" <<'PY'
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

client = storage.Client(project="p", credentials=AnonymousCredentials())
client.bucket("bucket").get_blob("key", timeout=3, retry=None)
PY
cat >"$work/ask_arrow.py" <<'PY'
from datetime import timedelta

from pyarrow import fs

fs.GcsFileSystem(anonymous=True, retry_time_limit=timedelta(seconds=2)).get_file_info("bucket/key")
PY
"$work/venv/bin/python" - "$work" <<'PY'
import http.server
import os
import subprocess
import sys
import threading

asked = []


class Emulator(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
threading.Thread(target=server.serve_forever, daemon=True).start()
nowhere = {name: "http://127.0.0.1:9" for name in ("https_proxy", "HTTPS_PROXY")}
went = {}
for variable in ("STORAGE_EMULATOR_HOST", "CLOUD_STORAGE_EMULATOR_ENDPOINT"):
    for client in ("google", "arrow"):
        asked.clear()
        address = f"http://127.0.0.1:{server.server_port}"
        environment = {**os.environ, **nowhere, "no_proxy": "127.0.0.1", variable: address}
        program = [sys.executable, f"{sys.argv[1]}/ask_{client}.py"]
        subprocess.run(program, env=environment, capture_output=True, timeout=120, check=False)
        went[client, variable] = bool(asked)
        print(f"{client}, {variable}: asked {'the emulator' if asked else 'elsewhere'}")
expected = {
    ("google", "STORAGE_EMULATOR_HOST"): True,
    ("arrow", "STORAGE_EMULATOR_HOST"): False,
    ("google", "CLOUD_STORAGE_EMULATOR_ENDPOINT"): False,
    ("arrow", "CLOUD_STORAGE_EMULATOR_ENDPOINT"): True,
}
sys.exit(went != expected)
PY
