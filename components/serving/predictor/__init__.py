"""The predictor: a process that serves one bundle over KServe's protocols."""
