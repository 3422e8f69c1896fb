"""The experiments show what they say: each claim holds, and fails on its control."""

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest

from engine.catalogue import LAYERS
from engine.graph import Graph, Node
from engine.project import Project, load_project
from engine.spec import build
from engine.statistics import LayerStatistics
from engine.trainer import Trainer
from netviz.experiments import SUBJECTS, find_experiments

CORNERS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
BY_SIGN = np.array([0, 1, 1, 0])
SEEDS = (0, 1, 2)


def experiment(name: str) -> Project:
    return load_project(find_experiments()[name].path)


@pytest.mark.parametrize("name", list(find_experiments()))
def test_it_is_written_as_the_program_would_write_it(name: str) -> None:
    path = find_experiments()[name].path
    assert load_project(path).to_bytes() == path.read_bytes()
    assert find_experiments()[name].title == load_project(path).name


def test_each_stands_under_one_subject_and_xor_first() -> None:
    found = find_experiments()
    named = [name for names in SUBJECTS.values() for name in names]
    assert list(found) == named, "name each file of resources/experiments once in SUBJECTS"
    assert named[0] == "xor"
    assert len(set(named)) == len(named)
    assert max(map(len, SUBJECTS.values())) <= 12, "a menu is read at a glance"
    assert {made.subject for made in found.values()} == set(SUBJECTS)


# XOR needs a hidden layer


@cache
def xor(variant: str, seed: int) -> Trainer:
    """Trained to its end."""
    made = experiment("xor").lane(variant)
    trainer = Trainer(made, seed=seed)
    trainer.run(made.training.epochs * trainer.steps_per_epoch)
    return trainer


def on_corners(trainer: Trainer) -> tuple[float, float]:
    """Loss and accuracy on the four ideal points, from the logits."""
    z = trainer.network.predict(CORNERS)[:, 0].astype(np.float64)
    loss = float((np.logaddexp(0, z) - BY_SIGN * z).mean())
    return loss, float(((z > 0) == BY_SIGN).mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_hidden_layer_xor_cannot_be_learned(seed: int) -> None:
    """Of all affine maps, 0 has the least loss on the four corners, ln 2, and none is right on more than three."""
    for linear, shown in (("no hidden layer", True), ("4 hidden units", False)):
        trainer = xor(linear, seed)
        loss, accuracy = on_corners(trainer)
        assert bool(loss >= np.log(2) - 1e-6) is shown
        assert (accuracy <= 0.75) is shown
        train, validation = trainer.evaluate()
        assert validation is not None
        assert (train.loss > 0.6) is shown


@pytest.mark.parametrize("seed", SEEDS)
def test_with_a_hidden_layer_it_is_learned(seed: int) -> None:
    for hidden, shown in (("4 hidden units", True), ("no hidden layer", False)):
        train, validation = xor(hidden, seed).evaluate()
        assert validation is not None
        assert train.accuracy is not None
        assert (validation.accuracy == 1.0) is shown
        assert (train.accuracy >= 0.98) is shown
        assert (train.loss < 0.05) is shown
        assert (on_corners(xor(hidden, seed))[0] < 0.05) is shown


# The vanishing gradient

HIDDEN = [f"h{i}" for i in range(1, 9)]


@cache
def at_first(variant: str, seed: int) -> dict[str, LayerStatistics]:
    """The scalars of the first step, on all training examples."""
    made = experiment("vanishing-gradient").lane(variant)
    training = msgspec.structs.replace(made.training, batch_size="all")
    record = Trainer(replace(made, training=training), seed=seed).step(layers=True)
    assert record.layers is not None
    return record.layers


def norms(variant: str, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """‖∂L/∂W‖ from the first hidden layer to the last."""
    return np.array([at_first(variant, seed)[node]["grad_norm"] for node in HIDDEN], np.float64)


def vanishes(variant: str, seed: int) -> bool:
    found = norms(variant, seed)
    return bool(found[0] / found[-1] < 1e-3)


def fades_evenly(variant: str, seed: int) -> bool:
    """A near-constant factor a layer: ln‖∂L/∂W‖ rises along a steep line. The first layer sees other inputs."""
    found = np.log(norms(variant, seed)[1:])
    places = np.arange(len(found))
    slope, start = np.polyfit(places, found, 1)
    bent = np.abs(found - (start + slope * places)).max()
    return bool(slope > np.log(2) and bent < np.log(2.5))


@pytest.mark.parametrize("seed", SEEDS)
def test_through_sigmoids_the_gradient_vanishes_layer_by_layer(seed: int) -> None:
    assert vanishes("sigmoid", seed)
    assert fades_evenly("sigmoid", seed)
    for control in ("tanh", "ReLU"):
        assert not vanishes(control, seed)
        assert not fades_evenly(control, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_through_tanh_and_relu_it_comes_through(seed: int) -> None:
    for variant, shown in (("tanh", True), ("ReLU", True), ("sigmoid", False)):
        ratio = float(norms(variant, seed)[0] / norms(variant, seed)[-1])
        assert (0.05 <= ratio <= 20) is shown, (variant, ratio)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_sigmoids_do_not_learn_and_the_others_do(seed: int) -> None:
    for variant, shown in (("tanh", True), ("ReLU", True), ("sigmoid", False)):
        made = experiment("vanishing-gradient").lane(variant)
        trainer = Trainer(made, seed=seed)
        before, _ = trainer.evaluate()
        trainer.run(made.training.epochs * trainer.steps_per_epoch)
        after, validation = trainer.evaluate()
        assert validation is not None
        assert validation.accuracy is not None
        assert (validation.accuracy >= 0.95) is shown, variant
        assert (after.loss < 0.2 * before.loss) is shown, variant
        if not shown:
            assert after.loss > 0.68  # as good as knowing nothing: ln 2


def test_the_cause_is_the_slope_of_the_sigmoid() -> None:
    """The same net with tanh in the place of one sigmoid after another: the gradient comes back."""
    made = experiment("vanishing-gradient").lane("sigmoid")
    ratios = []
    for count in (0, 4, 8):
        swapped = {f"a{i}" for i in range(1, count + 1)}
        nodes = tuple(
            Node(node.id, build(LAYERS, {"kind": "tanh"}, node.id)) if node.id in swapped else node
            for node in made.graph.nodes
        )
        record = Trainer(replace(made, graph=Graph(nodes, made.graph.edges))).step(layers=True)
        assert record.layers is not None
        first, last = (record.layers[node]["grad_norm"] for node in ("h1", "h8"))
        assert first is not None
        assert last is not None
        ratios.append(first / last)
    assert ratios[0] < 0.1 * ratios[1] < 0.01 * ratios[2]
