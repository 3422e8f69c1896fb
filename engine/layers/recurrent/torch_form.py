"""The PyTorch class of a recurrent layer that PyTorch does not have: with layer norm, or the reset gate first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.layers.recurrent.base import Recurrent

# What a step makes of a = γ ∘ norm(W x) + b and b = γ' ∘ norm(U h) + b', by kind.
STEPS = {
    "rnn": ("return {function}(a + b), c",),
    "lstm": (
        "i, f, g, o = (a + b).chunk(4, 1)",
        "c = f.sigmoid() * c + i.sigmoid() * g.tanh()",
        'shift = own.get("bias_c")',
        'seen = nn.functional.layer_norm(c, (self.units,), own["gain_c"], shift)',
        "return o.sigmoid() * seen.tanh(), c",
    ),
    "gru": (
        "(ar, az, an), (br, bz, bn) = a.chunk(3, 1), b.chunk(3, 1)",
        "z = (az + bz).sigmoid()",
        "return (1 - z) * (an + (ar + br).sigmoid() * bn).tanh() + z * h, c",
    ),
}
NORMS = {"rnn": "(1,)", "lstm": "(4,)", "gru": "(2, 1)"}  # gates that one norm takes together


RESET_FIRST = (
    'u, shift, units = own["weight_hh"], own.get("bias_hh"), self.units',
    'ar, az, an = (x @ own["weight_ih"].t()).chunk(3, 1)',
    "br, bz = (h @ u[: 2 * units].t()).chunk(2, 1)",
    "if shift is not None:",
    '    cr, cz, cn = (own["bias_ih"] + shift).chunk(3)',
    "    ar, az, an = ar + cr, az + cz, an + cn",
    "r, z = (ar + br).sigmoid(), (az + bz).sigmoid()",
    "n = (an + (r * h) @ u[2 * units :].t()).tanh()",
    "return (1 - z) * n + z * h, c",
)


def spelled_name(layer: Recurrent) -> str:
    return f"{'Normed' if layer.layer_norm else 'ResetFirst'}{layer.module}"


def spelled_class(layer: Recurrent) -> tuple[str, ...]:
    """The lines of the class; a module of it gives out the states of every step, and the last ones."""
    vectors = '("bias_ih", "bias_hh", "gain_ih", "gain_hh")' if layer.layer_norm else '("bias_ih", "bias_hh")'
    return (
        f"class {spelled_name(layer)}(nn.Module):",
        '    """A recurrent layer with layer norm at each step (Ba, Kiros and Hinton 2016)."""'
        if layer.layer_norm
        else '    """A GRU whose reset gate acts on the state before its product (Cho et al. 2014)."""',
        "",
        "    def __init__(",
        "        self,",
        "        features: int,",
        "        units: int,",
        "        layers: int,",
        "        *,",
        "        bias: bool,",
        "        both: bool,",
        "        dropout: float = 0.0,",
        "    ) -> None:",
        "        super().__init__()",
        "        self.units, self.layers, self.dropout = units, layers, dropout",
        '        self.ways = ("", "_reverse") if both else ("",)',
        f"        rows = {layer.gates} * units",
        "        for layer in range(layers):",
        "            taken = units * len(self.ways) if layer else features",
        '            sizes = {"weight_ih": (rows, taken), "weight_hh": (rows, units)}',
        f"            vectors = {vectors}",
        "            sizes |= dict.fromkeys(vectors, (rows,))",
        *(
            ('            sizes |= {"gain_c": (units,), "bias_c": (units,)}',)
            if layer.layer_norm and layer.has_cell
            else ()
        ),
        "            for way in self.ways:",
        "                for name, size in sizes.items():",
        '                    if bias or not name.startswith("bias"):',
        "                        tensor = nn.Parameter(torch.empty(size))",
        '                        self.register_parameter(f"{name}_l{layer}{way}", tensor)',
        *(_normed(layer) if layer.layer_norm else ()),
        "",
        "    def step(",
        "        self,",
        "        x: torch.Tensor,",
        "        h: torch.Tensor,",
        "        c: torch.Tensor,",
        "        own: dict[str, torch.Tensor],",
        "    ) -> tuple[torch.Tensor, torch.Tensor]:",
        *(f"        {line}" for line in (_normed_step(layer) if layer.layer_norm else RESET_FIRST)),
        "",
        "    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:",
        "        for layer in range(self.layers):",
        "            if layer:",
        "                x = nn.functional.dropout(x, self.dropout, self.training)",
        "            sides, last = [], []",
        "            for way in self.ways:",
        '                end = f"_l{layer}{way}"',
        "                named = [own for own in self.named_parameters() if own[0].endswith(end)]",
        "                own = {name.removesuffix(end): p for name, p in named}",
        "                h = c = x.new_zeros(len(x), self.units)",
        "                states = []",
        "                for row in x.flip(1).unbind(1) if way else x.unbind(1):",
        "                    h, c = self.step(row, h, c, own)",
        "                    states.append(h)",
        "                last.append(h)",
        "                sides.append(torch.stack(states[::-1] if way else states, 1))",
        "            x = torch.cat(sides, 2)",
        "        return x, torch.cat(last, 1)",
    )


def _normed(layer: Recurrent) -> tuple[str, ...]:
    return (
        "",
        "    def normed(",
        "        self, a: torch.Tensor, gain: torch.Tensor, shift: torch.Tensor | None",
        "    ) -> torch.Tensor:",
        f"        parts = a.split([count * self.units for count in {NORMS[layer.kind()]}], 1)",
        "        parts = [nn.functional.layer_norm(part, part.shape[1:]) for part in parts]",
        "        a = gain * torch.cat(parts, 1)",
        "        return a if shift is None else a + shift",
    )


def _normed_step(layer: Recurrent) -> tuple[str, ...]:
    function = "torch.relu" if layer.onnx_activations == ("Relu",) else "torch.tanh"
    return (
        'a = self.normed(x @ own["weight_ih"].t(), own["gain_ih"], own.get("bias_ih"))',
        'b = self.normed(h @ own["weight_hh"].t(), own["gain_hh"], own.get("bias_hh"))',
        *(line.format(function=function) for line in STEPS[layer.kind()]),
    )
