"""The third set, healthy: other data, sizes, layers and optimizers. Unseen until two misses in it led to a rule."""

from typing import Any

import numpy as np

from benchmarks.diagnosis.draw import JSON, Draw, Recipe, chain, dense, mlp, project, residual

POOL = {"kind": "max_pool2d"}
FLAT = {"kind": "flatten"}


def friedman(d: Draw, samples: int = 400, noise: float = 0.05) -> JSON:
    """Six features, of which five count, and a product among them (Friedman 1991, equation 61)."""
    x = d.rng.uniform(0, 1, (samples, 6))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = (y - y.mean()) / y.std()
    return d.npz(2 * x - 1, (y + noise * d.rng.standard_normal(samples))[:, None])


def clouds(d: Draw, classes: int = 4, features: int = 12, apart: float = 1.2) -> JSON:
    """Classes around centres in many dimensions."""
    centres = apart * d.rng.standard_normal((classes, features))
    y = d.rng.integers(0, classes, 320)
    return d.npz((centres[y] + d.rng.standard_normal((320, features))) / np.hypot(1, apart), y)


def sums(d: Draw, length: int = 8, squared: bool = False) -> JSON:
    """Sequences whose numbers, or their squares, are to be added."""
    x = d.rng.standard_normal((300, length, 2))
    terms = (x[..., :1] ** 2 - 1) / np.sqrt(2) if squared else x[..., :1]
    return d.npz(x, terms.sum(axis=1) / np.sqrt(length))


def stairs(d: Draw) -> JSON:
    x = d.rng.uniform(-1.5, 1.5, (240, 1))
    return d.npz(x, np.floor(2 * x) / 2 + 0.02 * d.rng.standard_normal(x.shape))


def pictures(d: Draw, factor: float = 1 / 16) -> JSON:
    return d.moved({"kind": "digits", "pictures": True, "seed": d.seed}, factor)


def table(d: Draw, kind: str, preprocess: str = "standardize") -> JSON:
    return {"kind": kind, "seed": d.seed, "preprocess": preprocess}


def squares(d: Draw) -> JSON:
    return d.toy("checkerboard", squares=3)


def conv(filters: int, act: str = "relu", **more: Any) -> tuple[JSON, JSON]:
    init = {"init": "he_normal" if act == "relu" else "glorot_uniform"} | more
    return {"kind": "conv2d", "filters": filters, "kernel_size": 3, **init}, {"kind": act}


def classes(d: Draw, data: JSON, graph: JSON, lr: float, optimizer: str = "adam", **more: Any) -> JSON:
    return project(data, graph, "cross_entropy", lr, optimizer, seed=d.seed, **more)


def two(d: Draw, data: JSON, graph: JSON, lr: float, optimizer: str = "adam", **more: Any) -> JSON:
    return project(data, graph, "binary_cross_entropy", lr, optimizer, seed=d.seed, **more)


def numbers(d: Draw, data: JSON, graph: JSON, lr: float, optimizer: str = "adam", **more: Any) -> JSON:
    return project(data, graph, "mse", lr, optimizer, seed=d.seed, **more)


THIRD_HEALTHY = (
    Recipe(
        "tumours, one layer",
        lambda d: two(d, table(d, "breast_cancer"), mlp(1, d.of(8, 24), "relu"), d.near(0.005)),
    ),
    Recipe(
        "tumours, logistic, adagrad",
        lambda d: two(d, table(d, "breast_cancer"), chain(dense(1)), d.near(0.1), "adagrad"),
    ),
    Recipe(
        "tumours, tanh, depth 3, nesterov",
        lambda d: two(
            d,
            table(d, "breast_cancer"),
            mlp(3, 20, "tanh"),
            d.near(0.02),
            "sgd",
            fields={"momentum": 0.9, "nesterov": True},
        ),
    ),
    Recipe("tumours, whitened", lambda d: two(d, table(d, "breast_cancer", "pca"), mlp(1, 16, "elu"), d.near(0.005))),
    Recipe("iris, softsign", lambda d: classes(d, table(d, "iris"), mlp(1, 10, "softsign", 3), d.near(0.02)), 400),
    Recipe(
        "iris, adadelta",
        lambda d: classes(d, table(d, "iris"), mlp(1, 16, "relu", 3), d.near(1.0), "adadelta"),
        600,
    ),
    Recipe(
        "wine, depth 4, adamax",
        lambda d: classes(d, table(d, "wine"), mlp(4, 20, "relu", 3), d.near(0.004), "adamax"),
    ),
    Recipe(
        "wine, all at once, sgd",
        lambda d: classes(d, table(d, "wine"), mlp(1, 12, "tanh", 3), d.near(0.3), "sgd", batch="all"),
        400,
    ),
    Recipe("clouds, wide relu", lambda d: classes(d, clouds(d), mlp(1, 200, "relu", 4), d.near(0.002))),
    Recipe(
        "clouds, batch norm and relu, depth 7",
        lambda d: classes(d, clouds(d), mlp(7, 24, "relu", 4, norm="batch_norm"), d.near(0.003)),
        400,
    ),
    Recipe(
        "clouds, two classes, hinge",
        lambda d: project(clouds(d, 2), mlp(1, 16, "tanh"), "hinge", d.near(0.01), seed=d.seed),
    ),
    Recipe(
        "clouds, rmsprop with momentum",
        lambda d: classes(d, clouds(d), mlp(2, 24, "gelu", 4), d.near(0.001), "rmsprop", fields={"momentum": 0.5}),
    ),
    Recipe(
        "clouds, batch 3",
        lambda d: classes(d, clouds(d), mlp(1, 24, "relu", 4), d.near(0.02), "sgd", batch=3),
        800,
    ),
    Recipe(
        "clouds, L1", lambda d: classes(d, clouds(d), mlp(2, 32, "relu", 4), d.near(0.005), regularization={"l1": 1e-4})
    ),
    Recipe("Friedman, relu", lambda d: numbers(d, friedman(d), mlp(2, 32, "relu"), d.near(0.004)), 500),
    Recipe("Friedman, silu, depth 5", lambda d: numbers(d, friedman(d), mlp(5, 24, "silu"), d.near(0.003)), 500),
    Recipe(
        "Friedman, tanh, sgd, batch 10",
        lambda d: numbers(d, friedman(d), mlp(1, 32, "tanh"), d.near(0.05), "sgd", batch=10),
        1200,
    ),
    Recipe(
        "Friedman, Huber, lion",
        lambda d: project(friedman(d), mlp(2, 24, "relu"), "huber", d.near(0.001), "lion", seed=d.seed),
        500,
    ),
    Recipe("Friedman, linear", lambda d: numbers(d, friedman(d), chain(dense(1)), d.near(0.02)), 400),
    Recipe("stairs, relu, wide", lambda d: numbers(d, stairs(d), mlp(1, 96, "relu"), d.near(0.004)), 500),
    Recipe(
        "stairs, tanh, cosine",
        lambda d: numbers(d, stairs(d), mlp(2, 16, "tanh"), d.near(0.02), schedule={"kind": "cosine", "period": 100.0}),
        500,
    ),
    Recipe(
        "nine squares, relu, layer norm",
        lambda d: two(d, squares(d), mlp(2, 16, "relu", norm="layer_norm"), d.near(0.01)),
        500,
    ),
    Recipe("Friedman, selu, nadam", lambda d: numbers(d, friedman(d), mlp(2, 20, "selu"), d.near(0.005), "nadam"), 400),
    Recipe("Friedman, residual", lambda d: numbers(d, friedman(d), residual(5, 16, "relu"), d.near(0.002)), 500),
    Recipe(
        "pictures of digits, one convolution",
        lambda d: classes(d, pictures(d), chain(*conv(8), POOL, FLAT, dense(10)), d.near(0.005)),
    ),
    Recipe(
        "pictures of digits, two convolutions, tanh",
        lambda d: classes(d, pictures(d), chain(*conv(8, "tanh"), *conv(12, "tanh"), FLAT, dense(10)), d.near(0.003)),
    ),
    Recipe(
        "pictures of digits, sgd with momentum",
        lambda d: classes(
            d,
            pictures(d),
            chain(*conv(8), *conv(8), POOL, FLAT, dense(10)),
            d.near(0.05),
            "sgd",
            fields={"momentum": 0.9},
        ),
        400,
    ),
    Recipe(
        "sums of sequences, gru",
        lambda d: numbers(d, sums(d), chain({"kind": "gru", "units": 16}, dense(1)), d.near(0.01)),
        400,
    ),
    Recipe(
        "sums of sequences, lstm",
        lambda d: numbers(d, sums(d, 6), chain({"kind": "lstm", "units": 20}, dense(1)), d.near(0.01)),
        500,
    ),
    Recipe(
        "sums of sequences, rnn",
        lambda d: numbers(d, sums(d, 5), chain({"kind": "rnn", "units": 16}, dense(1)), d.near(0.005)),
        400,
    ),
    Recipe(
        "clouds, BFGS",
        lambda d: classes(d, clouds(d), mlp(1, 12, "tanh", 4), 1.0, "lbfgs", batch="all", regularization={"l2": 1e-3}),
        60,
    ),
    Recipe(
        "Friedman, conjugate gradients",
        lambda d: numbers(d, friedman(d), mlp(1, 16, "tanh"), 1.0, "conjugate_gradient", batch="all"),
        100,
    ),
)
