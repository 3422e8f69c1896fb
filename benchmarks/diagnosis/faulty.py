"""Recipes of runs with one thing wrong, by kind of fault; that they do not learn is checked on each."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.diagnosis.draw import JSON, Draw, Recipe, chain, dense, mlp, project

SOFT = {"xor": 0.05, "circles": 0.05, "moons": 0.1, "blobs": 0.2}


def plane(d: Draw, kind: str, graph: JSON, **more: Any) -> JSON:
    return project(d.toy(kind, noise=SOFT[kind]), graph, seed=d.seed, **more)


def _fault(fault: str, *found: str, causes: tuple[str, ...] = ()) -> Callable[..., Recipe]:
    def recipe(name: str, make: Callable[[Draw], JSON], steps: int = 300) -> Recipe:
        return Recipe(name, make, steps, fault, found, found + causes)

    return recipe


vanishing = _fault("deep sigmoid", "vanishing")
large = _fault("first weights too large", "weights_large")
small = _fault("first weights too small", "weights_small")
alike = _fault("units alike", "alike")
high = _fault("rate too high", "rate_high")
low = _fault("rate too low", "rate_low")
dead = _fault("dead ReLUs", "dead")
unscaled = _fault("unscaled inputs", "unscaled")
exploding = _fault("exploding chain", "weights_large", "exploding")
fitting = _fault("over-fitting", "overfitting")
overflow = _fault("no number", "nan", causes=("exploding", "rate_high"))
cut = _fault("no gradient", "no_gradient", "dead", causes=("weights_small",))
still = _fault("cannot learn it", "loss_still", causes=("withering",))


def _deep_sigmoid(depth: int, kind: str, optimizer: str, lr: float) -> Recipe:
    return vanishing(
        f"{depth} layers, {kind}, {optimizer}",
        lambda d: plane(d, kind, mlp(depth, d.of(12, 16, 20), "sigmoid"), lr=d.near(lr), optimizer=optimizer),
    )


def _wide_weights(act: str, std: float, depth: int, kind: str, optimizer: str, lr: float) -> Recipe:
    return large(
        f"{act}, σ {std:g}, depth {depth}, {kind}",
        lambda d: plane(
            d,
            kind,
            mlp(depth, d.of(16, 24), act, init="normal", init_std=d.near(std, 1.2)),
            lr=d.near(lr),
            optimizer=optimizer,
        ),
    )


def _narrow_weights(act: str, std: float, depth: int, kind: str, optimizer: str, lr: float) -> Recipe:
    return small(
        f"{act}, σ {std:g}, depth {depth}, {optimizer}",
        lambda d: plane(
            d,
            kind,
            mlp(
                depth,
                d.of(16, 24),
                act,
                init="normal",
                init_std=d.near(std, 1.2),
                last={"init": "normal", "init_std": std},
            ),
            lr=d.near(lr),
            optimizer=optimizer,
        ),
    )


def _same(init: str, act: str, kind: str, depth: int = 1, **more: Any) -> Recipe:
    return alike(
        f"{init}, {act}, {kind}, depth {depth}",
        lambda d: plane(
            d, kind, mlp(depth, d.of(8, 16), act, init=init, last={"init": init, **more}, **more), lr=d.near(0.02)
        ),
    )


def _fast(
    act: str, kind: str, optimizer: str, lr: float, depth: int = 2, batch: int | str = 32, **fields: Any
) -> Recipe:
    return high(
        f"{act}, {kind}, {optimizer} {lr:g}, batch {batch}",
        lambda d: plane(
            d, kind, mlp(depth, d.of(12, 16), act), lr=d.near(lr, 1.2), optimizer=optimizer, batch=batch, fields=fields
        ),
    )


def _slow(act: str, kind: str, optimizer: str, lr: float, depth: int = 2, **fields: Any) -> Recipe:
    return low(
        f"{act}, {kind}, {optimizer} {lr:g}",
        lambda d: plane(d, kind, mlp(depth, d.of(12, 16), act), lr=d.near(lr, 1.2), optimizer=optimizer, fields=fields),
    )


def _shut(bias: float, depth: int, kind: str, optimizer: str, lr: float, init: str = "he_normal") -> Recipe:
    return dead(
        f"bias {bias:g}, depth {depth}, {kind}",
        lambda d: plane(
            d, kind, mlp(depth, d.of(12, 16), "relu", init=init, bias_init=bias), lr=d.near(lr), optimizer=optimizer
        ),
    )


def _raw(act: str, kind: str, factor: float, offset: float, optimizer: str, lr: float, depth: int = 2) -> Recipe:
    return unscaled(
        f"{act}, {kind}, ×{factor:g} + {offset:g}, {optimizer}",
        lambda d: project(
            d.moved(d.toy(kind, noise=SOFT[kind]), d.near(factor, 1.2), offset),
            mlp(depth, d.of(12, 16), act),
            lr=d.near(lr),
            optimizer=optimizer,
            seed=d.seed,
        ),
    )


def _gain(act: str, gain: float, depth: int, kind: str, optimizer: str, lr: float) -> Recipe:
    return exploding(
        f"{act or 'linear'}, gain {gain:g}, depth {depth}, {optimizer}",
        lambda d: plane(
            d,
            kind,
            mlp(depth, d.of(12, 16), act, init="lecun_normal", init_gain=d.near(gain, 1.1)),
            lr=d.near(lr),
            optimizer=optimizer,
        ),
    )


def _by_heart(kind: str, noise: float, width: int, lr: float, samples: int = 40) -> Recipe:
    return fitting(
        f"{samples // 2} points of {kind}",
        lambda d: project(
            {"kind": kind, "samples": samples, "noise": noise, "seed": d.seed, "validation": 0.5},
            mlp(2, width, "relu"),
            lr=d.near(lr),
            seed=d.seed,
        ),
        500,
    )


def _random_labels(d: Draw) -> JSON:
    data = {"kind": "noise", "samples": 80, "shape": [8], "classes": 2, "seed": d.seed, "validation": 0.5}
    return project(data, mlp(2, 48, "relu"), lr=d.near(0.01), seed=d.seed)


def _noisy_line(d: Draw) -> JSON:
    def line(count: int) -> tuple[Any, Any]:
        x = d.rng.uniform(-1, 1, (count, 4))
        return x, x[:, :1] + 0.7 * d.rng.standard_normal((count, 1))

    return project(d.npz(*line(20), *line(60)), mlp(2, 48, "tanh"), "mse", d.near(0.01), seed=d.seed)


def _digits_by_heart(d: Draw) -> JSON:
    from engine.data.digits import Digits

    data = Digits(seed=d.seed).load(d.folder)
    y = np.where(d.rng.uniform(size=50) < 0.3, d.rng.integers(0, 10, 50), data.y[:50])
    return project(
        d.npz(data.x[:50] / 16, y, data.x[50:250] / 16, data.y[50:250]),
        mlp(2, 64, "relu", 10),
        "cross_entropy",
        d.near(0.005),
        seed=d.seed,
    )


def _exp_net(d: Draw) -> JSON:
    graph = chain(dense(8, "he_normal"), {"kind": "exp"}, dense(8), {"kind": "exp"}, dense(1))
    return project(d.wave(), graph, "mse", d.near(0.05), "sgd", seed=d.seed)


def _log_net(d: Draw) -> JSON:
    return plane(d, "moons", chain(dense(8), {"kind": "log"}, dense(1)), lr=d.near(0.01))


def _squares(d: Draw) -> JSON:
    layers = [part for _ in range(4) for part in (dense(8, "he_normal"), {"kind": "square"})]
    return project(d.moved(d.wave(), 3.0), chain(*layers, dense(1)), "mse", d.near(0.05), "sgd", seed=d.seed)


def _large_targets(d: Draw) -> JSON:
    return project(d.wave(scale=1e5), mlp(2, 16, "relu"), "mse", d.near(0.1), "sgd", seed=d.seed)


def _shut_output(d: Draw) -> JSON:
    graph = mlp(1, 12, "tanh", last={"bias_init": -20.0}, ends=({"kind": "relu"},))
    return project(d.wave(), graph, "mse", d.near(0.02), seed=d.seed)


def _times_zero(d: Draw) -> JSON:
    graph = {
        "nodes": [
            {"id": "x", "kind": "input"},
            {"id": "h1", **dense(12)},
            {"id": "a1", "kind": "tanh"},
            {"id": "gate", **dense(12, "zeros", trainable=False)},
            {"id": "product", "kind": "multiply"},
            {"id": "out", **dense(1)},
        ],
        "edges": [["x", "h1"], ["h1", "a1"], ["x", "gate"], ["a1", "product"], ["gate", "product"], ["product", "out"]],
    }
    return plane(d, "circles", graph, lr=d.near(0.02))


def _frozen_zero(d: Draw) -> JSON:
    graph = chain(dense(12), {"kind": "tanh"}, dense(12, "zeros", trainable=False), {"kind": "tanh"}, dense(1))
    return plane(d, "moons", graph, lr=d.near(0.02))


def _shut_middle(d: Draw) -> JSON:
    graph = chain(
        dense(12),
        {"kind": "tanh"},
        dense(8, "he_normal", bias_init=-30.0),
        {"kind": "relu"},
        dense(8),
        {"kind": "tanh"},
        dense(1),
    )
    return plane(d, "circles", graph, lr=d.near(0.01))


FAULTY = (
    _deep_sigmoid(6, "circles", "sgd", 0.3),
    _deep_sigmoid(8, "moons", "sgd", 0.5),
    _deep_sigmoid(10, "xor", "sgd", 0.1),
    _deep_sigmoid(8, "circles", "adam", 0.001),
    _deep_sigmoid(12, "moons", "adam", 0.003),
    _deep_sigmoid(10, "circles", "adam", 0.003),
    _deep_sigmoid(5, "moons", "sgd", 0.1),
    _deep_sigmoid(6, "xor", "adam", 0.003),
    _wide_weights("tanh", 5, 3, "circles", "sgd", 0.01),
    _wide_weights("tanh", 3, 4, "xor", "adam", 0.001),
    _wide_weights("sigmoid", 15, 3, "circles", "sgd", 0.05),
    _wide_weights("tanh", 8, 2, "xor", "sgd", 0.01),
    _wide_weights("softsign", 30, 3, "circles", "adam", 0.001),
    _wide_weights("scaled_tanh", 6, 3, "xor", "adam", 0.001),
    _wide_weights("tanh", 2, 4, "circles", "sgd", 0.02),
    _narrow_weights("relu", 0.01, 5, "circles", "sgd", 0.1),
    _narrow_weights("relu", 0.02, 6, "moons", "adam", 0.001),
    _narrow_weights("tanh", 0.01, 4, "circles", "sgd", 0.1),
    _narrow_weights("tanh", 0.02, 8, "xor", "sgd", 0.3),
    _narrow_weights("relu", 0.001, 4, "circles", "adam", 0.0005),
    _narrow_weights("relu", 0.05, 8, "circles", "sgd", 0.1),
    _same("zeros", "tanh", "xor"),
    _same("zeros", "relu", "circles", 2),
    _same("constant", "tanh", "circles", init_value=0.5),
    _same("constant", "sigmoid", "xor", init_value=0.3),
    _same("ones", "relu", "xor"),
    _fast("relu", "circles", "adam", 1.5),
    _fast("tanh", "moons", "adam", 2.0),
    _fast("relu", "xor", "sgd", 50),
    _fast("tanh", "circles", "sgd", 80),
    _fast("relu", "moons", "sgd", 20, momentum=0.9),
    _fast("tanh", "xor", "adam", 5.0, batch="all"),
    _fast("relu", "circles", "sgd", 30, batch=4),
    _fast("elu", "moons", "adam", 3.0, batch=8),
    _fast("relu", "circles", "adam", 0.5),
    _fast("tanh", "moons", "sgd", 10),
    _fast("relu", "xor", "sgd", 5, momentum=0.9),
    _slow("relu", "circles", "adam", 1e-5),
    _slow("tanh", "moons", "adam", 1e-6),
    _slow("relu", "xor", "sgd", 3e-4),
    _slow("tanh", "circles", "sgd", 1e-4),
    _slow("relu", "moons", "sgd", 1e-5, momentum=0.9),
    _slow("gelu", "circles", "adam", 1e-5, depth=3),
    _slow("tanh", "circles", "adam", 5e-5),
    _slow("relu", "moons", "sgd", 1e-3),
    _shut(-5, 2, "circles", "sgd", 0.1),
    _shut(-4, 1, "moons", "sgd", 0.1),
    _shut(-8, 3, "xor", "adam", 0.002),
    _shut(-3, 2, "circles", "sgd", 0.05),
    _shut(-10, 1, "xor", "adam", 0.003),
    _shut(-1.5, 3, "circles", "sgd", 0.1),
    _raw("tanh", "circles", 100, 0, "sgd", 0.1),
    _raw("sigmoid", "xor", 100, 0, "adam", 0.002),
    _raw("tanh", "moons", 1, 200, "adam", 0.003),
    _raw("relu", "moons", 1, 300, "sgd", 0.05),
    _raw("sigmoid", "circles", 300, 0, "sgd", 0.1),
    _raw("relu", "circles", 200, 0, "sgd", 0.1),
    _raw("tanh", "circles", 30, 0, "sgd", 0.1),
    _gain("", 2.0, 10, "moons", "sgd", 0.1),
    _gain("", 2.5, 8, "circles", "sgd", 0.05),
    _gain("relu", 4.0, 8, "circles", "sgd", 0.05),
    _gain("leaky_relu", 4.0, 10, "moons", "sgd", 0.03),
    _gain("", 3.0, 6, "xor", "adam", 0.001),
    _gain("", 1.7, 12, "circles", "sgd", 0.05),
    _by_heart("moons", 0.4, 64, 0.01),
    _by_heart("xor", 0.5, 64, 0.01),
    _by_heart("circles", 0.35, 48, 0.02, 50),
    _by_heart("moons", 0.3, 32, 0.01, 60),
    fitting("random labels", _random_labels, 500),
    fitting("a noisy line", _noisy_line, 600),
    fitting("fifty digits, some mislabelled", _digits_by_heart, 500),
    overflow("exponentials", _exp_net),
    overflow("logarithm of negative numbers", _log_net),
    overflow("squares of squares", _squares),
    overflow("targets of 100 000", _large_targets),
    cut("output shut", _shut_output),
    cut("times zero", _times_zero),
    cut("frozen at zero", _frozen_zero),
    cut("shut in the middle", _shut_middle),
    still("no hidden layer, xor", lambda d: plane(d, "xor", chain(dense(1)), lr=d.near(0.02)), 800),
    still(
        "no hidden layer, circles", lambda d: plane(d, "circles", chain(dense(1)), lr=d.near(0.1), optimizer="sgd"), 800
    ),
    still("deep but linear, circles", lambda d: plane(d, "circles", mlp(3, 12, ""), lr=d.near(0.01)), 800),
    still(
        "L2 as strong as the loss",
        lambda d: plane(d, "moons", mlp(2, 16, "relu"), lr=d.near(0.01), regularization={"l2": 2.0}),
        800,
    ),
    still(
        "large batch of noise",
        lambda d: project(
            {"kind": "noise", "samples": 4000, "shape": [2], "classes": 2, "seed": d.seed},
            mlp(1, 8, "relu"),
            lr=d.near(0.005),
            batch=256,
            seed=d.seed,
        ),
        800,
    ),
)
