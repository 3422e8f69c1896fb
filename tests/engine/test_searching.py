"""Optimizers that search: what theory says of them on quadratics, the conditions where they stop, and as a training."""

from itertools import pairwise
from math import sqrt

import numpy as np
import pytest

from engine.backend import open_backend
from engine.catalogue import OPTIMIZERS
from engine.export.torch import torch_source
from engine.optimizers import ConjugateGradient, Lbfgs, Newton, SteepestDescent
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, project
from tests.engine.test_trainer import DATA, LAYERS

SEARCHING = {
    "armijo": {"kind": "steepest_descent"},
    "wolfe": {"kind": "steepest_descent", "search": "wolfe"},
    "polak ribiere": {"kind": "conjugate_gradient"},
    "fletcher reeves": {"kind": "conjugate_gradient", "beta": "fletcher_reeves"},
    "lbfgs": {"kind": "lbfgs", "history": 4},
    "newton": {"kind": "newton"},
}
each = pytest.mark.parametrize("name", SEARCHING)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
HOST = open_backend("cpu", "float64")
COUNT = 6


class Function:
    """A function with its gradient, and what was asked of it."""

    def __init__(self, function):
        self.function, self.asked = function, 0

    def __call__(self, p):
        self.asked += 1
        return self.function(p)


def quadratic(seed=0, count=COUNT):
    """L = (p - c)·A (p - c) / 2 with eigenvalues from 1 to 100; and c."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.standard_normal((count, count)))
    a, c = axes @ np.diag(np.geomspace(1, 100, count)) @ axes.T, rng.standard_normal(count)
    return lambda p: (float((p - c) @ a @ (p - c) / 2), a @ (p - c)), c, a


def rosenbrock(p):
    """(1 - x)² + 100 (y - x²)², in pairs."""
    x, y = p[::2], p[1::2]
    gradient = np.empty_like(p)
    gradient[::2] = -2 * (1 - x) - 400 * x * (y - x**2)
    gradient[1::2] = 200 * (y - x**2)
    return float(((1 - x) ** 2 + 100 * (y - x**2) ** 2).sum()), gradient


def path(optimizer, function, start, steps):
    """The points after each of `steps` updates, the first one too."""
    state = tuple(np.zeros_like(start) for _ in optimizer.slots)
    points = [start]
    for _ in range(steps):
        value, gradient = function(points[-1])
        points.append(optimizer.update(HOST, function, points[-1], value, gradient.copy(), state, optimizer.lr))
    return points


def off(points, centre):
    return [float(np.linalg.norm(p - centre)) for p in points]


def test_the_table_has_every_kind():
    assert {case["kind"] for case in SEARCHING.values()} == {kind for kind, cls in OPTIMIZERS.items() if cls.searches}


# On quadratics


@pytest.mark.parametrize("beta", ["polak_ribiere", "fletcher_reeves"])
def test_conjugate_gradients_end_in_as_many_steps_as_there_are_parameters(beta):
    function, centre, _ = quadratic()
    exact = ConjugateGradient(beta=beta, c2=1e-10)
    away = off(path(exact, function, np.zeros(COUNT), COUNT), centre)
    assert away[COUNT] < 1e-8 * away[0]
    assert away[COUNT - 1] > 1e-3 * away[0]  # and in no fewer
    plain = off(path(SteepestDescent(search="wolfe", c2=1e-10), function, np.zeros(COUNT), COUNT), centre)
    assert plain[COUNT] > 0.1 * plain[0]  # the control: without conjugate directions


def test_lbfgs_goes_the_way_of_conjugate_gradients_on_a_quadratic():
    """With exact searches and room for all pairs (Nocedal and Wright, theorem 6.4)."""
    function, centre, _ = quadratic(3)
    ours, theirs = (
        path(made, function, np.zeros(COUNT), COUNT)
        for made in (Lbfgs(history=COUNT, c2=1e-10), ConjugateGradient(c2=1e-10))
    )
    np.testing.assert_allclose(ours[1:-1], theirs[1:-1], rtol=1e-5)
    assert off(ours, centre)[COUNT] < 1e-8
    forgetful = path(Lbfgs(history=1, c2=0.9), function, np.zeros(COUNT), COUNT)
    assert off(forgetful, centre)[COUNT] > 1e-3


def test_two_loops_are_the_matrix():
    """H ← (1 - ρ s yᵀ) H (1 - ρ y sᵀ) + ρ s sᵀ, from s·y / y·y (Nocedal and Wright, equations 7.16 and 7.20)."""
    rng = np.random.default_rng(1)
    _, _, a = quadratic(2)
    steps = tuple(rng.standard_normal((4, COUNT)))
    steps = (np.zeros(COUNT), *steps)  # a pair that is not there yet
    changes = tuple(a @ s for s in steps)
    g = rng.standard_normal(COUNT)
    s, y = steps[-1], changes[-1]
    h = np.eye(COUNT) * (s @ y) / (y @ y)
    for s, y in zip(steps[1:], changes[1:], strict=True):
        rho = 1 / (s @ y)
        left = np.eye(COUNT) - rho * np.outer(s, y)
        h = left @ h @ left.T + rho * np.outer(s, s)
    np.testing.assert_allclose(Lbfgs(history=5).direction(HOST, g, steps, changes), -h @ g, rtol=1e-10)


def test_newton_is_there_in_one_step():
    function, centre, a = quadratic(5)
    away = off(path(Newton(damping=0.0), function, np.zeros(COUNT), 1), centre)
    assert away[1] < 1e-8 * away[0]
    damped = off(path(Newton(damping=10.0), function, np.zeros(COUNT), 1), centre)
    assert damped[1] > 0.1 * damped[0]  # the control
    np.testing.assert_allclose(Newton().hessian(HOST, function, np.ones(COUNT)), a, rtol=1e-7, atol=1e-7)


def test_newton_leaves_a_saddle():
    def saddle(p):
        return float(p[0] ** 2 - p[1] ** 2), np.array([2 * p[0], -2 * p[1]])

    (_, after) = path(Newton(damping=0.0), saddle, np.array([1.0, 0.1]), 1)
    np.testing.assert_allclose(after, [0.0, 0.2], atol=1e-8)


# Where a search ends


@pytest.mark.parametrize(
    ("optimizer", "strong"),
    [
        (SteepestDescent(), False),
        (SteepestDescent(search="wolfe", c2=0.3), True),
        (ConjugateGradient(), True),
        (ConjugateGradient(beta="fletcher_reeves", c2=0.2), True),
        (Lbfgs(), True),
        (Lbfgs(c2=0.3, c1=0.2), True),
        (Newton(), False),
    ],
    ids=str,
)
def test_wolfe_s_conditions_hold_where_it_stops(optimizer, strong):
    def met(before, after):
        (value, gradient), (lower, there) = rosenbrock(before), rosenbrock(after)
        slope = gradient @ (after - before)  # α φ'(0)
        falls = slope < 0 and lower <= value + optimizer.c1 * slope + 1e-14 * abs(value)
        return falls and (not strong or abs(there @ (after - before)) <= optimizer.c2 * abs(slope) * (1 + 1e-9))

    function = Function(rosenbrock)
    start = np.array([-1.2, 1.0, 0.5, -1.5])
    points = path(optimizer, function, start, 25)
    assert all(met(before, after) for before, after in pairwise(points) if (after != before).any())
    assert rosenbrock(points[-1])[0] < rosenbrock(start)[0] / 5
    assert function.asked < 25 * 25
    # The control: steps down the gradient that are too long, and much too short.
    _, gradient = rosenbrock(start)
    assert not met(start, start - gradient)
    assert met(start, start - 1e-9 * gradient) != strong


@pytest.mark.parametrize("optimizer", [ConjugateGradient(), Lbfgs(), Newton()], ids=lambda made: made.kind())
def test_rosenbrock_s_valley_is_walked_to_its_end(optimizer):
    end = path(optimizer, rosenbrock, np.array([-1.2, 1.0]), 60)[-1]
    np.testing.assert_allclose(end, [1, 1], atol=1e-4)
    plain = path(SteepestDescent(), rosenbrock, np.array([-1.2, 1.0]), 60)[-1]
    assert np.abs(plain - 1).max() > 0.1


@pytest.mark.parametrize(
    "optimizer", [SteepestDescent(search="wolfe"), Lbfgs(), ConjugateGradient(), SteepestDescent()]
)
def test_a_wall_of_infinity_is_stepped_back_from(optimizer):
    def walled(p):
        if p[0] >= 1:
            return float("inf"), np.full(1, np.nan)
        return float(-np.log(1 - p[0]) - 2 * p[0]), np.array([1 / (1 - p[0]) - 2])  # least at 1/2

    start = np.array([0.9])
    end = path(optimizer, walled, start, 40)[-1]
    np.testing.assert_allclose(end, [0.5], atol=1e-3)


def test_at_the_minimum_it_stays():
    function, centre, _ = quadratic()
    for made in (SteepestDescent(), SteepestDescent(search="wolfe"), ConjugateGradient(), Lbfgs(), Newton()):
        np.testing.assert_array_equal(path(made, function, centre, 3)[-1], centre)


# As a training


def trainer(name, dtype="float32", **settings):
    return Trainer(on_noise(name, **settings), dtype=dtype)


def on_noise(name, **settings):
    return project(LAYERS, "cross_entropy", DATA, optimizer=SEARCHING[name], **{"batch_size": "all", **settings})


# What is refused and what is said


@pytest.mark.parametrize("clip", ["clip_norm", "clip_value"])
def test_clipping_has_no_place(clip):
    parts = on_noise("lbfgs").to_json()
    parts["training"][clip] = 1.0
    (problem,) = project_from(parts, on_noise("lbfgs").folder).problems()
    assert str(problem) == f"training.{clip}: must be off: lbfgs searches along the whole gradient"


def test_newton_is_for_small_networks():
    def problems(units, **dense):
        parts = on_noise("newton").to_json()
        parts["graph"]["nodes"][1] |= {"units": units, **dense}
        return [str(problem) for problem in project_from(parts, on_noise("newton").folder).problems()]

    # 4 · units + units, units · 5, 5 · 3 + 3
    assert problems(98) == []
    assert problems(99) == ["training.optimizer: newton wants at most 1000 numbers to train, the network has 1008"]
    assert problems(300, trainable=False)[0].endswith("the network has 1518")


@each
def test_the_exported_training_lowers_the_loss(name):
    torch = pytest.importorskip("torch")
    made = on_noise(name, epochs=8)
    source = torch_source(made)
    assert ("stands in for it" in source) == (name != "lbfgs")
    names = {"__name__": "exported"}
    exec(compile(source, "net.py", "exec"), names)
    torch.manual_seed(0)
    module = names["Case"]()
    data = made.data.load(made.folder)
    x, y = torch.from_numpy(data.x).float(), torch.from_numpy(data.y)
    criterion = torch.nn.CrossEntropyLoss()
    before = criterion(module(x), y).item()
    names["train"](module, x, y)
    assert criterion(module(x), y).item() < before - 0.05


# Rates of convergence


def bowl(folder, optimizer, kappa):
    """A trainer whose loss is Σ λ w² / 2 with λ from 1 to κ: one linear unit, examples along the axes, targets 0."""
    eigenvalues = np.geomspace(1, kappa, 5)
    np.savez(folder / "bowl.npz", x=np.diag(np.sqrt(eigenvalues * 5 / 2)), y=np.zeros((5, 1)))
    parts = {
        "format": "netviz-project",
        "version": 1,
        "data": {"kind": "npz", "path": "bowl.npz", "validation": 0.0},
        "graph": {
            "nodes": [{"id": "x", "kind": "input"}, {"id": "w", "kind": "dense", "units": 1, "bias": False}],
            "edges": [["x", "w"]],
        },
        "training": {"loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", **optimizer}, "batch_size": "all"},
    }
    made = Trainer(project_from(parts, folder), dtype="float64")
    made.network.load_parameters({"w.weight": np.ones((1, 5))})
    return made


def rate(made, first=300, last=500):
    """How much a step shortens the error, late in the training."""
    made.run(first)
    before = np.linalg.norm(made.network.parameters()["w.weight"])
    made.run(last - first)
    return float((np.linalg.norm(made.network.parameters()["w.weight"]) / before) ** (1 / (last - first)))


@pytest.mark.parametrize("kappa", [10, 50, 200])
def test_descent_converges_by_kappa(tmp_path, kappa):
    """(κ - 1) / (κ + 1) at η = 2 / (λ₁ + λₙ) (Polyak 1987, section 1.4)."""
    published = np.log((kappa - 1) / (kappa + 1))
    assert np.log(rate(bowl(tmp_path, {"lr": 2 / (1 + kappa)}, kappa))) == pytest.approx(published, rel=0.03)
    assert np.log(rate(bowl(tmp_path, {"lr": 1 / (1 + kappa)}, kappa))) != pytest.approx(published, rel=0.3)


@pytest.mark.parametrize("kappa", [10, 50, 200])
def test_the_heavy_ball_converges_by_the_root_of_kappa(tmp_path, kappa):
    """(√κ - 1) / (√κ + 1) at η = 4 / (√λ₁ + √λₙ)², μ = that rate's square (Polyak 1964)."""
    root = sqrt(kappa)
    best = (root - 1) / (root + 1)
    ball = {"lr": 4 / (1 + root) ** 2, "momentum": best**2}
    assert np.log(rate(bowl(tmp_path, ball, kappa))) == pytest.approx(np.log(best), rel=0.05)
    heavier = {**ball, "momentum": best}
    assert np.log(rate(bowl(tmp_path, heavier, kappa))) != pytest.approx(np.log(best), rel=0.3)


def test_a_change_too_small_for_float32_is_left_out():
    backend = open_backend("cpu", "float32")
    g, step = backend.ones(3), backend.ones(3)
    tiny = 1e-25 * backend.ones(3)
    assert float(tiny.dot(tiny)) == 0 < float(step.dot(tiny))
    np.testing.assert_array_equal(Lbfgs().direction(backend, g, (step,), (tiny,)), -g)
