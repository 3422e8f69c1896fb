"""What learns a few examples by heart, and for each finding a net built to have that fault, and its control."""

import numpy as np
import pytest

import engine.checks.overfit as module
from engine.catalogue import OPTIMIZERS
from engine.checks.few import few_of
from engine.checks.overfit import EXAMPLES, on_few, overfit
from engine.layers.dropout import Dropout
from engine.project import save_project
from engine.training import Regularization
from tests.engine.checks.nets import ADAM, BCE, CE, DIGITS, XOR, chain, last, made, of_arrays, sgd

NOISE = {"kind": "noise", "shape": [4], "samples": 100}
CONSTANT = {"init": "constant", "init_value": 0.5}
HE = {"init": "he_normal"}


def all_alike():
    return [{**layer, **(CONSTANT if layer["kind"] == "dense" else {})} for layer in chain()]


STUCK = sgd(1e-9)  # a sound net does not learn either, and then all is looked for

# fault, what is said of it, the net that has it, and one that does not learn, but not for that
FAULTS = {
    "rate to NaN": ("became no number", made(chain(), "mse", NOISE, optimizer=sgd(1e4)), made(chain(), "mse", NOISE)),
    "rate too high": (
        "jumps up and down",
        made(chain(), "mse", NOISE, optimizer={**ADAM, "lr": 3.0}),
        made(chain(depth=0), "mse", NOISE),
    ),
    "alike": ("have the same weights", made(all_alike()), made(chain(), optimizer=STUCK)),
    "vanishing": (
        "the gradient vanishes: in h0",
        made(chain(16, 10, "sigmoid"), optimizer=sgd(0.1)),
        made(chain(16, 10, "relu", **HE), optimizer=STUCK),
    ),
    "dead": ("are dead", made(chain(16, 1, "relu", bias_init=-100)), made(chain(16, 1, "relu"), optimizer=STUCK)),
    "saturated": (
        "of a1 are saturated",
        made(chain(16, 2, init="normal", init_std=100), optimizer=sgd(0.01)),
        made(chain(16, 2, init="normal", init_std=0.5), optimizer=STUCK),
    ),
    "rate too low": ("try a larger rate", made(chain(), optimizer=STUCK), made(chain(depth=0), optimizer=sgd(0.1))),
    "too small": ("3 parameters for 50 targets", made(chain(depth=0)), made(chain(), optimizer=STUCK)),
    "unscaled": (
        "inputs go up to 16: standardize them",
        made(chain(8, 1, "tanh", 10), CE, DIGITS, optimizer=sgd(1e-6)),
        made(chain(depth=0)),
    ),
    "still falling": (
        "still falling",
        made(chain(), "mse", NOISE, optimizer=sgd(3e-3)),
        made(chain(depth=0), "mse", NOISE),
    ),
}


def found(project):
    return "\n".join(last(overfit(project)).findings)


@pytest.mark.parametrize(("words", "faulty", "control"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_and_not_where_it_is_not(words, faulty, control):
    report = last(overfit(faulty))
    assert not report.learnt
    assert words in "\n".join(report.findings)
    assert words in str(report)
    other = last(overfit(control))
    assert words not in "\n".join(other.findings)
    assert not other.learnt or words == "became no number"


def test_the_controls_that_learn_have_no_findings():
    for net in (made(chain()), made(chain(16, 10, "relu", **HE), optimizer=sgd(0.1)), made(chain(16, 1, "relu"))):
        report = last(overfit(net))
        assert report.learnt
        assert report.findings == ()


def test_conflicting_targets(tmp_path):
    rng = np.random.default_rng(0)
    corners = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
    x = np.repeat(corners, 10, axis=0)
    wrong, right = rng.integers(0, 2, 40), np.repeat([0, 1, 1, 0], 10)
    words = "of the examples have the input of another, but not its target"
    report = last(overfit(of_arrays(tmp_path, x, wrong, chain(), BCE)))
    assert words in report.findings[0]
    # Of every group those count that are unlike its first.
    groups = wrong.reshape(4, 10)
    count = int(report.findings[0].split()[0])
    assert min(10, 4) <= count <= sum(max(g.sum(), 10 - g.sum()) for g in groups)
    assert last(overfit(of_arrays(tmp_path, x, right, chain(), BCE))).learnt


@pytest.mark.parametrize(
    "net",
    [
        made(chain()),
        made(chain(32, 1, "relu", 10), CE, DIGITS),
        made(chain(64, 2), "mse", NOISE),
        made(chain(16, 1, "softplus")),
        made([*chain(out=1), {"id": "p", "kind": "sigmoid"}]),
    ],
    ids=["xor", "digits", "numbers", "softplus", "drawn sigmoid"],
)
def test_sound_nets_learn_by_heart(net):
    report = last(overfit(net))
    assert report.learnt
    assert report.examples == EXAMPLES
    if report.last.accuracy is not None:
        assert report.last.accuracy == 1
    else:
        assert report.last.loss <= 0.01 * report.first.loss
    assert str(report).startswith("50 examples are learnt by heart: loss ")


def test_what_hinders_remembering_is_switched_off():
    layers = chain()
    layers.insert(2, {"id": "drop", "kind": "dropout", "rate": 0.9})
    hindered = {
        "regularization": {"l1": 1.0, "l2": 10.0},
        "clip_norm": 1e-6,
        "schedule": {"kind": "exponential", "gamma": 0.01},
        "early_stopping": {"patience": 1},
        "batch_size": 3,
    }
    net = made(layers, **hindered)
    few = on_few(net, 50)
    assert few.training.regularization == Regularization()
    assert few.training.schedule is few.training.early_stopping is few.training.clip_norm is None
    assert [n.layer.rate for n in few.graph.nodes if isinstance(n.layer, Dropout)] == [0]
    assert (few.training.loss, few.training.optimizer) == (net.training.loss, net.training.optimizer)
    assert last(overfit(net)).learnt


def test_the_examples_are_drawn_and_the_same_each_time(tmp_path):
    """Of a file in order the first would all be of one class."""
    x, y = np.arange(200.0)[:, None], np.repeat([0, 1, 2, 3], 50)
    net = of_arrays(tmp_path, x, y, chain(out=4), CE)
    few = few_of(net.data, 50)
    data = few.load(tmp_path)
    assert data.x.shape == (50, 1)
    assert len(np.unique(data.x)) == 50
    assert set(data.y) == {0, 1, 2, 3}
    assert np.array_equal(data.y, data.x[:, 0] // 50)
    assert np.array_equal(few.load(tmp_path).x, data.x)
    assert len(data.x_val) == len(data.y_val) == 0
    assert few.summary(tmp_path) == net.data.summary(tmp_path)


def test_a_few_examples_are_prepared_as_all_are():
    net = chain(8, 1, "tanh", 10)
    raw, prepared = (
        made(net, CE, {**DIGITS, "preprocess": how}, optimizer=sgd(1e-6)) for how in ("none", "standardize")
    )
    assert few_of(prepared.data, 5).preprocess == "standardize"
    assert "inputs go up to 16" in found(raw)
    assert "inputs go up to" not in found(prepared)


def test_every_optimizer_learns_without_its_weight_decay():
    for kind, optimizer in OPTIMIZERS.items():
        decay = {"weight_decay": 0.5} if "weight_decay" in optimizer.__struct_fields__ else {}
        net = made(chain(), optimizer={"kind": kind, **decay}, batch_size="all")
        assert getattr(on_few(net, 50).training.optimizer, "weight_decay", 0.0) == 0
        assert getattr(net.training.optimizer, "weight_decay", 0.5) == 0.5


def test_fewer_examples_than_asked_for():
    assert last(overfit(made(chain(), data={**XOR, "samples": 20}))).examples == 15


def test_it_does_no_more_steps_than_asked_for():
    for steps in (1, 2, 25, 26, 30):
        assert last(overfit(made(chain(), optimizer=sgd(1e-9)), steps=steps)).steps == steps


def test_an_infinite_loss_is_not_learnt(tmp_path):
    x = np.full((8, 3), 1e30)
    report = last(overfit(of_arrays(tmp_path, x, np.arange(8.0)[:, None], chain(depth=0), "mse")))
    assert not report.learnt
    assert "the loss is no number from the start: it begins in out" in report.findings[-1]


def test_right_decisions_by_what_is_no_number_are_not_learnt(tmp_path):
    x = np.full((8, 3), 1e30)
    report = last(overfit(of_arrays(tmp_path, x, np.zeros(8, int), chain(2, 1, "square", 2), CE)))
    assert not report.learnt


def test_a_last_layer_that_begins_at_zero_is_no_vanishing_gradient():
    layers = chain(16, 1)
    layers[-1] |= {"init": "zeros"}
    report = last(overfit(made(layers, optimizer=sgd(0.1)), steps=100))
    assert not report.learnt
    assert "vanishes" not in str(report)


def test_a_fault_without_a_name_is_not_passed_over_in_silence(monkeypatch):
    for name in ("_restless", "_falling", "_small"):
        monkeypatch.setattr(f"engine.checks.findings.{name}", lambda *a: [])
    report = last(overfit(made(chain(depth=0))))
    assert report.findings == ("no usual fault is seen: it may need more steps, a wider network or another rate",)


def test_the_project_and_its_file_are_left_alone(tmp_path):
    net = made(chain())
    save_project(net, tmp_path / "net.netviz")
    bits, file = net.to_bytes(), (tmp_path / "net.netviz").read_bytes()
    assert last(overfit(net)) == last(overfit(net))
    assert net.to_bytes() == bits
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [file]
    assert module.EXAMPLES == 50
