"""Training that begins with the weights of a file."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ProjectError
from engine.project import project_from
from engine.recipes.greedy import Pretrained, pretrain
from engine.run import messages as m
from engine.run.opening import reopen_lanes
from engine.trainer import Trainer
from engine.weights import save_weights
from netviz.document.storage import moved_to
from tests.engine.cases import DTYPES, project_json

LAYERS = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 3},
]
DATA = {"kind": "noise", "shape": [4], "classes": 3, "samples": 40}


def made(folder: Path, first="first.safetensors", layers=LAYERS, **training):
    return project_from(project_json(layers, "cross_entropy", DATA, first_weights=first, **training), folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Has half of a layer, and what belongs to no layer here."""
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((6, 4))
    weight[:, ::2] = 0
    arrays = {"h1.weight": weight, "h1.bias": np.arange(6.0), "head.weight": np.ones((2, 6))}
    save_weights(tmp_path / "first.safetensors", {name: array.astype(np.float32) for name, array in arrays.items()})
    return tmp_path


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_begins_with_what_fits_and_is_back_there_after_a_reset(folder, dtype):
    trainer, drawn = Trainer(made(folder), dtype=dtype), Trainer(made(folder, ""), dtype=dtype)

    def begins(weights):
        assert weights["h1.bias"].tolist() == list(range(6))
        assert (weights["h1.weight"] == 0).mean() == 0.5

    begins(trainer.network.parameters())
    out = trainer.network.parameters()["out.weight"]
    np.testing.assert_array_equal(out, drawn.network.parameters()["out.weight"])
    assert not drawn.network.parameters()["h1.bias"].any()
    first = [trainer.step().loss for _ in range(5)]
    assert trainer.network.parameters()["h1.weight"].all()
    trainer.reset()
    begins(trainer.network.parameters())
    assert [trainer.step().loss for _ in range(5)] == first
    trainer.reset(seed=9)
    begins(trainer.network.parameters())
    assert not np.array_equal(trainer.network.parameters()["out.weight"], out)


def test_its_zeros_stay_where_they_are_kept_after_a_reset_too(folder):
    trainer = Trainer(made(folder, keep_zeros=True))
    for seed in (None, 0, 5):
        trainer.run(10)
        assert (trainer.network.parameters()["h1.weight"] == 0).mean() == 0.5
        trainer.reset(seed)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("other.safetensors", "training.first_weights: 'other.safetensors': there is no such file"),
        (".", "training.first_weights: '.': there is no such file"),
    ],
)
def test_a_file_that_is_not_there_is_a_problem(folder, first, message):
    assert [str(problem) for problem in made(folder, first).problems()] == [message]


def test_a_file_that_does_not_fit_is_refused_in_a_line(folder):
    with pytest.raises(ProjectError, match=r"training\.first_weights: first\.safetensors: none of its weights fits: "):
        Trainer(made(folder, layers=[{**LAYERS[0], "units": 5}, *LAYERS[1:]]))
    (folder / "first.safetensors").write_bytes(b"no weights")
    with pytest.raises(ProjectError, match=r"training\.first_weights: first\.safetensors: is not a safetensors file"):
        Trainer(made(folder))


def test_a_project_that_moves_takes_the_place_along(folder):
    below = folder / "below"
    below.mkdir()
    moved = moved_to(made(folder), below)
    assert moved.training.first_weights == "../first.safetensors"
    assert moved.problems() == []
    assert moved_to(made(folder, ""), below).training.first_weights == ""


def test_blocks_are_trained_from_weights_that_are_drawn(folder):
    """Those of the file are the whole network's."""
    found = []
    for first in ("first.safetensors", ""):
        *_, last = pretrain(made(folder, first), "autoencoder", 1)
        assert isinstance(last, Pretrained)
        found.append(last.weights["h1.weight"])
    np.testing.assert_array_equal(*found)


def test_weights_of_the_run_before_are_not_kept_over_a_file_that_is_new(folder):
    def opened(project, before):
        command = m.Open(project.to_bytes(), str(folder), keep_weights=True)
        return reopen_lanes(project, command, before, lambda: None)

    lanes, _, _ = opened(made(folder, ""), [])
    again, kept, _ = opened(made(folder), lanes)
    assert kept == ()
    assert again[0].trainer.network.parameters()["h1.bias"].tolist() == list(range(6))
    again[0].trainer.run(3)
    _, kept, _ = opened(made(folder), again)
    assert "A: h1.weight" in kept
