"""Runtime: what surrounds every stage, such as its environment, failures, progress and checkpoints."""
