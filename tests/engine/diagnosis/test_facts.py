"""What is known before the first step, against plain computations."""

from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.diagnosis.facts import Facts, facts
from engine.trainer import Trainer
from tests.engine.diagnosis.nets import JSON, chained, deep, project


def known(graph: JSON, **more: Any) -> Facts:
    return facts(Trainer(project(graph, **more), dtype="float64"))


def npz(folder: Path, x: Any, y: Any) -> JSON:
    np.savez(folder / "data.npz", x=x, y=y)
    return {"kind": "npz", "path": "data.npz", "validation": 0.0}


@pytest.mark.parametrize(
    ("act", "init", "scale"),
    [
        ("relu", "he_normal", 1.0),
        ("tanh", "lecun_normal", 1.0),
        ("relu", "lecun_normal", 1 / sqrt(2)),
        ("leaky_relu", "he_uniform", 1.0),
        ("sigmoid", "he_normal", sqrt(2)),
    ],
)
def test_weights_that_keep_a_signals_scale_have_scale_one(act: str, init: str, scale: float) -> None:
    rungs = known(deep(3, 200, act, init=init)).rungs
    assert [rung.node for rung in rungs] == ["h1", "h2", "h3", "out"]
    assert [rung.hidden for rung in rungs] == [True, True, True, False]
    assert [rung.scale for rung in rungs[1:3]] == pytest.approx([scale] * 2, rel=0.02)
    weights = Trainer(project(deep(3, 200, act, init=init)), dtype="float64").network.parameters()
    plain = [np.linalg.norm(weights[f"{rung.node}.weight"]) / rung.ideal for rung in rungs]
    assert [rung.scale for rung in rungs] == pytest.approx(plain, rel=1e-12)


def test_what_follows_is_found_past_dropout_and_a_norm_frees_from_any_scale() -> None:
    graph = chained(
        {"id": "h1", "kind": "dense", "units": 8},
        {"id": "d", "kind": "dropout", "rate": 0.5},
        {"id": "a1", "kind": "relu"},
        {"id": "h2", "kind": "dense", "units": 8, "trainable": False},
        {"id": "n", "kind": "batch_norm"},
        {"id": "a2", "kind": "tanh"},
        {"id": "out", "kind": "dense", "units": 1},
        {"id": "p", "kind": "sigmoid"},
    )
    found = known(graph)
    first, second, last = found.rungs
    assert first.ideal == pytest.approx(sqrt(2) * sqrt(8))
    assert (first.free, second.free, last.free) == (True, False, True)
    assert (first.trains, second.trains) == (True, False)
    assert (found.rectifiers, found.plateaus) == (("a1",), ("a2",))  # the drawn output may be as sure as it likes


def test_the_losses_of_guessing_are_those_of_the_best_constant(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((90, 2)), (np.arange(90) % 3 == 0).astype(np.int64)
    share = 1 / 3
    data = npz(tmp_path, x, y)
    single = {"id": "out", "kind": "dense", "units": 1}
    found = known(chained(single), data=data, folder=tmp_path)
    assert found.guess == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share))
    assert found.blank == pytest.approx(np.log(2))
    pair = {"id": "out", "kind": "dense", "units": 2}
    found = known(chained(pair), data=data, folder=tmp_path, loss="cross_entropy")
    assert found.guess == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share))
    assert found.naive == pytest.approx(np.log(2))
    numbers = 5 + rng.standard_normal((90, 2))
    found = known(chained(pair), data=npz(tmp_path, x, numbers), folder=tmp_path, loss="mse")
    assert found.guess == pytest.approx(numbers.var(axis=0).mean())
    assert found.blank == pytest.approx((numbers**2).mean())


def test_the_inputs_scale_is_that_of_the_largest_feature(tmp_path: Path) -> None:
    x = np.array([[3.0, 0.1, 7.0], [-3.0, 0.3, 7.0]] * 10)
    out = chained({"id": "out", "kind": "dense", "units": 1})
    found = known(out, data=npz(tmp_path, x, np.arange(20) % 2), folder=tmp_path)
    assert found.input_rms == pytest.approx(7.0)
    assert found.input_ratio == pytest.approx(30.0)  # the constant feature has no spread
    assert not found.validates
    assert found.examples == 20


def test_codes_for_an_embedding_have_no_scale_and_its_vectors_no_rung(tmp_path: Path) -> None:
    data = npz(tmp_path, np.arange(60.0).reshape(20, 3), np.arange(20) % 2)
    embedding = {"id": "e", "kind": "embedding", "vocabulary": 60, "dim": 2}
    rest = ({"id": "r", "kind": "gru", "units": 3}, {"id": "out", "kind": "dense", "units": 1})
    found = known(chained(embedding, *rest), data=data, folder=tmp_path)
    assert (found.input_rms, found.input_ratio) == (0.0, 1.0)
    assert [rung.node for rung in found.rungs] == ["out"]
    flat = chained({"id": "steps", "kind": "reshape", "shape": [3, 1]}, *rest)
    assert known(flat, data=data, folder=tmp_path).input_rms > 5


SAME = {"init": "constant", "init_value": 0.3}


def alike(second: JSON, between: tuple[JSON, ...] = ()) -> tuple[str, ...]:
    return known(
        chained(
            {"id": "h1", "kind": "dense", "units": 4, **SAME},
            {"id": "a1", "kind": "tanh"},
            *between,
            {"id": "out", "kind": "dense", "units": 1, **second},
        )
    ).alike


def test_units_are_alike_only_if_they_are_in_and_out_and_nothing_tells_them_apart() -> None:
    assert alike(SAME) == ("h1",)
    assert alike({"init": "zeros"}) == ("h1",)
    assert alike({}) == ()
    assert alike(SAME, ({"id": "d", "kind": "dropout", "rate": 0.5},)) == ()
    assert known(deep(2, 4, "tanh")).alike == ()
    graph = chained(
        {"id": "h1", "kind": "dense", "units": 4, **SAME},
        {"id": "d", "kind": "dropout", "rate": 0.5},
        {"id": "sum", "kind": "add"},
    )
    graph["nodes"].append({"id": "out", "kind": "dense", "units": 1, **SAME})
    graph["edges"] += [["h1", "sum"], ["sum", "out"]]
    assert known(graph).alike == ()  # the masks come in beside the straight way


def test_a_leaky_rectifier_cannot_die() -> None:
    assert known(deep(1, 4, "relu")).rectifiers == ("a1",)
    assert known(deep(1, 4, "leaky_relu")).rectifiers == ()


def test_settings_that_count() -> None:
    plain = project(deep(1, 4, "relu"), batch_size=16)
    assert facts(Trainer(plain)).batch == 16
    assert facts(Trainer(plain)).rate == 0.01
    assert not facts(Trainer(plain)).penalty
    assert facts(Trainer(project(deep(1, 4, "relu"), regularization={"l2": 0.1}))).penalty
    assert facts(Trainer(replace(plain, variants=()))).validates
