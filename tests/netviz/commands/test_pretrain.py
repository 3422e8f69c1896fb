"""`netviz pretrain`: weights that `train --init` takes, or one line and nothing written."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.project import load_project
from engine.recipes.greedy import Pretrained, pretrain
from engine.weights import load_weights
from tests.netviz.commands.command import Here, netviz, write


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (["--how", "supervised"], {"how": "supervised"}),
        (["--how", "autoencoder", "--epochs", "3", "--seed", "4"], {"how": "autoencoder", "epochs": 3, "seed": 4}),
        (["--how", "autoencoder", "--untied", "--dtype", "float64"], {"how": "autoencoder", "tied": False}),
    ],
)
def test_it_writes_what_the_recipe_finds(cli: Here, tmp_path: Path, options: list[str], asked: dict[str, Any]) -> None:
    file, out = write(tmp_path), tmp_path / "w.safetensors"
    done = cli("pretrain", file, *options, "--save", out)
    assert done.status == 0
    assert re.fullmatch(r"h1: loss \S+ → \S+(, accuracy [01]\.\d+)?\n", done.out)
    assert ("accuracy" in done.out) == (asked["how"] == "supervised")
    dtype = "float64" if "float64" in options else "float32"
    *_, found = pretrain(load_project(file), dtype=dtype, **asked)
    assert isinstance(found, Pretrained)
    assert {n: a.tobytes() for n, a in load_weights(out).items()} == {n: a.tobytes() for n, a in found.weights.items()}
    assert cli("train", file, "--init", out, "--steps", 1).status == 0
    quiet = cli("pretrain", file, *options, "--save", out, "--quiet")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")


def test_a_bar_and_a_line_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = netviz("pretrain", write(tmp_path), "--how", "supervised", "--save", tmp_path / "w.safetensors")
    assert done.status == 0
    assert "\r" in done.err
    assert done.out.startswith("h1: loss ")


def test_a_variant_and_settings(cli: Here, tmp_path: Path) -> None:
    file, out = write(tmp_path, {"variants": [{"name": "again"}]}), tmp_path / "w.safetensors"
    wider = ("--set", "graph.nodes.h1.units=7", "--variant", "again")
    assert cli("pretrain", file, "--how", "supervised", *wider, "--save", out).status == 0
    assert load_weights(out)["h1.weight"].shape == (7, 2)


def test_a_loss_that_is_no_number_ends_with_3_and_what_there_is(cli: Here, tmp_path: Path) -> None:
    file, out = write(tmp_path, loss="mse", optimizer={"kind": "sgd", "lr": 1e6}), tmp_path / "w.safetensors"
    done = cli("pretrain", file, "--how", "supervised", "--epochs", 50, "--save", out, "--quiet")
    assert (done.status, done.out) == (3, "")
    assert re.fullmatch(rf"{re.escape(str(file))}: h1: the loss became .*\n", done.err)
    assert set(load_weights(out)) == {"h1.weight", "h1.bias", "out.weight", "out.bias"}


ONE_LAYER = {
    "nodes": [{"id": "x", "kind": "input"}, {"id": "out", "kind": "dense", "units": 1}],
    "edges": [["x", "out"]],
}
BAD: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "no chain": ({"graph": ONE_LAYER}, [], "graph: has no hidden dense layer"),
    "no such file": ({"data": {"kind": "npz", "path": "gone.npz"}}, [], "data.path: .*gone.npz"),
    "set": ({}, ["--set", "graph.nodes.h1.units=0"], "h1.units: "),
    "variant": ({}, ["--variant", "B"], "variants: .*B"),
    "device": ({}, ["--device", "tpu"], "--device: device 'tpu' is not known"),
    "seed": ({}, ["--seed", "-1"], "training.seed: "),
    "save: no folder": ({}, ["--save", "@/nowhere/w"], "--save: .*: is in a folder that is not there"),
    "save: the project": ({}, ["--save", "@/net.netviz"], "--save: expected a file of its own, got the project"),
    "how": ({}, ["--how", "magic"], "argument --how: invalid choice: 'magic'"),
    "epochs": ({}, ["--epochs", "0"], "--epochs: expected a whole number from 1, got '0'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(cli: Here, tmp_path: Path, name: str) -> None:
    changes, options, message = BAD[name]
    file = write(tmp_path, changes)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words = ["--how", "supervised", "--save", "@/out.safetensors", *options]
    done = cli("pretrain", file, *(word.replace("@", str(tmp_path)) for word in words))
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert re.search(message, done.err), done.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_how_and_save_must_be_named(cli: Here, tmp_path: Path) -> None:
    done = cli("pretrain", write(tmp_path))
    assert (done.status, done.out) == (2, "")
    assert "the following arguments are required: --how, --save" in done.err
