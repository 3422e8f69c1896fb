"""A softmax and its cross-entropy at every step: targets N × T, learnt, exported, and PyTorch's loss."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from engine.errors import ProjectError
from engine.export.onnx import onnx_bytes
from engine.export.torch import torch_source
from engine.gradient_check import check_gradients
from engine.losses import CrossEntropyByStep
from engine.probes.arithmetic.lines import Way
from engine.project import Project, project_from
from engine.trainer import Trainer
from tests.engine.cases import network, project_json
from tests.engine.export.nets import network_class
from tests.engine.export.test_torch import must_be_well_formed
from tests.engine.export.test_torch_modules import run_source
from tests.engine.probes.following import ask, holds, trained
from tests.engine.recurrent_formulas import run

STEPS, CLASSES, FEATURES = 5, 3, 2


def made(folder: Path, x: Any, y: Any, kind: str = "lstm", **training: Any) -> Project:
    """x → recurrent, every step → dense → one row of logits, on such arrays."""
    np.savez(folder / "data.npz", x=x, y=y)
    layers = [
        {"id": "r", "kind": kind, "units": 12, "return_sequences": True},
        {"id": "out", "kind": "dense", "units": CLASSES},
        {"id": "flat", "kind": "flatten"},
    ]
    data = {"kind": "npz", "path": "data.npz", "validation": 0.25}
    loss = {"kind": "cross_entropy_by_step", "classes": CLASSES}
    project = project_from(project_json(layers, loss, data, **training), folder)
    assert project.problems() == []
    return project


def sums(count: int = 120) -> tuple[Any, Any]:
    """At each step the class is how many of the numbers so far were positive, modulo 3."""
    x = np.random.default_rng(0).standard_normal((count, STEPS, FEATURES))
    return x, (x[:, :, 0] > 0).cumsum(axis=1) % CLASSES


def rows_of(y: Any) -> Any:
    return np.eye(CLASSES)[y].reshape(len(y), -1)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_loss_is_the_mean_over_steps_and_its_gradient_that_by_differences(tmp_path: Path, kind: str) -> None:
    x, y = sums(6)
    net = network(made(tmp_path, x, y, kind))
    p = net.parameters()
    own = {name.partition(".")[2]: a for name, a in p.items() if name.startswith("r.")}
    losses = []
    for row, due in zip(x, y, strict=True):
        z = run(kind, row, own)[0] @ p["out.weight"].T + p["out.bias"]
        losses += [np.log(np.exp(z[t]).sum()) - z[t, due[t]] for t in range(STEPS)]
    loss, gradients = net.loss_and_gradients(x, y.astype(float))
    assert loss == pytest.approx(np.mean(losses), rel=1e-12)
    assert check_gradients(net, x, y.astype(float)).ok
    again, same = net.loss_and_gradients(x, rows_of(y))
    assert again == loss
    assert all((gradients[name] == same[name]).all() for name in gradients)


def test_it_is_learnt_and_told_step_by_step(tmp_path: Path) -> None:
    trainer = Trainer(made(tmp_path, *sums(400), optimizer={"kind": "adam", "lr": 0.02}, batch_size=30))
    first = trainer.evaluate()[1]
    assert first.loss == pytest.approx(np.log(CLASSES), rel=0.1)
    trainer.run(60 * trainer.steps_per_epoch)
    held = trainer.evaluate()[1]
    z = trainer.network.predict(trainer.data.x_val).reshape(-1, STEPS, CLASSES)
    assert held.accuracy == pytest.approx((z.argmax(axis=2) == trainer.data.y_val).mean())
    assert held.accuracy > 0.9


def test_a_step_at_which_nothing_is_due_counts_with_a_loss_of_0(tmp_path: Path) -> None:
    x, y = sums(8)
    rows = rows_of(y).reshape(8, STEPS, CLASSES)
    rows[:, :2] = 0
    net = network(made(tmp_path, x, rows.reshape(8, -1)))
    z = net.predict(x).reshape(8, STEPS, CLASSES)
    logs = np.log(np.exp(z).sum(axis=2)) - np.take_along_axis(z, y[..., None], 2)[..., 0]
    loss, _ = net.loss_and_gradients(x, rows.reshape(8, -1))
    assert loss == pytest.approx(logs[:, 2:].sum() / (8 * STEPS), rel=1e-12)
    assert check_gradients(net, x, rows.reshape(8, -1)).ok
    hits = net.loss.hits(np, z.reshape(8, -1).T, rows.reshape(8, -1).T, None)
    assert hits.size == 8 * 3
    assert hits.mean() == (z.argmax(axis=2) == y)[:, 2:].mean()
    assert net.loss.hits(np, z.reshape(8, -1).T, 0 * rows.reshape(8, -1).T, None) is None


def test_its_shares_are_a_softmax_at_each_step() -> None:
    loss, z = CrossEntropyByStep(classes=3), np.random.default_rng(0).standard_normal((2, 4, 6))
    by_step = np.exp(z).reshape(2, 4, 2, 3)
    p = (by_step / by_step.sum(axis=3, keepdims=True)).reshape(2, 4, 6)
    np.testing.assert_allclose(loss.shares(z[0]), p[0])
    np.testing.assert_allclose(np.exp(loss.averaged(z)), p.mean(axis=0))


def test_its_arithmetic_adds_up(tmp_path: Path) -> None:
    """L as the sum over outputs, and ∂L/∂z at each of them."""
    trainer = trained(made(tmp_path, *sums(30)))
    told = [section for section in ask(trainer).sections if section.way is Way.LOSS]
    holds(told)
    (whole,) = [section for section in told if section.name == "L"]
    x, y = np.asarray(trainer.data.x[:1]), np.asarray(trainer.data.y[:1])
    assert whole.value == pytest.approx(trainer.network.loss_and_gradients(x, y)[0], rel=1e-9)
    z = trainer.network.predict(x).reshape(STEPS, CLASSES)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    slopes = {line.unit: line.value for section in told for line in section.lines if line.name.startswith("∂L/∂")}
    expected = ((p - rows_of(y.astype(int)).reshape(STEPS, CLASSES)) / STEPS).ravel()
    assert slopes
    for unit, value in slopes.items():
        assert value == pytest.approx(expected[unit], rel=1e-9)


def test_onnx_and_pytorch_say_the_same_and_train_by_the_same_loss(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, y = sums(20)
    project = made(tmp_path, x, y)
    net = network(project)
    expected = net.predict(x)
    session = onnxruntime.InferenceSession(onnx_bytes(net, "Net"), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"x": x.astype(np.float32)})[0], expected, rtol=1e-4, atol=1e-5)
    source = torch_source(project)
    must_be_well_formed(source)
    names = run_source(source)
    module = names[network_class(source).name]().double()
    module.load_state_dict({name: torch.from_numpy(array) for name, array in net.state().items()})
    z = module(torch.from_numpy(x))
    np.testing.assert_allclose(z.detach().numpy(), expected, rtol=1e-9)
    criterion = names["StepwiseCrossEntropyLoss"]()
    mine, gradients = net.loss_and_gradients(x, y.astype(float))
    plain = torch.nn.CrossEntropyLoss()(z.reshape(-1, CLASSES), torch.from_numpy(y).reshape(-1))
    assert plain.item() == pytest.approx(mine, rel=1e-12)
    assert criterion(z, torch.from_numpy(y)).item() == pytest.approx(mine, rel=1e-12)
    criterion(z, torch.from_numpy(y)).backward()
    for name, parameter in module.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), gradients[name], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("as_rows", [False, True], ids=["class numbers", "probabilities"])
def test_the_exported_training_takes_the_same_targets(tmp_path: Path, capsys, as_rows: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, y = sums(200)
    y = rows_of(y) if as_rows else y
    names = run_source(source := torch_source(made(tmp_path, x, y, optimizer={"kind": "adam", "lr": 0.03}, epochs=25)))
    torch.manual_seed(0)
    module = names[network_class(source).name]()
    names["initialize"](module)
    names["train"](module, torch.from_numpy(x).float(), torch.from_numpy(y))
    assert float(capsys.readouterr().out.splitlines()[-1].rpartition(" ")[2]) < 0.6 * np.log(CLASSES)


REFUSED = {
    "a class for each example": (
        {"shape": [4], "classes": 3},
        6,
        3,
        "wants targets at each step, the data have one class for each example",
    ),
    "a remainder": ({"shape": [4], "targets": 2}, 7, 3, "of 3 classes wants so many outputs at each step, got 7"),
    "one step": ({"shape": [4], "targets": 3}, 3, 3, "of 3 classes wants so many outputs at each step, got 3"),
    "other columns": ({"shape": [4], "targets": 5}, 6, 3, "y has 5 columns, 6 outputs of 3 classes are 2 steps"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_one_line(name: str) -> None:
    data, units, classes, words = REFUSED[name]
    loss = {"kind": "cross_entropy_by_step", "classes": classes}
    layers = [{"id": "out", "kind": "dense", "units": units}]
    (problem,) = project_from(project_json(layers, loss, {"kind": "noise", **data}), Path()).problems()
    assert str(problem).startswith("training.loss: ")
    assert words in str(problem)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.array([[0, 3]]), "wants class numbers from 0 to 2 at each step"),
        (np.array([[0.5, 1]]), "wants class numbers from 0 to 2 at each step"),
        (np.array([[0.5, 0.6, 0, 1, 0, 0]]), "wants rows of probabilities at each step"),
        (np.array([[-0.1, 0.6, 0, 1, 0, 0]]), "wants rows of probabilities at each step"),
    ],
)
def test_targets_out_of_range_are_one_line(y: Any, words: str) -> None:
    with pytest.raises(ProjectError, match=words):
        CrossEntropyByStep(classes=3).targets(y, None, 6)
