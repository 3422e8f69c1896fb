"""A project's training in PyTorch eager, as a careful person would write it for speed on one CPU thread or a card."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import engine
from engine.data.batches import WINDOW, WINDOW_THERE
from engine.layers.base import Layer
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.pooling import MaxPool2d
from engine.layers.recurrent.lstm import Lstm
from engine.layers.shapes import Flatten
from engine.losses import CrossEntropy
from engine.optimizers import Adam, Sgd
from engine.random import generator

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class LastState(nn.LSTM):
    """The last state alone; to take it from the states of all steps would cost the way back a third more."""

    def forward(self, x: Tensor) -> Tensor:
        last: Tensor = super().forward(x)[1][0][-1]
        return last


class PyTorchSide:
    """Chains of the layers of the cases, plain SGD or Adam; weights start as the engine's do."""

    def __init__(self, project: engine.Project, device: str = "cpu") -> None:
        torch.set_num_threads(1)
        self.project, self.device = project, torch.device(device)
        self.start = {k: torch.from_numpy(v) for k, v in engine.Trainer(project).network.state().items()}
        data = project.data.load(project.folder)
        self.x = torch.from_numpy(data.x.astype(np.float32)).to(self.device)
        self.classes = isinstance(project.training.loss, CrossEntropy)
        self.y = torch.from_numpy(data.y if self.classes else data.y.astype(np.float32)[:, None]).to(self.device)
        batch = project.training.batch_size
        self.batch = len(self.x) if isinstance(batch, str) else batch
        self.reset()

    def reset(self) -> None:
        self.net = nn.Sequential()
        for node in self.project.graph.nodes[1:]:
            self.net.add_module(node.id, self._module(node.id, node.layer))
        self.net.load_state_dict(self.start)
        self.net.to(self.device)
        self.loss = nn.CrossEntropyLoss() if self.classes else nn.BCEWithLogitsLoss()
        self.optimizer = self._optimizer()
        self.batches = self._batches()

    def run(self, steps: int) -> None:
        net, loss, optimizer, batches = self.net, self.loss, self.optimizer, self.batches
        for _ in range(steps):
            x, y = next(batches)
            optimizer.zero_grad()
            loss(net(x), y).backward()
            optimizer.step()

    def parameters(self) -> dict[str, np.ndarray[Any, Any]]:
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.net.named_parameters()}

    def _module(self, name: str, layer: Layer) -> nn.Module:
        if isinstance(layer, Dense):
            units, features = self.start[f"{name}.weight"].shape
            return nn.Linear(features, units)
        if isinstance(layer, Lstm):
            return LastState(self.start[f"{name}.weight_ih_l0"].shape[1], layer.units, batch_first=True)
        if isinstance(layer, Conv2d):
            filters, maps, *kernel = self.start[f"{name}.weight"].shape
            return nn.Conv2d(maps, filters, tuple(kernel))
        if isinstance(layer, MaxPool2d):
            return nn.MaxPool2d(layer.kernel_size)
        if isinstance(layer, Flatten):
            return nn.Flatten()
        return ACTIVATIONS[layer.kind()]()

    def _optimizer(self) -> torch.optim.Optimizer:
        chosen = self.project.training.optimizer
        if isinstance(chosen, Adam):
            betas = (chosen.beta1, chosen.beta2)
            return torch.optim.Adam(self.net.parameters(), chosen.lr, betas, chosen.eps, fused=True)
        assert isinstance(chosen, Sgd)
        return torch.optim.SGD(self.net.parameters(), chosen.lr, fused=True)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The engine's order, epoch by epoch; a window of examples is gathered at once and cut into batches."""
        count, batch = len(self.x), self.batch
        most = WINDOW if self.device.type == "cpu" else WINDOW_THERE
        window = max(batch, most // self.x[0].nbytes // batch * batch)
        if batch >= count:
            while True:
                yield self.x, self.y
        epoch = 0
        while True:
            order = torch.from_numpy(generator(self.project.training.seed, "shuffle", epoch).permutation(count)).to(
                self.device
            )
            for chosen in order.split(window):
                yield from zip(
                    self.x.index_select(0, chosen).split(batch),
                    self.y.index_select(0, chosen).split(batch),
                    strict=True,
                )
            epoch += 1
