"""PyTorch modules: source that is read, checked and formatted without PyTorch, and run where it is installed."""

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.catalogue import LAYERS, LOSSES, OPTIMIZERS
from engine.data.absent import Absent
from engine.data.files import Npz
from engine.export.names import class_name
from engine.export.torch import save_torch, torch_source
from tests.engine.cases import LAYER_CASES, behind_identity
from tests.engine.export.nets import CLASSES, NETS, PREPARED, by_hand, chain, dense, network_class

ALL = {**NETS, **PREPARED, **{f"layer {case.name}": behind_identity(case) for case in LAYER_CASES}}
each_net = pytest.mark.parametrize("name", ALL)

# The text as a person would like to read it, in whole.
EXPECTED = '''"""XORByHand: a network made in netviz.

It takes the weights that netviz saved:

    model = XORByHand()
    model.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    model.eval()

Run with a file of arrays x and y (numpy.savez), it trains the network anew.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class XORByHand(nn.Module):
    """x (N, 4), as the data have it, to y (N, 3), probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.h1 = nn.Linear(4, 6)
        self.a1 = nn.Tanh()
        self.h2 = nn.Linear(6, 6, bias=False)
        self.h2.requires_grad_(False)
        self.out = nn.Linear(6, 3)
        self.p = nn.Softmax(dim=1)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        h1 = self.h1(x)
        a1 = self.a1(h1)
        h2 = self.h2(a1)
        skip = h2 + a1
        return self.out(skip)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.p(self.logits(x))


def initialize(model: XORByHand) -> None:
    """Draws first weights by the laws that the project names."""
    for layer in (model.h1, model.out):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    nn.init.normal_(model.h2.weight, std=0.05)


def train(model: XORByHand, x: torch.Tensor, y: torch.Tensor) -> None:
    """Trains as the project does: its loss, optimizer, batch size and epochs."""
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    weights = [model.h1.weight, model.out.weight]
    y = y.long()
    batches = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)
    model.train()
    for epoch in range(5):
        for inputs, targets in batches:
            loss = criterion(model.logits(inputs), targets)
            l2 = 0.01 / 2 * sum(w.square().sum() for w in weights)
            optimizer.zero_grad()
            (loss + l2).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.4g}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        data = np.load(sys.argv[1])
        x, y = torch.from_numpy(data["x"]).float(), torch.from_numpy(data["y"])
    else:
        print("no file of data was named: random numbers stand in for it")
        x, y = torch.randn(256, 4), torch.randint(3, (256,))
    torch.manual_seed(7)
    model = XORByHand()
    initialize(model)
    train(model, x, y)
'''


def test_the_text_is_this() -> None:
    assert torch_source(by_hand()) == EXPECTED


# Without PyTorch


@each_net
def test_it_is_python_whose_last_class_is_made_without_arguments(name: str) -> None:
    source = torch_source(ALL[name])
    compile(source, "net.py", "exec", dont_inherit=True)
    assert source.isascii()
    tree = ast.parse(source)
    loss, optimizer = ALL[name].training.loss, ALL[name].training.optimizer
    structure = ALL[name].structure()
    helpers = bool(optimizer.torch_class()) + bool(loss.torch_class(*structure.shapes[structure.output]))
    helpers += len({layer.torch_class() for layer in structure.layers.values()} - {()})
    helpers += ALL[name].training.curriculum is not None
    assert [type(node) for node in tree.body].count(ast.ClassDef) == 1 + helpers + (name in PREPARED)
    made = network_class(source)
    assert made.name == class_name(ALL[name])
    assert [ast.unparse(base) for base in made.bases] == ["nn.Module"]
    init = next(part for part in made.body if isinstance(part, ast.FunctionDef) and part.name == "__init__")
    assert ast.unparse(init.args) == "self"
    # On import nothing happens: only definitions, and a guard for what is run.
    kinds = {ast.Expr, ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.If}
    assert {type(node) for node in tree.body} <= kinds
    for node in tree.body:
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant)
        if isinstance(node, ast.If):
            assert ast.unparse(node.test) == "__name__ == '__main__'"


@each_net
def test_formatters_and_linters_change_nothing(name: str) -> None:
    must_be_well_formed(torch_source(ALL[name]))


def must_be_well_formed(source: str) -> None:
    for arguments in (["format", "--diff", "-"], ["check", "--select", "E4,E7,E9,F,I,B,UP,SIM,C4,RUF,PLE", "-"]):
        done = subprocess.run(
            [Path(sys.executable).parent / "ruff", *arguments, "--isolated", "--quiet", "--stdin-filename", "net.py"],
            input=source,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@each_net
def test_every_line_fits_where_the_ids_let_it(name: str) -> None:
    longest = max(map(len, torch_source(ALL[name]).splitlines()))
    assert longest <= (88 if name != "ids of 64" else 95)


@each_net
def test_the_same_project_gives_the_same_text(name: str) -> None:
    again = replace(ALL[name], layout={"x": (1.0, 2.0)}, panels={"a": "import os"}, weights="'; import os")
    assert torch_source(ALL[name]) == torch_source(again)


HOSTILE = (
    '"""\nimport os; os.system("touch hacked")\n"""',
    "'''; raise SystemExit #",
    "\\",
    "x\\\n    import os",
    "a\r\nimport os",
    "a\x00b",
    "a\u2028import os\x85import os",
    "\u202eevil\u202c",
    "{model} %s {0}",
    "# -*- coding: utf-7 -*-",
    "\ud800",
    "import os",
    "None",
    "print",
    "Exception",
    "DataLoader",
    "nn",
    "torch",
    "3 layers",
    "",
    "网络",
    "Ünïcode: déjà vu",
    "__class__",
    "A" * 200,
    "a b c " * 33,
)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_name_becomes_code(text: str) -> None:
    own = replace(by_hand(), name=text)
    variant = replace(by_hand(), name="Net", variant=text)
    for made in (own, variant):
        name = class_name(made, ("DataLoader", "TensorDataset"))
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]{0,70}", name)
        # Only the class's name is different from the file of a project that is called just that.
        assert torch_source(made) == EXPECTED.replace("XORByHand", name) or len(name) != len("XORByHand")
        plain = replace(by_hand(), name=name)
        assert torch_source(made) == torch_source(plain)
        assert network_class(torch_source(made)).name == name


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_file_name_comes_into_the_text(text: str, tmp_path: Path) -> None:
    made = chain([dense("out", 2)], data={"kind": "noise", "shape": [4], "targets": 2, "samples": 8})
    shaped = replace(made, data=Absent(shape=(4,)), folder=tmp_path, weights=text)
    assert torch_source(shaped) == torch_source(replace(shaped, folder=Path("elsewhere"), weights=None))
    there = tmp_path / "there.npz"
    np.savez(there, x=np.zeros((3, 4)), y=np.zeros((3, 2)))
    named = replace(made, data=Npz(path=str(there)))
    assert "there" not in torch_source(named)
    assert torch_source(named) == torch_source(made)


def test_a_net_that_is_frozen_throughout_has_no_training() -> None:
    source = torch_source(NETS["all frozen"])
    assert "requires_grad_(False)" in source
    assert "train" not in source
    assert "import sys" not in source


def test_without_data_the_targets_are_taken_as_they_come() -> None:
    made = replace(chain([dense("out", 3)], "cross_entropy", CLASSES), data=Absent(shape=(4,)))
    assert "    y = y.float() if y.ndim == 2 else y.long()\n" in torch_source(made)


def test_everything_declared_has_its_line() -> None:
    assert {node.layer.kind() for made in ALL.values() for node in made.graph.nodes} == set(LAYERS)
    for loss in LOSSES.values():
        for units in (1, 2):
            owner = "" if loss().torch_class(units) else r"nn\."
            assert re.fullmatch(owner + r"\w+Loss\(\)", loss().torch(units))
    for optimizer in OPTIMIZERS.values():
        made = optimizer(lr=0.25)
        owner = "" if made.torch_class() else r"torch\.optim\."
        assert re.fullmatch(owner + r"\w+\(p, lr=0\.25.*\)", made.torch("p"))


def test_examples_are_changed_and_chosen_only_where_the_project_does_so() -> None:
    words = ("def augmented", "def moved", "def easiest_first", "class EasyFirst", "Sampler", "sampler=")
    there = {name: [word in torch_source(made) for word in words] for name, made in ALL.items()}
    assert there.pop("easy first, with noise") == [True, False, True, True, True, True]
    assert there.pop("in order, moved") == [True, True, False, True, True, True]
    assert not any(any(found) for found in there.values())
    assert "the curriculum" not in torch_source(ALL["easy first, with noise"])


def test_nesterov_without_momentum_is_plain_descent() -> None:
    assert OPTIMIZERS["sgd"](lr=1.0, nesterov=True).torch("p") == "torch.optim.SGD(p, lr=1.0)"  # type: ignore[call-arg]


def test_decay_is_of_weights_alone() -> None:
    source = torch_source(NETS["decay and limits"])
    assert (
        """    weights = [model.h1.weight, model.out.weight]
    others = [p for p in model.parameters() if all(p is not w for w in weights)]
    decayed = {"params": weights, "weight_decay": 0.05}
    optimizer = torch.optim.AdamW(
        [decayed, {"params": others}],
        lr=0.001,
        betas=(0.9, 0.999),
        eps=1e-08,
        amsgrad=True,
        weight_decay=0.0,
    )
"""
        in source
    )
    assert source.count("weights = [") == 1
    assert (
        """            nn.utils.clip_grad_value_(model.parameters(), 0.5)
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            with torch.no_grad():
                for w in weights:
                    w.copy_(w.renorm(2, 0, 3.0))
"""
        in source
    )


def test_a_network_called_like_a_class_that_it_needs() -> None:
    tree = ast.parse(torch_source(replace(NETS["lion"], name="Lion")))
    assert [node.name for node in tree.body if isinstance(node, ast.ClassDef)] == ["Lion", "LionNet"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.py"
    save_torch(path, by_hand())
    assert path.read_text() == EXPECTED

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_torch(path, NETS["concat"])
    assert path.read_text() == EXPECTED
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.py"]
