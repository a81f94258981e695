"""PyTorch: the built-in network, and fitting it or the user's own."""
