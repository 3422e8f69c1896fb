"""Where a loss that is no number began."""

from engine.backend import Array
from engine.graph import Structure
from engine.parameters import Parameters
from engine.plan import Plan


class DivergenceError(ArithmeticError):
    """The loss of step `step` is NaN or infinite; the update was not made. It began in `node`."""

    def __init__(self, step: int, loss: float, node: str, reason: str) -> None:
        super().__init__(f"the loss became {loss} at step {step}: it began in {node}, {reason}")
        self.step, self.loss, self.node, self.reason = step, loss, node, reason


def origin(structure: Structure, parameters: Parameters, plan: Plan, step: int) -> tuple[str, str]:
    """The node where numbers first stopped being finite, and how; after a forward run, before the way back.

    Weights that are not finite come from the update before, whose gradients are still there unless another network
    has had their room since: the gradient spoils first near the output. Finite weights can still overflow on the way
    forward.
    """
    xp = parameters.backend.xp

    def finite(array: Array) -> bool:
        return bool(xp.isfinite(array).all().item())

    spoilt = [node for node in parameters.layers if not finite(parameters.block(parameters.values, node))]
    if spoilt:
        deep = [n for n in reversed(structure.order) if n in spoilt]
        by_gradient = (n for n in deep if not finite(parameters.block(parameters.grads, n)))
        node = deep[0] if parameters.in_turn else next(by_gradient, spoilt[0])
        return node, f"whose weights {f'stopped being finite in update {step - 1}' if step else 'start not finite'}"
    for node in structure.order:
        if not finite(plan.vars[node].value):
            return node, "whose output overflowed" if node in parameters.layers else "whose output is not finite"
    return structure.output, "where the loss overflowed"
