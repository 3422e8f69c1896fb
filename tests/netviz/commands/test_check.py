"""`netviz check`: what a network is, all that is wrong with it, and whether its gradients are right."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.toy import Noise
from engine.layers.activations import Tanh
from engine.plan import Plan, Var
from tests.netviz.commands.command import here, netviz, write


def test_it_prints_shapes_and_counts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = here(capfd, "check", write(tmp_path))
    assert (done.status, done.err) == (0, "")
    rows = [line.split() for line in done.out.splitlines()]
    assert rows == [
        ["node", "kind", "shape", "parameters"],
        ["x", "input", "2", "0"],
        ["h1", "dense", "5", "15"],
        ["a1", "tanh", "5", "0"],
        ["out", "dense", "1", "6"],
        ["21", "parameters", "in", "all"],
        ["8", "units", "and", "21", "connections,", "with", "the", "input", "and", "the", "biases"],
    ]


def test_every_variant_is_described(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, {"variant": "one", "variants": [{"name": "the other"}]})
    done = here(capfd, "check", file, "--set", "graph.nodes.h1.units=1000")
    assert done.status == 0
    assert [line for line in done.out.splitlines() if line.endswith(":")] == ["one:", "the other:"]
    assert done.out.count("4,001 parameters in all") == 2


def test_all_problems_go_to_stdout_and_the_first_to_stderr(tmp_path: Path) -> None:
    nodes = [
        {"id": "x", "kind": "input"},
        {"id": "h1", "kind": "dense", "units": 0},
        {"id": "a1", "kind": "tahn"},
        {"id": "out", "kind": "dense", "units": 1, "colour": "red"},
    ]
    training = {"loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", "lr": -1}}
    file = write(tmp_path, {"graph": {"nodes": nodes, "edges": []}, "training": training})
    done = netviz("check", file)
    assert done.status == 2
    told = done.out.splitlines()
    assert len(told) == 4
    for line, where in zip(told, ("h1.units", "a1.kind", "out.colour", "training.optimizer.lr"), strict=True):
        assert line.startswith(f"{file}: {where}: ")
    assert done.err == told[0] + "\n"
    assert "tanh" in told[1]  # what was meant


@pytest.mark.parametrize(
    ("x", "y", "problem"),
    [
        (np.array([[0.0], [np.nan], [1.0]]), np.array([0, 1, 1]), "data.path: 'a.npz' array 'x' has the value nan"),
        (np.zeros((3, 1)), np.array([0.0, 0.5, 1.5]), "training.loss: binary_cross_entropy wants targets from 0 to 1"),
    ],
    ids=["NaN among the examples", "a target beyond the loss"],
)
def test_what_only_all_examples_show_is_a_problem_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], x: Any, y: Any, problem: str
) -> None:
    np.savez(tmp_path / "a.npz", x=x, y=y)
    file = write(tmp_path, {"data": {"kind": "npz", "path": "a.npz", "validation": 0}, "variants": [{"name": "B"}]})
    done = here(capfd, "check", file)
    assert (done.status, done.out) == (2, done.err)
    assert done.err.startswith(f"{file}: {problem}")
    assert here(capfd, "train", file).err == done.err


def test_examples_that_are_drawn_are_not_drawn_to_count_a_large_network(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Noise, "load", lambda *given: pytest.fail("draws them"))
    data = {"kind": "noise", "shape": [300_000], "samples": 5000, "classes": 2}
    assert here(capfd, "check", write(tmp_path, {"data": data})).status == 0


def test_problems_of_variants_are_named_after_them(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    loose = {"nodes": [{"id": "x", "kind": "input"}, {"id": "h", "kind": "dense", "units": 1}], "edges": []}
    done = here(capfd, "check", write(tmp_path, {"variants": [{"name": "loose", "graph": loose}]}))
    assert done.status == 2
    assert f"{tmp_path / 'net.netviz'}: variants.loose.h: takes one input, got none\n" in done.out
    assert all(": variants.loose.h: " in line for line in done.out.splitlines())


def test_gradients_that_are_right(tmp_path: Path) -> None:
    done = netviz("check", write(tmp_path), "--gradients")
    assert (done.status, done.err) == (0, "")
    for name in ("h1.weight", "h1.bias", "out.weight", "out.bias"):
        assert re.search(rf"^{re.escape(name)}\b", done.out, re.MULTILINE)


def test_a_gradient_that_is_wrong_ends_with_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tanh whose way back forgets the derivative."""
    bind = Tanh.bind

    def wrong(self: Tanh, plan: Plan, h: Var, a: Var, p: Any) -> None:
        bind(self, plan, h, a, p)
        if h.grad is not None:
            plan._blocks[-1] = []
            plan.backward((plan.xp.copyto, h.grad, a.grad))

    monkeypatch.setattr(Tanh, "bind", wrong)
    done = here(capfd, "check", write(tmp_path), "--gradients")
    assert (done.status, done.err) == (1, "")
    assert here(capfd, "check", write(tmp_path)).status == 0  # only a check that was asked for can fail


def test_a_wrong_gradient_of_one_variant_is_enough(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from netviz.commands import check as module

    def one_fails(lane: Any) -> Any:
        return iter([0.5, type("Report", (), {"tensors": (lane.variant,), "ok": lane.variant != "one"})])

    monkeypatch.setattr(module, "checking_project", one_fails)
    done = here(capfd, "check", write(tmp_path, {"variant": "one", "variants": [{"name": "two"}]}), "--gradients")
    assert done.status == 1
    assert done.out.splitlines()[-2:] == ["one: one", "two: two"]  # the others are checked all the same


def test_a_setting_that_is_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path)
    done = here(capfd, "check", file, "--set", "units")
    assert done.status == 2
    assert done.out == done.err == f"{file}: --set: expected PATH=VALUE, got 'units'\n"
