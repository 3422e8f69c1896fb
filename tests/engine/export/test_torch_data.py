"""What an exported training does to its examples is what the project's does: moves, noise, and which come first."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from engine.backend import open_backend
from engine.data.augmentation import Augmentation, Augmenter
from engine.data.curriculum import Curriculum, by_centroid
from engine.export.torch import torch_source
from engine.project import Project
from engine.trainer import Trainer
from tests.engine.export.nets import CLASSES, chain, dense, network_class
from tests.engine.export.test_torch_modules import run_source

torch = pytest.importorskip("torch", reason="PyTorch is not installed: exported files cannot be run")

PREPARED = ("none", "center", "standardize", "pca", "whiten")
MOVES = {
    "shift": {"shift": 3},
    "rotate": {"shift": 0, "rotate": 40.0},
    "flip": {"shift": 0, "flip": True},
    "shift and flip": {"shift": 1, "flip": True},
    "all": {"shift": 2, "rotate": 180.0, "flip": True},
}


def made(
    shape: tuple[int, ...], augmentation: dict[str, Any] | None = None, preprocess: str = "none", **training: Any
) -> Project:
    data = {**CLASSES, "shape": list(shape), "preprocess": preprocess, "samples": 90}
    layers = [{"id": "flat", "kind": "flatten"}] if len(shape) > 1 else []
    more = {"augmentation": augmentation} if augmentation is not None else {}
    return chain([*layers, dense("out", 3)], "cross_entropy", data, training={**more, **training})


@pytest.mark.parametrize("shape", [(2, 5, 4), (1, 8, 8), (1, 1, 6), (3, 7, 1)], ids=str)
@pytest.mark.parametrize("how", MOVES)
def test_pictures_are_moved_alike(how: str, shape: tuple[int, int, int]) -> None:
    """The same draws given to both, the source's own places taken by hand from the engine's."""
    names = run_source(torch_source(made(shape, MOVES[how])))
    settings = Augmentation(**MOVES[how])
    x = np.random.default_rng(0).standard_normal((40, *shape))
    augmenter = Augmenter(open_backend("cpu", "float64"), settings, shape, len(x))
    draws = augmenter._draws(3, 1)
    down, across, cos, sin, side = (torch.from_numpy(draws[:, i].reshape(-1, 1, 1).copy()) for i in range(5))
    said = {"down": down, "across": across, "angle": torch.atan2(sin, cos), "side": side}
    takes = names["moved"].__code__.co_varnames[1 : names["moved"].__code__.co_argcount]
    with torch.no_grad():
        found = names["moved"](torch.from_numpy(x), *(said[name] for name in takes)).numpy()
    expected = augmenter._moved(x.reshape(len(x), -1), draws).reshape(x.shape)
    np.testing.assert_allclose(found, expected, atol=2e-5)  # places in float32
    assert np.abs(found - x).max() > 0.1 or shape[1:] == (1, 6) or shape[2] == 1


def test_every_way_is_drawn_and_no_other() -> None:
    names = run_source(torch_source(made((1, 8, 8), {"shift": 2, "rotate": 30.0, "flip": True})))
    told: list[Any] = []
    names["moved"] = lambda x, *ways: told.extend(ways) or x
    torch.manual_seed(0)
    names["augmented"](torch.zeros(2000, 1, 8, 8))
    down, across, angle, side = told
    assert {way.shape for way in told} == {(2000, 1, 1)}
    assert set(down.flatten().tolist()) == set(across.flatten().tolist()) == {-2, -1, 0, 1, 2}
    assert not torch.equal(down, across)
    assert set(side.flatten().tolist()) == {-1, 1}
    limit = np.deg2rad(30)
    assert -limit <= angle.min() < -0.95 * limit
    assert 0.95 * limit < angle.max() <= limit


@pytest.mark.parametrize("preprocess", PREPARED)
def test_noise_is_behind_the_preprocessing(preprocess: str) -> None:
    """What the first layer sees is that of the example, and N(0, 0.3²) in every feature, alone."""
    names = run_source(torch_source(made((4,), {"shift": 0, "noise": 0.3}, preprocess)))
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((300, 4)) @ rng.uniform(-3, 3, (4, 4)) + rng.uniform(-5, 5, 4)
    seen = lambda x: x  # noqa: E731
    arguments = []
    if preprocess != "none":
        module = names["Preprocess"]()
        module.double().fit(torch.from_numpy(raw))
        seen = module
        arguments = [module] if names["augmented"].__code__.co_argcount == 2 else []
    torch.manual_seed(0)
    x = torch.from_numpy(np.tile(raw, (100, 1)))
    noise = (seen(names["augmented"](x, *arguments)) - seen(x)).numpy()
    np.testing.assert_allclose(np.cov(noise.T), 0.09 * np.eye(4), atol=0.003)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.01)


def test_the_easiest_come_first() -> None:
    names = run_source(torch_source(made((5,), curriculum={})))
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    x = rng.standard_normal((200, 5)) + 1.5 * np.eye(5)[y]
    found = names["easiest_first"](torch.from_numpy(x), torch.from_numpy(y)).numpy()
    np.testing.assert_array_equal(found, by_centroid(lambda: [x], y))
    line = torch.tensor([[0.0], [4.0], [1.0], [9.0], [11.0]])  # means 5/3 and 10: 1, 0, 9, 11, 4 by their ratio
    np.testing.assert_array_equal(names["easiest_first"](line, torch.tensor([0, 0, 0, 1, 1])), [2, 4, 3, 0, 1])


@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_shows_what_the_curriculum_says(shuffle: bool) -> None:
    """By epoch: the share of the engine's, each example as often as any other; in the data's order, the same order."""
    curriculum = {"by": "order", "start": 0.3, "epochs": 6}
    project = made((4,), curriculum=curriculum, shuffle=shuffle)
    names, batches = run_source(torch_source(project)), Trainer(project)._train
    count = batches.count
    torch.manual_seed(0)
    order = torch.from_numpy(np.random.default_rng(0).permutation(count)) if shuffle else torch.arange(count)
    sampler = names["EasyFirst"](order)
    assert len(sampler) == count
    for epoch in range(8):
        picked = list(sampler)
        assert len(picked) == count
        shown = Curriculum(**curriculum).shown(epoch, count)
        often = Counter(picked)
        assert set(often) == set(order[:shown].tolist())
        assert max(often.values()) - min(often.values()) <= 1
        if not shuffle:
            assert picked == (batches._drawn(epoch).tolist() if batches.chooses(epoch) else list(range(count)))
        elif epoch > 5:
            assert picked != list(sampler)


@pytest.mark.parametrize("optimizer", [{"kind": "adam", "lr": 0.02}, {"kind": "lbfgs"}], ids=lambda o: o["kind"])
def test_the_file_trains_on_what_it_has_changed(optimizer: dict[str, Any], capsys) -> None:
    """Noise of standard deviation 10 hides what 0.01 leaves to be learnt."""
    rng, losses = np.random.default_rng(0), []
    y = rng.integers(0, 3, 120)
    x = rng.standard_normal((120, 1, 4, 4)) + 2 * np.eye(16)[y].reshape(-1, 1, 4, 4)
    for noise in (0.01, 10.0):
        how = {"optimizer": optimizer, "batch_size": "all" if optimizer["kind"] == "lbfgs" else 20, "epochs": 25}
        augmentation = {"shift": 0, "noise": noise}
        source = torch_source(made((1, 4, 4), augmentation, "standardize", curriculum={"epochs": 5}, **how))
        names = run_source(source)
        torch.manual_seed(0)
        model, inputs = names[network_class(source).name](), torch.from_numpy(x).float()
        model.preprocess.fit(inputs)
        names["initialize"](model)
        names["train"](model, inputs, torch.from_numpy(y))
        losses.append(float(capsys.readouterr().out.splitlines()[-1].rpartition(" ")[2]))
    assert losses[0] < 0.8
    assert losses[1] > 1.5 * losses[0]
