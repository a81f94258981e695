"""Export: a fitted network as `model.onnx`, and the bundle around it."""
