"""What PyTorch computes in float64 for recurrent layers and sequences, written to recurrent.npz and recurrent.json.

    python tests/reference/make_recurrent_vectors.py

needs torch, which netviz itself does not; the two files are kept, so that the tests do without.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
FEATURES, UNITS, EXAMPLES, STEPS = 2, 3, 3, (1, 5)
STACKS: tuple[dict[str, Any], ...] = ({}, {"layers": 2, "bidirectional": True}, {"layers": 2, "bias": False})
KINDS: dict[str, tuple[type[nn.Module], dict[str, Any]]] = {
    "rnn": (nn.RNN, {}),
    "rnn_relu": (nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, {}),
    "gru": (nn.GRU, {}),
}
CODES = 6


def hard(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Plain numbers, and for one example such as drive every gate to its ends."""
    x = rng.standard_normal((EXAMPLES, steps, FEATURES))
    x[1] *= 30
    return x


class Vectors:
    """What has been computed so far."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(8)
        self.arrays: dict[str, np.ndarray] = {}
        self.cases: list[dict[str, object]] = []

    def add(self, layer: dict[str, object], net: nn.Module, x: torch.Tensor, values: dict[str, torch.Tensor]) -> None:
        """`values` of `net` at `x`, and for each of them the gradients where a random delta comes back."""
        key = str(len(self.cases))
        self.arrays[f"{key}/x"] = x.detach().numpy()
        self.arrays |= {f"{key}/parameter/{name}": p.detach().numpy() for name, p in net.named_parameters()}
        for which, value in values.items():
            delta = torch.from_numpy(self.rng.standard_normal(tuple(value.shape)))
            net.zero_grad()
            x.grad = None
            value.backward(delta, retain_graph=True)
            self.arrays |= {f"{key}/{which}": value.detach().numpy(), f"{key}/{which}/delta": delta.numpy()}
            self.arrays |= {f"{key}/{which}/{name}": p.grad.numpy().copy() for name, p in net.named_parameters()}
            if x.grad is not None:
                self.arrays[f"{key}/{which}/x"] = x.grad.numpy().copy()
        self.cases.append({"layer": layer, "values": list(values)})

    def save(self, name: str) -> None:
        np.savez_compressed(HERE / f"{name}.npz", **self.arrays)
        made = {"torch": torch.__version__, "cases": self.cases}
        (HERE / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")


def main() -> None:
    torch.manual_seed(8)
    found = Vectors()
    for name, (module, options) in KINDS.items():
        for stack in STACKS:
            for steps in STEPS:
                more = {"num_layers" if key == "layers" else key: value for key, value in stack.items()}
                net = module(FEATURES, UNITS, batch_first=True, **more, **options).double()
                x = torch.from_numpy(hard(found.rng, steps)).requires_grad_()
                states, ends = net(x)
                ends = ends[0] if isinstance(ends, tuple) else ends
                last = ends[-2:] if "bidirectional" in stack else ends[-1:]
                values = {"states": states, "last": last.transpose(0, 1).flatten(1)}
                found.add({"kind": name.partition("_")[0], "units": UNITS, **options, **stack}, net, x, values)
    for steps in STEPS:
        linear, x = nn.Linear(FEATURES, UNITS).double(), torch.from_numpy(hard(found.rng, steps)).requires_grad_()
        found.add({"kind": "dense", "units": UNITS}, linear, x, {"states": linear(x)})
        embedding = nn.Embedding(CODES, FEATURES).double()
        codes = torch.from_numpy(found.rng.integers(0, CODES, (EXAMPLES, steps)))
        layer: dict[str, object] = {"kind": "embedding", "vocabulary": CODES, "dim": FEATURES}
        found.add(layer, embedding, codes, {"states": embedding(codes)})
    found.save("recurrent")


if __name__ == "__main__":
    main()
