"""The peer of the serving benchmark: KServe's ModelServer with the same ONNX file, as a KServe user would write it.

``python -m benchmarks.serving_peer MODEL.ONNX PORT``
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np


def serve(model: str, port: int) -> None:
    """Run KServe's ModelServer with the ONNX file until the process is ended."""
    import kserve
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)
    kinds = {put.name: object if put.type == "tensor(string)" else np.float64 for put in session.get_inputs()}

    class Peer(kserve.Model):  # type: ignore[misc]
        def load(self) -> bool:
            self.ready = True
            return True

        def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
            if isinstance(payload, dict):
                rows = payload["instances"]
                feeds = {name: np.array([row[name] for row in rows], dtype=kind) for name, kind in kinds.items()}
                labels, probabilities = session.run(None, feeds)
                return {
                    "predictions": [
                        {"label": label, "probabilities": dict(zip(("no", "yes"), row, strict=True))}
                        for label, row in zip(labels.tolist(), probabilities.tolist(), strict=True)
                    ]
                }
            feeds = {}
            for put in payload.inputs:
                array = put.as_numpy()
                if kinds[put.name] is object and array.size and isinstance(array[0], bytes):
                    array = np.array([text.decode() for text in array], dtype=object)
                feeds[put.name] = array
            labels, probabilities = session.run(None, feeds)
            binary = bool((payload.parameters or {}).get("binary_data_output"))
            outputs = []
            for name, array, kind in (("label", labels, "BYTES"), ("probabilities", probabilities, "FP32")):
                output = kserve.InferOutput(name, list(array.shape), kind)
                output.set_data_from_numpy(array, binary_data=binary)
                outputs.append(output)
            return kserve.InferResponse(payload.id or "", self.name, outputs)

    peer = Peer("bench")
    peer.load()
    kserve.ModelServer(http_port=port, enable_grpc=False, workers=1, max_threads=1).start([peer])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving_peer", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    serve(given.model, given.port)
