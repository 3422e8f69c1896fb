"""A network as PyTorch source: a module that takes the project's weights file, and the project's training below it.

No text of the project comes into it as it stands: node ids are identifiers already, numbers are written by `repr`,
and of the project's name only letters and digits stay.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.errors import ProjectError
from engine.export import torch_course as course
from engine.export import torch_data as examples
from engine.export.lines import STEP, fitted
from engine.export.names import class_name, variables
from engine.export.torch_preprocess import NAME as PREPROCESS
from engine.export.torch_preprocess import preprocess_class
from engine.files import write_atomically
from engine.graph import Structure
from engine.layers.base import Weighted
from engine.optimizers import Searching
from engine.project import Project

STANDARD = ("copy", "math", "sys")  # modules that the file may need
GROUPS = '[decayed, {"params": others}]'  # of parameters: weights, and those that do not decay
SHARE = 0.25  # of the examples, for validation, where the project does not say one
EXAMPLES = 256  # random ones, where the file is run without data


def save_torch(path: Path, project: Project) -> None:
    """Writes `torch_source` to `path`, whole or not at all."""
    write_atomically(path, torch_source(project).encode())


def torch_source(project: Project) -> str:
    """The file's text, the same for the same project; its last class is the network."""
    writer = _Writer(project)
    shown = examples.parts(project.training, writer.preprocess) if writer.trained else []
    parts = [*map(list, writer.kinds), *writer.preparation(), *shown, writer.module()]
    if writer.trained:
        parts[:0] = [list(lines) for lines in writer.own if lines]  # the network stays the last class
        schedule = project.training.schedule
        parts += [writer.first_weights(), *([course.rate_function(schedule)] if schedule else [])]
        parts += [writer.loop(), writer.main()]
    parts.insert(0, writer.head(sorted(_modules_in(parts))))
    return "\n\n\n".join("\n".join(lines) for lines in parts) + "\n"


class _Writer:
    """The parts of the file, each a list of lines."""

    def __init__(self, project: Project) -> None:
        self.project, self.training, self.structure = project, project.training, project.structure()
        self.preprocess = project.data.preprocess
        prepares = self.preprocess != "none"
        layers = self.structure.layers
        self.weighted = [node for node in self.structure.drawn if isinstance(layers[node], Weighted)]
        self.trained = [node for node in self.weighted if node not in _frozen(self.structure)]
        self.penalized = [node for node in self.trained if getattr(layers[node], "penalized", False)]
        self.logits = _logits(project, self.structure)
        self.fused = self.logits != self.structure.output
        self.method = "logits"  # what gives the loss its logits, where the drawn output is behind them
        while self.method in layers:
            self.method += "_"
        self.example = ", ".join(map(str, self.structure.example))
        (self.units,) = self.structure.shapes[self.structure.output]
        self.own = (self.training.loss.torch_class(self.units), self.training.optimizer.torch_class())
        # Of layers that PyTorch does not have, each class once.
        self.kinds = tuple(
            dict.fromkeys(lines for node in self.structure.drawn if (lines := layers[node].torch_class()))
        )
        taken = [name for lines in (*self.kinds, *self.own) for name in _classes_in(lines)]
        taken += [PREPROCESS] if prepares else []
        follows = self.training.curriculum is not None and bool(self.trained)
        self.imported = ("DataLoader", *(("Sampler",) if follows else ()), "TensorDataset")
        self.name = class_name(project, (*self.imported, examples.SAMPLER, *taken))
        self.classes = _classes(project)

    def head(self, modules: Iterable[str]) -> list[str]:
        """The docstring and the imports; `modules` are those of the standard library."""
        lines = [
            f'"""{self.name}: a network made in netviz.',
            "",
            "It takes the weights that netviz saved:",
            "",
            f"    model = {self.name}()",
            '    model.load_state_dict(safetensors.torch.load_file("weights.safetensors"))',
            "    model.eval()",
        ]
        if self.trained:
            lines += ["", "Run with a file of arrays x and y (numpy.savez), it trains the network anew."]
        lines += ['"""', ""]
        if self.trained:
            lines += [*(f"import {module}" for module in modules), "", "import numpy as np"]
        lines += ["import torch", "from torch import nn"]
        if self.trained:
            lines.append(f"from torch.utils.data import {', '.join(self.imported)}")
        return lines

    def preparation(self) -> list[list[str]]:
        """The class of the preprocessing, if there is one."""
        if self.preprocess == "none":
            return []
        shape = self.structure.example
        return [preprocess_class(self.preprocess, shape, fits=bool(self.trained))]

    def module(self) -> list[str]:
        structure = self.structure
        lines = [
            f"class {self.name}(nn.Module):",
            f'    """x (N, {self.example}), as the data have it, to y (N, {self.units}){self._meaning()}."""',
            "",
            "    def __init__(self) -> None:",
            "        super().__init__()",
        ]
        if self.preprocess != "none":
            lines.append(f"        self.preprocess = {PREPROCESS}()")
        for node in structure.drawn:
            made = structure.layers[node].torch(*structure.input_shapes(node))
            if made:
                lines += fitted(_assigned(node, made), 8)
            if made and node in self.weighted and node not in self.trained:
                lines += fitted(f"{_module('self', node)}.requires_grad_(False)", 8)
        inside = structure.drawn[:-1] if self.fused else structure.drawn
        lines += ["", *self._forward(self.method if self.fused else "forward", inside)]
        if self.fused:
            drawn = structure.layers[structure.output]
            value = drawn.torch_forward(_module("self", structure.output), (f"self.{self.method}(x)",))
            lines += ["", "    def forward(self, x: torch.Tensor) -> torch.Tensor:", *fitted(f"return {value}", 8)]
        return lines

    def _forward(self, name: str, nodes: tuple[str, ...]) -> list[str]:
        """A method that takes x to the last of `nodes`."""
        structure = self.structure
        parts = tuple(node for node in structure.inputs_of_x if structure.layers[node].torch_forward("", ()) != "x")
        names = dict.fromkeys(structure.inputs_of_x, "x") | variables((*parts, *nodes), ("self", "torch", "nn", "x"))
        lines = [f"    def {name}(self, x: torch.Tensor) -> torch.Tensor:"]
        if self.preprocess != "none":
            lines.append("        x = self.preprocess(x)")
        for node in (*parts, *nodes):
            inputs = tuple(names[source] for source in structure.inputs[node])
            value = structure.layers[node].torch_forward(_module("self", node), inputs)
            lines += fitted(f"return {value}" if node == nodes[-1] else f"{names[node]} = {value}", 8)
        return lines

    def _meaning(self) -> str:
        if not self.training.loss.takes_logits:
            return ""
        return ", probabilities" if self.fused else ", logits"

    def first_weights(self) -> list[str]:
        lines = [
            *fitted(f"def initialize(model: {self.name}) -> None:"),
            '    """Draws first weights by the laws that the project names."""',
        ]
        if any(getattr(layer, "init", None) == "lsuv" for layer in self.structure.layers.values()):
            lines.append("    # LSUV goes on from here: it scales these on data to outputs of variance 1.")
        if self.training.first_weights:
            lines.append("    # The project goes on from here, too: it takes what fits of a file of weights.")
        alike: dict[tuple[str, ...], list[str]] = {}
        for node in self.weighted:
            alike.setdefault(self._drawn_as("layer", node), []).append(node)
        alike.pop((), None)  # nothing of their own to draw
        for drawn, nodes in alike.items():
            modules = [_module("model", node) for node in nodes]
            if len(modules) > 1:
                lines += fitted(f"for layer in ({', '.join(modules)}):", 4)
                lines += _indented(drawn, 8)
            else:
                lines += _indented(self._drawn_as(modules[0], nodes[0]), 4)
        return lines

    def _drawn_as(self, module: str, node: str) -> tuple[str, ...]:
        layer = self.structure.layers[node]
        assert isinstance(layer, Weighted)
        return layer.torch_initial(module, *self.structure.input_shapes(node))

    def loop(self) -> list[str]:
        training = self.training
        size = "len(x)" if training.batch_size == "all" else training.batch_size
        chosen = examples.sampler(training, self.preprocess)
        order = "sampler=sampler" if chosen else f"shuffle={training.shuffle and training.batch_size != 'all'}"
        watches, turns = course.watches(training), "for inputs, targets in batches:"
        tensors = ["x", "y", "x_val", "y_val"] if watches else ["x", "y"]
        targets = training.loss.torch_targets(self.classes, self.units)
        held_out = ["y_val = " + re.sub(r"\by\b", "y_val", targets)] if watches else []
        if training.schedule is not None:
            turns = "for step, (inputs, targets) in enumerate(batches):"
        return [
            *fitted(f"def train(model: {self.name}, {', '.join(f'{x}: torch.Tensor' for x in tensors)}) -> None:"),
            '    """Trains as the project does: its loss, optimizer, batch size and epochs."""',
            *fitted(f"criterion = {training.loss.torch(self.units)}", 4),
            *self._optimizer(),
            *(["    free = [w != 0 for w in weights]  # the others stay zero"] if training.keep_zeros else []),
            *(fitted(f"sampler = {chosen}", 4) if chosen else []),
            *fitted(f"y = {targets}", 4),
            *_indented(held_out, 4),
            *fitted(f"batches = DataLoader(TensorDataset(x, y), batch_size={size}, {order})", 4),
            *_indented(course.beginning(training), 4),
            "    model.train()",
            f"    for epoch in range({training.epochs}):",
            f"        {turns}",
            *_indented(course.before_step(training), 12),
            *_indented(examples.before_step(training, self.preprocess), 12),
            *_indented(self._searched() if isinstance(training.optimizer, Searching) else self._step(), 12),
            *_indented(self._limits(), 12),
            '        print(f"epoch {epoch + 1}: loss {loss.item():.4g}")',
            *_indented(course.after_epoch(training, self._output("x_val")), 8),
        ]

    def _output(self, inputs: str) -> str:
        """What the loss takes of `inputs`."""
        return f"model.{self.method}({inputs})" if self.fused else f"model({inputs})"

    def _optimizer(self) -> list[str]:
        """The optimizer, and the weights that something is done to."""
        optimizer, limit = self.training.optimizer, self.training.regularization.max_norm
        weights = fitted(f"weights = [{', '.join(self._weights())}]", 4)
        if optimizer.decay:
            return [
                *weights,
                "    others = [p for p in model.parameters() if all(p is not w for w in weights)]",
                f'    decayed = {{"params": weights, "weight_decay": {optimizer.decay}}}',
                *fitted(f"optimizer = {optimizer.torch(GROUPS)}", 4),
            ]
        note = optimizer.torch_note() if isinstance(optimizer, Searching) else ""
        return [
            *([f"    # {note}"] if note else []),
            *fitted(f"optimizer = {optimizer.torch('model.parameters()')}", 4),
            *(weights if self._penalties() or limit is not None or self.training.keep_zeros else []),
        ]

    def _weights(self) -> Iterator[str]:
        for node in self.penalized:
            layer = self.structure.layers[node]
            assert isinstance(layer, Weighted)
            yield from layer.torch_weights(_module("model", node))

    def _losses(self) -> list[str]:
        penalties = [f"{name} = {value}" for name, value in self._penalties().items()]
        return [f"loss = criterion({self._output('inputs')}, targets)", *penalties, "optimizer.zero_grad()"]

    def _step(self) -> list[str]:
        value, norm = self.training.clip_value, self.training.clip_norm
        return [
            *self._losses(),
            f"{_sum('loss', self._penalties())}.backward()",
            *self._held_still(),
            *([f"nn.utils.clip_grad_value_(model.parameters(), {value})"] if value is not None else []),
            *([f"nn.utils.clip_grad_norm_(model.parameters(), {norm})"] if norm is not None else []),
            "optimizer.step()",
        ]

    def _searched(self) -> list[str]:
        """A step that evaluates the loss several times."""
        penalties = self._penalties()
        return [
            "",
            "def closure(inputs=inputs, targets=targets) -> torch.Tensor:",
            *(" " * STEP + line for line in self._losses()),
            *([f"    loss = loss + {' + '.join(penalties)}"] if penalties else []),
            "    loss.backward()",
            *(" " * STEP + line for line in self._held_still()),
            "    return loss",
            "",
            "loss = optimizer.step(closure)",
        ]

    def _held_still(self) -> list[str]:
        """Weights that were zero at the start have no gradient."""
        if not self.training.keep_zeros:
            return []
        return ["for w, moves in zip(weights, free, strict=True):", "    w.grad.mul_(moves)"]

    def _limits(self) -> list[str]:
        limit, lines = self.training.regularization.max_norm, list[str]()
        if limit is not None:
            lines += ["    for w in weights:", f"        w.copy_(w.renorm(2, 0, {limit}))"]
        if self.training.keep_zeros:
            lines += ["    for w, moves in zip(weights, free, strict=True):", "        w.mul_(moves)"]
        return ["with torch.no_grad():", *lines] if lines else []

    def _penalties(self) -> dict[str, str]:
        strength, found = self.training.regularization, {}
        if strength.l1:
            found["l1"] = f"{strength.l1} * sum(w.abs().sum() for w in weights)"
        if strength.l2:
            found["l2"] = f"{strength.l2} / 2 * sum(w.square().sum() for w in weights)"
        return found

    def main(self) -> list[str]:
        numbers = f"torch.rand({EXAMPLES}, {self.units})"
        y = f"torch.randint({self.classes}, ({EXAMPLES},))" if self.classes else numbers
        share, held_out, held = getattr(self.project.data, "validation", 0.0) or SHARE, list[str](), ""
        if course.watches(self.training):
            held, held_out = (
                ", x_val, y_val",
                [
                    f"    held = max(1, round(len(x) * {share}))  # for validation",
                    "    x_val, y_val, x, y = x[:held], y[:held], x[held:], y[held:]",
                ],
            )
        return [
            'if __name__ == "__main__":',
            "    if len(sys.argv) > 1:",
            "        data = np.load(sys.argv[1])",
            '        x, y = torch.from_numpy(data["x"]).float(), torch.from_numpy(data["y"])',
            "    else:",
            '        print("no file of data was named: random numbers stand in for it")',
            *fitted(f"x, y = torch.randn({EXAMPLES}, {self.example}), {y}", 8),
            f"    torch.manual_seed({self.training.seed})",
            *held_out,
            f"    model = {self.name}()",
            *(["    model.preprocess.fit(x)"] if self.preprocess != "none" else []),
            "    initialize(model)",
            f"    train(model, x, y{held})",
        ]


def _logits(project: Project, structure: Structure) -> str:
    """The node whose output the loss takes: a last sigmoid or softmax is left to a loss of logits."""
    last = structure.output
    taken_in = project.training.loss.takes_logits and structure.layers[last].kind() in ("sigmoid", "softmax")
    return structure.inputs[last][0] if taken_in else last


def _classes(project: Project) -> int | None:
    """How many, where the data are there to say that y are classes."""
    try:
        return project.summary().classes
    except ProjectError:
        return None


def _modules_in(parts: list[list[str]]) -> set[str]:
    return {name for name in STANDARD for lines in parts for line in lines if re.search(rf"\b{name}\.", line)}


def _classes_in(lines: Iterable[str]) -> list[str]:
    return [line.split()[1].partition("(")[0] for line in lines if line.startswith("class ")]


def _frozen(structure: Structure) -> set[str]:
    return {node for node, layer in structure.layers.items() if isinstance(layer, Weighted) and not layer.trains}


def _private(node: str) -> bool:
    """Inside a class Python gives names that begin with two underscores another name."""
    return node.startswith("__")


def _module(owner: str, node: str) -> str:
    return f'{owner}.get_submodule("{node}")' if _private(node) else f"{owner}.{node}"


def _assigned(node: str, made: str) -> str:
    return f'self.add_module("{node}", {made})' if _private(node) else f"self.{node} = {made}"


def _sum(first: str, others: Iterable[str]) -> str:
    total = " + ".join((first, *others))
    return total if total == first else f"({total})"


def _indented(lines: Iterable[str], indent: int) -> list[str]:
    """Lines of one block, which may be indented already."""
    found = []
    for line in lines:
        bare = line.lstrip()
        found += fitted(bare, indent + len(line) - len(bare)) if bare else [""]
    return found
