"""Models of other libraries as ONNX: what a user's `train` gives, read, checked, and adapted to `model.onnx`."""
