"""Boosted trees: LightGBM's fit, and its model as ONNX in double precision."""
