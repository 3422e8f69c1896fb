"""Recipes of runs with nothing wrong: they learn, and that is checked on each."""

from typing import Any

from benchmarks.diagnosis.draw import JSON, Draw, Recipe, chain, dense, mlp, project, residual

PLANE = {"xor": {"noise": 0.05}, "circles": {"noise": 0.05}, "moons": {"noise": 0.1}}


def plane(d: Draw, kind: str, graph: JSON, **more: Any) -> JSON:
    return project(d.toy(kind, **PLANE.get(kind, {})), graph, seed=d.seed, **more)


def _activations() -> list[Recipe]:
    """Every activation at one or two hidden layers, by Adam."""
    kinds = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "sigmoid", "tanh", "prelu")
    data = tuple(PLANE)

    def recipe(index: int, act: str) -> Recipe:
        name = data[index % 3]
        depth = 1 if act == "sigmoid" else 1 + index % 2

        def make(d: Draw) -> JSON:
            return plane(d, name, mlp(depth, d.of(8, 12, 16), act), lr=d.near(0.02))

        return Recipe(f"{act}, {name}, depth {depth}, adam", make, 400)

    return [recipe(index, act) for index, act in enumerate(kinds)]


def _optimizers() -> list[Recipe]:
    """SGD in its forms, and batches from one example to all."""

    def sgd(act: str, kind: str, lr: float, batch: int | str, steps: int, **fields: Any) -> Recipe:
        def make(d: Draw) -> JSON:
            return plane(
                d, kind, mlp(1, d.of(8, 12, 16), act), lr=d.near(lr), optimizer="sgd", batch=batch, fields=fields
            )

        extra = "".join(f", {name} {value}" for name, value in fields.items())
        return Recipe(f"{act}, {kind}, sgd{extra}, batch {batch}", make, steps)

    return [
        sgd("tanh", "moons", 0.5, 32, 400),
        sgd("relu", "circles", 0.3, "all", 500),
        sgd("relu", "moons", 0.05, 1, 800),
        sgd("tanh", "circles", 0.1, 1, 2500),
        sgd("relu", "xor", 0.1, 4, 800),
        sgd("leaky_relu", "xor", 0.2, 16, 600),
        sgd("relu", "moons", 0.1, 64, 300, momentum=0.9),
        sgd("tanh", "circles", 0.1, "all", 400, momentum=0.9),
        sgd("elu", "moons", 0.05, 32, 300, momentum=0.9, nesterov=True),
        sgd("tanh", "xor", 0.5, "all", 1200),
        sgd("sigmoid", "moons", 1.0, 32, 800),
        sgd("tanh", "moons", 2.0, "all", 400),
        sgd("leaky_relu", "circles", 0.1, 2, 1200),
        sgd("relu", "xor", 0.05, 8, 800, momentum=0.9),
    ]


def _deep() -> list[Recipe]:
    def deep(act: str, depth: int, kind: str, lr: float, steps: int = 400, **more: Any) -> Recipe:
        def make(d: Draw) -> JSON:
            return plane(d, kind, mlp(depth, d.of(16, 20, 24), act, **more), lr=d.near(lr))

        extra = "".join(f", {value}" for value in more.values())
        return Recipe(f"{act}, {kind}, depth {depth}{extra}, adam", make, steps)

    return [
        deep("relu", 4, "circles", 0.003),
        deep("relu", 6, "moons", 0.003),
        deep("relu", 8, "circles", 0.002),
        deep("relu", 10, "moons", 0.002),
        deep("tanh", 4, "xor", 0.003),
        deep("tanh", 6, "moons", 0.003),
        deep("tanh", 10, "circles", 0.002),
        deep("selu", 8, "moons", 0.002),
        deep("elu", 6, "circles", 0.002),
        deep("leaky_relu", 10, "xor", 0.002),
        deep("gelu", 6, "xor", 0.003),
        deep("sigmoid", 2, "moons", 0.02, 600),
        deep("sigmoid", 3, "moons", 0.02, 800),
        deep("sigmoid", 4, "moons", 0.02, 1200),
        deep("tanh", 2, "circles", 0.05),
        deep("relu", 2, "moons", 0.05),
        deep("sigmoid", 5, "circles", 0.01, norm="batch_norm"),
        deep("sigmoid", 8, "moons", 0.01, norm="batch_norm"),
        deep("tanh", 6, "circles", 0.005, norm="layer_norm"),
        deep("relu", 4, "xor", 0.005, norm="batch_norm"),
        Recipe(
            "relu, depth 5, batch 4",
            lambda d: plane(d, "moons", mlp(5, 16, "relu"), lr=d.near(0.002), batch=4),
            1000,
        ),
        Recipe(
            "tanh, depth 5, sgd",
            lambda d: plane(d, "moons", mlp(5, 16, "tanh"), lr=d.near(0.2), optimizer="sgd"),
            800,
        ),
        Recipe(
            "residual, 6 blocks of tanh", lambda d: plane(d, "circles", residual(6, 12, "tanh"), lr=d.near(0.003)), 400
        ),
        Recipe(
            "residual, 10 blocks of relu", lambda d: plane(d, "moons", residual(10, 8, "relu"), lr=d.near(0.001)), 400
        ),
    ]


def on_digits(d: Draw, graph: JSON, scale: float = 1 / 16, **more: Any) -> JSON:
    data: JSON = {"kind": "digits", "seed": d.seed}
    more.setdefault("loss", "cross_entropy")
    return project(data if scale == 1 else d.moved(data, scale), graph, seed=d.seed, **more)


def _classes() -> list[Recipe]:
    return [
        Recipe("digits as they are, relu, adam", lambda d: on_digits(d, mlp(1, 32, "relu", 10), 1, lr=d.near(0.003))),
        Recipe(
            "digits, relu, two layers, sgd",
            lambda d: on_digits(d, mlp(2, 48, "relu", 10), lr=d.near(0.2), optimizer="sgd"),
        ),
        Recipe(
            "digits, tanh, drawn softmax",
            lambda d: on_digits(d, mlp(1, 32, "tanh", 10, ends=({"kind": "softmax"},)), lr=d.near(0.005)),
        ),
        Recipe("digits, sigmoid, adam", lambda d: on_digits(d, mlp(1, 32, "sigmoid", 10), lr=d.near(0.01))),
        Recipe("digits, no hidden layer", lambda d: on_digits(d, chain(dense(10)), lr=d.near(0.02))),
        Recipe("digits, squared error", lambda d: on_digits(d, mlp(1, 48, "relu", 10), lr=d.near(0.003), loss="mse")),
        Recipe("digits, dropout", lambda d: on_digits(d, mlp(2, 64, "relu", 10, dropout=0.3), lr=d.near(0.003))),
        Recipe(
            "blobs of four, tanh",
            lambda d: project(
                d.toy("blobs", classes=4), mlp(1, 8, "tanh", 4), "cross_entropy", d.near(0.02), seed=d.seed
            ),
        ),
        Recipe(
            "blobs, logistic regression, drawn sigmoid",
            lambda d: project(d.toy("blobs"), chain(dense(1), {"kind": "sigmoid"}), lr=d.near(0.05), seed=d.seed),
        ),
        Recipe(
            "blobs, trained until sure of itself",
            lambda d: project(
                d.toy("blobs", noise=0.15), mlp(1, 12, "tanh"), lr=d.near(0.03), batch="all", seed=d.seed
            ),
            900,
        ),
        Recipe(
            "flowers, relu",
            lambda d: project(d.flowers(), mlp(1, 12, "relu", 3), "cross_entropy", d.near(0.01), seed=d.seed),
        ),
        Recipe(
            "flowers, no hidden layer, sgd",
            lambda d: project(d.flowers(), chain(dense(3)), "cross_entropy", d.near(0.1), "sgd", seed=d.seed),
        ),
        Recipe(
            "noisy moons, the rest cannot be learnt",
            lambda d: project(
                d.toy("moons", noise=0.25, samples=800) | {"samples": 800},
                mlp(1, 12, "relu"),
                lr=d.near(0.01),
                seed=d.seed,
            ),
            500,
        ),
        Recipe(
            "maxout, circles",
            lambda d: plane(
                d, "circles", chain({"kind": "maxout", "units": 8, "init": "he_normal"}, dense(1)), lr=d.near(0.02)
            ),
        ),
        Recipe(
            "spiral, relu, wide",
            lambda d: project(d.toy("spiral", turns=1.0, noise=0.02), mlp(2, 48, "relu"), lr=d.near(0.01), seed=d.seed),
            600,
        ),
    ]


def _numbers() -> list[Recipe]:
    """Regression."""
    return [
        Recipe("wave, tanh", lambda d: project(d.wave(), mlp(1, 16, "tanh"), "mse", d.near(0.02), seed=d.seed), 500),
        Recipe(
            "wave, relu, two layers",
            lambda d: project(d.wave(), mlp(2, 24, "relu"), "mse", d.near(0.005), seed=d.seed),
            500,
        ),
        Recipe(
            "wave, sgd with momentum",
            lambda d: project(
                d.wave(0.1), mlp(1, 24, "tanh"), "mse", d.near(0.05), "sgd", seed=d.seed, fields={"momentum": 0.9}
            ),
            500,
        ),
        Recipe("noisy wave", lambda d: project(d.wave(0.4), mlp(1, 16, "tanh"), "mse", d.near(0.02), seed=d.seed), 400),
        Recipe(
            "linear regression, sgd",
            lambda d: project(d.slope(), chain(dense(2)), "mse", d.near(0.1), "sgd", seed=d.seed),
        ),
        Recipe(
            "linear regression, deep linear",
            lambda d: project(d.slope(), mlp(3, 12, "", 2), "mse", d.near(0.01), seed=d.seed),
        ),
        Recipe(
            "autoencoder of digits",
            lambda d: project(
                _digits_to_themselves(d),
                chain(dense(24), {"kind": "tanh"}, dense(64)),
                "mse",
                d.near(0.01),
                seed=d.seed,
            ),
            500,
        ),
    ]


def _digits_to_themselves(d: Draw) -> JSON:
    from engine.data.digits import Digits

    x = Digits(seed=d.seed).load(d.folder).x[:400] / 16
    return d.npz(x, x)


def _settings() -> list[Recipe]:
    """Schedules, early stopping, dropout, penalties, frozen layers and unusual first weights that do no harm."""

    def with_schedule(kind: str, **fields: Any) -> Recipe:
        def make(d: Draw) -> JSON:
            return plane(d, "moons", mlp(2, 12, "relu"), lr=d.near(0.02), schedule={"kind": kind, **fields})

        return Recipe(f"schedule {kind}", make, 400)

    return [
        with_schedule("cosine", period=40.0),
        with_schedule("cosine", period=10.0, growth=2.0),
        with_schedule("step", period=15.0, gamma=0.3),
        with_schedule("exponential", gamma=0.95),
        with_schedule("plateau", patience=3),
        with_schedule("cyclic", period=8.0),
        with_schedule("constant", warmup=5.0, warmup_from=0.01),
        Recipe(
            "early stopping",
            lambda d: plane(d, "moons", mlp(1, 16, "relu"), lr=d.near(0.02), early_stopping={"patience": 20}),
            400,
        ),
        Recipe("dropout, wide", lambda d: plane(d, "circles", mlp(2, 48, "relu", dropout=0.3), lr=d.near(0.01)), 400),
        Recipe(
            "L2", lambda d: plane(d, "moons", mlp(1, 16, "tanh"), lr=d.near(0.02), regularization={"l2": 0.001}), 400
        ),
        Recipe("clipped", lambda d: plane(d, "circles", mlp(2, 16, "relu"), lr=d.near(0.01), clip_norm=1.0), 400),
        Recipe(
            "last layer starts at zero",
            lambda d: plane(d, "moons", mlp(1, 16, "relu", last={"init": "zeros"}), lr=d.near(0.02)),
            400,
        ),
        Recipe(
            "small first weights, shallow",
            lambda d: plane(d, "circles", mlp(1, 16, "tanh", init="normal", init_std=0.1), lr=d.near(0.02)),
            500,
        ),
        Recipe(
            "small first weights, two layers",
            lambda d: plane(d, "moons", mlp(2, 16, "relu", init="normal", init_std=0.1), lr=d.near(0.01)),
            500,
        ),
        Recipe(
            "frozen first layer",
            lambda d: plane(
                d,
                "circles",
                chain(dense(64, trainable=False), {"kind": "relu"}, dense(16, "he_normal"), {"kind": "relu"}, dense(1)),
                lr=d.near(0.01),
            ),
            400,
        ),
        Recipe(
            "inputs ten times as large, small rate",
            lambda d: project(
                d.moved(d.toy("moons", noise=0.1), 4.0), mlp(2, 16, "relu"), lr=d.near(0.005), seed=d.seed
            ),
            400,
        ),
        Recipe(
            "four points of XOR, a long plateau",
            lambda d: project(
                d.npz(*_four_points(), *_four_points()),
                mlp(1, 4, "tanh"),
                lr=d.near(0.5),
                optimizer="sgd",
                batch="all",
                seed=d.seed,
            ),
            1500,
        ),
        Recipe("sigmoid, xor, a long plateau", lambda d: plane(d, "xor", mlp(1, 12, "sigmoid"), lr=d.near(0.03)), 900),
    ]


def _four_points() -> tuple[Any, Any]:
    import numpy as np

    x = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    return x, np.array([0, 1, 1, 0])


HEALTHY = (*_activations(), *_optimizers(), *_deep(), *_classes(), *_numbers(), *_settings())
