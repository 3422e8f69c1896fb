"""Remedies are edits that a project takes, and they cure: each fault is trained with one and, as a control, without."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine import ProjectError
from engine.diagnosis import Diagnosis, Remedy, edited
from engine.diagnosis.edits import AnyEdit, InsertAfter, ReplaceKind, SetData, SetNode, SetTraining
from engine.diagnosis.remedies import REMEDIES
from engine.diagnosis.symptoms import SYMPTOMS
from engine.project import Project
from tests.engine.diagnosis.nets import JSON, chained, deep, project, trained


def far(folder: Path) -> JSON:
    """Circles far away from the origin."""
    rng = np.random.default_rng(0)
    t, y = rng.uniform(0, 2 * np.pi, 300), np.arange(300) % 2
    x = 200 + np.stack([np.cos(t), np.sin(t)], axis=1) * np.where(y, 1.0, 0.5)[:, None]
    return arrays(folder, x, y)


def wave(folder: Path) -> JSON:
    x = np.random.default_rng(0).uniform(-1, 1, (200, 1))
    return arrays(folder, x, np.sin(3 * x))


def arrays(folder: Path, x: Any, y: Any) -> JSON:
    np.savez(folder / "made.npz", x=x, y=y)
    return {"kind": "npz", "path": "made.npz"}


SGD = {"optimizer": {"kind": "sgd", "lr": 0.1}}
LINEAR = chained({"id": "out", "kind": "dense", "units": 1})
NOISY: JSON = {"kind": "moons", "samples": 40, "noise": 0.4, "validation": 0.5}

# symptom that is the cause: (what is trained, steps, the title of the remedy that cures)
FAULTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "vanishing": ({"graph": deep(8, 16, "sigmoid"), **SGD}, 300, "ReLU and He's first weights"),
    "weights_large": (
        {"graph": deep(4, 16, "tanh", init="normal", init_std=3.0), "optimizer": {"kind": "adam", "lr": 0.001}},
        300,
        "Insert batch norm behind every hidden layer",
    ),
    "weights_small": ({"graph": deep(5, 16, "relu", init="normal", init_std=0.01), **SGD}, 400, "Draw first weights"),
    "alike": (
        {
            "graph": chained(
                {"id": "h1", "kind": "dense", "units": 8, "init": "zeros"},
                {"id": "a1", "kind": "tanh"},
                {"id": "out", "kind": "dense", "units": 1, "init": "zeros"},
            )
        },
        400,
        "Draw first weights by Glorot uniform",
    ),
    "rate_high": (
        {"graph": deep(2, 16, "relu"), "optimizer": {"kind": "sgd", "lr": 40.0}},
        600,
        "Learning rate 0.2",
    ),
    "rate_low": ({"graph": deep(2, 16, "relu"), "optimizer": {"kind": "adam", "lr": 1e-5}}, 300, "Learning rate"),
    "dead": ({"graph": deep(2, 16, "relu", bias_init=-5.0), **SGD}, 400, "Start biases at 0"),
    "unscaled": ({"graph": deep(2, 16, "tanh"), "data": far}, 400, "Standardize the inputs"),
    "exploding": (
        {
            "graph": chained(
                {"id": "h1", "kind": "dense", "units": 8, "init": "he_normal"},
                {"id": "a1", "kind": "exp"},
                {"id": "h2", "kind": "dense", "units": 8},
                {"id": "a2", "kind": "exp"},
                {"id": "out", "kind": "dense", "units": 1},
            ),
            "data": wave,
            "loss": "mse",
            "optimizer": {"kind": "sgd", "lr": 0.05},
        },
        300,
        "Draw first weights",
    ),
    "loss_still": ({"graph": LINEAR}, 700, "A hidden layer of 16 units"),
    "withering": (
        {"graph": deep(2, 16, "relu"), "regularization": {"l2": 2.0}},
        300,
        "No penalty on the weights",
    ),
    "overfitting": ({"graph": deep(2, 64, "relu"), "data": NOISY}, 500, "L2 penalty of 0.01"),
}


def faulty(name: str, folder: Path) -> tuple[Project, int, str]:
    fields, steps, title = FAULTS[name]
    fields = dict(fields)
    data = fields.pop("data", "circles")
    return project(data=data(folder) if callable(data) else data, folder=folder, **fields), steps, title


def learns(diagnosis: Diagnosis, loss: float, accuracy: float | None) -> bool:
    return loss < 0.5 * diagnosis.record.reference or (accuracy or 0) > 0.9


@pytest.mark.parametrize("name", FAULTS)
def test_a_remedy_of_the_cause_cures(name: str, tmp_path: Path) -> None:
    sick, steps, title = faulty(name, tmp_path)
    diagnosis, train, validation = trained(sick, steps)
    cause = diagnosis.findings()[0]
    assert cause.symptom == name
    remedy = next(remedy for remedy in cause.remedies if remedy.title.startswith(title))
    cured, after, after_validation = trained(edited(sick, remedy.edits), steps)
    if name == "overfitting":
        assert validation is not None
        assert after_validation is not None
        assert after_validation.loss < 0.5 * validation.loss
    else:
        assert not learns(diagnosis, train.loss, train.accuracy)  # the control
        assert learns(cured, after.loss, after.accuracy)
    assert name not in [finding.symptom for finding in cured.findings()]


@pytest.mark.parametrize("name", FAULTS)
def test_every_remedy_of_every_finding_makes_a_sound_project(name: str, tmp_path: Path) -> None:
    sick, steps, _ = faulty(name, tmp_path)
    diagnosis, _, _ = trained(sick, min(steps, 350))
    for finding in diagnosis.findings():
        assert finding.remedies
        assert len({remedy.title for remedy in finding.remedies}) == len(finding.remedies)
        for remedy in finding.remedies:
            assert remedy.edits
            assert edited(sick, remedy.edits) != sick


def test_every_symptom_has_its_remedies() -> None:
    assert set(REMEDIES) == {symptom.name for symptom in SYMPTOMS} | {"nan"}


def test_no_lower_rate_is_offered_where_no_step_was_long() -> None:
    sick = project(deep(2, 16, "relu", bias_init=-5.0), **SGD)
    (dead, *_) = trained(sick, 50)[0].findings()
    assert not [remedy for remedy in dead.remedies if "rate" in remedy.title]


def test_without_a_project_there_is_nothing_to_edit() -> None:
    diagnosis = Diagnosis(trained(project(deep(1, 4, "relu")), 1)[0].record.facts)
    diagnosis.see(0, 100.0)
    assert diagnosis.findings() == ()


# The edits

PLAIN = deep(1, 4, "tanh")


def layer(project: Project, node: str) -> Any:
    return project.graph.layer(node)


@pytest.mark.parametrize(
    ("edit", "seen"),
    [
        (SetNode("h1", "units", 7), lambda p: layer(p, "h1").units == 7),
        (ReplaceKind("a1", "relu"), lambda p: layer(p, "a1").kind() == "relu"),
        (SetTraining("optimizer.lr", 0.5), lambda p: p.training.optimizer.lr == 0.5),
        (SetTraining("clip_norm", 1.0), lambda p: p.training.clip_norm == 1.0),
        (SetTraining("regularization.l2", 0.1), lambda p: p.training.regularization.l2 == 0.1),
        (
            SetTraining("early_stopping", {"patience": 3}),
            lambda p: getattr(p.training.early_stopping, "patience", 0) == 3,
        ),
        (SetTraining("optimizer", {"kind": "sgd"}), lambda p: p.training.optimizer.kind() == "sgd"),
        (SetData("samples", 99), lambda p: p.data.samples == 99),
        (InsertAfter("h1", "n", "batch_norm"), lambda p: p.structure().order == ("x", "h1", "n", "a1", "out")),
        (InsertAfter("out", "p", "sigmoid"), lambda p: p.structure().output == "p"),
    ],
)
def test_an_edit_does_what_it_says_and_no_more(edit: AnyEdit, seen: Any) -> None:
    before = project(PLAIN)
    assert not seen(before)
    after = edited(before, (edit,))
    assert seen(after)
    assert project(PLAIN) == before
    assert after.name == before.name


def test_a_layer_goes_on_every_wire_that_leaves_and_keeps_the_order_of_inputs() -> None:
    graph = chained({"id": "h1", "kind": "dense", "units": 2}, {"id": "a1", "kind": "tanh"})
    graph["nodes"] += [{"id": "cat", "kind": "concat"}, {"id": "out", "kind": "dense", "units": 1}]
    graph["edges"] += [["h1", "cat", 1], ["a1", "cat", 0], ["cat", "out"]]
    after = edited(project(graph), (InsertAfter("h1", "n", "layer_norm"),)).structure()
    assert after.inputs["cat"] == ("a1", "n")
    assert after.inputs["a1"] == ("n",)
    assert after.inputs["n"] == ("h1",)


@pytest.mark.parametrize(
    "edit",
    [
        SetNode("h9", "units", 7),
        SetNode("h1", "units", 0),
        ReplaceKind("h9", "relu"),
        ReplaceKind("a1", "nothing"),
        InsertAfter("h9", "n", "batch_norm"),
        InsertAfter("h1", "a1", "batch_norm"),
        InsertAfter("h1", "n", "add"),
        SetTraining("optimizer.lr", -1.0),
        SetData("colour", 1),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit: AnyEdit) -> None:
    with pytest.raises(ProjectError):
        edited(project(PLAIN), (edit,))


def test_remedies_travel_as_messages() -> None:
    remedy = Remedy("All", (SetNode("h1", "units", 7), InsertAfter("h1", "n", "dropout", {"rate": 0.5})))
    for coding in (msgspec.json, msgspec.msgpack):
        assert coding.decode(coding.encode(remedy), type=Remedy) == remedy
