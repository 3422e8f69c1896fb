"""Convolutions and poolings written out: what one place adds to a kernel's gradient, and what lies beyond the edge."""

import re
from typing import Any

import numpy as np
import pytest

from engine.probes.arithmetic.lines import LARGEST
from tests.engine.cases import project
from tests.engine.probes.following import ask, holds, trained

PICTURES = {"kind": "noise", "shape": [4, 5, 4], "classes": 3, "samples": 12}
SEQUENCES = {"kind": "noise", "shape": [9, 2], "classes": 3, "samples": 12}
CONVOLUTIONS = {
    "padded": (PICTURES, {"kind": "conv2d", "filters": 3, "kernel_size": 3, "padding": "same"}),
    "in groups": (PICTURES, {"kind": "conv2d", "filters": 4, "kernel_size": 2, "groups": 2, "stride": [2, 1]}),
    "connected": (
        PICTURES,
        {"kind": "conv2d", "filters": 2, "kernel_size": [2, 3], "connections": [[0, 3], [1, 2]], "dilation": [2, 1]},
    ),
    "in one dimension": (SEQUENCES, {"kind": "conv1d", "filters": 3, "kernel_size": 3, "padding": 2, "stride": 2}),
}


def made(data: dict[str, object], layer: dict[str, object]) -> Any:
    layers = [{"id": "c", **layer}, {"id": "flat", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": 3}]
    return trained(project(layers, "cross_entropy", data))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_what_every_place_adds_to_a_kernel_is_its_gradient(name: str) -> None:
    trainer = made(*CONVOLUTIONS[name])
    x, y = np.asarray(trainer.data.x[:1]), np.asarray(trainer.data.y[:1])
    _, gradients = trainer.network.loss_and_gradients(x, y)
    weight = np.zeros_like(gradients["c.weight"])
    bias = np.zeros_like(gradients["c.bias"])
    for unit in range(int(np.prod(trainer.network.structure.shapes["c"]))):
        answer = ask(trainer, node="c", unit=unit)
        (section,) = [s for s in answer.sections if s.title.startswith("∂L/∂w =")]
        holds(list(answer.sections))
        if section.left_out:  # the largest alone are told
            assert len(section.lines) == LARGEST + 1
            return
        for line in section.lines:
            place = tuple(int(number) - 1 for number in re.findall(r"\d+", line.name))
            if line.name.startswith("∂L/∂b"):
                bias[place] += line.value
            else:
                weight[place if weight.ndim == 4 else place[:3]] += line.value
    np.testing.assert_allclose(weight, gradients["c.weight"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(bias, gradients["c.bias"], rtol=1e-9, atol=1e-12)


def test_what_lies_beyond_the_edge_is_counted() -> None:
    trainer = made(PICTURES, {"kind": "conv2d", "filters": 1, "kernel_size": 3, "padding": "same"})
    notes = [ask(trainer, node="c", unit=unit).sections[0].note for unit in (0, 1, 5)]
    assert [re.findall(r"(\d+) of 36", note) for note in notes] == [["20"], ["12"], []]


def test_the_largest_of_a_window_is_named() -> None:
    trainer = made(PICTURES, {"kind": "max_pool2d", "kernel_size": [5, 4]})
    x = np.asarray(trainer.data.x[0])
    for channel in range(4):
        (section, *_) = ask(trainer, node="c", unit=channel).sections
        best = channel * 20 + int(x[channel].argmax())
        (line,) = section.lines
        assert (line.unit, section.left_out) == (best, 20 - LARGEST)
        assert section.title.endswith(f"x[{best + 1}]")
        assert sorted(line.numbers) == sorted(x[channel].reshape(-1))[-LARGEST:]


@pytest.mark.parametrize("counts", [True, False])
def test_a_window_over_the_edge_is_the_mean_of_what_counts(counts: bool) -> None:
    """Windows of 4 × 4, three apart, over 5 × 4 numbers with a margin of one."""
    fields = {"kernel_size": 4, "stride": 3, "padding": 1, "ceil_mode": True, "count_include_pad": counts}
    trainer = made(PICTURES, {"kind": "avg_pool2d", **fields})
    assert trainer.network.structure.shapes["c"] == (4, 2, 2)
    (first, *_), (last, *_) = (ask(trainer, node="c", unit=unit).sections for unit in (0, 3))
    holds([first, last])
    # Rows 0 to 2, and 2 to 4 and the one behind it; columns 0 to 2, and 2 to 3 and the one behind it.
    assert first.lines[0].numbers[1] == (1 / 16 if counts else 1 / 9)
    assert last.lines[0].numbers[1] == (1 / 12 if counts else 1 / 6)
