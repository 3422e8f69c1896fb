"""Trainings of 20 steps by each of PyTorch's optimizers, in float64, written to optimizers.npz and optimizers.json.

    python tests/reference/make_optimizer_vectors.py

One small net, of make_vectors.py. A decay apart from the gradient is of weights alone: two groups of parameters.
Lion is no part of PyTorch; it is written out here as its paper has it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from make_vectors import HERE, STEPS, Case, Way, build, examples, loss_of, parameters, train
from torch import nn

CASE = Case("optimizers", (3, 4, 2), "tanh", "mse")


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. (2023), line by line."""

    def __init__(self, params, lr, beta1, beta2, weight_decay):
        super().__init__(params, {"lr": lr, "beta1": beta1, "beta2": beta2, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["beta1"], group["beta2"]
            for theta in group["params"]:
                m = self.state[theta].get("m", torch.zeros_like(theta))
                c = beta1 * m + (1 - beta1) * theta.grad
                theta -= group["lr"] * (torch.sign(c) + group["weight_decay"] * theta)
                self.state[theta]["m"] = beta2 * m + (1 - beta2) * theta.grad


def groups(found: list[nn.Parameter], decay: float) -> list[dict[str, object]]:
    """Matrices decay, biases do not."""
    return [
        {"params": [p for p in found if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in found if p.ndim == 1], "weight_decay": 0.0},
    ]


@dataclass(frozen=True, slots=True)
class Made:
    name: str
    kind: str
    options: dict[str, object]
    make: Callable[..., torch.optim.Optimizer]


optim = torch.optim
MADE = (
    Made("adagrad", "adagrad", {"lr": 0.05}, lambda p: optim.Adagrad(p, 0.05)),
    Made(
        "adagrad_initial",
        "adagrad",
        {"lr": 0.05, "initial": 0.1, "eps": 1e-3},
        lambda p: optim.Adagrad(p, 0.05, initial_accumulator_value=0.1, eps=1e-3),
    ),
    Made("rmsprop", "rmsprop", {"lr": 0.01}, lambda p: optim.RMSprop(p, 0.01)),
    Made(
        "rmsprop_momentum",
        "rmsprop",
        {"lr": 0.005, "momentum": 0.9, "alpha": 0.95},
        lambda p: optim.RMSprop(p, 0.005, alpha=0.95, momentum=0.9),
    ),
    Made(
        "rmsprop_centered",
        "rmsprop",
        {"lr": 0.01, "centered": True},
        lambda p: optim.RMSprop(p, 0.01, centered=True),
    ),
    Made(
        "rmsprop_both",
        "rmsprop",
        {"lr": 0.005, "centered": True, "momentum": 0.8, "eps": 1e-4},
        lambda p: optim.RMSprop(p, 0.005, centered=True, momentum=0.8, eps=1e-4),
    ),
    Made("adadelta", "adadelta", {}, lambda p: optim.Adadelta(p)),
    Made(
        "adadelta_slow",
        "adadelta",
        {"lr": 0.5, "rho": 0.95, "eps": 1e-4},
        lambda p: optim.Adadelta(p, 0.5, rho=0.95, eps=1e-4),
    ),
    Made(
        "amsgrad",
        "adam",
        {"lr": 0.05, "amsgrad": True, "beta2": 0.9},
        lambda p: optim.Adam(p, 0.05, betas=(0.9, 0.9), amsgrad=True),
    ),
    Made(
        "adamw",
        "adamw",
        {"lr": 0.02, "weight_decay": 0.3},
        lambda p: optim.AdamW(groups(p, 0.3), 0.02),
    ),
    Made(
        "adamw_amsgrad",
        "adamw",
        {"lr": 0.02, "amsgrad": True, "beta2": 0.9},
        lambda p: optim.AdamW(groups(p, 0.01), 0.02, betas=(0.9, 0.9), amsgrad=True),
    ),
    Made("adamax", "adamax", {"beta2": 0.9}, lambda p: optim.Adamax(p, betas=(0.9, 0.9))),
    Made("nadam", "nadam", {"lr": 0.01}, lambda p: optim.NAdam(p, 0.01)),
    Made(
        "nadam_decay",
        "nadam",
        {"lr": 0.01, "beta1": 0.8, "momentum_decay": 0.3},
        lambda p: optim.NAdam(p, 0.01, betas=(0.8, 0.999), momentum_decay=0.3),
    ),
    Made("lion", "lion", {"lr": 0.01}, lambda p: Lion(p, 0.01, 0.9, 0.99, 0.0)),
    Made(
        "lion_decay",
        "lion",
        {"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.5},
        lambda p: Lion(groups(p, 0.5), 0.01, 0.8, 0.95, 0.5),
    ),
)


def main() -> None:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(21)
    net = build(CASE)
    x, y = examples(CASE)
    loss_of(CASE, net, x, y).backward()
    initial = parameters(net)
    arrays = {f"{CASE.name}/x": x, f"{CASE.name}/y": y}
    arrays |= {f"{CASE.name}/initial/{name}": value for name, value in initial.items()}
    runs: list[dict[str, object]] = []
    for made in MADE:
        way = Way(made.name, {"kind": made.kind, **made.options}, made.make)
        losses, final, declared = train(CASE, way, 0.0, initial, x, y)
        arrays[f"{CASE.name}/{made.name}/losses"] = losses
        arrays |= {f"{CASE.name}/{made.name}/final/{key}": value for key, value in final.items()}
        runs.append({"case": CASE.name, "run": made.name, "project": declared})
    np.savez_compressed(HERE / "optimizers.npz", **arrays)
    origin = {"torch": torch.__version__, "steps": STEPS, "runs": runs}
    (HERE / "optimizers.json").write_text(json.dumps(origin, indent=1) + "\n")


if __name__ == "__main__":
    main()
