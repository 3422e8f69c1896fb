"""One table of optimizers, each with the update as the paper or PyTorch's documentation writes it, in plain NumPy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
State = dict[str, Any]
# (p, g, state, step, lr, 1 for weights and 0 for biases): the parameters after the step
Update = Callable[[Array, Array, State, int, float, Array], Array]


@dataclass(frozen=True)
class OptimizerCase:
    declared: dict[str, Any]
    update: Update


def sgd(momentum: float = 0.0, nesterov: bool = False) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        v = s["v"] = momentum * s.get("v", 0) + g
        return p - lr * (g + momentum * v if nesterov else v)

    return update


def adagrad(eps: float = 1e-10, initial: float = 0.0) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        s["s"] = s.get("s", initial) + g**2
        return p - lr * g / (np.sqrt(s["s"]) + eps)

    return update


def rmsprop(alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0.0, centered: bool = False) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        v = s["v"] = alpha * s.get("v", 0) + (1 - alpha) * g**2
        m = s["m"] = alpha * s.get("m", 0) + (1 - alpha) * g
        b = s["b"] = momentum * s.get("b", 0) + g / (np.sqrt(v - m**2 if centered else v) + eps)
        return p - lr * b

    return update


def adadelta(rho: float = 0.9, eps: float = 1e-6) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        v = s["v"] = rho * s.get("v", 0) + (1 - rho) * g**2
        d = np.sqrt(s.get("u", 0) + eps) / np.sqrt(v + eps) * g
        s["u"] = rho * s.get("u", 0) + (1 - rho) * d**2
        return p - lr * d

    return update


def adam(
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, amsgrad: bool = False, decay: float = 0.0
) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        m = s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
        v = s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
        most = s["most"] = np.maximum(s.get("most", 0), v)
        v_hat = (most if amsgrad else v) / (1 - beta2**t)
        return p - lr * decay * of_weights * p - lr * (m / (1 - beta1**t)) / (np.sqrt(v_hat) + eps)

    return update


def adamax(beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        m = s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
        u = s["u"] = np.maximum(beta2 * s.get("u", 0), np.abs(g) + eps)
        return p - lr / (1 - beta1**t) * m / u

    return update


def nadam(beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, psi: float = 0.004) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        mu, after = (beta1 * (1 - 0.5 * 0.96 ** (k * psi)) for k in (t, t + 1))
        product = s["product"] = s.get("product", 1.0) * mu
        m = s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
        v = s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
        m_hat = after * m / (1 - product * after) + (1 - mu) * g / (1 - product)
        return p - lr * m_hat / (np.sqrt(v / (1 - beta2**t)) + eps)

    return update


def lion(beta1: float = 0.9, beta2: float = 0.99, decay: float = 0.0) -> Update:
    def update(p: Array, g: Array, s: State, t: int, lr: float, of_weights: Array) -> Array:
        m = s.get("m", np.zeros_like(g))
        s["m"] = beta2 * m + (1 - beta2) * g
        return p - lr * (np.sign(beta1 * m + (1 - beta1) * g) + decay * of_weights * p)

    return update


OPTIMIZER_CASES: dict[str, OptimizerCase] = {
    name: OptimizerCase({"kind": kind, "lr": lr, **options}, update)
    for name, kind, lr, options, update in (
        ("sgd", "sgd", 0.1, {}, sgd()),
        ("momentum", "sgd", 0.1, {"momentum": 0.9}, sgd(0.9)),
        ("nesterov", "sgd", 0.1, {"momentum": 0.9, "nesterov": True}, sgd(0.9, True)),
        ("adagrad", "adagrad", 0.05, {}, adagrad()),
        ("adagrad initial", "adagrad", 0.05, {"initial": 0.1, "eps": 1e-3}, adagrad(1e-3, 0.1)),
        ("rmsprop", "rmsprop", 0.002, {}, rmsprop()),
        ("rmsprop centered", "rmsprop", 0.002, {"centered": True, "eps": 1e-3}, rmsprop(eps=1e-3, centered=True)),
        (
            "rmsprop all",
            "rmsprop",
            0.005,
            {"alpha": 0.9, "centered": True, "momentum": 0.8, "eps": 1e-2},
            rmsprop(0.9, 1e-2, 0.8, True),
        ),
        ("rmsprop momentum", "rmsprop", 0.005, {"momentum": 0.9}, rmsprop(momentum=0.9)),
        ("adadelta", "adadelta", 1.0, {}, adadelta()),
        ("adadelta slow", "adadelta", 0.5, {"rho": 0.95, "eps": 1e-4}, adadelta(0.95, 1e-4)),
        ("adam", "adam", 0.01, {}, adam()),
        ("amsgrad", "adam", 0.01, {"amsgrad": True, "beta2": 0.9}, adam(beta2=0.9, amsgrad=True)),
        ("adamw", "adamw", 0.01, {"weight_decay": 0.5}, adam(decay=0.5)),
        (
            "adamw amsgrad",
            "adamw",
            0.01,
            {"weight_decay": 0.3, "amsgrad": True, "beta2": 0.9},
            adam(beta2=0.9, amsgrad=True, decay=0.3),
        ),
        ("adamax", "adamax", 0.02, {"beta2": 0.9}, adamax(beta2=0.9)),
        ("nadam", "nadam", 0.01, {}, nadam()),
        ("nadam decay", "nadam", 0.01, {"momentum_decay": 0.3, "beta1": 0.8}, nadam(0.8, psi=0.3)),
        ("lion", "lion", 0.01, {}, lion()),
        ("lion decay", "lion", 0.01, {"weight_decay": 0.5, "beta1": 0.8, "beta2": 0.95}, lion(0.8, 0.95, 0.5)),
    )
}
