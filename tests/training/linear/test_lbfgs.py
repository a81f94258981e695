"""The minimum is the one that scipy's L-BFGS comes to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from sevenfold.training.linear.lbfgs import minimise


def softplus(point: torch.Tensor) -> torch.Tensor:
    """Convex, steep in some directions and flat in others."""
    scales = torch.logspace(-1, 1, len(point), dtype=torch.float64)
    return torch.nn.functional.softplus(scales * point - 1).sum() + 0.05 * (point**2).sum()


def test_it_comes_to_the_minimum_of_scipy() -> None:
    def values(point: np.ndarray) -> float:
        return float(softplus(torch.from_numpy(point)))

    oracle = minimize(values, np.zeros(12), method="L-BFGS-B", options={"gtol": 1e-9, "ftol": 1e-15, "maxiter": 5_000})
    point, steps = minimise(softplus, torch.zeros(12, dtype=torch.float64), iterations=500, gradient=1e-9)
    assert 1 < steps < 200
    assert float(softplus(point)) == pytest.approx(oracle.fun, rel=1e-9)
    np.testing.assert_allclose(point.numpy(), oracle.x, atol=1e-3)


def test_it_stops_where_it_is_told_to() -> None:
    start = torch.full((5,), 3.0, dtype=torch.float64)
    assert minimise(softplus, start, iterations=3, gradient=0.0)[1] == 3
    loose, few = minimise(softplus, start, iterations=500, gradient=1e-2)
    assert few < minimise(softplus, start, iterations=500, gradient=1e-8)[1]
    assert torch.autograd.functional.jacobian(softplus, loose).abs().max() <= 1e-2


def test_at_the_minimum_it_stays() -> None:
    point, steps = minimise(lambda x: (x**2).sum(), torch.zeros(3, dtype=torch.float64), iterations=9, gradient=0.0)
    assert (steps, point.tolist()) == (0, [0.0, 0.0, 0.0])
