"""One example followed: against plain NumPy, finite differences, and the written arithmetic computed anew."""

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.catalogue import LAYERS
from engine.layers.base import Activation
from engine.layers.dropout import Dropout
from engine.layers.expressions import Expression
from engine.layers.shapes import Reshaped
from engine.probes import follow
from engine.probes.arithmetic.lines import LARGEST, MOST, Section, Way
from engine.probes.example import Part, raw
from engine.probes.follow import Follow, FollowAnswer, together
from engine.project import project_from
from engine.spec import build
from engine.trainer import Trainer
from tests.engine.cases import (
    LAYER_CASES,
    LOSS_CASES,
    LossCase,
    as_rows,
    examples,
    loss_project,
    network,
    project,
    walk,
)
from tests.engine.probes.written import computed, of_line, sum_of
from tests.strict_array import strict

X = np.array([0.3, -1.7, 2.2, 0.01])
STEP = 1e-6
SEVEN_FIGURES = ("selu", "scaled_tanh")


def ask(trainer: Trainer, **fields: Any) -> FollowAnswer:
    answer = Follow(**fields).measure(trainer)
    assert answer is not None
    return answer


def trained(made: Any, seed: int = 0) -> Trainer:
    """With every parameter at random, biases and norms too."""
    trainer = Trainer(made, dtype="float64")
    rng = np.random.default_rng(seed)
    own = trainer.network.parameters()
    trainer.network.load_parameters({name: rng.uniform(-1, 1, a.shape) for name, a in own.items()})
    return trainer


def gradients_of(answer: FollowAnswer) -> dict[str, Any]:
    return {node.node: node.gradients for node in answer.nodes}


def every_card(trainer: Trainer, **fields: Any) -> list[Section]:
    """What is written of every unit of every node, and of the loss."""
    structure, found = trainer.network.structure, list(ask(trainer, **fields).sections)
    for node in structure.order:
        for unit in range(int(np.prod(structure.shapes[node]))):
            found += ask(trainer, node=node, unit=unit, **fields).sections
    return found


def holds(sections: list[Section], rtol: float = 1e-9) -> None:
    """Every line is what its letters come to, and every sum the sum of its lines."""
    for section in sections:
        for line in section.lines:
            if line.text:
                np.testing.assert_allclose(of_line(line), line.value, rtol=rtol, atol=1e-13, err_msg=str(line))
        if section.adds:
            np.testing.assert_allclose(sum_of(section), section.value, rtol=rtol, atol=1e-13, err_msg=section.title)


def target_of(case: LossCase) -> tuple[float, ...]:
    _, y = examples(case, 1, seed=5)
    return tuple(np.asarray(y[0], float).reshape(-1).tolist())


@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_values_loss_and_gradients_are_those_of_a_plain_walk(case: LossCase) -> None:
    made, trainer = loss_project(case), _trainer(case)
    answer = ask(trainer, x=raw(X), target=target_of(case))
    parameters = trainer.network.parameters()
    plain = walk(made, parameters, X[None])
    y = as_rows(case, examples(case, 1, seed=5)[1])
    for node in answer.nodes:
        np.testing.assert_allclose(node.values, plain[node.node][0], rtol=1e-12, err_msg=node.node)
    assert answer.loss == pytest.approx(float(case.value(plain["out"], y)), rel=1e-12)
    assert answer.logits == "out"

    def loss_behind(node: str, values: np.ndarray) -> float:
        """The loss where the output of `node` is replaced."""
        h = {**plain, node: values[None]}
        order = ["x", "h1", "a1", "out"]
        for at in order[order.index(node) + 1 :]:
            before = h[order[order.index(at) - 1]]
            if at == "a1":
                h[at] = np.tanh(before)
            else:
                h[at] = before @ parameters[f"{at}.weight"].T + parameters[f"{at}.bias"]
        return float(case.value(h["out"], y))

    for node, found in gradients_of(answer).items():
        if node == "drawn":
            assert found is None
            continue
        middle = plain[node][0]
        steps = STEP * np.eye(len(middle))
        slopes = [(loss_behind(node, middle + s) - loss_behind(node, middle - s)) / (2 * STEP) for s in steps]
        np.testing.assert_allclose(found, slopes, rtol=1e-5, atol=1e-8, err_msg=node)


def _trainer(case: LossCase) -> Trainer:
    """Random weights; where the noise's targets would not fit the loss, a trainer that has no data at all."""
    made = loss_project(case)
    if case.rows == "numbers":
        return trained(made)
    trainer = object.__new__(Trainer)
    trainer.network = network(made)
    return trainer


@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_every_line_of_every_loss_adds_up(case: LossCase) -> None:
    trainer = _trainer(case)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = raw(rng.standard_normal(4) * 3)
        _, y = examples(case, 1, seed=seed)
        sections = every_card(trainer, x=x, target=tuple(np.asarray(y[0], float).reshape(-1).tolist()))
        holds(sections)
        assert {section.way for section in sections} == set(Way)


@pytest.mark.parametrize("case", [c for c in LOSS_CASES if c.kind == "cross_entropy"], ids=lambda case: case.name)
def test_softmax_and_cross_entropy_leave_f_minus_e_class_by_class(case: LossCase) -> None:
    trainer = _trainer(case)
    answer = ask(trainer, x=raw(X), target=target_of(case))
    (section,) = [s for s in answer.sections if "f(x) − e(y)" in s.title]
    assert len(section.lines) == case.units
    (out,) = [node for node in answer.nodes if node.node == "out"]
    np.testing.assert_allclose([line.value for line in section.lines], out.gradients, rtol=1e-10, atol=1e-14)
    if case.name == "ce":
        z = out.values
        share = np.exp(z) / np.exp(z).sum()
        own = np.eye(3)[answer.label]
        np.testing.assert_allclose([line.numbers for line in section.lines], np.stack([share, own], 1), rtol=1e-12)


@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_every_layer_writes_what_it_does(case: Any) -> None:
    made = project(
        [
            {"id": "pre", "kind": "dense", "units": case.features},
            *({"id": f"before{number}", **declared} for number, declared in enumerate(case.before)),
            {"id": "node", **case.declared},
            {"id": "flat", "kind": "flatten"},
            {"id": "out", "kind": "dense", "units": 2},
        ],
        data={"kind": "noise", "shape": [case.features], "targets": 2, "samples": 8},
    )
    trainer = trained(made)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal(case.features)
        # Constants of a function are written with seven figures.
        holds(every_card(trainer, x=raw(x), target=(0.5, -1.0)), 2e-6 if case.name in SEVEN_FIGURES else 1e-9)
        plain = walk(made, trainer.network.parameters(), x[None])
        answer = ask(trainer, x=raw(x), target=(0.5, -1.0))
        for node in answer.nodes:
            np.testing.assert_allclose(node.values, plain[node.node].reshape(-1), rtol=1e-11, atol=1e-14)
        _differences_hold(made, trainer, x, np.array([0.5, -1.0]), answer)


def _differences_hold(made: Any, trainer: Trainer, x: np.ndarray, y: np.ndarray, answer: FollowAnswer) -> None:
    """∂L/∂x by central differences through the plain walk; what is in between is written as sums of each other."""

    def loss(at: np.ndarray) -> float:
        return float(np.square(walk(made, trainer.network.parameters(), at[None])["out"][0] - y).mean())

    steps = STEP * np.eye(len(x))
    slopes = [(loss(x + step) - loss(x - step)) / (2 * STEP) for step in steps]
    np.testing.assert_allclose(gradients_of(answer)["x"], slopes, rtol=2e-5, atol=1e-7)


written_layers = [layer for layer in LAYERS.values() if issubclass(layer, Activation | Expression | Dropout | Reshaped)]


@pytest.mark.parametrize("x", [-2.5, -0.3, 0.4, 3.0])
@pytest.mark.parametrize("kind", written_layers, ids=lambda kind: kind.kind())
def test_a_function_of_one_number_is_written_as_it_is(kind: Any, x: float) -> None:
    layer = build(LAYERS, {"kind": kind.kind()}, "it")
    if kind.kind() in ("softmax", "log_softmax"):
        assert layer.written(x) == ("", "")
        return
    if kind.kind() == "log":
        x = abs(x)
    text, slope = layer.written(x)
    h = computed(text.replace("{x}", f"({x!r})"))

    def near(a: float) -> float:
        return computed(layer.written(x)[0].replace("{x}", f"({a!r})"))

    assert computed(slope.replace("{x}", f"({x!r})").replace("{h}", f"({h!r})")) == pytest.approx(
        (near(x + STEP) - near(x - STEP)) / (2 * STEP), rel=1e-5, abs=1e-8
    )


def dag(loss: dict[str, object], preprocess: str = "none") -> Any:
    """Skips, joins, norms, dropout, tied weights, a maxout, a constant, and a node that two slots of one layer take."""
    nodes = [
        {"id": "x", "kind": "input"},
        {"id": "enc", "kind": "dense", "units": 5},
        {"id": "bn", "kind": "batch_norm"},
        {"id": "act", "kind": "silu"},
        {"id": "drop", "kind": "dropout", "rate": 0.4},
        {"id": "dec", "kind": "tied", "to": "enc", "units": 4},
        {"id": "skip", "kind": "add"},
        {"id": "ln", "kind": "layer_norm"},
        {"id": "same", "kind": "multiply"},
        {"id": "mo", "kind": "maxout", "units": 4, "pieces": 3},
        {"id": "c", "kind": "constant", "units": 4, "value": 1.5, "trainable": True},
        {"id": "sum", "kind": "add"},
        {"id": "cat", "kind": "concat"},
        {"id": "pr", "kind": "prelu", "per_feature": True},
        {"id": "out", "kind": "dense", "units": 3, "bias": False},
        {"id": "p", "kind": "softmax"},
    ]
    edges = [
        ["x", "enc"], ["enc", "bn"], ["bn", "act"], ["act", "drop"], ["drop", "dec"], ["x", "skip", 0],
        ["dec", "skip", 1], ["skip", "ln"], ["ln", "same", 0], ["ln", "same", 1], ["ln", "mo"], ["mo", "sum", 0],
        ["c", "sum", 1], ["same", "cat", 0], ["sum", "cat", 1], ["cat", "pr"], ["pr", "out"], ["out", "p"],
    ]  # fmt: skip
    return project_from(
        {
            "format": "netviz-project",
            "version": 1,
            "name": "all of it",
            "data": {"kind": "noise", "shape": [4], "classes": 3, "samples": 30, "preprocess": preprocess},
            "graph": {"nodes": nodes, "edges": edges},
            "training": {"loss": loss, "optimizer": {"kind": "sgd", "lr": 0.05}, "batch_size": 10},
        },
        Path(),
    )


@pytest.mark.parametrize("preprocess", ["none", "center", "standardize", "pca", "whiten"])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_a_graph_of_everything_adds_up_and_has_the_right_gradients(loss: str, preprocess: str) -> None:
    trainer = trained(dag({"kind": loss}, preprocess))
    trainer.run(4)  # batch norm has averages
    for index in range(3):
        fields = {"part": Part.TRAINING, "index": index}
        answer = ask(trainer, **fields)
        holds(every_card(trainer, **fields))
        x, y = trainer.data.x[index], int(trainer.data.y[index])
        assert (answer.label, answer.index) == (y, index)

        def value(at: np.ndarray, y: int = y) -> float:
            """By the network's own prediction: another plan, and the loss by hand."""
            p = trainer.network.predict(at[None])[0]
            return float(-np.log(p[y]) if loss == "cross_entropy" else np.square(p - np.eye(3)[y]).mean())

        assert answer.loss == pytest.approx(value(x), rel=1e-9)
        # By the raw numbers; what is told is by the prepared ones.
        slopes = np.array([(value(x + s) - value(x - s)) / (2 * STEP) for s in STEP * np.eye(4)])
        told = gradients_of(answer)["x"]
        numbers = trainer.network.preprocess.state()
        if "preprocess.matrix" in numbers:
            told = numbers["preprocess.matrix"].T @ told
        told = told / numbers.get("preprocess.scale", 1.0)
        np.testing.assert_allclose(told, slopes, rtol=1e-4, atol=1e-7)


def test_the_gradient_of_every_weight_is_its_finite_difference() -> None:
    """In inference mode, where batch norm takes its running averages."""
    trainer = trained(dag({"kind": "cross_entropy"}))
    trainer.run(4)
    x, y = trainer.data.x[:1], int(trainer.data.y[0])
    weights = trainer.network.parameters()
    lines = {
        (node, unit): [
            s for s in ask(trainer, node=node, unit=unit).sections if s.title.startswith(("∂L/∂w =", "∂L/∂c"))
        ]
        for node, unit in (("enc", 2), ("bn", 1), ("ln", 3), ("mo", 0), ("pr", 5), ("c", 1), ("out", 2))
    }

    def slope(name: str, place: tuple[int, ...]) -> float:
        ends = []
        for sign in (1, -1):
            moved = {key: array.copy() for key, array in weights.items()}
            moved[name][place] += sign * STEP
            trainer.network.load_parameters(moved)
            ends.append(-np.log(trainer.network.predict(x)[0][y]))
        trainer.network.load_parameters(weights)
        return float((ends[0] - ends[1]) / (2 * STEP))

    def told(node: str, unit: int, line: int) -> float:
        return next(s for s in lines[node, unit] if s.node == node).lines[line].value

    assert told("bn", 1, 0) == pytest.approx(slope("bn.weight", (1,)), rel=1e-4, abs=1e-8)
    assert told("bn", 1, 1) == pytest.approx(slope("bn.bias", (1,)), rel=1e-4, abs=1e-8)
    assert told("ln", 3, 0) == pytest.approx(slope("ln.weight", (3,)), rel=1e-4, abs=1e-8)
    assert told("pr", 5, 0) == pytest.approx(slope("pr.weight", (5,)), rel=1e-4, abs=1e-8)
    assert told("c", 1, 0) == pytest.approx(slope("c.weight", (1,)), rel=1e-4, abs=1e-8)
    assert told("out", 2, 4) == pytest.approx(slope("out.weight", (2, 4)), rel=1e-4, abs=1e-8)
    (section,) = lines["mo", 0]
    row = int(section.lines[0].name.partition("[")[2].partition(",")[0]) - 1
    assert told("mo", 0, 1) == pytest.approx(slope("mo.weight", (row, 1)), rel=1e-4, abs=1e-8)
    assert told("mo", 0, 4) == pytest.approx(slope("mo.bias", (row,)), rel=1e-4, abs=1e-8)


def test_wide_sums_tell_the_largest_terms_and_the_sum_of_the_others() -> None:
    layers: list[dict[str, object]] = [{"id": "h", "kind": "dense", "units": 40}, {"id": "out", "kind": "dense"}]
    layers[-1]["units"] = 1
    made = project(layers, "mse", {"kind": "noise", "shape": [64], "samples": 20})
    trainer = trained(made)
    sections = ask(trainer, node="h", unit=7).sections
    forward = sections[0]
    weights, x = trainer.network.parameters(), trainer.data.x[0]
    terms = weights["h.weight"][7] * x
    assert (len(forward.lines), forward.left_out) == (LARGEST + 1, 64 - LARGEST)
    assert forward.lines[-1].name == "bias"
    assert forward.lines[-1].value == weights["h.bias"][7]
    units = [line.unit for line in forward.lines[:-1]]
    assert units == sorted(np.argsort(-np.abs(terms))[:LARGEST].tolist())
    assert forward.rest == pytest.approx(np.delete(terms, units).sum(), rel=1e-10)
    holds(list(sections))
    few = ask(trainer, node="out").sections
    assert sum(line.text != "" for line in few[0].lines) == LARGEST
    assert MOST < 40


def test_what_comes_back_along_the_wires_sums_to_the_gradient() -> None:
    trainer = trained(dag({"kind": "mse"}))
    answer = ask(trainer)
    gradients, totals = gradients_of(answer), dict[str, Any]()
    for (source, _), returned in zip(answer.wires, answer.returns, strict=True):
        totals[source] = totals.get(source, 0.0) + returned
    assert set(totals) == set(gradients) - {"p"}
    for node, total in totals.items():
        np.testing.assert_allclose(total, gradients[node], rtol=1e-10, atol=1e-14, err_msg=node)
    (twice,) = [r for wire, r in zip(answer.wires, answer.returns, strict=True) if wire == ("ln", "same")]
    (value,) = [node.values for node in answer.nodes if node.node == "ln"]
    np.testing.assert_allclose(twice, 2 * value * gradients["same"], rtol=1e-10)


def test_dropout_lets_everything_through_and_batch_norm_takes_its_averages() -> None:
    trainer = trained(dag({"kind": "cross_entropy"}))
    trainer.run(4)
    before = {name: array.copy() for name, array in trainer.network.state().items()}
    grads = trainer.network.parameters_.grads.copy()
    answer = ask(trainer, node="bn", unit=2)
    values = {node.node: node.values for node in answer.nodes}
    assert values["drop"].tolist() == values["act"].tolist()
    state = trainer.network.state()
    deviation = np.sqrt(state["bn.running_var"] + 1e-5)
    expected = (values["enc"] - state["bn.running_mean"]) / deviation * state["bn.weight"] + state["bn.bias"]
    np.testing.assert_allclose(values["bn"], expected, rtol=1e-12)
    assert any("running averages" in section.note for section in answer.sections)
    assert all(np.array_equal(before[name], array) for name, array in trainer.network.state().items())
    assert np.array_equal(grads, trainer.network.parameters_.grads)


def test_a_layer_and_its_activation_stand_on_one_card() -> None:
    structure = trained(dag({"kind": "cross_entropy"})).network.structure
    assert together(structure, "act") == together(structure, "bn") == ("bn", "act")
    assert together(structure, "out") == ("out", "p")
    assert together(structure, "ln") == ("ln",)
    assert together(structure, "x") == ("x",)
    assert together(structure, "nowhere") == together(structure, "") == ()


def test_without_a_target_there_is_no_way_back() -> None:
    trainer = trained(loss_project(LOSS_CASES[3]))
    answer = ask(trainer, x=raw(X), node="h1", unit=1)
    assert (answer.loss, answer.label, answer.part) == (None, None, None)
    assert all(node.gradients is None for node in answer.nodes)
    assert {section.way for section in answer.sections} == {Way.FORWARD}
    assert ask(trainer, x=raw(X)).sections == ()
    assert ask(trainer, x=raw(X), target=(1.0,)).label == 1


def test_a_target_that_does_not_fit_is_refused_with_a_word() -> None:
    trainer = trained(loss_project(LOSS_CASES[3]))
    answer = ask(trainer, x=raw(X), target=(7.0,))
    assert "class 7, expected 0 to 1" in answer.reason
    assert answer.loss is None
    assert answer.nodes


def test_x_of_another_size_has_no_answer_and_units_beyond_the_last_mean_the_last() -> None:
    trainer = trained(loss_project(LOSS_CASES[3]))
    assert Follow(x=raw(np.zeros(3))).measure(trainer) is None
    assert ask(trainer, node="h1", unit=99).unit == 4
    assert ask(trainer, node="gone", unit=2).node == ""


def test_too_many_weights_are_refused_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trained(loss_project(LOSS_CASES[3]))
    monkeypatch.setattr(follow, "MOST_WEIGHTS", 10)
    answer = ask(trainer, node="h1")
    assert "31 weights are too many" in answer.reason
    assert (answer.nodes, answer.sections, answer.chosen) == ((), (), ())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_told_as_such(bad: float) -> None:
    trainer = trained(loss_project(LOSS_CASES[7]))
    weights = trainer.network.parameters()
    weights["h1.weight"][2, 1] = bad
    trainer.network.load_parameters(weights)
    answer = ask(trainer, node="h1", unit=2)
    assert not np.isfinite(answer.sections[0].value)
    assert np.isnan(ask(trainer).loss or 0.0) == np.isnan(bad)  # tanh of infinity is 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_device_gives_the_same_answer(dtype: str) -> None:
    made = dag({"kind": "cross_entropy"}, "standardize")
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    there.run(3)
    here.run(3)
    for node in ("enc", "mo", "out", ""):
        a, b = ask(there, node=node, unit=1), ask(here, node=node, unit=1)
        assert a.sections == b.sections
        assert all(np.array_equal(m.values, n.values) for m, n in zip(a.nodes, b.nodes, strict=True))


def test_a_trainer_that_is_gone_takes_its_walk_with_it() -> None:
    trainer = trained(loss_project(LOSS_CASES[3]))
    ask(trainer)
    gone = weakref.ref(trainer)
    del trainer
    gc.collect()
    assert gone() is None
