"""Greedy pre-training: a deep sigmoid net that random weights do not start is started by it."""

from itertools import pairwise

import numpy as np
import pytest

import engine
from engine.backend import open_backend
from engine.data.digits import Digits
from engine.network import Network
from engine.project import project_from
from engine.recipes.chain import blocks_of
from engine.recipes.greedy import Pretrained, pretrain
from engine.trainer import Trainer
from tests.engine.cases import project, project_json

EPOCHS = 10
AUTO = {"kind": "noise", "shape": [4], "classes": 3, "samples": 40}
CHAIN = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "n1", "kind": "batch_norm"},
    {"id": "a1", "kind": "sigmoid"},
    {"id": "h2", "kind": "dense", "units": 6},
    {"id": "a2", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 3},
    {"id": "end", "kind": "softmax"},
]


def chain(layers=CHAIN, data=AUTO, loss="cross_entropy", **training):
    return project(layers, loss, data, **{"optimizer": {"kind": "adam", "lr": 0.01}, "batch_size": 10, **training})


def done(*args, **kwargs):
    *shares, found = pretrain(*args, **kwargs)
    assert isinstance(found, Pretrained)
    assert shares == sorted(shares)
    assert not shares or (shares[0] > 0 and shares[-1] <= 1)
    return found


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """Five layers of sigmoids on digits from 0 to 1."""
    folder = tmp_path_factory.mktemp("deep")
    data = Digits().load(folder)
    np.savez(folder / "digits.npz", x=data.x / 16, y=data.y, x_val=data.x_val / 16, y_val=data.y_val)
    layers = []
    for number in range(1, 6):
        layers += [{"id": f"h{number}", "kind": "dense", "units": 64}, {"id": f"a{number}", "kind": "sigmoid"}]
    json = project_json(
        [*layers, {"id": "out", "kind": "dense", "units": 10}],
        "cross_entropy",
        {"kind": "npz", "path": "digits.npz"},
        optimizer={"kind": "sgd", "lr": 0.2, "momentum": 0.9},
    )
    return project_from(json, folder)


def accuracy_after(made, weights, seed):
    trainer = Trainer(made, seed=seed)
    if weights is not None:
        trainer.network.load_parameters(weights)
    trainer.run(EPOCHS * trainer.steps_per_epoch)
    return trainer.evaluate()[1].accuracy


@pytest.mark.parametrize("seed", [0, 1])
def test_a_deep_sigmoid_net_trains_after_it_and_not_without(deep, seed):
    assert accuracy_after(deep, None, seed) < 0.15  # the control: chance is 0.1
    supervised = done(deep, "supervised", EPOCHS // 2, seed=seed)
    assert accuracy_after(deep, supervised.weights, seed) > 0.93
    assert [block.node for block in supervised.blocks] == [f"h{number}" for number in range(1, 6)]
    assert all(block.accuracy > 0.9 for block in supervised.blocks)
    tied = done(deep, "autoencoder", EPOCHS, seed=seed)
    assert accuracy_after(deep, tied.weights, seed) > 0.85
    assert all(block.last < block.first and block.accuracy is None for block in tied.blocks)
    # Without the tie the decoder makes up for a code that hardly varies, and the deep net stays where it was.
    assert accuracy_after(deep, done(deep, "autoencoder", EPOCHS, tied=False, seed=seed).weights, seed) < 0.3


def weights_with(made, weights, dtype="float32"):
    network = Network(made, open_backend("cpu", dtype))
    network.load_parameters(weights)
    return network


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_supervised_is_training_with_the_blocks_below_frozen(dtype):
    """Done by hand: a head on block one; then both blocks with block one frozen. The same up to rounding."""
    layers = [layer for layer in CHAIN if layer["kind"] != "batch_norm"]
    made = chain(layers)
    found = done(made, "supervised", 3, dtype=dtype, seed=7)
    first = Trainer(chain([*layers[:2], *layers[4:]]), dtype=dtype, seed=7)
    first.run(3 * first.steps_per_epoch)
    second = Trainer(chain([{**layers[0], "trainable": False}, *layers[1:]]), dtype=dtype, seed=7)
    learnt = {name: a for name, a in first.network.state().items() if name.startswith("h1")}
    second.network.load_fitting(learnt)
    second.run(3 * second.steps_per_epoch)
    for name, array in second.network.state().items():
        np.testing.assert_allclose(found.weights[name], array, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-6)
    assert found.weights["h1.weight"].tobytes() == learnt["h1.weight"].tobytes()
    # The last round's network is the whole one: its head came along.
    score = second.evaluate()[0]
    assert (found.blocks[1].last, found.blocks[1].accuracy) == pytest.approx((score.loss, score.accuracy), rel=1e-4)


@pytest.mark.parametrize("tied", [True, False])
def test_an_autoencoder_reconstructs_what_the_block_takes_and_the_head_stays_new(tied):
    made = chain(data={"kind": "blobs", "classes": 3, "samples": 60})
    found = done(made, "autoencoder", 4, tied=tied, seed=3)
    fresh = Trainer(made, seed=3).network.state()
    for name, array in fresh.items():
        assert (found.weights[name].tobytes() == array.tobytes()) == name.startswith("out"), name
    # By hand, the first block: targets are the examples, which go beyond 0 to 1, so that squared errors count.
    decoder = {"kind": "tied", "to": "h1", "units": 2} if tied else {"kind": "dense", "units": 2}
    data = made.data.load(made.folder)
    assert data.x.min() < 0
    begun = Trainer(
        chain([*CHAIN[:3], {"id": "decoder", **decoder}], {"kind": "noise", "shape": [2], "targets": 2}, "mse"), seed=3
    )
    loss, _ = begun.network.loss_and_gradients(data.x, data.x)
    weights = begun.network.state()
    h = data.x @ weights["h1.weight"].T  # the running mean and variance are still 0 and 1
    code = 1 / (1 + np.exp(-h / np.sqrt(1 + 1e-5)))
    back = weights["h1.weight"] if tied else weights["decoder.weight"].T
    np.testing.assert_allclose(found.blocks[0].first, ((code @ back - data.x) ** 2).mean(), rtol=1e-4)
    assert loss != found.blocks[0].first  # in training mode the norm takes the batch's


def test_behind_a_sigmoid_the_loss_is_the_cross_entropy():
    layers = [CHAIN[0], CHAIN[2], *CHAIN[3:]]
    found = done(chain(layers), "autoencoder", 1, seed=3)
    # A code that says nothing reconstructs numbers near 1/2 at a loss near ln 2; squared errors would be near 0.
    assert found.blocks[1].first == pytest.approx(np.log(2), abs=0.2)


def test_running_averages_come_along():
    found = done(chain(), "supervised", 3)
    network = weights_with(chain(), found.weights)
    assert network.state()["n1.num_batches_tracked"] > 0
    assert found.weights["n1.running_mean"].any()


def test_it_is_the_same_again_and_another_seed_is_another():
    first, again, other = (done(chain(), "autoencoder", 2, seed=seed) for seed in (5, 5, 6))
    assert first.blocks == again.blocks != other.blocks
    assert all(first.weights[name].tobytes() == again.weights[name].tobytes() for name in first.weights)


def test_an_early_stop_ends_a_block_not_the_rest():
    stopping = {"patience": 1, "min_delta": 100.0}
    *shares, found = pretrain(chain(early_stopping=stopping), "supervised", 50)
    assert len(shares) == 4  # two epochs of each block
    assert len(found.blocks) == 2


def test_a_block_that_diverges_ends_it_with_what_there_is():
    found = done(chain(optimizer={"kind": "sgd", "lr": 1e6}, loss="mse"), "autoencoder", 20)
    assert isinstance(found.failure, engine.DivergenceError)
    assert [block.node for block in found.blocks] == ["h1"]
    assert set(found.weights) == set(Trainer(chain()).network.state())


def test_names_that_are_taken():
    renamed = {"h1": "decoder", "a1": "x_", "h2": "decoder_"}
    layers = [{**layer, "id": renamed.get(layer["id"], layer["id"])} for layer in CHAIN]
    for how in ("supervised", "autoencoder"):
        assert [block.node for block in done(chain(layers), how, 1).blocks] == ["decoder", "decoder_"]


def test_maxout_is_a_block_whose_decoder_has_weights_of_its_own():
    layers = [{"id": "h1", "kind": "maxout", "units": 5, "pieces": 2}, *CHAIN[3:]]
    found = done(chain(layers), "autoencoder", 2)
    assert [block.node for block in found.blocks] == ["h1", "h2"]


# What the blocks are


def test_blocks():
    layers = [{"id": "d0", "kind": "dropout", "rate": 0.2}, *CHAIN]
    found = [(block.source, block.dense, [node.id for node in block.nodes]) for block in blocks_of(chain(layers))]
    assert found == [
        ("x", "h1", ["d0", "h1", "n1", "a1"]),
        ("a1", "h2", ["h2", "a2"]),
        ("a2", "out", ["out", "end"]),
    ]


def with_edges(layers, edges):
    json = project_json(layers, "cross_entropy", AUTO)
    json["graph"]["edges"] = edges
    return project_from(json, chain().folder)


SKIP = with_edges(
    [
        {"id": "h1", "kind": "dense", "units": 4},
        {"id": "sum", "kind": "add"},
        {"id": "out", "kind": "dense", "units": 3},
    ],
    [["x", "h1"], ["x", "sum"], ["h1", "sum"], ["sum", "out"]],
)
FORK = with_edges(
    [
        {"id": "h1", "kind": "dense", "units": 4},
        {"id": "h2", "kind": "dense", "units": 4},
        {"id": "sum", "kind": "add"},
        {"id": "out", "kind": "dense", "units": 3},
    ],
    [["x", "h1"], ["x", "h2"], ["h1", "sum"], ["h2", "sum"], ["sum", "out"]],
)
TIED = chain(
    [CHAIN[0], {"id": "dec", "kind": "tied", "to": "h1", "units": 4}, {"id": "out", "kind": "dense", "units": 3}]
)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (SKIP, "sum: expected a chain of layers, in which it follows h1; it follows x, h1"),
        (FORK, "h2: expected a chain of layers, in which it follows h1; it follows x"),
        (TIED, "dec: is tied to another layer, but layers are trained one by one"),
        (chain(CHAIN[5:]), "graph: has no hidden dense layer, so there is nothing to train before the rest"),
    ],
    ids=["skip", "fork", "tied", "one layer"],
)
def test_what_is_no_chain_is_refused(made, message):
    assert not made.problems()
    with pytest.raises(engine.ProjectError) as caught:
        next(pretrain(made))
    assert str(caught.value) == message


def test_a_chain_s_edges_may_stand_in_any_order():
    ids = ["x", *(layer["id"] for layer in CHAIN)]
    made = with_edges(CHAIN, [list(edge) for edge in reversed(list(pairwise(ids)))])
    assert len(blocks_of(made)) == 3
