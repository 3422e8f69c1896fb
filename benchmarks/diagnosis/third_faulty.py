"""The third set, faulty: see third.py."""

import numpy as np

from benchmarks.diagnosis import faulty as f
from benchmarks.diagnosis.draw import JSON, Draw, chain, dense, mlp, project
from benchmarks.diagnosis.third import (
    FLAT,
    POOL,
    classes,
    clouds,
    conv,
    friedman,
    numbers,
    pictures,
    squares,
    stairs,
    sums,
    table,
    two,
)


def _few(d: Draw, data: JSON, graph: JSON, loss: str, lr: float) -> JSON:
    return project(data, graph, loss, d.near(lr), seed=d.seed)


def _few_clouds(d: Draw) -> JSON:
    """Thirty noisy examples in thirty dimensions, and fresh ones to be held against."""
    side = d.rng.standard_normal(30)

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        x = d.rng.standard_normal((count, 30))
        return x, (x @ side / np.sqrt(30) + 1.0 * d.rng.standard_normal(count) > 0).astype(np.int64)

    return d.npz(*drawn(30), *drawn(200))


def _few_friedman(d: Draw) -> JSON:
    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        x = d.rng.uniform(-1, 1, (count, 6))
        return x, x[:, :1] + 1.0 * d.rng.standard_normal((count, 1))

    return d.npz(*drawn(25), *drawn(150))


def _wrong_labels(d: Draw) -> JSON:
    x = d.rng.standard_normal((300, 10))
    return d.npz(x, d.rng.integers(0, 4, 300))


THIRD_FAULTY = (
    # deep sigmoid
    f.vanishing(
        "tumours, 12 layers, adam",
        lambda d: two(d, table(d, "breast_cancer"), mlp(12, 16, "sigmoid"), d.near(0.001)),
    ),
    f.vanishing(
        "clouds, 7 layers, sgd",
        lambda d: classes(d, clouds(d), mlp(7, 20, "sigmoid", 4), d.near(0.2), "sgd"),
    ),
    f.vanishing(
        "Friedman, 11 layers, rmsprop",
        lambda d: numbers(d, friedman(d), mlp(11, 24, "sigmoid"), d.near(0.001), "rmsprop"),
    ),
    f.vanishing(
        "wine, 8 layers, nesterov",
        lambda d: classes(
            d,
            table(d, "wine"),
            mlp(8, 32, "sigmoid", 3),
            d.near(0.05),
            "sgd",
            fields={"momentum": 0.9, "nesterov": True},
        ),
    ),
    # first weights
    f.large(
        "tumours, tanh, σ 4",
        lambda d: two(
            d, table(d, "breast_cancer"), mlp(4, 20, "tanh", init="normal", init_std=d.near(4.0)), d.near(0.01), "sgd"
        ),
    ),
    f.large(
        "Friedman, softsign, σ 20",
        lambda d: numbers(
            d, friedman(d), mlp(3, 24, "softsign", init="normal", init_std=d.near(20.0)), d.near(0.002), "adamax"
        ),
    ),
    f.large(
        "nine squares, tanh, uniform",
        lambda d: two(d, squares(d), mlp(3, 16, "tanh", init="uniform", init_limit=8.0), d.near(0.003), "adamw"),
    ),
    f.large(
        "pictures of digits, tanh, σ 10, behind a convolution",
        lambda d: classes(
            d,
            pictures(d),
            chain(
                *conv(8, "tanh", init="normal", init_std=d.near(10.0)),
                FLAT,
                *(part for _ in range(3) for part in (dense(32, "normal", init_std=10.0), {"kind": "tanh"})),
                dense(10),
            ),
            d.near(0.01),
            "sgd",
        ),
    ),
    f.small(
        "clouds, relu, σ 0.005",
        lambda d: classes(d, clouds(d), mlp(4, 24, "relu", 4, init="normal", init_std=0.005), d.near(0.05), "sgd"),
    ),
    f.small(
        "tumours, gelu, σ 0.01, depth 6",
        lambda d: two(
            d, table(d, "breast_cancer"), mlp(6, 16, "gelu", init="normal", init_std=0.01), d.near(0.1), "sgd"
        ),
    ),
    f.small(
        "Friedman, tanh, uniform, depth 6",
        lambda d: numbers(d, friedman(d), mlp(6, 24, "tanh", init="uniform", init_limit=0.02), d.near(0.05), "sgd"),
    ),
    f.alike(
        "parity of six bits, constants",
        lambda d: two(
            d,
            {"kind": "parity", "bits": 6, "seed": d.seed},
            mlp(2, 16, "tanh", init="constant", init_value=0.3, last={"init": "constant", "init_value": 0.3}),
            d.near(0.01),
        ),
    ),
    f.alike(
        "nine squares, zeros, sgd",
        lambda d: two(d, squares(d), mlp(1, 24, "tanh", init="zeros", last={"init": "zeros"}), d.near(0.1), "sgd"),
    ),
    f.alike(
        "clouds, zeros, depth 2",
        lambda d: classes(d, clouds(d), mlp(2, 16, "relu", 4, init="zeros", last={"init": "zeros"}), d.near(0.01)),
    ),
    # rate
    f.high("tumours, adamax 2", lambda d: two(d, table(d, "breast_cancer"), mlp(3, 20, "relu"), d.near(2.0), "adamax")),
    f.high("Friedman, adam 0.7", lambda d: numbers(d, friedman(d), mlp(2, 32, "relu"), d.near(0.7, 1.2))),
    f.high("stairs, nadam 1", lambda d: numbers(d, stairs(d), mlp(3, 24, "tanh"), d.near(1.0), "nadam")),
    f.high(
        "clouds, momentum, 5",
        lambda d: classes(d, clouds(d), mlp(2, 24, "relu", 4), d.near(5.0), "sgd", fields={"momentum": 0.9}, batch=16),
    ),
    f.high(
        "pictures of digits, adam 0.5",
        lambda d: classes(d, pictures(d), chain(*conv(8), *conv(8), POOL, FLAT, dense(10)), d.near(0.5, 1.2)),
        150,
    ),
    f.low("tumours, sgd 1e-5", lambda d: two(d, table(d, "breast_cancer"), mlp(2, 16, "relu"), 1e-5, "sgd")),
    f.low("Friedman, sgd 2e-5, batch 4", lambda d: numbers(d, friedman(d), mlp(2, 24, "relu"), 2e-5, "sgd", batch=4)),
    f.low("stairs, adam 1e-6", lambda d: numbers(d, stairs(d), mlp(2, 16, "tanh"), 1e-6)),
    f.low("clouds, rmsprop 1e-6", lambda d: classes(d, clouds(d), mlp(2, 24, "elu", 4), 1e-6, "rmsprop")),
    f.low(
        "wine, momentum, 1e-5, batch 8",
        lambda d: classes(d, table(d, "wine"), mlp(1, 24, "tanh", 3), 1e-5, "sgd", fields={"momentum": 0.8}, batch=8),
    ),
    # units that do not answer
    f.dead(
        "tumours, bias -12",
        lambda d: two(
            d, table(d, "breast_cancer"), mlp(2, 16, "relu", init="he_normal", bias_init=-12.0), d.near(0.02), "sgd"
        ),
    ),
    f.dead(
        "Friedman, bias -6",
        lambda d: numbers(d, friedman(d), mlp(3, 24, "relu", init="he_normal", bias_init=-6.0), d.near(0.02), "sgd"),
    ),
    f.dead(
        "pictures of digits, convolution shut",
        lambda d: classes(d, pictures(d), chain(*conv(8, bias_init=-9.0), POOL, FLAT, dense(10)), d.near(0.01), "sgd"),
    ),
    f.unscaled(
        "nine squares ×100, sigmoid",
        lambda d: two(d, d.moved(squares(d), 100.0), mlp(2, 16, "sigmoid"), d.near(0.05), "sgd"),
    ),
    f.unscaled(
        "Friedman + 300, tanh",
        lambda d: numbers(d, d.moved(friedman(d), 1.0, 300.0), mlp(2, 24, "tanh"), d.near(0.02), "sgd"),
    ),
    f.unscaled(
        "tumours as they are, tanh",
        lambda d: two(d, table(d, "breast_cancer", "none"), mlp(2, 16, "tanh"), d.near(0.02), "sgd"),
    ),
    # chains
    f.exploding(
        "clouds, linear, gain 2.5",
        lambda d: classes(d, clouds(d), mlp(8, 20, "", 4, init="lecun_normal", init_gain=2.5), d.near(0.02), "sgd"),
    ),
    f.exploding(
        "Friedman, relu, gain 4, adam",
        lambda d: numbers(d, friedman(d), mlp(7, 16, "relu", init="lecun_normal", init_gain=4.0), d.near(0.0005)),
    ),
    f.exploding(
        "nine squares, linear, gain 3, adamax",
        lambda d: two(d, squares(d), mlp(6, 16, "", init="lecun_normal", init_gain=3.0), d.near(0.001), "adamax"),
    ),
    f.exploding(
        "tumours, leaky relu, gain 4, rmsprop",
        lambda d: two(
            d,
            table(d, "breast_cancer"),
            mlp(9, 12, "leaky_relu", init="lecun_normal", init_gain=4.0),
            d.near(0.0003),
            "rmsprop",
        ),
        100,
    ),
    # learning by heart
    f.fitting(
        "thirty of thirty dimensions",
        lambda d: _few(d, _few_clouds(d), mlp(1, 64, "relu"), "binary_cross_entropy", 0.01),
        500,
    ),
    f.fitting("twenty-five noisy numbers", lambda d: _few(d, _few_friedman(d), mlp(2, 48, "tanh"), "mse", 0.01), 600),
    f.fitting(
        "four classes by the dice", lambda d: classes(d, _wrong_labels(d), mlp(2, 64, "relu", 4), d.near(0.005)), 600
    ),
    # no number
    f.overflow(
        "Friedman, exponentials",
        lambda d: numbers(
            d,
            d.moved(friedman(d), 5.0),
            chain(dense(8, "he_normal"), {"kind": "exp"}, dense(8), {"kind": "exp"}, dense(1)),
            d.near(0.05),
            "sgd",
        ),
    ),
    f.overflow(
        "stairs of a million",
        lambda d: numbers(
            d,
            d.moved(stairs(d), 1e6),
            mlp(2, 16, "relu"),
            d.near(0.1),
            "sgd",
        ),
    ),
    # no gradient
    f.cut(
        "Friedman, shut in the middle",
        lambda d: numbers(
            d,
            friedman(d),
            chain(dense(16), {"kind": "tanh"}, dense(12, "he_normal", bias_init=-25.0), {"kind": "relu"}, dense(1)),
            d.near(0.01),
        ),
    ),
    f.cut(
        "clouds, frozen at zero",
        lambda d: classes(
            d, clouds(d), chain(dense(16), {"kind": "elu"}, dense(12, "zeros", trainable=False), dense(4)), d.near(0.01)
        ),
    ),
    # cannot be learnt
    f.still(
        "labels by the dice, many of them",
        lambda d: project(
            {"kind": "noise", "samples": 4000, "shape": [4], "classes": 3, "seed": d.seed},
            mlp(1, 6, "relu", 3),
            "cross_entropy",
            d.near(0.005),
            batch=200,
            seed=d.seed,
        ),
        800,
    ),
    f.still(
        "parity of six bits, no hidden layer",
        lambda d: two(d, {"kind": "parity", "bits": 6, "seed": d.seed}, chain(dense(1)), d.near(0.05), batch="all"),
        2500,
    ),
    f.still(
        "sums of squares, linear",
        lambda d: numbers(d, sums(d, squared=True), chain(FLAT, dense(8), dense(1)), d.near(0.01)),
        800,
    ),
)
