"""Layer norm inside recurrent layers, against Ba et al. 2016 written out example by example, and differences."""

import re
from pathlib import Path

import numpy as np
import pytest

from engine.backend import Backend
from engine.errors import ProjectError
from engine.export.onnx import onnx_bytes
from engine.export.torch import torch_source
from engine.gradient_check import check_gradients
from engine.network import Network
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import CLOSE, network, project, project_json
from tests.engine.export.nets import network_class
from tests.engine.export.test_torch import must_be_well_formed
from tests.engine.export.test_torch_modules import loaded, made_module, run_source
from tests.engine.recurrent_formulas import logistic
from tests.strict_array import strict

each_kind = pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])


def made(kind, steps=5, features=3, units=4, **fields):
    layers = [
        {"id": "r", "kind": kind, "units": units, "layer_norm": True, **fields},
        *([{"id": "flat", "kind": "flatten"}] if fields.get("return_sequences") else []),
        {"id": "out", "kind": "dense", "units": 2},
    ]
    return project(layers, data={"kind": "noise", "shape": [steps, features], "targets": 2, "samples": 30})


def normed(a):
    return (a - a.mean()) / np.sqrt(a.var() + 1e-5)


def step(kind, x, h, c, p):
    """One example's state and cell after a step; equations 20 to 22 for the LSTM, and after them for the GRU."""
    b_x, b_h = p.get("bias_ih", 0.0), p.get("bias_hh", 0.0)
    a, b = p["weight_ih"] @ x, p["weight_hh"] @ h
    u = len(h)
    if kind == "gru":
        a, b = (np.concatenate([normed(v[: 2 * u]), normed(v[2 * u :])]) for v in (a, b))
    else:
        a, b = normed(a), normed(b)
    a, b = p["gain_ih"] * a + b_x, p["gain_hh"] * b + b_h
    if kind == "rnn":
        return np.tanh(a + b), c
    if kind == "gru":
        r, z = logistic((a + b)[:u]), logistic((a + b)[u : 2 * u])
        return (1 - z) * np.tanh(a[2 * u :] + r * b[2 * u :]) + z * h, c
    i, f, g, o = np.split(a + b, 4)
    c = logistic(f) * c + logistic(i) * np.tanh(g)
    return logistic(o) * np.tanh(p["gain_c"] * normed(c) + p.get("bias_c", 0.0)), c


def run(kind, rows, parameters, layers=1, both=False):
    for layer in range(layers):
        sides, ends = [], []
        for way in ("", "_reverse") if both else ("",):
            pattern = re.compile(rf"r\.(\w+?)_l{layer}{way}$")
            p = {found[1]: a for name, a in parameters.items() if (found := pattern.match(name))}
            h = c = np.zeros(p["weight_hh"].shape[1])
            states = []
            for x in rows[::-1] if way else rows:
                h, c = step(kind, x, h, c, p)
                states.append(h)
            ends.append(h)
            sides.append(states[::-1] if way else states)
        rows = np.concatenate([np.array(states) for states in sides], axis=1)
    return rows, np.concatenate(ends)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("stack", [{}, {"layers": 2, "bidirectional": True}], ids=["one", "stack"])
@pytest.mark.parametrize("whole", [False, True], ids=["last", "every step"])
@each_kind
def test_it_is_what_the_paper_says_and_its_gradient_that_by_differences(kind, whole, stack, bias):
    net = network(made(kind, return_sequences=whole, bias=bias, **stack))
    rng = np.random.default_rng(0)
    x, p = rng.standard_normal((6, 5, 3)), net.parameters()
    found = [run(kind, row, p, stack.get("layers", 1), stack.get("bidirectional", False)) for row in x]
    rows = np.array([states.ravel() if whole else last for states, last in found])
    np.testing.assert_allclose(net.predict(x), rows @ p["out.weight"].T + p["out.bias"], **CLOSE["float64"])
    report = check_gradients(net, x, rng.standard_normal((6, 2)))
    assert report.ok, [str(tensor) for tensor in report.tensors]
    assert {t.name.split(".")[-1].rpartition("_l")[0] for t in report.tensors if "gain" in t.name} == (
        {"gain_ih", "gain_hh", "gain_c"} if kind == "lstm" else {"gain_ih", "gain_hh"}
    )


@pytest.mark.parametrize("shape", [(1, 1, 2), (1, 4, 3), (9, 2, 2)], ids=str)
@each_kind
def test_other_lengths_and_widths(kind, shape):
    steps, features, units = shape
    net = network(made(kind, steps, features, units))
    x, p = np.random.default_rng(0).standard_normal((3, steps, features)), net.parameters()
    ends = np.array([run(kind, row, p)[1] for row in x])
    np.testing.assert_allclose(net.predict(x), ends @ p["out.weight"].T + p["out.bias"], **CLOSE["float64"])
    assert check_gradients(net, x, np.ones((3, 2))).ok


@each_kind
def test_weights_and_inputs_may_be_of_any_scale(kind):
    """What the norm is for: of W x and U h, ten times as large, the same comes out."""
    net = network(made(kind))
    x, p = np.random.default_rng(0).standard_normal((6, 5, 3)) * 10, net.parameters()
    before = net.predict(x)
    net.load_parameters({name: a * (10 if "r.weight" in name else 1) for name, a in p.items()})
    np.testing.assert_allclose(net.predict(x), before, rtol=1e-3, atol=1e-4)
    plain = network(made(kind, layer_norm=False))
    q = plain.parameters()
    before = plain.predict(x)
    plain.load_parameters({name: a * (10 if "r.weight" in name else 1) for name, a in q.items()})
    assert np.abs(plain.predict(x) - before).max() > 0.1


@each_kind
def test_gains_begin_at_1_and_are_no_weights_that_a_penalty_shrinks(kind):
    state = Trainer(made(kind, layers=2)).network.state()
    gains = {name: a for name, a in state.items() if ".gain" in name}
    assert len(gains) == (6 if kind == "lstm" else 4)
    assert all((a == 1).all() for a in gains.values())
    assert all((a == 0).all() for name, a in state.items() if "bias_c" in name)
    layer = made(kind, layers=2).graph.layer("r")
    block = np.arange(layer.block_shape((5, 3))[0], dtype=float)[:, None]
    views = layer.views(block)
    assert sum(a.size for a in views.values()) == len(block)
    assert layer.weights(block).size == sum(a.size for name, a in views.items() if name.startswith("weight"))
    ours = [a for name, a in views.items() if name.startswith(("bias_ih", "bias_hh"))]
    np.testing.assert_array_equal(layer.biases(block), np.concatenate([a.ravel() for a in ours]))


@each_kind
def test_without_it_nothing_is_another(kind):
    plain, said = (Trainer(made(kind, layer_norm=on)).network.state() for on in (False, True))
    assert not any("gain" in name for name in plain)
    assert all(np.array_equal(plain[name], said[name]) for name in plain)  # the same first weights


@each_kind
def test_on_a_device_the_same(kind):
    project_ = made(kind, layers=2, bidirectional=True)
    x, y = np.random.default_rng(0).standard_normal((6, 5, 3)), np.ones((6, 2))
    here = network(project_)
    there = Network(project_, Backend(strict, "strict", "float64"))
    there.load_parameters(here.parameters())
    loss, gradients = here.loss_and_gradients(x, y)
    other, others = there.loss_and_gradients(x, y)
    assert other == pytest.approx(loss)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(others[name], gradient, atol=1e-10)


@each_kind
def test_it_learns_and_a_step_done_again_has_the_same_bits(kind):
    trainer, again = (Trainer(made(kind)) for _ in range(2))
    state = trainer.snapshot()
    first = trainer.step().loss
    losses = [first, *(trainer.step().loss for _ in range(60))]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])
    again.restore(state)
    assert [again.step().loss for _ in range(61)] == losses


def test_of_a_gru_that_resets_first_the_problem_is_told():
    data = {"kind": "noise", "shape": [5, 3], "targets": 2}
    layers = [{"id": "r", "kind": "gru", "layer_norm": True, "reset_after": False, "units": 2}]
    (problem,) = project_from(project_json(layers, data=data), Path()).problems()
    assert str(problem) == "r: has layer_norm, which norms U h by itself, so reset_after must be true"


@each_kind
def test_onnx_says_why_not(kind):
    net = network(made(kind))
    with pytest.raises(ProjectError, match=r"r: .*layer norm.*PyTorch"):
        onnx_bytes(net, "x")


@pytest.mark.parametrize("stack", [{}, {"layers": 2, "bidirectional": True, "bias": False}], ids=["one", "stack"])
@pytest.mark.parametrize("whole", [False, True], ids=["last", "every step"])
@each_kind
def test_the_exported_module_says_the_same_and_has_the_same_gradients(kind, whole, stack, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    project_ = made(kind, return_sequences=whole, **stack)
    net = network(project_)
    source = torch_source(project_)
    module = loaded(made_module(source), net.state(), tmp_path).double()
    x, y = np.random.default_rng(0).standard_normal((6, 5, 3)), np.ones((6, 2))
    module.load_state_dict({name: torch.from_numpy(a) for name, a in net.state().items()})
    found = module(torch.from_numpy(x))
    np.testing.assert_allclose(found.detach().numpy(), net.predict(x), rtol=1e-9, atol=1e-11)
    ((found - torch.from_numpy(y)) ** 2).mean().backward()
    _, gradients = net.loss_and_gradients(x, y)
    for name, parameter in module.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), gradients[name], rtol=1e-7, atol=1e-11)
    names = run_source(source)
    fresh = names[network_class(source).name]()
    names["initialize"](fresh)
    first = dict(fresh.named_parameters())
    assert all((p == 1).all() for name, p in first.items() if ".gain" in name)
    assert all((p == 0).all() for name, p in first.items() if "bias_c" in name or "bias_hh" in name)
    assert all(p.abs().max() > 0 for name, p in first.items() if ".weight" in name)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@each_kind
def test_formatters_and_linters_change_nothing_of_the_exported_text(kind, bias):
    must_be_well_formed(torch_source(made(kind, layers=2, dropout=0.5, bias=bias)))


def test_the_exported_text_is_as_a_person_would_write_it():
    source = torch_source(made("lstm"))
    assert "class NormedLSTM(nn.Module):" in source
    assert "self.r = NormedLSTM(3, 4, 1, bias=True, both=False)" in source
    assert max(map(len, source.splitlines())) <= 120
