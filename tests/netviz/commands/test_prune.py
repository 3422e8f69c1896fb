"""`netviz prune`, and training on with the zeros kept."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.recipes.pruning import prune
from engine.weights import load_weights, save_weights
from tests.netviz.commands.command import Here, write


def begun(cli: Here, folder: Path) -> Path:
    """A project with weights before and after training."""
    file = write(folder)
    assert cli("train", file, "--steps", 0, "--save", folder / "first.safetensors").status == 0
    assert cli("train", file, "--save", folder / "w.safetensors").status == 0
    return file


@pytest.mark.parametrize("options", [(), ("--per-layer",)], ids=["all", "per layer"])
def test_prune_rewind_and_train_again(cli: Here, tmp_path: Path, options: tuple[str, ...]) -> None:
    file, ticket, out = begun(cli, tmp_path), tmp_path / "ticket.safetensors", tmp_path / "out.safetensors"
    rewind = ("--rewind", tmp_path / "first.safetensors")
    done = cli("prune", tmp_path / "w.safetensors", "--share", 0.6, *rewind, *options, "--save", ticket)
    assert (done.status, done.err) == (0, "")
    trained, first = load_weights(tmp_path / "w.safetensors"), load_weights(tmp_path / "first.safetensors")
    expected, found = prune(trained, 0.6, first, bool(options)), load_weights(ticket)
    assert {n: a.tobytes() for n, a in found.items()} == {n: a.tobytes() for n, a in expected.items()}
    left = {name: np.count_nonzero(found[name]) for name in ("h1.weight", "out.weight")}
    assert sum(left.values()) == 15 - round(0.6 * 15)
    assert re.fullmatch(
        rf"h1.weight: {left['h1.weight']} of 10 left, \d+\.\d%\nout.weight: {left['out.weight']} of 5 left, .*%\n",
        done.out,
    )
    kept = ("--set", "training.keep_zeros=true")
    assert cli("train", file, "--init", ticket, *kept, "--save", out).status == 0
    for name, array in load_weights(out).items():
        if array.ndim > 1:
            np.testing.assert_array_equal(array == 0, found[name] == 0)
    assert cli("train", file, "--init", ticket, "--save", out).status == 0
    freed = load_weights(out)
    assert any((freed[name] != 0)[found[name] == 0].any() for name in left)  # the control


def test_onto_itself_as_train_does(cli: Here, tmp_path: Path) -> None:
    begun(cli, tmp_path)
    own = tmp_path / "w.safetensors"
    assert cli("prune", own, "--share", 0.6, "--save", own).status == 0
    assert sum((a == 0).sum() for a in load_weights(own).values() if a.ndim > 1) == 9


def biases(folder: Path) -> Path:
    save_weights(folder / "b.safetensors", {"h1.bias": np.zeros(3)})
    return folder / "b.safetensors"


def wider(folder: Path) -> Path:
    first = load_weights(folder / "first.safetensors")
    save_weights(folder / "wider.safetensors", {**first, "h1.bias": np.zeros(3)})
    return folder / "wider.safetensors"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "share: 1": ({"--share": "1"}, "--share: expected a number from 0 to below 1, got 1"),
    "share: negative": ({"--share": "-0.5"}, "--share: expected a number from 0 to below 1, got -0.5"),
    "share: NaN": ({"--share": "nan"}, "--share: expected a number from 0 to below 1, got nan"),
    "share: text": ({"--share": "half"}, "argument --share: invalid float value: 'half'"),
    "no weights": ({"": "@/none"}, "weights: none: cannot be read"),
    "weights: the project": ({"": "@/net.netviz"}, "weights: net.netviz: is not a safetensors file"),
    "weights: biases alone": ({"": biases, "--rewind": None}, "there are no weights to prune, expected a matrix"),
    "rewind: missing": ({"--rewind": "@/none"}, "weights: none: cannot be read"),
    "rewind: of another net": (
        {"--rewind": wider},
        r"--rewind: h1.bias: has shape \(5,\), the one to rewind to \(3,\)",
    ),
    "rewind: too few": ({"--rewind": biases}, "--rewind: .*: is not among the weights to rewind to"),
    "save: no folder": ({"--save": "@/nowhere/w"}, "--save: .*: is in a folder that is not there"),
    "save: onto the first": ({"--save": "@/first.safetensors"}, "--save: expected a file of its own, got that of"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(cli: Here, tmp_path: Path, name: str) -> None:
    changes, message = BAD[name]
    begun(cli, tmp_path)
    options = {
        "": "@/w.safetensors",
        "--share": "0.5",
        "--rewind": "@/first.safetensors",
        "--save": "@/out.safetensors",
        **changes,
    }
    given = [
        word
        for option, value in options.items()
        if value is not None
        for word in (option, value(tmp_path) if callable(value) else value.replace("@", str(tmp_path)))
        if word
    ]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = cli("prune", *given)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert re.search(message, done.err), done.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_share_and_save_must_be_named(cli: Here, tmp_path: Path) -> None:
    done = cli("prune", tmp_path / "w.safetensors")
    assert (done.status, done.out) == (2, "")
    assert "the following arguments are required: --share, --save" in done.err
