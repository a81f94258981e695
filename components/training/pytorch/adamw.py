"""AdamW (Loshchilov & Hutter 2019) over torch's fused kernel.

The same steps, bit for bit, as ``torch.optim.AdamW(fused=True)``, whose first call imports torch's compiler: five
seconds of CPU time in every process that fits, for something a fit never uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["AdamW"]

BETAS: Final = (0.9, 0.999)
EPSILON: Final = 1e-8
STEP, MEAN, SQUARE = "step", "exp_avg", "exp_avg_sq"  # as torch names them, and checkpoints with it


@dataclass(frozen=True)
class _Group:
    """Parameters with one weight decay, and the number of the first."""

    parameters: list[nn.Parameter]
    first: int
    weight_decay: float


class AdamW:
    """The optimiser of a network: weight decay for matrices only, none for vectors.

    A parameter without a gradient is left alone. `learning_rate` may be set before any step.

    Args:
        network: its parameters are changed in place.
        learning_rate: step size.
        weight_decay: decoupled from the gradient.
    """

    def __init__(self, network: nn.Module, learning_rate: float, weight_decay: float) -> None:
        matrices = [parameter for parameter in network.parameters() if parameter.dim() > 1]
        vectors = [parameter for parameter in network.parameters() if parameter.dim() <= 1]
        groups = [_Group(matrices, 0, weight_decay), _Group(vectors, len(matrices), 0.0)]
        self._groups = [group for group in groups if group.parameters]
        self.learning_rate = learning_rate
        self.state: dict[int, dict[str, Tensor]] = {}  # by the parameter's number, matrices first

    @property
    def rates(self) -> list[float]:
        """The learning rate of each group of parameters, as checkpoints keep them."""
        return [self.learning_rate] * len(self._groups)

    def step(self) -> None:
        """Change the parameters by their gradients."""
        import torch

        with torch.no_grad():
            for group in self._groups:
                self._step(group)

    def restore(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Continue from the `state` of another optimiser of the same network, on the device of this one."""
        parameters = [parameter for group in self._groups for parameter in group.parameters]
        self.state = {
            index: {name: value.to(parameters[index].device) for name, value in values.items()}
            for index, values in state.items()
        }

    def _step(self, group: _Group) -> None:
        from torch.optim.adamw import adamw

        numbers = [number for number, parameter in enumerate(group.parameters) if parameter.grad is not None]
        states = [self._state_of(group.first + number, group.parameters[number]) for number in numbers]
        adamw(
            [group.parameters[number] for number in numbers],
            [gradient for number in numbers if (gradient := group.parameters[number].grad) is not None],
            [state[MEAN] for state in states],
            [state[SQUARE] for state in states],
            [],
            [state[STEP] for state in states],
            fused=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.learning_rate,
            weight_decay=group.weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def _state_of(self, number: int, parameter: nn.Parameter) -> dict[str, Tensor]:
        import torch

        if number not in self.state:
            self.state[number] = {
                STEP: torch.zeros((), dtype=torch.float32, device=parameter.device),
                MEAN: torch.zeros_like(parameter, requires_grad=False),
                SQUARE: torch.zeros_like(parameter, requires_grad=False),
            }
        return self.state[number]
