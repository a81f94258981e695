"""Ask a SavedModel through TensorFlow's C library, in a process that never imports TensorFlow's Python.

    python native.py LIBRARIES SAVED_MODEL ASKED ANSWERED

LIBRARIES is the folder of libtensorflow_cc.so.2. ASKED is a file of JSON: "inputs", each with the name of its tensor,
its type and its values, and "outputs", each with the name of its tensor and its type. ANSWERED gets the outputs.
`TF_LoadSessionFromSavedModel` is what TensorFlow Serving's own loader is built on.
"""

from __future__ import annotations

import ctypes as c
import json
import sys
from pathlib import Path

import numpy as np

TYPES = {"float32": 1, "float64": 2, "string": 7, "int64": 9, "bool": 10}
STRING_BYTES = 24  # of a TF_TString


class Output(c.Structure):
    _fields_ = [("operation", c.c_void_p), ("index", c.c_int)]


def libraries(folder):
    framework = c.CDLL(str(folder / "libtensorflow_framework.so.2"), mode=c.RTLD_GLOBAL)
    library = c.CDLL(str(folder / "libtensorflow_cc.so.2"), mode=c.RTLD_GLOBAL)
    pointers = ["NewStatus", "NewGraph", "NewSessionOptions", "LoadSessionFromSavedModel", "GraphOperationByName"]
    for name in [*pointers, "AllocateTensor", "TensorData"]:
        getattr(library, f"TF_{name}").restype = c.c_void_p
    library.TF_Message.restype = c.c_char_p
    library.TF_Dim.restype = c.c_int64
    library.TF_TensorByteSize.restype = c.c_size_t
    for owner in (framework, library):
        if hasattr(owner, "TF_StringGetDataPointer"):
            owner.TF_StringGetDataPointer.restype = c.c_void_p
            owner.TF_StringGetSize.restype = c.c_size_t
            return library, owner
    raise OSError("no TF_StringGetDataPointer")


class Session:
    def __init__(self, folder, path):
        self.tf, self.strings = libraries(folder)
        self.status = c.c_void_p(self.tf.TF_NewStatus())
        self.graph = c.c_void_p(self.tf.TF_NewGraph())
        tags = (c.c_char_p * 1)(b"serve")
        options = c.c_void_p(self.tf.TF_NewSessionOptions())
        loaded = self.tf.TF_LoadSessionFromSavedModel(
            options, None, str(path).encode(), tags, 1, self.graph, None, self.status
        )
        self.check()
        self.session = c.c_void_p(loaded)

    def check(self):
        if self.tf.TF_GetCode(self.status):
            raise RuntimeError(self.tf.TF_Message(self.status).decode())

    def output(self, name):
        operation, _, index = name.partition(":")
        found = self.tf.TF_GraphOperationByName(self.graph, operation.encode())
        if not found:
            raise KeyError(name)
        return Output(found, int(index))

    def tensor(self, kind, values):
        texts = kind == "string"
        count = len(values)
        array = None if texts else np.array(values, dtype=kind)
        size = STRING_BYTES * count if texts else array.nbytes
        shape = (c.c_int64 * 1)(count)
        tensor = c.c_void_p(self.tf.TF_AllocateTensor(TYPES[kind], shape, 1, c.c_size_t(size)))
        data = self.tf.TF_TensorData(tensor)
        if not texts:
            c.memmove(data, array.ctypes.data, size)
            return tensor
        for index, text in enumerate(values):
            at, encoded = c.c_void_p(data + STRING_BYTES * index), text.encode()
            self.strings.TF_StringInit(at)
            self.strings.TF_StringCopy(at, encoded, c.c_size_t(len(encoded)))
        return tensor

    def values(self, tensor, kind):
        shape = [self.tf.TF_Dim(tensor, index) for index in range(self.tf.TF_NumDims(tensor))]
        data = self.tf.TF_TensorData(tensor)
        if kind != "string":
            raw = c.string_at(data, self.tf.TF_TensorByteSize(tensor))
            return np.frombuffer(raw, dtype=kind).reshape(shape).tolist()
        places = [c.c_void_p(data + STRING_BYTES * index) for index in range(shape[0])]
        return [
            c.string_at(self.strings.TF_StringGetDataPointer(at), self.strings.TF_StringGetSize(at)).decode()
            for at in places
        ]

    def run(self, inputs, outputs):
        given = (Output * len(inputs))(*(self.output(entry["tensor"]) for entry in inputs))
        tensors = (c.c_void_p * len(inputs))(*(self.tensor(entry["type"], entry["values"]).value for entry in inputs))
        wanted = (Output * len(outputs))(*(self.output(entry["tensor"]) for entry in outputs))
        made = (c.c_void_p * len(outputs))()
        self.tf.TF_SessionRun(
            self.session, None, given, tensors, len(inputs), wanted, made, len(outputs), None, 0, None, self.status
        )
        self.check()
        return [self.values(c.c_void_p(tensor), entry["type"]) for tensor, entry in zip(made, outputs, strict=True)]


if __name__ == "__main__":
    folder, saved_model, asked, answered = map(Path, sys.argv[1:])
    session = Session(folder, saved_model)
    question = json.loads(asked.read_text())
    answers = [session.run(batch, question["outputs"]) for batch in question["inputs"]]
    assert "tensorflow" not in sys.modules
    answered.write_text(json.dumps(answers))
