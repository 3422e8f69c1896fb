"""Gradient noise of a linear net against its closed form, example by example, and the cosines of real steps."""

from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import noise as probe
from engine.probes.noise import BATCHES, Noise, chosen, noise_scale
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

LINEAR: list[dict[str, object]] = [{"id": "out", "kind": "dense", "units": 1}]
DATA: dict[str, object] = {"kind": "noise", "shape": [3], "targets": 1, "samples": 60, "validation": 0.0}
DEEP: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "n1", "kind": "batch_norm"},
    {"id": "a1", "kind": "relu"},
    {"id": "d1", "kind": "dropout", "rate": 0.5},
    {"id": "out", "kind": "dense", "units": 2},
]
CLASSES: dict[str, object] = {"kind": "noise", "shape": [4], "classes": 2, "samples": 50, "validation": 0.0}


def trainer(steps: int = 3, **training: Any) -> Trainer:
    made = Trainer(project(LINEAR, "mse", DATA, batch_size=7, **training), dtype="float64")
    for _ in range(steps):
        made.update()
    return made


def gradients(made: Trainer) -> np.ndarray:
    """Of each example (n, 4): ∂(w·x + b - y)²/∂(w, b)."""
    x, y, p = np.asarray(made.data.x), np.asarray(made.data.y).reshape(-1), made.network.parameters()
    off = x @ p["out.weight"][0] + p["out.bias"][0] - y
    return 2 * off[:, None] * np.column_stack([x, np.ones(len(x))])


def test_each_batch_is_off_by_what_its_examples_say() -> None:
    made = trainer()
    answer, each = Noise().measure(made), gradients(made)
    whole = each.mean(axis=0)
    assert (answer.step, answer.sample, answer.count, answer.reason) == (3, 60, 60, "")
    assert answer.length == pytest.approx(np.linalg.norm(whole), rel=1e-10)
    assert answer.sizes.tolist() == [1, 2, 4, 8, 16, 32]
    for i, size in enumerate(answer.sizes.tolist()):
        batches = [each[chosen(made.seed, 3, size, k, 60)].mean(axis=0) for k in range(BATCHES)]
        off = np.linalg.norm(np.array(batches) - whole, axis=1) / np.linalg.norm(whole)
        assert answer.relative[i] == pytest.approx(np.sqrt((off**2).mean()), rel=1e-9)
        assert (answer.low[i], answer.high[i]) == (pytest.approx(off.min()), pytest.approx(off.max()))


def test_it_falls_as_drawing_without_replacement_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "BATCHES", 1500)
    made = trainer()
    answer, each = Noise().measure(made), gradients(made)
    variance = np.trace(np.cov(each.T))  # unbiased: over n - 1
    assert answer.variance == pytest.approx(variance, rel=0.03)
    sizes, length = answer.sizes, np.linalg.norm(each.mean(axis=0))
    expected = np.sqrt(variance / sizes * (1 - sizes / 60)) / length
    np.testing.assert_allclose(answer.relative, expected, rtol=0.05)
    assert answer.scale == pytest.approx(variance / length**2, rel=0.03)
    # Without the correction the largest batch would seem noisier than it is.
    assert answer.relative[-1] < 0.75 * np.sqrt(variance / 32) / length


def test_the_noise_scale_takes_the_samples_own_noise_off() -> None:
    """Of 4 times as many examples the same gradient's length is mostly noise."""
    rng = np.random.default_rng(0)
    signal, spread, sample, count = np.array([1.0, 0.5]), 6.0, 100, 100_000
    variance, exact = 2 * spread**2, 2 * spread**2 / (signal @ signal)
    found = []
    for _ in range(4000):
        length = np.linalg.norm(signal + spread * rng.standard_normal(2) / np.sqrt(sample))
        found.append(1 / noise_scale(variance, length, sample, count))
    assert 1 / np.mean(found) == pytest.approx(exact, rel=0.1)
    assert noise_scale(4.0, 2.0, 50, 50) == 1.0
    assert noise_scale(400.0, 1.0, 50, 1000) == np.inf
    assert np.isnan(noise_scale(np.nan, 1.0, 50, 50))


def test_the_same_step_repeats_the_same_bits_and_another_seed_others() -> None:
    first, second = (Noise().measure(trainer()) for _ in range(2))
    assert first.relative.tobytes() == second.relative.tobytes()
    assert Noise().measure(trainer(4)).relative.tobytes() != first.relative.tobytes()
    one, other = chosen(0, 3, 8, 0, 60), chosen(1, 3, 8, 0, 60)
    assert sorted(one) != sorted(other)
    assert len(set(one.tolist())) == 8


def test_cosines_are_those_of_the_updates_own_gradients() -> None:
    made, other = trainer(0), trainer(0)
    work = Noise().begin(made)
    kept = []
    for _ in range(30):
        work.go_on(made)
        assert made.update() == other.update()
        if made.step_number >= work.look_at:
            work.look(made)
        kept.append(np.concatenate([g.ravel() for g in other.network.gradients().values()]))
    answer = work.answer(made)
    assert answer.steps.tolist() == list(range(1, 30))
    for step, cosine in zip(answer.steps.tolist(), answer.cosines.tolist(), strict=True):
        a, b = kept[step], kept[step - 1]
        assert cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-10)
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()


def test_who_is_seldom_there_compares_only_neighbours_and_keeps_first_and_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST_COSINES", 10)
    made = trainer(0)
    work = Noise().begin(made)
    for step in range(200):
        if step % 5 == 0:
            work.go_on(made)
        made.update()
        if made.step_number >= work.look_at:
            work.look(made)
    answer = work.answer(made)
    assert all(step % 5 == 1 for step in answer.steps.tolist())  # the update after an armed one
    assert len(answer.steps) <= 10
    assert (answer.steps[0], answer.steps[-1]) == (1, 196)


def test_steps_that_turn_back_are_seen() -> None:
    """Full batch at a rate near the edge: each step overshoots."""
    made = trainer(0, optimizer={"kind": "sgd", "lr": 0.1})
    made.set_batch_size("all")
    x = np.column_stack([np.asarray(made.data.x), np.ones(60)])
    steepest = float(np.linalg.eigvalsh(2 * x.T @ x / 60).max())
    for rate, turned in ((1.9 / steepest, True), (0.1 / steepest, False)):
        made.reset()
        made.set_learning_rate(rate)
        work = Noise().begin(made)
        for _ in range(60):
            work.go_on(made)
            made.update()
            if made.step_number >= work.look_at:
                work.look(made)
        assert bool(work.answer(made).cosines[-1] < -0.9) is turned


def test_dropout_and_batch_norm_belong_to_it_and_nothing_of_training_is_touched() -> None:
    made, other = (Trainer(project(DEEP, "cross_entropy", CLASSES, batch_size=8)) for _ in range(2))
    made.run(3)
    other.run(3)
    answer = Noise().measure(made)
    assert answer.relative[0] > answer.relative[-1] > 0
    assert made.run(5) == other.run(5)
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()


def test_what_is_no_number_and_what_is_too_large_do_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer()
    made.network.load_parameters({"out.weight": np.full((1, 3), np.nan), "out.bias": np.zeros(1)})
    answer = Noise().measure(made)
    assert np.isnan(answer.relative).all()
    assert np.isnan(answer.scale)
    monkeypatch.setattr(probe, "MOST_WEIGHTS", 3)
    refused = Noise().measure(made)
    assert refused.reason == "The noise is looked at in networks of up to 3 weights; this one has 4."
    frozen = [{**LINEAR[0], "trainable": False}, {"id": "a", "kind": "tanh"}]
    assert Noise().measure(Trainer(project(frozen, "mse", DATA))).reason == "Nothing is trained here."


def test_of_large_networks_fewer_examples_are_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "WORK", 40 * 4)
    answer = Noise().measure(trainer())
    assert (answer.sample, answer.count) == (40, 60)
    assert answer.sizes.tolist() == [1, 2, 4, 8, 16, 32]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_on_a_device_it_is_the_same(dtype: str) -> None:
    made = project(DEEP, "cross_entropy", CLASSES, batch_size=8)
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    answers = []
    for one in (there, here):
        work = Noise().begin(one)
        for _ in range(6):
            work.go_on(one)
            one.update()
            if one.step_number >= work.look_at:
                work.look(one)
        while work.wants(one):
            work.go_on(one)
        answers.append(work.answer(one))
    mine, theirs = answers
    assert mine.relative.tobytes() == theirs.relative.tobytes()
    assert mine.cosines.tobytes() == theirs.cosines.tobytes()
    assert len(mine.cosines) == 5
