"""Loss, gradients and trainings in float64 are PyTorch's: reference/make_*.py say how they came about."""

import json
from pathlib import Path

import numpy as np
import pytest

import engine
from engine.catalogue import OPTIMIZERS as CATALOGUE

REFERENCE = Path(__file__).parents[1] / "reference"
ORIGIN, OPTIMIZERS = (json.loads((REFERENCE / f"{name}.json").read_text()) for name in ("vectors", "optimizers"))
RUNS = {f"{run['case']}-{run['run']}": run for run in (*ORIGIN["runs"], *OPTIMIZERS["runs"])}
FIRST = {run["case"]: run for run in reversed(ORIGIN["runs"])}  # one run of each case: loss and gradients need no more
SEARCHING = {kind for kind, cls in CATALOGUE.items() if cls.searches}  # in test_searching.py
TOLERANCE = {"rtol": 1e-9, "atol": 1e-13}


@pytest.fixture(scope="module")
def vectors():
    found = {}
    for name in ("vectors.npz", "optimizers.npz"):
        with np.load(REFERENCE / name, allow_pickle=False) as file:
            found |= dict(file)
    return found


def below(vectors, path):
    """The arrays whose names begin with `path`, by the rest of the name."""
    found = {name.removeprefix(path): array for name, array in vectors.items() if name.startswith(path)}
    assert found, path
    return found


def trainer_at_start(vectors, run, folder):
    """A trainer of the run's project, from a file as a person would open it, with PyTorch's first weights."""
    case = run["case"]
    np.savez(folder / run["project"]["data"]["path"], x=vectors[f"{case}/x"], y=vectors[f"{case}/y"])
    (folder / "case.netviz").write_text(json.dumps(run["project"]))
    trainer = engine.Trainer(engine.load_project(folder / "case.netviz"), device="cpu", dtype="float64")
    trainer.network.load_parameters(below(vectors, f"{case}/initial/"))
    return trainer


def assert_same(got, expected):
    assert set(got) == set(expected)
    for name, array in expected.items():
        assert got[name].shape == array.shape, name
        np.testing.assert_allclose(got[name], array, **TOLERANCE, err_msg=name)


def test_the_vectors_hold_every_way_that_is_promised():
    assert {run["case"] for run in ORIGIN["runs"]} == {
        "tanh_mse",
        "relu_cross_entropy",
        "sigmoid_mse",
        "tanh_bce",
        "relu_bce_columns",
    }
    for case in FIRST:
        assert {f"{case}-{way}" for way in ("sgd", "momentum", "nesterov", "adam")} <= set(RUNS)
    assert {run["project"]["training"]["optimizer"]["kind"] for run in RUNS.values()} >= set(CATALOGUE) - SEARCHING
    assert {f"tanh_mse-{way}_l2" for way in ("sgd", "momentum", "nesterov", "adam")} <= set(RUNS)


@pytest.mark.parametrize("case", FIRST)
def test_loss_and_gradients(vectors, tmp_path, case):
    trainer = trainer_at_start(vectors, FIRST[case], tmp_path)
    loss, gradients = trainer.network.loss_and_gradients(vectors[f"{case}/x"], vectors[f"{case}/y"])
    np.testing.assert_allclose(loss, vectors[f"{case}/loss"], **TOLERANCE)
    assert_same(gradients, below(vectors, f"{case}/gradient/"))
    assert_same(trainer.network.parameters(), below(vectors, f"{case}/initial/"))  # asking changes nothing


@pytest.mark.parametrize("name", RUNS)
def test_training(vectors, tmp_path, name):
    run = RUNS[name]
    trainer = trainer_at_start(vectors, run, tmp_path)
    losses = [trainer.step().loss for _ in range(ORIGIN["steps"])]
    path = f"{run['case']}/{run['run']}"
    np.testing.assert_allclose(losses, vectors[f"{path}/losses"], **TOLERANCE)
    final = below(vectors, f"{path}/final/")
    assert_same(trainer.network.parameters(), final)
    start = below(vectors, f"{run['case']}/initial/")
    assert all(not np.allclose(final[key], start[key], rtol=1e-3) for key in final)  # every parameter was trained
