"""An update by an optimizer that searches: loss and gradient of one plan's batch at any point it asks for."""

from engine.backend import Array, bound
from engine.optimizers.searching import Searching
from engine.plan import Plan
from engine.regularizers import penalty, regularizer_calls
from engine.training import Regularization
from engine.zeros import KeptZeros


class SearchedUpdate:
    """One call is one update; the plan has just been run forward and back at the present point."""

    def __init__(
        self,
        optimizer: Searching,
        plan: Plan,
        regularization: Regularization,
        slots: tuple[Array, ...],
        rate: Array,
        zeros: KeptZeros,
    ) -> None:
        self.optimizer, self.plan, self.regularization = optimizer, plan, regularization
        self.slots, self.rate = slots, rate
        parameters = plan.parameters
        self.values, self.grads = (vector[: parameters.trained] for vector in (parameters.values, parameters.grads))
        pull = regularizer_calls(plan.backend, parameters, regularization)
        # With both, no direction leads out of weights that stay zero.
        self._pull, self._keep = bound(pull + zeros.gradient_calls()), bound(zeros.value_calls())

    def __call__(self) -> None:
        here = self.values.copy()
        loss, gradient = self._penalized()
        lr = float(self.rate.item())
        self.values[...] = self.optimizer.update(
            self.plan.backend, self.evaluate, here, loss, gradient.copy(), self.slots, lr
        )
        for call in self._keep:
            call()

    def evaluate(self, point: Array) -> tuple[float, Array]:
        """The loss with its regularizer at `point`, and the gradient, which the next call overwrites."""
        self.values[...] = point
        for call in self._keep:
            call()
        self.plan.run_forward()
        self.plan.run_backward()
        return self._penalized()

    def _penalized(self) -> tuple[float, Array]:
        for call in self._pull:
            call()
        parameters = self.plan.parameters
        return float(self.plan.loss.item()) + penalty(self.plan.backend, parameters, self.regularization), self.grads
