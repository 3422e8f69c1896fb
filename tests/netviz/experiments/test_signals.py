"""Experiments on what goes through a network and comes back: each claim holds, and fails on its control."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from engine.catalogue import LAYERS
from engine.graph import Graph, Node
from engine.probes.landscape import Landscape, PlaneOf
from engine.run.lane import Lane
from engine.trainer import Trainer
from tests.netviz.experiments.runs import SEEDS, at_first, begun, column, experiment, scores, steps, trained

LN2 = float(np.log(2))


@pytest.mark.parametrize("seed", SEEDS)
def test_initialization_collapses_saturates_or_is_just_right(seed):
    for variant, collapsed, saturated in (
        ("tanh 0.01", True, False),
        ("tanh 0.5", False, True),
        ("tanh Xavier", False, False),
        ("ReLU He", False, False),
    ):
        layers = at_first("initialization", variant, seed)
        spread = column(layers, "std", "a")
        assert len(spread) == 6
        assert bool((spread[1:] < 0.2 * spread[:-1]).all()) is collapsed  # σ √n = 0.14 a layer
        assert bool(spread[-1] < 1e-4) is collapsed
        assert bool((spread > 0.2).all()) is not collapsed
        if variant != "ReLU He":  # half of a ReLU's outputs are flat by nature
            assert bool((column(layers, "saturated_fraction", "a") > 0.3).all()) is saturated
    he = column(at_first("initialization", "ReLU He", seed), "std", "a")
    assert 0.4 < he[-1] / he[0] < 2.5


@pytest.mark.parametrize("seed", SEEDS)
def test_through_ten_layers_of_500_the_spread_is_what_the_weights_make_of_it(seed):
    spread = {
        lane.variant: column(at_first("initialization-ten", lane.variant, seed), "std", "a")
        for lane in experiment("initialization-ten").lanes()
    }
    a_layer = {variant: (found[-1] / found[0]) ** (1 / 9) for variant, found in spread.items()}
    assert all(len(found) == 10 for found in spread.values())
    assert a_layer["tanh 0.01"] == pytest.approx(0.01 * 500**0.5, rel=0.05)  # tanh is a line near 0
    assert spread["tanh 0.01"][-1] < 1e-6
    assert a_layer["ReLU Xavier"] == pytest.approx(0.5**0.5, rel=0.05)  # half of the variance is cut off
    assert a_layer["ReLU He"] == pytest.approx(1.0, abs=0.05)
    for variant in ("tanh 0.05", "tanh Xavier"):
        assert (spread[variant] > 0.15).all()
        assert (column(at_first("initialization-ten", variant, seed), "saturated_fraction", "a") < 0.05).all()


@pytest.mark.slow
def test_first_weights_decide_what_is_learned():
    """Digits: the collapsed net learns nothing, the saturated one half by heart."""
    found = {lane.variant: scores("initialization", lane.variant, 0) for lane in experiment("initialization").lanes()}
    accuracy = {variant: validation.accuracy for variant, (_, validation) in found.items()}
    assert accuracy["tanh 0.01"] < 0.2
    assert found["tanh 0.01"][0].loss > 2.29  # ln 10 is 2.303
    assert accuracy["tanh Xavier"] > 0.95
    assert accuracy["ReLU He"] > 0.95
    assert 0.6 < accuracy["tanh 0.5"] < 0.9
    for variant, by_heart in (("tanh 0.5", True), ("tanh Xavier", False), ("ReLU He", False)):
        train, validation = found[variant]
        assert (train.accuracy - validation.accuracy > 0.1) is by_heart


@pytest.mark.parametrize("seed", SEEDS)
def test_saturation_is_of_large_weights_and_slows_learning(seed):
    large, xavier, softsign = (
        column(at_first("saturation", variant, seed), "saturated_fraction", "a")
        for variant in ("large weights", "Xavier", "large, softsign")
    )
    assert (large > 0.6).all()
    assert (xavier < 0.05).all()
    assert (softsign < large).all()  # its tails are longer
    slow, quick = (scores("saturation", variant, seed)[0].loss for variant in ("large weights", "Xavier"))
    assert quick < 0.02
    assert slow > 4 * quick


@pytest.mark.parametrize("seed", SEEDS)
def test_dead_relus_rise_and_never_fall(seed):
    for variant, dies in (("ReLU", True), ("leaky ReLU", False), ("ReLU, lower rate", False)):
        trainer, shares = begun("dead-relu", variant, seed), []
        while trainer.step_number < steps("dead-relu"):
            record = trainer.step(layers=True)
            assert record.layers is not None
            shares.append(record.layers["a1"]["dead_fraction"])
        dead = np.array(shares, np.float64)
        assert dead[0] == 0
        assert (np.diff(dead) >= 0).all()
        assert bool(dead[-1] > 0.5) is dies
        assert bool(dead.max() == 0) is not dies
    dying, alive = (trained("dead-relu", variant, seed).evaluate()[0].loss for variant in ("ReLU", "ReLU, lower rate"))
    assert alive < 0.1
    assert dying > 3 * alive


@pytest.mark.parametrize("seed", SEEDS)
def test_zig_zag_is_of_features_of_one_sign(seed):
    together, detour, late = {}, {}, {}
    for variant in ("sigmoid", "tanh"):
        trainer = begun("zig-zag", variant, seed, dtype="float64")
        lane = Lane(trainer)
        lane.studies.watch((Landscape(),), trainer)
        way = [trainer.network.state()["out.weight"][0]]
        for _ in range(trainer.steps_per_epoch * 2):
            lane.advance()
            way.append(trainer.network.state()["out.weight"][0])
        moves = np.diff(way, axis=0)
        together[variant] = (moves.prod(axis=1) > 0).mean()
        detour[variant] = np.linalg.norm(moves, axis=1).sum() / np.linalg.norm(way[-1] - way[0])
        late[variant] = trainer.evaluate()[0].loss
        # What the panel draws is this path, on the plane of these two weights.
        while lane.studies.wants(trainer):
            lane.studies.go_on(trainer)
        (seen,) = lane.studies.take_news(trainer)
        assert seen.plane is PlaneOf.WEIGHTS
        np.testing.assert_allclose(seen.places, np.array(way)[seen.steps], atol=1e-12)
        assert seen.values.min() == pytest.approx(seen.values[nearest(seen, way[-1])], abs=0.02)
    assert together["sigmoid"] == 1.0  # both weights up, or both down, although one must rise and the other fall
    assert together["tanh"] < 0.8
    assert detour["sigmoid"] > 1.3 * detour["tanh"]
    assert late["sigmoid"] > 1.5 * late["tanh"]


def nearest(seen, weights):
    """The row and the column of the point of a landscape that is nearest to `weights`."""
    left, right, low, high = seen.bounds
    shares = (weights[1] - low) / (high - low), (weights[0] - left) / (right - left)
    return tuple(round(float(share) * (len(seen.values) - 1)) for share in shares)


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_norm_trains_what_does_not_train_without(seed):
    for variant, shown in (("batch norm", True), ("without", False)):
        norms = column(at_first("batch-norm", variant, seed), "grad_norm", "h")
        assert bool(norms[0] > 0.1 * norms[-1]) is shown
        train, validation = scores("batch-norm", variant, seed)
        assert (validation.accuracy > 0.95) is shown
        assert (train.loss < 0.2) is shown
        assert (train.loss > LN2 - 0.005) is not shown
    train, _ = scores("batch-norm", "layer norm", seed)
    assert train.loss < 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_norm_tells_training_from_use_and_layer_norm_does_not(seed):
    """The loss of one small batch in training, and that of the same examples as they are used."""
    for variant, differs in (("batch norm", True), ("layer norm", False), ("without", False)):
        trainer = trained("batch-norm", variant, seed)
        x, y = np.asarray(trainer.data.x[:8], np.float64), np.asarray(trainer.data.y[:8])
        in_training, _ = trainer.network.loss_and_gradients(x, y)
        z = trainer.network.predict(x)[:, 0].astype(np.float64)
        in_use = float((np.logaddexp(0, z) - y * z).mean())
        assert (abs(in_training - in_use) > 1e-3 * abs(in_use)) is differs, variant


@pytest.mark.parametrize("seed", SEEDS)
def test_pictures_train_under_any_norm_and_only_that_of_the_batch_tells_training_from_use(seed):
    """Four layers of sigmoids; the loss of one small batch in training, and as its examples are used."""
    for variant, differs in (("batch", True), ("group", False), ("instance", False), ("without", False)):
        train, validation = scores("norms", variant, seed)
        assert (validation.accuracy > 0.9) is (variant != "without"), variant
        assert (train.loss > 2.25) is (variant == "without"), variant  # ln 10 is 2.303
        trainer = trained("norms", variant, seed)
        x, y = np.asarray(trainer.data.x[:8], np.float64), np.asarray(trainer.data.y[:8])
        in_training, _ = trainer.network.loss_and_gradients(x, y)
        z = trainer.network.predict(x).astype(np.float64)
        in_use = float((np.logaddexp.reduce(z, axis=1) - z[np.arange(8), y]).mean())
        assert (abs(in_training - in_use) > 1e-3 * abs(in_use)) is differs, variant


@pytest.mark.parametrize("kind", ["elu", "selu"])
def test_others_do_not_die_at_that_rate(kind):
    """In the place of the ReLUs that die."""
    made = experiment("dead-relu").lane("ReLU")
    nodes = tuple(Node("a1", LAYERS[kind]()) if node.id == "a1" else node for node in made.graph.nodes)
    trainer = Trainer(replace(made, graph=Graph(nodes, made.graph.edges)), seed=0)
    for _ in range(steps("dead-relu")):
        record = trainer.step(layers=True)
        assert record.layers is not None
        assert record.layers["a1"].get("dead_fraction", 0) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_with_residual_connections_the_gradient_comes_through_thirty_layers(seed):
    for variant, shown in (("with", True), ("without", False)):
        norms = column(at_first("residual", variant, seed), "grad_norm", "h")
        assert len(norms) == 30
        assert bool(norms[0] > 0.05) is shown
        assert bool(norms[0] < 1e-10) is not shown
        train, validation = scores("residual", variant, seed)
        assert (validation.accuracy > 0.98) is shown
        assert (train.loss > LN2 - 0.005) is not shown


@pytest.mark.parametrize("seed", SEEDS)
def test_units_that_begin_alike_stay_alike(seed):
    for variant, alike in (("all equal", True), ("all zero", True), ("random", False)):
        trainer = trained("symmetry", variant, seed)
        weights = trainer.network.state()["h1.weight"]
        assert bool(np.abs(weights - weights[0]).max() < 1e-5) is alike
        train, validation = trainer.evaluate()
        assert validation is not None
        assert (train.loss > 0.65) is alike
        assert (validation.accuracy == 1.0) is not alike
    zero = at_first("symmetry", "all zero", seed)
    assert zero["h1"]["grad_norm"] == zero["out"]["grad_norm"] == 0
    assert zero["out"]["bias_grad_norm"] > 0  # all that ever moves


@pytest.mark.parametrize("seed", SEEDS)
def test_raw_wine_saturates_and_scaled_wine_is_learned(seed):
    for variant, raw in (("raw", True), ("scaled", False)):
        (saturated,) = column(at_first("preprocessing", variant, seed), "saturated_fraction", "a")
        assert bool(saturated > 0.9) is raw
        train, validation = scores("preprocessing", variant, seed)
        assert (train.loss > 1.0) is raw  # ln 3 is 1.099
        assert (validation.accuracy > 0.9) is not raw


@pytest.mark.parametrize(
    ("preprocess", "learns"),
    [("none", False), ("center", False), ("standardize", True), ("pca", False), ("whiten", True)],
)
def test_data_prepared_in_the_inspector_do_the_same(preprocess, learns):
    """The raw net itself, on data that are centred, scaled, turned or whitened; centred alone they are as wide."""
    made = experiment("preprocessing").lane("raw")
    trainer = Trainer(replace(made, data=msgspec.structs.replace(made.data, preprocess=preprocess)))
    trainer.run(steps("preprocessing"))
    _, validation = trainer.evaluate()
    assert validation is not None
    assert (validation.accuracy > 0.9) is learns
