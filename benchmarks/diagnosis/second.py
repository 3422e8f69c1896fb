"""The second set: other data, sizes and settings. It was unseen until a miss in it led to a rule."""

import numpy as np

from benchmarks.diagnosis import faulty as f
from benchmarks.diagnosis.draw import JSON, Draw, Recipe, chain, dense, mlp, project, residual
from benchmarks.diagnosis.healthy import on_digits, plane


def _bumps(d: Draw, samples: int = 300, noise: float = 0.05) -> JSON:
    x = d.rng.uniform(-2, 2, (samples, 2))
    y = np.exp(-(x**2).sum(axis=1, keepdims=True)) - np.exp(-((x - 1) ** 2).sum(axis=1, keepdims=True))
    return d.npz(x, 3 * y + noise * d.rng.standard_normal(y.shape))


def _ring(d: Draw, classes: int = 5) -> JSON:
    return d.toy("blobs", classes=classes, noise=0.2)


def _spiral(d: Draw, arms: int) -> JSON:
    return d.toy("spiral", classes=arms, turns=0.8, noise=0.02)


SECOND_HEALTHY = (
    Recipe("digits, gelu, wide", lambda d: on_digits(d, mlp(2, 128, "gelu", 10), lr=d.near(0.001)), 400),
    Recipe("digits, tanh, depth 5", lambda d: on_digits(d, mlp(5, 48, "tanh", 10), lr=d.near(0.002)), 400),
    Recipe("digits, elu, sgd", lambda d: on_digits(d, mlp(2, 32, "elu", 10), lr=d.near(0.1), optimizer="sgd"), 400),
    Recipe(
        "digits, relu, depth 12, batch norm",
        lambda d: on_digits(d, mlp(12, 24, "relu", 10, norm="batch_norm"), lr=d.near(0.003)),
        400,
    ),
    Recipe(
        "digits, layer norm, batch 8",
        lambda d: on_digits(d, mlp(2, 32, "relu", 10, norm="layer_norm"), lr=d.near(0.002), batch=8),
        600,
    ),
    Recipe(
        "digits, softsign, squared error",
        lambda d: on_digits(d, mlp(1, 48, "softsign", 10), lr=d.near(0.005), loss="mse"),
        500,
    ),
    Recipe("bumps, silu", lambda d: project(_bumps(d), mlp(2, 24, "silu"), "mse", d.near(0.01), seed=d.seed), 600),
    Recipe(
        "bumps, tanh, sgd with momentum",
        lambda d: project(
            _bumps(d), mlp(1, 32, "tanh"), "mse", d.near(0.05), "sgd", seed=d.seed, fields={"momentum": 0.9}
        ),
        1000,
    ),
    Recipe(
        "bumps, sigmoid", lambda d: project(_bumps(d), mlp(1, 32, "sigmoid"), "mse", d.near(0.03), seed=d.seed), 900
    ),
    Recipe(
        "ring of five, relu",
        lambda d: project(_ring(d), mlp(1, 16, "relu", 5), "cross_entropy", d.near(0.02), seed=d.seed),
    ),
    Recipe(
        "ring of five, batch 1",
        lambda d: project(_ring(d), mlp(1, 16, "tanh", 5), "cross_entropy", d.near(0.03), "sgd", 1, d.seed),
        900,
    ),
    Recipe(
        "spiral of three, leaky relu",
        lambda d: project(_spiral(d, 3), mlp(2, 32, "leaky_relu", 3), "cross_entropy", d.near(0.01), seed=d.seed),
        700,
    ),
    Recipe(
        "two spirals, tanh", lambda d: project(_spiral(d, 2), mlp(2, 24, "tanh"), lr=d.near(0.02), seed=d.seed), 700
    ),
    Recipe("residual, 15 blocks of tanh", lambda d: plane(d, "xor", residual(15, 10, "tanh"), lr=d.near(0.001)), 400),
    Recipe(
        "circles, PReLU, depth 4, sgd",
        lambda d: plane(d, "circles", mlp(4, 16, "prelu"), lr=d.near(0.1), optimizer="sgd"),
        600,
    ),
    Recipe(
        "moons, orthogonal tanh, depth 12",
        lambda d: plane(d, "moons", mlp(12, 16, "tanh", init="orthogonal"), lr=d.near(0.001)),
        400,
    ),
    Recipe(
        "xor, maxout, two layers",
        lambda d: plane(
            d, "xor", chain({"kind": "maxout", "units": 8}, {"kind": "maxout", "units": 8}, dense(1)), lr=d.near(0.01)
        ),
        500,
    ),
    Recipe(
        "noisy circles",
        lambda d: project(d.toy("circles", noise=0.15), mlp(2, 16, "relu"), lr=d.near(0.01), seed=d.seed),
        300,
    ),
    *(
        Recipe(
            f"moons, {optimizer}",
            lambda d, optimizer=optimizer, lr=lr: plane(
                d, "moons", mlp(2, 16, "relu"), lr=d.near(lr), optimizer=optimizer
            ),
            500,
        )
        for optimizer, lr in (
            ("rmsprop", 0.003),
            ("adagrad", 0.1),
            ("adamw", 0.01),
            ("nadam", 0.01),
            ("lion", 0.001),
        )
    ),
    Recipe(
        "bumps, absolute error", lambda d: project(_bumps(d), mlp(2, 24, "tanh"), "mae", d.near(0.01), seed=d.seed), 600
    ),
    Recipe("bumps, Huber", lambda d: project(_bumps(d), mlp(2, 24, "relu"), "huber", d.near(0.01), seed=d.seed), 500),
    Recipe("circles, hinge", lambda d: plane(d, "circles", mlp(2, 16, "relu"), loss="hinge", lr=d.near(0.01)), 400),
    Recipe(
        "digits, standardized",
        lambda d: project(
            {"kind": "digits", "seed": d.seed, "preprocess": "standardize"},
            mlp(1, 32, "tanh", 10),
            "cross_entropy",
            d.near(0.005),
            seed=d.seed,
        ),
    ),
    Recipe(
        "wine, standardized",
        lambda d: project(
            {"kind": "wine", "seed": d.seed, "preprocess": "standardize"},
            mlp(1, 16, "relu", 3),
            "cross_entropy",
            d.near(0.01),
            seed=d.seed,
        ),
    ),
)

SECOND_FAULTY = (
    f.vanishing("digits, 8 layers, adam", lambda d: on_digits(d, mlp(8, 32, "sigmoid", 10), lr=d.near(0.001))),
    f.vanishing(
        "bumps, 7 layers, momentum",
        lambda d: project(
            _bumps(d), mlp(7, 16, "sigmoid"), "mse", d.near(0.05), "sgd", seed=d.seed, fields={"momentum": 0.9}
        ),
    ),
    f.large(
        "digits, tanh, σ 2",
        lambda d: on_digits(
            d, mlp(3, 48, "tanh", 10, init="normal", init_std=d.near(2.0)), lr=d.near(0.01), optimizer="sgd"
        ),
    ),
    f.large(
        "ring, sigmoid, uniform",
        lambda d: project(
            _ring(d),
            mlp(3, 16, "sigmoid", 5, init="uniform", init_limit=20.0),
            "cross_entropy",
            d.near(0.02),
            "sgd",
            seed=d.seed,
        ),
    ),
    f.small(
        "digits, elu, σ 0.003",
        lambda d: on_digits(d, mlp(4, 32, "elu", 10, init="normal", init_std=0.003), lr=d.near(0.05), optimizer="sgd"),
    ),
    f.small(
        "bumps, relu, σ 0.01",
        lambda d: project(
            _bumps(d), mlp(5, 24, "relu", init="normal", init_std=0.01), "mse", d.near(0.05), "sgd", seed=d.seed
        ),
    ),
    f.alike(
        "ring, constants",
        lambda d: project(
            _ring(d),
            mlp(2, 12, "relu", 5, init="constant", init_value=0.1, last={"init": "constant", "init_value": 0.1}),
            "cross_entropy",
            d.near(0.02),
            seed=d.seed,
        ),
    ),
    f.high("digits, adam 0.8", lambda d: on_digits(d, mlp(2, 32, "relu", 10), lr=d.near(0.8, 1.2))),
    f.high(
        "bumps, sgd 20", lambda d: project(_bumps(d), mlp(2, 24, "tanh"), "mse", d.near(20, 1.2), "sgd", seed=d.seed)
    ),
    f.high(
        "spiral, sgd 40, batch norm",
        lambda d: project(
            _spiral(d, 3),
            mlp(2, 24, "tanh", 3, norm="batch_norm"),
            "cross_entropy",
            d.near(40, 1.2),
            "sgd",
            seed=d.seed,
        ),
    ),
    f.low("digits, adam 1e-6", lambda d: on_digits(d, mlp(2, 32, "relu", 10), lr=1e-6)),
    f.low("bumps, sgd 1e-5", lambda d: project(_bumps(d), mlp(2, 24, "tanh"), "mse", 1e-5, "sgd", seed=d.seed)),
    f.dead(
        "digits, bias -10",
        lambda d: on_digits(d, mlp(2, 32, "relu", 10, bias_init=-10.0), lr=d.near(0.01), optimizer="sgd"),
    ),
    f.dead(
        "ring, second layer shut",
        lambda d: project(
            _ring(d),
            chain(
                dense(16, "he_normal"),
                {"kind": "relu"},
                dense(16, "he_normal", bias_init=-12.0),
                {"kind": "relu"},
                dense(5),
            ),
            "cross_entropy",
            d.near(0.01),
            seed=d.seed,
        ),
    ),
    f.unscaled(
        "digits ×50, tanh", lambda d: on_digits(d, mlp(2, 32, "tanh", 10), 50.0, lr=d.near(0.05), optimizer="sgd")
    ),
    f.unscaled(
        "digits + 1000, relu",
        lambda d: project(
            d.moved({"kind": "digits", "seed": d.seed}, 1 / 16, 1000.0),
            mlp(2, 32, "relu", 10),
            "cross_entropy",
            d.near(0.05),
            "sgd",
            seed=d.seed,
        ),
    ),
    f.exploding(
        "ring, linear, gain 2.2",
        lambda d: project(
            _ring(d),
            mlp(9, 16, "", 5, init="lecun_normal", init_gain=2.2),
            "cross_entropy",
            d.near(0.05),
            "sgd",
            seed=d.seed,
        ),
    ),
    f.exploding(
        "bumps, elu, gain 3",
        lambda d: project(
            _bumps(d), mlp(9, 16, "elu", init="lecun_normal", init_gain=3.0), "mse", d.near(0.02), "sgd", seed=d.seed
        ),
    ),
    f.fitting(
        "thirty points of a ring",
        lambda d: project(
            {"kind": "blobs", "classes": 3, "samples": 60, "noise": 0.8, "validation": 0.5, "seed": d.seed},
            mlp(2, 48, "relu", 3),
            "cross_entropy",
            d.near(0.01),
            seed=d.seed,
        ),
        500,
    ),
    f.fitting(
        "twenty noisy bumps",
        lambda d: project(_bumps(d, 40, 1.5), mlp(2, 64, "relu"), "mse", d.near(0.01), seed=d.seed),
        600,
    ),
    f.overflow(
        "exponential of squares",
        lambda d: plane(
            d,
            "moons",
            chain(dense(8), {"kind": "square"}, dense(8), {"kind": "square"}, {"kind": "exp"}, dense(1)),
            lr=d.near(2.0),
            optimizer="sgd",
        ),
    ),
    f.cut(
        "digits behind a shut layer",
        lambda d: on_digits(
            d,
            chain(dense(32), {"kind": "tanh"}, dense(16, "he_normal", bias_init=-40.0), {"kind": "relu"}, dense(10)),
            lr=d.near(0.005),
        ),
    ),
    f.still(
        "two spirals, no hidden layer",
        lambda d: project(d.toy("spiral", turns=1.75), chain(dense(1)), lr=d.near(0.02), seed=d.seed),
        800,
    ),
    f.still(
        "noise of ten classes",
        lambda d: project(
            {"kind": "noise", "samples": 3000, "shape": [2], "classes": 10, "seed": d.seed},
            mlp(1, 8, "tanh", 10),
            "cross_entropy",
            d.near(0.005),
            batch=128,
            seed=d.seed,
        ),
        800,
    ),
    f.unscaled(
        "wine as it is, tanh",
        lambda d: project(
            {"kind": "wine", "seed": d.seed}, mlp(2, 16, "tanh", 3), "cross_entropy", d.near(0.01), "sgd", seed=d.seed
        ),
        400,
    ),
    f.high(
        "moons, rmsprop 1", lambda d: plane(d, "moons", mlp(2, 16, "relu"), lr=d.near(1.0, 1.2), optimizer="rmsprop")
    ),
    f.high(
        "circles, lion 0.5", lambda d: plane(d, "circles", mlp(2, 16, "tanh"), lr=d.near(0.5, 1.2), optimizer="lion")
    ),
    f.low("circles, adamw 1e-6", lambda d: plane(d, "circles", mlp(2, 16, "relu"), lr=1e-6, optimizer="adamw")),
    f.vanishing(
        "bumps, Huber, 9 layers",
        lambda d: project(_bumps(d), mlp(9, 16, "sigmoid"), "huber", d.near(0.003), seed=d.seed),
    ),
    f.dead(
        "circles, hinge, bias -5",
        lambda d: plane(d, "circles", mlp(2, 16, "relu", bias_init=-5.0), loss="hinge", lr=d.near(0.005)),
    ),
)
