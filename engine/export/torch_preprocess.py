"""The preprocessing of a network as PyTorch source: a module with the buffers of the weights file."""

from math import prod

from engine.data.preprocess import Kind, buffers
from engine.layers.base import Shape

NAME = "Preprocess"
MEANING = {
    "center": "x - mean",
    "standardize": "(x - mean) / scale",
    "pca": "matrix (x - mean), the coordinates along the principal axes",
    "whiten": "matrix (x - mean), the coordinates along the principal axes at variance 1",
}
AXES = (
    "{variances}, axes = torch.linalg.eigh(moved.T @ moved / len(x))",
    "axes = axes.T.flip(0)  # the widest first",
    "greatest = axes.gather(1, axes.abs().argmax(dim=1, keepdim=True))",
    "axes = axes * torch.where(greatest < 0, -1.0, 1.0)",
)
WHITE = (
    "variances = variances.flip(0)",
    "rounding = variances[0] * len(variances) * torch.finfo(torch.double).eps",
    "deviations = torch.where(variances <= rounding, 1.0, variances).sqrt()",
    "axes = axes / deviations[:, None]",
)


def preprocess_class(kind: Kind, shape: Shape, fits: bool) -> list[str]:
    """The lines of the class; with `fits`, it can be fitted to other examples."""
    size = ", ".join(map(str, buffers(kind, shape)["mean"]))
    lines = [
        f"class {NAME}(nn.Module):",
        f'    """{MEANING[kind]}."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        f'        self.register_buffer("mean", torch.zeros({size}))',
    ]
    if "scale" in buffers(kind, shape):
        lines.append(f'        self.register_buffer("scale", torch.ones({size}))')
    if "matrix" in buffers(kind, shape):
        lines.append(f'        self.register_buffer("matrix", torch.eye({prod(shape)}))')
    lines += [
        "",
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        f"        return {_value(kind, shape)}",
    ]
    return lines + (_fit(kind, shape) if fits else [])


def _value(kind: Kind, shape: Shape) -> str:
    if kind == "center":
        return "x - self.mean"
    if kind == "standardize":
        return "(x - self.mean) / self.scale"
    moved = "(x - self.mean)"
    return f"{moved} @ self.matrix.T" if len(shape) == 1 else f"({moved}.flatten(1) @ self.matrix.T).reshape(x.shape)"


def _fit(kind: Kind, shape: Shape) -> list[str]:
    lines = [
        "",
        "    def fit(self, x: torch.Tensor) -> None:",
        '        """Takes the numbers of training examples."""',
        "        x = x.double()",
        f"        low = {_over('x.amin', kind, shape)}",
        f"        constant = low == {_over('x.amax', kind, shape)}",
        f"        mean = torch.where(constant, low, {_over('x.mean', kind, shape)})",
    ]
    work: tuple[str, ...] = ()
    if kind == "standardize":
        work = (f"scale = {_over('(x - mean).square().mean', kind, shape)}.sqrt()",)
        work += ("self.scale.copy_(torch.where(constant, 1.0, scale))",)
    elif kind != "center":
        work = ("moved = x - mean" if len(shape) == 1 else "moved = (x - mean).flatten(1)", *AXES)
        work = tuple(line.format(variances="variances" if kind == "whiten" else "_") for line in work)
        work += (WHITE if kind == "whiten" else ()) + ("self.matrix.copy_(axes)",)
    return lines + [f"        {line}" for line in ("self.mean.copy_(mean)", *work)]


def _over(reduced: str, kind: Kind, shape: Shape) -> str:
    """The call of a reduction over all examples, and in them over what a feature's numbers are laid along."""
    sizes = zip(shape, buffers(kind, shape)["mean"], strict=True)
    axes = [0, *(axis for axis, (whole, one) in enumerate(sizes, 1) if whole != one)]
    if len(axes) == 1:
        return f"{reduced}(dim=0)"
    return f"{reduced}(dim=({', '.join(map(str, axes))}), keepdim=True)[0]"
