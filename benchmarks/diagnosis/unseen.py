"""Runs drawn at random, each a new net on new data by another optimizer: a seed that nobody has run is unseen."""

from collections.abc import Callable

import numpy as np

from benchmarks.diagnosis import faulty as f
from benchmarks.diagnosis.draw import JSON, Draw, Recipe, chain, dense, mlp, project
from benchmarks.diagnosis.third import FLAT, POOL, clouds, conv, friedman, pictures, squares, stairs, table

Task = tuple[JSON, str, int]  # the data, their loss, and how many outputs it wants
TWO, MANY, NUMBERS = "binary_cross_entropy", "cross_entropy", "mse"
RATES = {  # of sound runs, about
    "sgd": 0.1,
    "adam": 0.005,
    "adamw": 0.005,
    "nadam": 0.004,
    "adamax": 0.006,
    "rmsprop": 0.002,
    "adagrad": 0.05,
    "lion": 0.0008,
}
EVEN = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "softsign")
GATES = ("tanh", "softsign", "sigmoid")
STEPS = 500


def task(d: Draw) -> Task:
    """Two classes, several or numbers, from tables, points and pictures."""
    several = int(d.of(3, 4, 6))
    ways: tuple[Callable[[], Task], ...] = (
        lambda: (d.toy("moons", noise=0.08), TWO, 1),
        lambda: (d.toy("circles", noise=0.04), TWO, 1),
        lambda: (squares(d), TWO, 1),
        lambda: (table(d, "breast_cancer"), TWO, 1),
        lambda: (table(d, "wine"), MANY, 3),
        lambda: (table(d, "iris"), MANY, 3),
        lambda: (d.toy("blobs", classes=several, noise=0.15), MANY, several),
        lambda: (clouds(d, several, int(d.of(6, 12, 24)), 1.0), MANY, several),
        lambda: (d.moved({"kind": "digits", "seed": d.seed}, 1 / 16), MANY, 10),
        lambda: (friedman(d), NUMBERS, 1),
        lambda: (stairs(d), NUMBERS, 1),
        lambda: (d.wave(), NUMBERS, 1),
    )
    return ways[d.rng.integers(len(ways))]()


def made(d: Draw, drawn: Task, graph: JSON, optimizer: str = "", rate: float = 1.0, exact: float = 0.0) -> JSON:
    """That task for that net, at `rate` times a sound rate, or at the very rate `exact`."""
    data, loss, _ = drawn
    optimizer = optimizer or str(d.of(*RATES))
    lr = exact or d.near(RATES[optimizer] * rate)
    fields = {"momentum": 0.9} if optimizer == "sgd" and d.of(True, False) and rate == 1.0 else {}
    lr = lr / 5 if fields and not exact else lr
    return project(data, graph, loss, lr, optimizer, d.of(16, 32, 64), d.seed, fields)


def net(
    d: Draw, outputs: int, depths: tuple[int, ...] = (1, 2, 3), acts: tuple[str, ...] = EVEN, **more: object
) -> JSON:
    return mlp(int(d.of(*depths)), int(d.of(12, 20, 32, 48)), str(d.of(*acts)), outputs, **more)


def _sound(d: Draw) -> JSON:
    if d.rng.uniform() < 0.15:
        graph = chain(*conv(int(d.of(6, 10))), *conv(8), POOL, FLAT, dense(10))
        return made(d, (pictures(d), MANY, 10), graph, str(d.of("adam", "adamw", "rmsprop")))
    drawn = task(d)
    norm = d.of(None, None, "batch_norm", "layer_norm")
    return made(d, drawn, net(d, drawn[2], norm=norm))


def _deep(d: Draw) -> JSON:
    drawn = task(d)
    optimizer = str(d.of("sgd", "adam", "rmsprop", "adamw"))
    return made(d, drawn, net(d, drawn[2], (8, 10, 12), ("sigmoid",)), optimizer, 0.3)


def _large(d: Draw) -> JSON:
    drawn, act = task(d), str(d.of(*GATES))
    std = d.near({"tanh": 6.0, "softsign": 25.0, "sigmoid": 20.0}[act])
    return made(d, drawn, net(d, drawn[2], (3, 4, 5), (act,), init="normal", init_std=std), "sgd", 0.2)


def _small(d: Draw) -> JSON:
    drawn = task(d)
    last = {"init": "normal", "init_std": 0.01}
    return made(
        d,
        drawn,
        net(d, drawn[2], (4, 6), ("relu", "tanh", "elu"), init="normal", init_std=d.near(0.01), last=last),
        "sgd",
    )


def _alike(d: Draw) -> JSON:
    data, loss, outputs = squares(d), TWO, 1
    same = d.of({"init": "zeros"}, {"init": "ones"}, {"init": "constant", "init_value": 0.2})
    return made(d, (data, loss, outputs), net(d, 1, (1, 2), ("relu", "tanh", "sigmoid"), last=same, **same))


def _fast(d: Draw) -> JSON:
    drawn, optimizer = task(d), str(d.of(*(kind for kind in RATES if kind != "adagrad")))
    return made(d, drawn, net(d, drawn[2]), optimizer, 400.0)


def _slow(d: Draw) -> JSON:
    drawn, optimizer = task(d), str(d.of(*(kind for kind in RATES if kind != "adagrad")))
    return made(d, drawn, net(d, drawn[2]), optimizer, 3e-4)


def _shut(d: Draw) -> JSON:
    drawn = task(d)
    return made(d, drawn, net(d, drawn[2], (1, 2, 3), ("relu",), bias_init=-d.near(10.0)), "sgd", 0.3)


def _raw(d: Draw) -> JSON:
    drawn = task(d)
    data = d.moved(drawn[0], *d.of((d.near(150.0), 0.0), (1.0, d.near(300.0))))
    return made(d, (data, *drawn[1:]), net(d, drawn[2], (2, 3), GATES), "sgd", 0.5)


def _gain(d: Draw) -> JSON:
    drawn, optimizer = task(d), str(d.of("sgd", "adam", "adamax", "rmsprop"))
    acts = d.of(("", 2.5), ("relu", 4.0), ("leaky_relu", 4.0))
    graph = net(d, drawn[2], (7, 9), acts[:1], init="lecun_normal", init_gain=d.near(acts[1], 1.1))
    return made(d, drawn, graph, optimizer, 0.1)


def _by_heart(d: Draw) -> JSON:
    """Few examples, whose answers are half chance, and many to be held against."""
    features, few = int(d.of(4, 10, 30)), int(d.of(20, 30, 40))
    side = d.rng.standard_normal((features, 1))

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        x = d.rng.standard_normal((count, features))
        return x, x @ side / np.sqrt(features) + 0.9 * d.rng.standard_normal((count, 1))

    x, y = drawn(few)
    held, answers = drawn(200)
    loss = str(d.of(TWO, NUMBERS))
    if loss == TWO:
        y, answers = (y[:, 0] > 0).astype(np.int64), (answers[:, 0] > 0).astype(np.int64)
    graph = net(d, 1, (2, 3), ("relu", "tanh", "gelu"))
    return made(d, (d.npz(x, y, held, answers), loss, 1), graph, str(d.of("adam", "nadam", "rmsprop")))


def _burst(d: Draw) -> JSON:
    """Powers of powers."""
    kind = {"kind": str(d.of("square", "exp"))}
    parts = [part for _ in range(4) for part in (dense(int(d.of(6, 10)), "he_normal"), kind)]
    data = d.of(friedman, stairs)(d)
    return made(d, (d.moved(data, d.near(4.0)), NUMBERS, 1), chain(*parts, dense(1)), "sgd", 1.0)


def _cut(d: Draw) -> JSON:
    drawn = task(d)
    middle = d.of(
        (dense(12, "he_normal", bias_init=-60.0), {"kind": "relu"}),
        (dense(12, "zeros", trainable=False), {"kind": "tanh"}),
    )
    return made(d, drawn, chain(dense(16), {"kind": "tanh"}, *middle, dense(drawn[2])))


def _too_plain(d: Draw) -> JSON:
    """No hidden layer where one is needed, or nothing to learn."""
    blind = {"kind": "noise", "samples": 4000, "shape": [int(d.of(2, 3))], "classes": 2, "seed": d.seed}
    drawn = d.of((squares(d), TWO, 1), (d.toy("circles", noise=0.05), TWO, 1), (blind, TWO, 1))
    graph = chain(dense(1)) if drawn[0] is not blind else net(d, 1, (1,), ("relu", "tanh"))
    return project(drawn[0], graph, TWO, d.near(0.005), "adam", 128, d.seed)


UNSEEN_HEALTHY = (Recipe("drawn", _sound, STEPS),)
UNSEEN_FAULTY = (
    f.vanishing("drawn", _deep, STEPS),
    f.large("drawn", _large, STEPS),
    f.small("drawn", _small, STEPS),
    f.alike("drawn", _alike, STEPS),
    f.high("drawn", _fast, STEPS),
    f.low("drawn", _slow, STEPS),
    f.dead("drawn", _shut, STEPS),
    f.unscaled("drawn", _raw, STEPS),
    f.exploding("drawn", _gain, STEPS),
    f.fitting("drawn", _by_heart, 800),
    f.overflow("drawn", _burst, STEPS),
    f.cut("drawn", _cut, STEPS),
    f.still("drawn", _too_plain, 1500),
)
