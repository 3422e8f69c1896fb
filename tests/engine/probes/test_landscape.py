"""The landscape against losses of weights put together by hand, closed forms, and NumPy for directions and paths."""

from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.network import Network
from engine.probes import landscape as probe
from engine.probes import weight_path
from engine.probes.landscape import SIZE, Landscape, LandscapeAnswer, LandscapeWork, PlaneOf
from engine.random import generator
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

Layers = list[dict[str, object]]
NET: Layers = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "n1", "kind": "batch_norm"},
    {"id": "a1", "kind": "tanh"},
    {"id": "d1", "kind": "dropout", "rate": 0.5},
    {"id": "out", "kind": "dense", "units": 3},
]
DATA: dict[str, object] = {"kind": "noise", "shape": [4], "classes": 3, "samples": 50, "validation": 0.0}
TWO: Layers = [{"id": "out", "kind": "dense", "units": 1, "bias": False, "init": "zeros"}]
PLANE: dict[str, object] = {"kind": "surface", "surface": "plane", "samples": 60, "validation": 0.0}


def net(layers: Layers = NET, **training: Any) -> Trainer:
    settings = {"batch_size": 8, "optimizer": {"kind": "sgd", "lr": 0.1}, **training}
    return Trainer(project(layers, "cross_entropy", DATA, **settings), dtype="float64")


def two(**training: Any) -> Trainer:
    settings = {"batch_size": "all", "optimizer": {"kind": "sgd", "lr": 0.1}, **training}
    return Trainer(project(TWO, "mse", PLANE, **settings), dtype="float64")


def walked(made: Trainer, work: LandscapeWork, steps: int) -> list[np.ndarray]:
    """The weights after each of `steps`, which the work sees where it wants to; the first are those of now."""
    way = [made.parameters.values[: made.parameters.trained].copy()]
    for _ in range(steps):
        made.update()
        way.append(made.parameters.values[: made.parameters.trained].copy())
        if made.step_number >= work.look_at:
            work.look(made)
    return way


def finished(made: Trainer, work: LandscapeWork) -> LandscapeAnswer:
    while work.wants(made):
        work.go_on(made)
    return work.answer(made)


def loss_at(made: Trainer, **changed: np.ndarray) -> float:
    """The training loss with other weights, computed by a network of its own, from raw examples."""
    other = Network(made.project, made.backend)
    other.preprocess.take(made.network.preprocess.state())
    other.load_parameters({**made.network.state(), **changed})
    return other.score([(made.training_rows, made.first_rows(10_000)[1])]).loss


def directions(weights: dict[str, np.ndarray], seed: int, number: int) -> dict[str, np.ndarray]:
    """Li et al. 2018, written anew: each row as long as the row of the weights; vectors rest."""
    made = {}
    for name, weight in weights.items():
        made[name] = np.zeros_like(weight)
        if weight.ndim == 2:
            drawn = generator(seed, "landscape", name, number).standard_normal(weight.shape)
            for i, row in enumerate(drawn):
                made[name][i] = row / np.linalg.norm(row) * np.linalg.norm(weight[i])
    return made


# Random planes


@pytest.mark.parametrize(("seed", "reach"), [(0, 1.0), (5, 0.25)])
def test_a_random_plane_holds_the_losses_of_its_weights(seed: int, reach: float) -> None:
    made = net()
    made.run(9)
    answer = Landscape(seed=seed, reach=reach).measure(made)
    assert (answer.plane, answer.bounds, answer.step) == (PlaneOf.RANDOM, (-reach, reach, -reach, reach), 9)
    assert (answer.points, answer.wanted, answer.examples, answer.count) == (SIZE**2, SIZE**2, 50, 50)
    assert answer.values.shape == (SIZE, SIZE)
    weights = made.network.parameters()
    across, up = (directions(weights, seed, k) for k in (0, 1))
    for row, column in ((16, 16), (0, 0), (0, 32), (32, 5), (7, 21), (31, 30)):
        x, y = (reach * (2 * k / 32 - 1) for k in (column, row))
        moved = {name: weights[name] + x * across[name] + y * up[name] for name in weights}
        assert answer.values[row, column] == pytest.approx(loss_at(made, **moved), rel=1e-10)
    assert answer.values[16, 16] == pytest.approx(made.evaluate()[0].loss, rel=1e-12)


def test_the_picture_is_refined_and_each_pass_is_told() -> None:
    made = net()
    work = Landscape().begin(made)
    assert work.answer(made).values is None
    whole = Landscape().measure(made).values
    seen: dict[int, int] = {}
    while work.wants(made):
        work.go_on(made)
        answer = work.answer(made)
        if answer.values is None:
            assert answer.points <= 26
            continue
        n = len(answer.values)
        seen[n] = seen.get(n, 0) + 1
        exact = whole[:: (SIZE - 1) // (n - 1), :: (SIZE - 1) // (n - 1)]
        same = answer.values == exact
        assert same.sum() >= min(answer.points - 1, n * n)
        assert n == 5 or same[::2, ::2].all()
        middles = (exact[:-2:2, ::2] + exact[2::2, ::2]) / 2  # what is not known yet is taken from its neighbours
        assert (same[1::2, ::2] | (answer.values[1::2, ::2] == middles)).all()
    assert sorted(seen) == [9, 17, 33]  # 5 × 5 are there with the first point of the next pass
    assert work.answer(made).values.tobytes() == whole.tobytes()


def test_it_follows_training_or_stays_as_asked() -> None:
    for follows in (True, False):
        made = net()
        work = Landscape(follows=follows).begin(made)
        first = finished(made, work)
        walked(made, work, 5)
        last = finished(made, work)
        assert last.step == (5 if follows else 0)
        assert last.steps.tolist() == [0, 1, 2, 3, 4, 5]
        if not follows:
            assert last.values.tobytes() == first.values.tobytes()
            again = Landscape(follows=False, number=1).begin(made, work)
            assert again.answer(made).values.tobytes() == first.values.tobytes()  # until the new one has come so far
            assert finished(made, again).step == 5
            assert again.answer(made).steps.tolist() == [0, 1, 2, 3, 4, 5]


def test_the_path_is_laid_on_the_plane_and_what_is_off_it_is_said() -> None:
    made = net(NET[:1] + NET[-1:])
    work = Landscape(follows=False).begin(made)
    weights = made.network.parameters()
    across, up = (np.concatenate([v.ravel() for v in directions(weights, 0, k).values()]) for k in (0, 1))
    finished(made, work)
    way: list[np.ndarray] = [np.concatenate([v.ravel() for v in weights.values()])]
    for _ in range(4):
        walked(made, work, 1)
        way.append(np.concatenate([v.ravel() for v in made.network.parameters().values()]))
    assert work.answer(made).steps.tolist() == [0, 4]  # now, and what there was time for
    answer = finished(made, work)
    assert answer.steps.tolist() == [0, 1, 2, 3, 4]
    plane = np.stack([across, up], axis=1)
    for step, place, off in zip(answer.steps.tolist(), answer.places, answer.off, strict=True):
        moved = way[step] - way[0]
        nearest, rest, *_ = np.linalg.lstsq(plane, moved, rcond=None)
        np.testing.assert_allclose(place, nearest, atol=1e-12)
        assert off == pytest.approx(np.sqrt(rest[0]), abs=1e-12)


# The path's plane


def test_the_paths_plane_is_that_of_its_principal_directions() -> None:
    made = net(NET[:1] + NET[-1:])
    work = Landscape(PlaneOf.PATH).begin(made)
    assert not work.wants(made)
    assert work.answer(made).reason == "Press play: the plane of the path wants a few steps."
    way = np.array(walked(made, work, 30))
    answer = finished(made, work)
    off = way - way[-1]
    _, sizes, axes = np.linalg.svd(off, full_matrices=False)
    expected = off @ axes[:2].T
    expected *= np.where(expected[0] > 0, -1, 1)  # it comes from the left, from below
    np.testing.assert_allclose(answer.places, expected, atol=1e-9)
    np.testing.assert_allclose(answer.shares, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-9)
    np.testing.assert_allclose(answer.off, np.linalg.norm(off - off @ axes[:2].T @ axes[:2], axis=1), atol=1e-9)
    left, right, low, high = answer.bounds
    assert left < expected[:, 0].min() < expected[:, 0].max() < right
    assert low < expected[:, 1].min() < expected[:, 1].max() < high
    # Its losses are those of weights put together from the same axes.
    signs = np.sign((off @ axes[:2].T)[0] * expected[0])
    for row, column in ((0, 0), (20, 11), (32, 32)):
        x, y = left + (right - left) * column / 32, low + (high - low) * row / 32
        flat = way[-1] + x * signs[0] * axes[0] + y * signs[1] * axes[1]
        views = {name: np.array(view) for name, view in made.parameters.named(flat)}
        assert answer.values[row, column] == pytest.approx(loss_at(made, **views), rel=1e-8)


def test_a_path_that_fills_no_plane_is_said_and_tried_again_later() -> None:
    made = two(optimizer={"kind": "sgd", "lr": 1e-30})
    layers: Layers = [{"id": "out", "kind": "dense", "units": 1, "init": "zeros"}]
    made = Trainer(project(layers, "mse", PLANE, optimizer={"kind": "sgd", "lr": 1e-300}, batch_size="all"))
    work = Landscape(PlaneOf.PATH).begin(made)
    walked(made, work, 5)
    answer = finished(made, work)
    assert answer.values is None
    assert answer.reason == "The path does not fill a plane so far."
    made.set_learning_rate(0.1)
    walked(made, work, 5)
    assert finished(made, work).reason == ""


def test_a_long_path_is_thinned_and_keeps_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_path, "MOST", 16)
    made = net()
    work = Landscape(follows=False).begin(made)
    finished(made, work)
    walked(made, work, 501)
    steps = finished(made, work).steps.tolist()
    assert (steps[0], steps[-1]) == (0, 501)
    assert 8 <= len(steps) <= 17
    assert len(set(np.diff(steps)[:-1])) <= 2
    monkeypatch.setattr(weight_path, "MEMORY", 100)
    refused = Landscape(PlaneOf.PATH).begin(made)
    assert "too long to keep" in refused.answer(made).reason
    random = Landscape().measure(made)
    assert random.steps.tolist() == [501]
    assert random.reason == "Of so many weights no path is kept."


# Two weights


def test_of_two_weights_the_plane_is_theirs_and_the_loss_is_its_closed_form() -> None:
    made = two()
    answer = Landscape().measure(made)
    assert (answer.plane, answer.names) == (PlaneOf.WEIGHTS, ("out.weight[0, 0]", "out.weight[0, 1]"))
    x = np.asarray(made.data.x, np.float64)
    y = x.sum(axis=1) / 2
    left, right, low, high = answer.bounds
    w1, w2 = np.meshgrid(np.linspace(left, right, SIZE), np.linspace(low, high, SIZE))
    expected = ((w1[..., None] * x[:, 0] + w2[..., None] * x[:, 1] - y) ** 2).mean(axis=-1)
    np.testing.assert_allclose(answer.values, expected, rtol=1e-10)


def test_the_path_of_descent_on_a_quadratic_is_exact() -> None:
    """w(t) = w* - (1 - η H)ᵗ w*, with H = 2 XᵀX / n."""
    made = two()
    work = Landscape().begin(made)
    walked(made, work, 40)
    answer = finished(made, work)
    x = np.asarray(made.data.x, np.float64)
    hessian, best = 2 * x.T @ x / len(x), np.array([0.5, 0.5])
    turn, place = np.eye(2) - 0.1 * hessian, -best
    for step, (where, off) in enumerate(zip(answer.places, answer.off, strict=True)):
        np.testing.assert_allclose(where, best + place, atol=1e-12)
        assert off < 1e-12
        assert answer.steps[step] == step
        place = turn @ place
    left, right, low, high = answer.bounds
    assert right - left == high - low
    assert (answer.places > (left, low)).all()
    assert (answer.places < (right, high)).all()


def test_a_path_that_leaves_the_plane_is_drawn_anew_and_one_that_stays_is_not() -> None:
    made = two()
    work = Landscape().begin(made)
    first = finished(made, work)
    walked(made, work, 3)
    assert finished(made, work).bounds == first.bounds
    made.network.load_parameters({"out.weight": np.array([[7.0, -3.0]])})
    walked(made, work, 1)
    last = finished(made, work)
    assert last.bounds != first.bounds
    left, right, low, high = last.bounds
    assert left < last.places[:, 0].min() < last.places[:, 0].max() < right
    assert low < last.places[:, 1].min() < last.places[:, 1].max() < high
    assert not work.wants(made)


def test_a_plane_that_is_shared_shows_at_least_what_it_should() -> None:
    made = two()
    before = Landscape().begin(made)
    first = finished(made, before)
    wider = Landscape(bounds=(-3.0, 0.0, -1.0, 1.0)).begin(made, before)
    answer = finished(made, wider)
    left, right, low, high = answer.bounds
    assert (left, right) == (-3.0, first.bounds[1])
    assert high - low == right - left
    assert low < -1 < 1 < high
    assert answer.steps.tolist() == first.steps.tolist()


# What it must not do


@pytest.mark.parametrize("plane", [PlaneOf.RANDOM, PlaneOf.PATH])
def test_training_is_the_same_to_the_bit(plane: PlaneOf) -> None:
    made, other = (Trainer(project(NET, "cross_entropy", DATA, batch_size=8)) for _ in range(2))
    work = Landscape(plane).begin(made)
    for _ in range(60):
        for _ in range(7):
            if work.wants(made):
                work.go_on(made)
        assert made.update() == other.update()
        if made.step_number >= work.look_at:
            work.look(made)
    mine, theirs = made.snapshot(), other.snapshot()
    assert mine.values.tobytes() == theirs.values.tobytes()
    assert made.step(layers=True) == other.step(layers=True)


def test_losses_that_are_no_number_are_drawn_and_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = net()
    made.network.load_parameters({**made.network.parameters(), "out.bias": np.array([np.nan, 0, 0])})
    answer = Landscape().measure(made)
    assert np.isnan(answer.values).all()
    assert np.isnan(answer.off).all() or (answer.off >= 0).any()
    monkeypatch.setattr(probe, "MOST_WEIGHTS", 10)
    assert Landscape().measure(made).reason == "The landscape is drawn for up to 10 weights; here are 63."
    monkeypatch.undo()
    frozen: Layers = [{"id": "h1", "kind": "dense", "units": 3, "trainable": False}]
    assert Landscape().measure(net(frozen)).reason == "Nothing is trained here."
    slopes: Layers = [*frozen, {"id": "a1", "kind": "prelu"}]
    assert "a matrix" in Landscape().measure(net(slopes)).reason


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("plane", [PlaneOf.RANDOM, PlaneOf.PATH, PlaneOf.WEIGHTS])
def test_on_a_device_it_is_the_same(plane: PlaneOf, dtype: str) -> None:
    made = project(NET, "cross_entropy", DATA, batch_size=8)
    if plane is PlaneOf.WEIGHTS:
        made = project(TWO, "mse", PLANE, batch_size=8)
    answers = []
    for one in (Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)):
        work = Landscape(plane).begin(one)
        for _ in range(5):
            one.update()
            if one.step_number >= work.look_at:
                work.look(one)
        answers.append(finished(one, work))
    mine, theirs = answers
    assert mine.values.tobytes() == theirs.values.tobytes()
    assert mine.places.tobytes() == theirs.places.tobytes()
    assert mine.bounds == theirs.bounds
    assert len(mine.steps) == 6
