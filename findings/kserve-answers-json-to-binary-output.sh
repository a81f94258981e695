#!/usr/bin/env bash
# A V2 request may ask for all outputs as raw bytes (parameters.binary_data_output: true) and name the outputs it wants.
# KServe's server side reads both, and then InferResponse.to_rest forgets the first as soon as outputs are named: a named
# output without a binary_data of its own comes as JSON, although the docstring of InferResponse says that the request's
# flag holds unless an output overrides it. Without a list of outputs the flag works. A client that asks for one of two
# outputs in binary form must repeat the flag on that output.
# Seen with kserve 0.21.0 on Python 3.11: JSON with the output named, binary without.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check kserve==0.21.0
"$work/venv/bin/python" - <<'PY'
import json

import numpy as np
from kserve import InferOutput, InferRequest, InferResponse


def form(wanted: list[dict[str, object]]) -> str:
    tensor = {"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}
    body = {"inputs": [tensor], "parameters": {"binary_data_output": True}, **({"outputs": wanted} if wanted else {})}
    content = json.dumps(body).encode()
    request = InferRequest.from_bytes(content, len(content), "m")
    output = InferOutput("y", [1], "FP64")
    output.set_data_from_numpy(np.array([2.0]))
    response = InferResponse(
        "1", "m", [output], use_binary_outputs=request.use_binary_outputs, requested_outputs=request.request_outputs
    )
    return "binary" if isinstance(response.to_rest()[0], bytes) else "JSON"


seen = {"no list": form([]), "named": form([{"name": "y"}]),
        "named, flag repeated": form([{"name": "y", "parameters": {"binary_data": True}}])}
print(seen)
assert seen == {"no list": "binary", "named": "JSON", "named, flag repeated": "binary"}
PY
