"""Networks in TensorFlow: Keras models, fitted repeatably, in `model.onnx` and in a SavedModel."""
