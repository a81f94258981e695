#!/usr/bin/env bash
# A Google Cloud client that is given an endpoint of one's own still asks Google. Service account credentials look up in
# which regions the account may be used (its Regional Access Boundary), in a thread of their own, at
# iamcredentials.googleapis.com, whatever endpoint and token_uri the client was given. The call itself succeeds and
# nothing is logged above the level of debugging, so a test against an emulator is not offline, and a firewall sees
# packets that no line of the program explains. Only an endpoint that ends in .rep.googleapis.com, or a universe domain
# other than Google's, prevents it.
# Seen with google-auth 2.62.2 and google-cloud-storage 3.17.1 on Python 3.11, everything else on loopback. A hook of
# Python's own refuses every name and address beyond it, so nothing leaves this machine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check google-auth==2.62.2 google-cloud-storage==3.17.1 \
  cryptography==50.0.2
no_proxy='*' NO_PROXY='*' "$work/venv/bin/python" - <<'PY'
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud import storage
from google.oauth2 import service_account

asked = set()


def keep_here(event: str, args: tuple) -> None:
    if event not in ("socket.getaddrinfo", "socket.connect"):
        return
    host = str(args[0] if event == "socket.getaddrinfo" else args[1][0])
    if host not in ("127.0.0.1", "localhost", "::1"):
        asked.add((host, threading.current_thread() is threading.main_thread()))
        raise OSError(f"{host} lies beyond this machine")


class Emulator(BaseHTTPRequestHandler):
    """Gives a token to everyone, and has no bucket."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        token = {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}
        body = json.dumps(token if self.path == "/token" else {"items": []}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        pass


sys.addaudithook(keep_here)
server = ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
account = {
    "type": "service_account",
    "project_id": "ours",
    "private_key": key.private_bytes(pem, form, serialization.NoEncryption()).decode(),
    "client_email": "tests@ours.iam.gserviceaccount.com",
    "token_uri": f"{url}/token",
}
credentials = service_account.Credentials.from_service_account_info(account)
client = storage.Client(project="ours", credentials=credentials, client_options={"api_endpoint": url})
buckets = list(client.list_buckets())
for _ in range(100):  # the lookup has a thread of its own
    if asked:
        break
    time.sleep(0.1)
print(f"the emulator answered with {buckets}; asked beyond this machine: {sorted(host for host, _ in asked)}")
assert asked == {("iamcredentials.googleapis.com", False)}, "nobody beyond this machine is asked now"
PY
