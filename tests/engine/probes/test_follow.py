"""One example followed: against plain NumPy, finite differences, and the written arithmetic computed anew."""

import dataclasses
import gc
import weakref
from typing import Any

import numpy as np
import pytest

from engine.catalogue import LAYERS
from engine.graph import Graph, Node
from engine.layers.base import Activation, Layer
from engine.layers.dropout import Dropout
from engine.layers.expressions import Expression
from engine.layers.shapes import Reshaped
from engine.probes import follow
from engine.probes.arithmetic.lines import LARGEST, MOST, Way
from engine.probes.example import raw
from engine.probes.follow import Follow, FollowAnswer
from engine.spec import build
from engine.trainer import Trainer
from tests.engine.cases import LAYER_CASES, network, project, walk
from tests.engine.loss_cases import LOSS_CASES, LossCase, as_rows, examples, loss_project
from tests.engine.probes.following import STEP, ask, every_card, gradients_of, holds, trained
from tests.engine.probes.written import computed

X = np.array([0.3, -1.7, 2.2, 0.01])
SEVEN_FIGURES = ("selu", "scaled_tanh")


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


class Halves(Layer, frozen=True, tag="halves"):
    """h_i = a_i + a_{i + n/2}: a layer that does not say how it is written."""

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return (shapes[0][0] // 2,)

    def bind(self, plan: Any, h: Any, a: Any, p: Any) -> None:
        half = len(h.value) // 2
        plan.forward(np.add, h.value[:half], h.value[half:], a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward((np.copyto, h.grad[:half], a.grad), (np.copyto, h.grad[half:], a.grad))


def test_a_layer_that_does_not_say_how_it_is_written_still_adds_up() -> None:
    made = project(
        [{"id": "h", "kind": "dense", "units": 6}, {"id": "pair", "kind": "relu"}, {"id": "out", "kind": "dense"}],
        data={"kind": "noise", "shape": [4], "targets": 64, "samples": 8},
    )
    nodes = tuple(Node("pair", Halves()) if node.id == "pair" else node for node in made.graph.nodes)
    trainer = trained(dataclasses.replace(made, graph=Graph(nodes, made.graph.edges)))
    holds(every_card(trainer))
    answer = ask(trainer, node="pair", unit=2)
    assert "not written out" in answer.sections[0].note
    (h,) = [node.values for node in answer.nodes if node.node == "h"]
    assert answer.sections[0].lines[0].value == pytest.approx(h[2] + h[5], rel=1e-12)
    assert gradients_of(answer)["h"].tolist() == [*gradients_of(answer)["pair"]] * 2


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


def test_a_trainer_that_is_gone_takes_its_walk_with_it() -> None:
    trainer = trained(loss_project(LOSS_CASES[3]))
    ask(trainer)
    gone = weakref.ref(trainer)
    del trainer
    gc.collect()
    assert gone() is None
