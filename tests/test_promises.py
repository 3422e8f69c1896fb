"""The names that scripts and files of other people rely on; one that goes or turns needs a new `version`."""

import argparse
import dataclasses
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

import engine
from engine.catalogue import DATASETS, LAYERS, LOSSES, OPTIMIZERS
from engine.names import refusal
from engine.network import Network
from engine.project import Project, project_from
from netviz.cli import COMMANDS
from tests.netviz.commands.command import ROOT

COMMAND_LINE = {
    "train": "--steps --epochs --seed --device --dtype --init --save --export --telemetry --every --set --quiet",
    "check": "--gradients",
    "predict": "--weights --input --output",
    "export": "--weights --to",
    "experiments": "--copy",
    "info": "",
}
LAYER_FIELDS = {  # those in front of the line must be given or have a default, those behind it may be
    "input": "| shape",
    "dense": "units | bias init bias_init trainable",
    "conv2d": "filters kernel_size | stride padding dilation groups bias connections",
    "max_pool2d": "kernel_size | stride padding",
    "avg_pool2d": "kernel_size | stride padding",
    "global_avg_pool2d": "|",
    "flatten": "|",
    "reshape": "shape |",
    "embedding": "vocabulary dim |",
    "rnn": "units | return_sequences layers bidirectional",
    "lstm": "units | return_sequences layers bidirectional",
    "gru": "units | return_sequences layers bidirectional",
    "batch_norm": "| momentum eps",
    "layer_norm": "| eps",
    "instance_norm": "|",
    "group_norm": "groups |",
    "dropout": "rate |",
    "leaky_relu": "| negative_slope",
    "elu": "| alpha",
    "maxout": "units pieces |",
    **dict.fromkeys(
        ("relu", "prelu", "selu", "gelu", "silu", "softplus", "softsign", "sigmoid", "tanh", "softmax"), "|"
    ),
    **dict.fromkeys(("add", "multiply", "concat"), "|"),
}
OPTIMIZER_FIELDS = {"sgd": "lr | momentum nesterov", "adam": "lr | beta1 beta2 eps"}
LOSS_KINDS = "mse mae huber hinge binary_cross_entropy cross_entropy"
DATA_KINDS = "xor circles moons spiral blobs checkerboard sine iris wine breast_cancer digits noise csv images idx npz"
INITS = (
    "zeros ones constant normal uniform glorot_normal glorot_uniform he_normal he_uniform lecun_normal orthogonal lsuv"
)
PREPROCESSES = "none center standardize pca whiten"
PYTHON = {
    engine.Trainer: "step run snapshot restore network",
    Network: "state parameters load_parameters predict loss_and_gradients",
}


def given(**changes: Any) -> dict[str, Any]:
    """The least that is a project, with changes."""
    return {
        "format": "netviz-project",
        "version": 1,
        "data": {"kind": "xor"},
        "graph": {
            "nodes": [{"id": "x", "kind": "input"}, {"id": "out", "kind": "dense", "units": 1}],
            "edges": [["x", "out"]],
        },
        "training": {"loss": {"kind": "binary_cross_entropy"}, "optimizer": {"kind": "sgd", "lr": 0.1}},
        **changes,
    }


def made(**changes: Any) -> Project:
    return project_from(given(**changes), Path())


@pytest.mark.parametrize("command", COMMAND_LINE)
def test_every_command_takes_its_options(command: str) -> None:
    parser = argparse.ArgumentParser()
    COMMANDS[command].declare(parser)
    assert set(COMMAND_LINE[command].split()) <= set(re.findall(r"--\w+", parser.format_help()))


@pytest.mark.parametrize(
    ("table", "kind", "fields"),
    [(LAYERS, kind, fields) for kind, fields in LAYER_FIELDS.items()]
    + [(OPTIMIZERS, kind, fields) for kind, fields in OPTIMIZER_FIELDS.items()]
    + [(LOSSES, kind, "|") for kind in LOSS_KINDS.split()]
    + [(DATASETS, kind, "| preprocess" if kind != "noise" else "|") for kind in DATA_KINDS.split()],
)
def test_every_kind_has_its_fields_and_asks_for_no_other(table: dict[str, Any], kind: str, fields: str) -> None:
    front, behind = (part.split() for part in fields.split("|"))
    found = {field.name: field for field in msgspec.structs.fields(table[kind])}
    assert {*front, *behind} <= set(found)
    if table is not DATASETS:  # a file of data must be named
        assert {name for name, field in found.items() if field.required} <= set(front)


def test_choices_are_known_by_their_names() -> None:
    for init in INITS.split():
        nodes = [{"id": "x", "kind": "input"}, {"id": "out", "kind": "dense", "units": 2, "init": init}]
        assert made(graph={"nodes": nodes, "edges": [["x", "out"]]}).graph.layers["out"].init == init
    for preprocess in PREPROCESSES.split():
        assert made(data={"kind": "xor", "preprocess": preprocess}).data.preprocess == preprocess


def test_the_least_project_is_one() -> None:
    assert made().problems() == []
    for part in ("format", "version", "data", "graph", "training"):
        with pytest.raises(engine.ProjectError, match=part):
            project_from({name: value for name, value in given().items() if name != part}, Path())


@pytest.mark.parametrize(
    ("name", "good"),
    [("h1", True), ("_", True), ("A" * 64, True), ("A" * 65, False), ("1h", False), ("h-1", False), ("", False),
     ("é", False), ("class", False), ("forward", False), ("preprocess", False)],
)  # fmt: skip
def test_ids_are_names_that_every_export_can_use(name: str, good: bool) -> None:
    assert (refusal(name) is None) == good
    nodes = [{"id": "x", "kind": "input"}, {"id": name, "kind": "dense"}]
    try:
        made(graph={"nodes": nodes, "edges": [["x", name]]})
    except engine.ProjectError:
        assert not good
    else:
        assert good


@pytest.mark.parametrize("cls", PYTHON, ids=lambda cls: cls.__name__)
def test_python_has_its_names(cls: type) -> None:
    trainer = engine.Trainer(made(), device="cpu", dtype="float64", seed=0)
    there = trainer if cls is engine.Trainer else trainer.network
    assert isinstance(there, cls)
    assert [name for name in PYTHON[cls].split() if not hasattr(there, name)] == []


def test_a_step_s_record_is_frozen_and_has_its_fields() -> None:
    record = engine.Trainer(made()).step()
    assert (record.step, record.epoch, record.lr) == (0, 0, 0.1)
    assert isinstance(record.loss, float)
    assert record.layers is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.loss = 0.0  # type: ignore[misc]
    assert set(inspect.signature(engine.Trainer).parameters) >= {"project", "device", "dtype", "seed"}


def test_the_program_is_the_module() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"] == {
        "netviz": "netviz.__main__:main"
    }
