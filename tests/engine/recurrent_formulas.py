"""Recurrent layers written plainly, example by example and step by step, with PyTorch's parameters."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Parameters = dict[str, Array]


def logistic(a: Array) -> Array:
    return np.exp(-np.logaddexp(0, -a))


def rnn_step(a: Array, b: Array, h: Array, c: Array, relu: bool = False) -> tuple[Array, Array]:
    return (np.maximum(a + b, 0) if relu else np.tanh(a + b)), c


def relu_step(a: Array, b: Array, h: Array, c: Array) -> tuple[Array, Array]:
    return rnn_step(a, b, h, c, relu=True)


def lstm_step(a: Array, b: Array, h: Array, c: Array) -> tuple[Array, Array]:
    i, f, g, o = np.split(a + b, 4)
    c = logistic(f) * c + logistic(i) * np.tanh(g)
    return logistic(o) * np.tanh(c), c


def gru_step(a: Array, b: Array, h: Array, c: Array) -> tuple[Array, Array]:
    (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
    z = logistic(az + bz)
    return (1 - z) * np.tanh(an + logistic(ar + br) * bn) + z * h, c


def reset_first_step(a: Array, p: Parameters, h: Array) -> Array:
    """Cho et al. 2014, equations 5 to 8 with biases: the reset gate takes from the state what the candidate sees."""
    (ar, az, an), (ur, uz, un) = np.split(a, 3), np.split(p["weight_hh"], 3)
    br, bz, bn = np.split(p["bias_hh"] + np.zeros(len(a)), 3)
    r, z = logistic(ar + ur @ h + br), logistic(az + uz @ h + bz)
    return (1 - z) * np.tanh(an + un @ (r * h) + bn) + z * h


STEPS = {"rnn": rnn_step, "relu": relu_step, "lstm": lstm_step, "gru": gru_step}


def run(kind: str, x: Array, p: Parameters, layers: int = 1, both: bool = False) -> tuple[Array, Array]:
    """The states of every step of one example x (T, F), as (T, units), and the last of each direction, side by side."""
    for layer in range(layers):
        states, ends = [], []
        for way in ("", "_reverse") if both else ("",):
            own = {
                name: p.get(f"{name}_l{layer}{way}", 0.0) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            }
            h = c = np.zeros(own["weight_hh"].shape[1])
            found = []
            for row in x[::-1] if way else x:
                a, b = own["weight_ih"] @ row + own["bias_ih"], own["weight_hh"] @ h + own["bias_hh"]
                h, c = (reset_first_step(a, own, h), c) if kind == "reset_first" else STEPS[kind](a, b, h, c)
                found.append(h)
            ends.append(h)
            states.append(found[::-1] if way else found)
        x = np.concatenate([np.array(found) for found in states], axis=1)
    return x, np.concatenate(ends)


def flat_run(kind: str, x: Array, p: Parameters, steps: int, whole: bool = False, **stack: Any) -> Array:
    """Of flat examples (N, T·F): the last states, or the flat states of every step."""
    rows = [run(kind, row.reshape(steps, -1), p, **stack) for row in x]
    return np.array([states.ravel() if whole else last for states, last in rows])


def reset_first_gru(torch: Any, *sizes: int, **more: Any) -> Any:
    """PyTorch's GRU with the other form's equations, of which PyTorch finds the gradients."""

    class ResetFirst(torch.nn.GRU):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            ends = []
            for layer in range(self.num_layers):
                sides = []
                for way in ("", "_reverse")[: 1 + self.bidirectional]:
                    p = {name.removesuffix(f"_l{layer}{way}"): own for name, own in self.named_parameters()}
                    b_x, b_h = (p.get(name, x.new_zeros(3 * self.hidden_size)) for name in ("bias_ih", "bias_hh"))
                    h, states = x.new_zeros(len(x), self.hidden_size), []
                    for row in reversed(x.unbind(1)) if way else x.unbind(1):
                        a, (ur, uz, un) = (row @ p["weight_ih"].T + b_x + b_h).chunk(3, 1), p["weight_hh"].chunk(3)
                        r, z = (a[0] + h @ ur.T).sigmoid(), (a[1] + h @ uz.T).sigmoid()
                        h = z * h + (1 - z) * (a[2] + (r * h) @ un.T).tanh()
                        states.append(h)
                    ends.append(h)
                    sides.append(torch.stack(states[::-1] if way else states, 1))
                x = torch.cat(sides, 2)
            return x, torch.stack(ends)

    return ResetFirst(*sizes, **more)
