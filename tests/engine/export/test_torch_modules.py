"""PyTorch modules at work: the same outputs, the same training, the same laws for first weights.

PyTorch is no dependency: where it is not installed, test_torch.py holds the text, whole and in parts.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.catalogue import LAYERS
from engine.data.files import Npz
from engine.data.preprocess import Kind, Preprocessor
from engine.export.torch import save_torch, torch_source
from engine.export.torch_course import watches
from engine.export.torch_preprocess import preprocess_class
from engine.initializers import GAINS, INITIALIZERS, Request
from engine.project import Project
from engine.spec import build
from engine.trainer import Trainer
from engine.weights import save_weights
from tests.engine.cases import LAYER_CASES, Array, behind_identity
from tests.engine.export.nets import NETS, PREPARED, act, by_hand, chain, dense, examples, network_class, trained
from tests.engine.loss_cases import LOSS_CASES, LossCase, loss_project
from tests.engine.optimizer_cases import OPTIMIZER_CASES

ALL = {**NETS, **PREPARED, **{f"layer {case.name}": behind_identity(case) for case in LAYER_CASES}}
# That PyTorch is slower so changes nothing.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
EVEN = {"zeros", "ones", "constant", "uniform", "glorot_uniform", "he_uniform"}  # of which the extremes are known
each_net = pytest.mark.parametrize("name", ALL)


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed: the exported modules cannot be run")


def run_source(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "net.py", "exec", dont_inherit=True), names)
    return names


def made_module(source: str) -> Any:
    return run_source(source)[network_class(source).name]()


def loaded(module: Any, state: Mapping[str, Array], tmp_path: Path) -> Any:
    """The module with the weights of a file that netviz wrote."""
    from safetensors.torch import load_file

    save_weights(tmp_path / "w.safetensors", state)
    module.load_state_dict(load_file(tmp_path / "w.safetensors"), strict=True)
    return module


@each_net
def test_the_module_takes_the_weights_file_and_predicts_the_same(torch: Any, tmp_path: Path, name: str) -> None:
    net, x = trained(ALL[name]), examples(ALL[name], 40)
    module = loaded(made_module(torch_source(ALL[name])), net.state(), tmp_path).eval()
    assert set(module.state_dict()) == set(net.state())
    with torch.no_grad():
        y = module(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(y, net.predict(x), rtol=1e-5, atol=1e-5)
    frozen = {name for name, p in module.named_parameters() if not p.requires_grad}
    layers = net.structure.layers
    assert frozen == {name for name in net.parameters() if not layers[name.rpartition(".")[0]].trains}  # type: ignore


TRAININGS: dict[str, dict[str, Any]] = {
    "adam otherwise": {"optimizer": {"kind": "adam", "lr": 0.02, "beta1": 0.8, "beta2": 0.99, "eps": 1e-3}},
    "l2": {"regularization": {"l2": 0.3}},
    "l1": {"regularization": {"l1": 0.05}},
    "l1, l2 and clip": {"regularization": {"l1": 0.05, "l2": 0.3}, "clip_norm": 0.25},
    "clip": {"clip_norm": 0.05},
    "clip value": {"clip_value": 0.01},
    "max norm": {"regularization": {"max_norm": 0.5, "l2": 0.01}},
    "decay and l2": {"optimizer": {"kind": "adamw", "lr": 0.02}, "regularization": {"l2": 0.1, "max_norm": 0.9}},
    **{
        name: {"optimizer": {**case.declared, "eps": 1e-3} if "ada" in name else case.declared}
        for name, case in OPTIMIZER_CASES.items()
    },
    "exponential": {"schedule": {"kind": "exponential", "gamma": 0.5}, "optimizer": {"kind": "sgd", "lr": 0.5}},
    "steps": {"schedule": {"kind": "step", "period": 2, "gamma": 0.1}, "optimizer": {"kind": "sgd", "lr": 0.5}},
    "cosine": {"schedule": {"kind": "cosine", "period": 1.3, "growth": 1.5, "lowest": 0.1}},
    "cyclic, warmed up": {"schedule": {"kind": "cyclic", "period": 1.7, "warmup": 2, "warmup_from": 0.2}},
    "warm-up alone": {"schedule": {"kind": "constant", "warmup": 2.5}, "optimizer": {"kind": "adamw", "lr": 0.1}},
    "plateau": {"schedule": {"kind": "plateau", "patience": 0, "threshold": 0.9}},
    "plateau, warmed up": {"schedule": {"kind": "plateau", "patience": 1, "threshold": 0.5, "warmup": 1.5}},
    "early stopping": {"early_stopping": {"patience": 100}},
    "all at once": {"batch_size": "all", "shuffle": True},
}


def trains_the_same(torch: Any, made: Project) -> None:
    """Batches in the data's order, from the same weights: the exported loop ends where the trainer does."""
    trainer = Trainer(made)
    source = torch_source(made)
    names = run_source(source)
    module = names[network_class(source).name]()
    start = {name: torch.from_numpy(array) for name, array in trainer.network.state().items()}
    module.load_state_dict(start)
    x, y = torch.from_numpy(trainer.data.x).float(), torch.from_numpy(trainer.data.y)
    held = (trainer.data.x_val, trainer.data.y_val) if watches(made.training) else ()
    held = tuple(torch.from_numpy(part).to(now.dtype) for part, now in zip(held, (x, y), strict=False))
    names["train"](module, x, y, *held)
    for _ in range(made.training.epochs * trainer.steps_per_epoch):
        trainer.update()
        if trainer.stopped:
            break
    after = trainer.network.state()
    for name, tensor in module.state_dict().items():
        np.testing.assert_allclose(tensor.numpy(), after[name], rtol=1e-3, atol=2e-5, err_msg=name)
    assert any(not np.allclose(after[name], start[name], atol=1e-2) for name in after)


@pytest.mark.parametrize("training", TRAININGS)
def test_the_loop_trains_as_the_trainer_does(torch: Any, training: str, capsys: pytest.CaptureFixture[str]) -> None:
    case = next(case for case in LOSS_CASES if case.name == "ce_drawn")
    trains_the_same(
        torch, loss_project(case, **{"batch_size": 8, "shuffle": False, "epochs": 3, **TRAININGS[training]})
    )
    assert re.fullmatch(r"(epoch \d: loss [\d.e-]+\n){3}", capsys.readouterr().out)


@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_the_loop_has_the_loss_and_its_targets(torch: Any, case: LossCase, tmp_path: Path) -> None:
    made = loss_project(case, batch_size=8, shuffle=False, epochs=3)
    if case.rows != "numbers":  # shares and distributions, which no source draws
        y = np.random.default_rng(2).uniform(0, 1, (30, case.units))
        y = y / y.sum(axis=1, keepdims=True) if case.rows == "distributions" else y
        np.savez(tmp_path / "d.npz", x=np.random.default_rng(1).standard_normal((30, 4)), y=y)
        made = replace(made, data=Npz(path="d.npz", validation=0.0), folder=tmp_path)
    trains_the_same(torch, made)


def test_the_loop_stops_early_and_brings_the_best_weights_back(torch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    layers = [dense("h1", 30), act("a1", "tanh"), dense("out", 64)]
    data = {"kind": "noise", "shape": [4], "targets": 64, "samples": 24, "validation": 0.5, "seed": 1}
    training = {"optimizer": {"kind": "adam", "lr": 0.003}, "early_stopping": {"patience": 3}, "shuffle": False}
    made = chain(layers, data=data, training={**training, "epochs": 300})
    trains_the_same(torch, made)
    assert 5 < len(capsys.readouterr().out.splitlines()) < 200


def test_a_frozen_layer_stays_and_the_rest_trains(torch: Any) -> None:
    layers = [dense("h1", 3, trainable=False), act("a1", "tanh"), dense("out", 2)]
    made = chain(layers, training={"shuffle": False, "epochs": 3, "batch_size": 8})
    trains_the_same(torch, made)


@pytest.mark.parametrize(
    "training",
    [
        {"optimizer": {"kind": "adam", "lr": 0.02}, "regularization": {"l2": 0.1}, "clip_norm": 0.5},
        {"optimizer": {"kind": "adamw", "lr": 0.02, "weight_decay": 0.1}},
        {"optimizer": {"kind": "lbfgs", "history": 3}, "batch_size": "all"},
    ],
    ids=lambda training: training["optimizer"]["kind"],
)
def test_zeros_that_are_kept_stay_zero_and_the_rest_trains(torch: Any, training: dict[str, Any]) -> None:
    layers = [dense("h1", 30, init="sparse", init_nonzero=2), act("a1", "tanh"), dense("out", 2)]
    made = chain(layers, training={"shuffle": False, "epochs": 3, "batch_size": 8, "keep_zeros": True, **training})
    trains_the_same(torch, made)
    zeros = Trainer(made).network.state()["h1.weight"] == 0
    assert 0.2 < zeros.mean() < 0.9


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize("init", [name for name in INITIALIZERS if name != "lsuv"])  # which the data scale afterwards
def test_first_weights_are_drawn_by_the_same_law(torch: Any, init: str, gain: float) -> None:
    more = {"init_std": 0.5, "init_limit": 0.25, "init_value": -0.75, "bias_init": 0.125}
    more |= {"init_gain": gain, "init_nonzero": 15}
    made = chain(
        [dense("wide", 300, init=init, **more), dense("out", 2)], data={"kind": "noise", "shape": [200], "targets": 2}
    )
    names = run_source(torch_source(made))
    torch.manual_seed(0)
    module = names["Net"]()
    names["initialize"](module)
    theirs, ours = module.state_dict(), Trainer(made).network.state()
    assert (theirs["wide.bias"].numpy() == 0.125).all()
    assert (theirs["out.bias"].numpy() == 0).all()
    mine, other = ours["wide.weight"], theirs["wide.weight"].numpy()
    if init == "sparse":
        assert ((other != 0).sum(axis=1) == 15).all()
        mine, other = mine[mine != 0], other[other != 0]  # too few for their extremes to tell much
    for share in (5, 25, 50, 75, 95) if init == "sparse" else (0, 5, 25, 50, 75, 95, 100):
        room = 0.2 if share in (0, 100) and init not in EVEN else 0.02
        scale = np.abs(mine).max() or 1
        assert abs(np.percentile(mine, share) - np.percentile(other, share)) <= room * scale
    if init == "orthogonal":
        np.testing.assert_allclose(other.T @ other, gain**2 * np.eye(200), atol=1e-4)


@pytest.mark.parametrize("features", [1, 2, 3, 15, 16, 42, 200])
@pytest.mark.parametrize("nonzero", [1, 3, 15])
def test_pytorch_keeps_as_many_sparse_weights(torch: Any, features: int, nonzero: int) -> None:
    tensor = torch.zeros(40, features)
    want = Request(tuple(tensor.shape), features, 40, 1.0, 1.0, 1.0, 1.0, nonzero)
    exec(INITIALIZERS["sparse"].torch("w", want), {"nn": torch.nn, "w": tensor})
    assert ((tensor != 0).sum(dim=1) == min(nonzero, features)).all()


def test_gains_have_pytorch_s_names(torch: Any) -> None:
    for name, gain in GAINS.items():
        assert gain == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-12)
        layer = build(LAYERS, {"kind": "dense", "init": "orthogonal", "init_gain": name}, "h1")
        assert layer == build(LAYERS, {"kind": "dense", "init": "orthogonal", "init_gain": gain}, "h1")


@pytest.mark.parametrize("kind", ["center", "standardize", "pca", "whiten"])
def test_the_module_fits_its_preprocessing_as_the_trainer_does(torch: Any, kind: str) -> None:
    """So does its training then: both see the same prepared numbers."""
    data = {"kind": "spiral", "classes": 3, "samples": 90, "preprocess": kind}
    made = chain([dense("out", 3)], "cross_entropy", data, training={"shuffle": False, "epochs": 3, "batch_size": 8})
    trains_the_same(torch, made)
    names, trainer = run_source(torch_source(made)), Trainer(made)
    fitted = names["Preprocess"]()
    fitted.fit(torch.from_numpy(trainer.data.x))
    ours = {name.partition(".")[2]: array for name, array in trainer.network.preprocess.state().items()}
    assert set(fitted.state_dict()) == set(ours)
    for name, tensor in fitted.state_dict().items():
        np.testing.assert_allclose(tensor.numpy(), ours[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["center", "standardize", "pca", "whiten"])
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4), (2, 2, 2, 2)])
def test_examples_of_any_shape_are_prepared(torch: Any, kind: Kind, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(60, *shape)) * 3 + np.arange(np.prod(shape)).reshape(shape)
    source = "\n".join(["import torch", "from torch import nn", *preprocess_class(kind, shape, fits=True)])
    module, prepared = run_source(source)["Preprocess"](), Preprocessor(kind, shape, "float32")
    prepared.fit(x)
    assert {f"preprocess.{name}": tuple(b.shape) for name, b in module.named_buffers()} == prepared.shapes
    module.fit(torch.from_numpy(x))
    for name, buffer in module.named_buffers():
        np.testing.assert_allclose(buffer.numpy(), prepared.state()[f"preprocess.{name}"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(module(torch.from_numpy(x).float()).numpy(), prepared(x), rtol=1e-4, atol=1e-5)


def test_a_constant_feature_is_left_at_nothing_by_the_module_too(torch: Any) -> None:
    for kind in ("standardize", "whiten"):
        data = {"kind": "noise", "shape": [3], "targets": 2, "preprocess": kind}
        module = run_source(torch_source(chain([dense("out", 2)], data=data)))["Preprocess"]()
        x = torch.from_numpy(np.column_stack([np.random.default_rng(0).normal(size=(50, 2)), np.full(50, 0.1)])).float()
        module.fit(x)
        y = module(x)
        assert torch.isfinite(y).all()
        assert y.abs().amax(dim=0).min() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False])
def test_run_as_a_program_it_trains(torch: Any, tmp_path: Path, named: bool) -> None:
    made = by_hand()
    save_torch(tmp_path / "net.py", made)
    data = made.data.load(made.folder)
    np.savez(tmp_path / "data.npz", x=data.x, y=data.y)
    command = [sys.executable, "net.py", *(["data.npz"] if named else [])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch ") == 5
    assert done.stdout.startswith("epoch 1: loss " if named else "no file of data was named")
