"""∂/∂x of losses and scores, by the raw numbers of the examples, in inference mode."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from engine.backend import Array
from engine.network import Network
from engine.plan import Plan
from engine.probes.spectrum import seeded

KEPT = 3  # plans of a network
_plans: "WeakKeyDictionary[Network, dict[Any, Plan]]" = WeakKeyDictionary()


def refusal(network: Network) -> str:
    """Why the raw numbers have no slope of their own; empty where they have."""
    if "preprocess.matrix" in network.preprocess.shapes:
        return f"Behind {network.preprocess.kind} the network sees other axes: a raw number has no sign of its own."
    return ""


def by_raw(network: Network, gradient: Array) -> Array:
    """∂/∂(raw x) (N, *shape) of ∂/∂(prepared x) (N, features): each feature has a scale of its own."""
    made: Array = gradient.reshape(len(gradient), *network.input_shape)
    return made / network.preprocess.state().get("preprocess.scale", 1.0)


def loss_slopes(network: Network, x: Array, y: Array) -> Array:
    """∂ℓ/∂(raw x) of each example's own loss, (N, *shape), for raw `x` and `y` as the data have them."""

    def made() -> Plan:
        return Plan(
            network.structure,
            network.parameters_,
            network.backend,
            len(x),
            network.loss,
            classes=network.classes,
            moment=network.moment,
            to_input=True,
            infers=True,
        )

    plan = _kept(network, ("loss", len(x)), made)
    plan.fill(network.rows(x), network.targets(y).T)
    gradient = len(x) * _back(network, plan)  # the loss is a mean over the examples
    return by_raw(network, gradient)


def score_slopes(network: Network, x: Array) -> Array:
    """∂z/∂(raw x) of every score z (the output, or what its softmax takes) of one example, (units, *shape)."""
    units = network.structure.shapes[network.structure.output][0]
    plan = _kept(network, "scores", lambda: seeded(network, units, network.loss.takes_logits))
    plan.fill(network.rows(x[None]))
    return by_raw(network, _back(network, plan))


def _kept(network: Network, key: Any, make: Any) -> Plan:
    plans = _plans.setdefault(network, {})
    plan = plans.pop(key, None) or make()
    plans[key] = plan
    while len(plans) > KEPT:
        del plans[next(iter(plans))]
    return plan


def _back(network: Network, plan: Plan) -> Array:
    with np.errstate(all="ignore"), network.parameters_.undisturbed():
        plan.run_forward()
        plan.run_backward()
    return np.asarray(network.backend.to_host(plan.input_gradient()), np.float64)
