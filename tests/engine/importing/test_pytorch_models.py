"""Models that PyTorch has written give in netviz what they give in PyTorch, or are refused by the operator's name.

A committed model of each kind is not needed for this: the same operators are held to ONNX' own cases, and the idioms
to plain computations, without PyTorch.
"""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import ProjectError
from engine.importing.onnx import model_from
from engine.importing.project import Imported, finished
from engine.importing.translate import translated
from engine.inference import network_with

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


def written(module: Any, *x: Any, opset: int = 17, any_batch: bool = True, **more: Any) -> bytes:
    """The exporter that PyTorch has without further packages."""
    names, file = [f"in{number}" for number in range(len(x))], io.BytesIO()
    free = {name: {0: "n"} for name in [*names, "y"]} if any_batch else None
    module.train("training" in more)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, x, file, dynamo=False, opset_version=opset, input_names=names, output_names=["y"],
            dynamic_axes=free, **more,
        )  # fmt: skip
    return file.getvalue()


def read(content: bytes) -> Imported:
    return finished(*translated(model_from(content, Path())), "torch")


def must_agree(module: Any, *x: Any, **more: Any) -> list[str]:
    """Holds outputs together; returns the kinds of layers."""
    found = read(written(module, *x, **more))
    net = network_with(found.project, found.weights)
    rows = np.concatenate([part.numpy().reshape(len(part), -1) for part in x], axis=1)
    with torch.no_grad():
        expected = module.eval()(*x).numpy().reshape(len(rows), -1)
    np.testing.assert_allclose(net.predict(rows.reshape(len(rows), *net.input_shape)), expected, rtol=1e-5, atol=1e-6)
    assert np.ptp(expected) > 1e-3
    return [node.layer.kind() for node in found.project.graph.nodes]


def drawn(module: Any) -> Any:
    """With running averages and scales that are not 0 and 1."""
    torch.manual_seed(0)
    for part in module.modules():
        if getattr(part, "running_mean", None) is not None:
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
        if type(part).__name__.endswith("Norm") or "Norm" in type(part).__name__:
            for parameter in part.parameters():
                nn.init.uniform_(parameter, 0.5, 2)
    return module


def normal(*shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


ACTIVATIONS = [
    *(nn.ReLU(), nn.LeakyReLU(0.2), nn.PReLU(), nn.PReLU(6), nn.ELU(1.3), nn.SELU(), nn.GELU(), nn.SiLU(), nn.Mish()),
    *(nn.GELU(approximate="tanh"), nn.Softplus(), nn.Softsign(), nn.Sigmoid(), nn.Tanh(), nn.Hardsigmoid()),
    *(nn.Hardswish(), nn.Hardtanh(), nn.ReLU6(), nn.LogSigmoid(), nn.Tanhshrink(), nn.Softmax(1), nn.LogSoftmax(1)),
    *(nn.GLU(), nn.Softmin(1), nn.BatchNorm1d(6), nn.LayerNorm(6), nn.Dropout(0.5), nn.Identity()),
]
# Where PyTorch's is one layer of netviz', it comes as that.
AS_ONE = {nn.GELU: "gelu", nn.SiLU: "silu", nn.Softsign: "softsign", nn.LayerNorm: "layer_norm", nn.PReLU: "prelu"}


@pytest.mark.parametrize("opset", [11, 17, 20])
@pytest.mark.parametrize("layer", ACTIVATIONS, ids=str)
def test_a_layer_of_vectors(layer: Any, opset: int) -> None:
    made = drawn(nn.Sequential(nn.Linear(4, 6), layer, nn.Linear(3 if isinstance(layer, nn.GLU) else 6, 2)))
    kinds = must_agree(made, 2 * normal(9, 4), opset=opset)
    kind = AS_ONE.get(type(layer))
    if kind is not None and getattr(layer, "approximate", "none") == "none":
        assert kinds == ["input", "dense", kind, "dense"]


PICTURES = [
    *(nn.ReLU(), nn.PReLU(3), nn.SiLU(), nn.Hardswish(), nn.BatchNorm2d(3), nn.LayerNorm([3, 6, 6]), nn.Dropout2d(0.2)),
    *(nn.InstanceNorm2d(3), nn.InstanceNorm2d(3, affine=True), nn.GroupNorm(3, 3), nn.GroupNorm(1, 3)),
    *(nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    *(nn.MaxPool2d(3, 2, ceil_mode=True), nn.MaxPool2d((2, 3), (5, 4), 1, ceil_mode=True)),
    *(nn.AvgPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(4, 3, 2, ceil_mode=True)),
    *(nn.AvgPool2d(4, 3, 2, ceil_mode=True, count_include_pad=False), nn.AvgPool2d((2, 4), 3, (1, 2), ceil_mode=True)),
    *(nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d(3), nn.AdaptiveMaxPool2d(1)),
    *(nn.Conv2d(3, 6, 3, stride=2, padding=1, groups=3), nn.Conv2d(3, 4, (3, 2), dilation=2, padding="same")),
    *(nn.Conv2d(3, 2, 1, bias=False), nn.Sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(3, 2, 3, padding=1))),
]
LINES = [
    *(nn.Conv1d(3, 4, 3, padding=1, stride=2), nn.BatchNorm1d(3), nn.MaxPool1d(2), nn.AvgPool1d(3, 1, 1)),
    *(nn.MaxPool1d(3, 2, 1, ceil_mode=True), nn.AvgPool1d(3, 2, 1, ceil_mode=True)),
    *(nn.AdaptiveAvgPool1d(1), nn.AdaptiveMaxPool1d(1), nn.InstanceNorm1d(3, affine=True), nn.GroupNorm(3, 3)),
]


@pytest.mark.parametrize("any_batch", [True, False], ids=["N", "fixed"])
@pytest.mark.parametrize("layer", PICTURES, ids=str)
def test_a_layer_of_pictures(layer: Any, any_batch: bool) -> None:
    first, x = nn.Conv2d(2, 3, 3, padding=1), normal(3, 2, 6, 6)
    features = layer.eval()(first(x)).flatten(1).shape[1]
    made = drawn(nn.Sequential(first, layer, nn.Flatten(), nn.Linear(features, 2)))
    kinds = must_agree(made, x, any_batch=any_batch)
    if isinstance(layer, nn.PReLU):  # a slope for each map stays one
        assert kinds == ["input", "conv2d", "prelu", "flatten", "dense"]


@pytest.mark.parametrize("layer", LINES, ids=str)
def test_a_layer_along_a_line(layer: Any) -> None:
    first, x = nn.Conv1d(2, 3, 3, padding=1), normal(3, 2, 8)
    features = layer.eval()(first(x)).flatten(1).shape[1]
    must_agree(drawn(nn.Sequential(first, layer, nn.Flatten(), nn.Linear(features, 2))), x)


class Text(nn.Module):
    """Codes, a recurrent layer, and a dense layer over what `pick` takes of it."""

    def __init__(self, kind: Any, pick: Callable[[Any, Any], Any], width: int = 7, **more: Any) -> None:
        super().__init__()
        self.vectors, self.pick = nn.Embedding(20, 6), pick
        self.states, self.out = kind(6, 7, batch_first=True, **more), nn.Linear(width, 3)

    def forward(self, x: Any) -> Any:
        states, last = self.states(self.vectors(x))
        return self.out(self.pick(states, last[0] if isinstance(last, tuple) else last))


PICKS: dict[str, tuple[Callable[[Any, Any], Any], dict[str, Any]]] = {
    "last step": (lambda states, last: states[:, -1], {}),
    "last state": (lambda states, last: last[-1], {}),
    "last of a stack": (lambda states, last: last[-1], {"num_layers": 3}),
    "mean": (lambda states, last: states.mean(1), {}),
    "every state": (lambda states, last: states, {}),
    "no bias": (lambda states, last: states[:, -1, :], {"bias": False, "num_layers": 2}),
    "both ways": (lambda states, last: torch.cat([last[-2], last[-1]], 1), {"bidirectional": True, "width": 14}),
    "both ways, a stack": (
        lambda states, last: torch.cat([last[-2], last[-1]], 1),
        {"bidirectional": True, "num_layers": 2, "width": 14},
    ),
    "both ways, last step": (lambda states, last: states[:, -1], {"bidirectional": True, "width": 14}),
    "both ways, all": (lambda states, last: states.flatten(1), {"bidirectional": True, "width": 14 * 5}),
}


@pytest.mark.parametrize("opset", [9, 17])
@pytest.mark.parametrize("any_batch", [True, False], ids=["N", "fixed"])
@pytest.mark.parametrize("pick", PICKS)
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_recurrent_layer(kind: Any, pick: str, any_batch: bool, opset: int) -> None:
    torch.manual_seed(0)
    take, more = PICKS[pick]
    codes = torch.randint(0, 20, (4, 5))
    must_agree(Text(kind, take, **more), codes, any_batch=any_batch, opset=opset)


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Any) -> Any:
        for conv in (self.conv1, self.conv2):
            x = F.avg_pool2d(torch.tanh(conv(x)), 2)
        x = x.reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3])
        return F.log_softmax(self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x))))), dim=1)


WAYS: dict[str, dict[str, Any]] = {
    "opset 9": {"opset": 9},
    "opset 13": {"opset": 13},
    "opset 20": {"opset": 20},
    "fixed sizes": {"any_batch": False},
    "nothing folded": {"do_constant_folding": False},
    "nothing folded, fixed sizes": {"opset": 9, "do_constant_folding": False, "any_batch": False},
    "weights among the inputs": {"keep_initializers_as_inputs": True},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["lenet", "residual", "text"])
def test_a_whole_network_however_it_is_written(name: str, way: str) -> None:
    torch.manual_seed(0)
    if name == "lenet":
        kinds = must_agree(LeNet(), normal(3, 1, 28, 28), **WAYS[way])
        assert kinds.count("avg_pool2d") == 2
    elif name == "residual":
        must_agree(drawn(Residual()), normal(4, 3, 9, 8), **WAYS[way])
    else:
        take, more = PICKS["both ways, a stack"]
        must_agree(Text(nn.GRU, take, **more), torch.randint(0, 20, (4, 5)), **WAYS[way])


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(6), nn.Dropout(0.5)], ids=str)
def test_what_was_written_while_it_trained_is_told(layer: Any) -> None:
    training = torch.onnx.TrainingMode.TRAINING
    content = written(nn.Sequential(nn.Linear(4, 6), layer).train(), normal(5, 4), training=training)
    with pytest.raises(
        ProjectError, match=r"^/1/.*: is exported in training mode; netviz takes networks as they are used$"
    ):
        read(content)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.out = nn.Linear(8, 5)
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).reshape(1, 3, 1, 1))

    def forward(self, x: Any) -> Any:
        x = F.relu(self.norm1(self.conv1((x - self.mean) / 0.25)))
        x = F.relu(self.norm2(self.conv2(x)) + x)
        return self.out(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1))


def test_a_residual_net_with_its_preprocessing() -> None:
    kinds = must_agree(drawn(Residual()), normal(4, 3, 8, 8))
    assert "subsampling" not in kinds
    found = read(written(drawn(Residual()), normal(4, 3, 8, 8)))
    assert found.project.data.preprocess == "standardize"
    assert any("preprocessing" in note for note in found.notes)
    np.testing.assert_allclose(found.weights["preprocess.mean"].ravel(), [0.4, 0.5, 0.6], rtol=1e-6)
    np.testing.assert_allclose(found.weights["preprocess.scale"].ravel(), 0.25, rtol=1e-6)


def test_names_of_modules_are_kept() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 5), nn.Tanh())
            self.head = nn.Linear(5, 2)

        def forward(self, x: Any) -> Any:
            return self.head(self.body(x))

    found = read(written(Named(), normal(3, 4)))
    assert [node.id for node in found.project.graph.nodes] == ["in0", "body_0", "body_1", "head"]


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 4), nn.Conv2d(1, 2, 2)

    def forward(self, x: Any, z: Any) -> Any:
        return torch.cat([self.left(x).tanh(), self.right(z).flatten(1)], 1)


def test_several_inputs_stand_side_by_side() -> None:
    kinds = must_agree(TwoInputs(), normal(5, 3), normal(5, 1, 3, 4))
    assert kinds.count("input") == 2


class Attention(nn.Module):
    def forward(self, x: Any) -> Any:
        return F.softmax(x @ x.transpose(1, 2), dim=-1) @ x


@pytest.mark.parametrize(
    ("layer", "x", "told"),
    [
        (nn.MaxPool2d(3, 2, dilation=2), (2, 1, 6, 6), "MaxPool: has dilations"),
        (nn.ConvTranspose2d(1, 2, 2), (2, 1, 6, 6), "ConvTranspose: netviz has no layer for it"),
        (nn.Upsample(scale_factor=2), (2, 1, 6, 6), "Resize: netviz has no layer for it"),
        (nn.ReflectionPad2d(1), (2, 1, 6, 6), "Pad: sets a margin of other than zeros"),
        (nn.LayerNorm(4), (2, 3, 4), "netviz' layer norm is over the whole example"),
        (Attention(), (2, 3, 4), "MatMul: multiplies two values that both follow from x"),
        (nn.Conv3d(1, 2, 2), (2, 1, 4, 4, 4), "Conv: is over 3 axes"),
    ],
    ids=str,
)
def test_what_netviz_has_not_is_told_by_its_operator(layer: Any, x: tuple[int, ...], told: str) -> None:
    width = {2: nn.Linear(x[-1], x[-1]), 3: nn.Linear(x[-1], x[-1])}.get(len(x), nn.Identity())
    with pytest.raises(ProjectError, match=told):
        read(written(nn.Sequential(width, layer), normal(*x)))
