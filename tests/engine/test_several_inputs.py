"""Networks with several input nodes, each of all of x or of some of its columns."""

import numpy as np
import pytest

import engine
from engine.backend import Backend
from engine.gradient_check import check_gradients
from engine.project import project_from
from tests.engine.cases import CLOSE, network
from tests.engine.export.nets import several_inputs
from tests.strict_array import strict


def examples(count=7):
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, 4)), rng.standard_normal((count, 2))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_takes_its_columns(dtype):
    net, (x, _) = network(several_inputs(), dtype), examples()
    own = net.parameters()

    def affine(name, part):
        return part @ own[f"{name}.weight"].T + own[f"{name}.bias"]

    total = affine("h1", x[:, :1]) + affine("h2", x[:, 1:]) + affine("h3", x)
    expected = affine("out", np.concatenate([total, x[:, 1:]], axis=1))
    np.testing.assert_allclose(net.predict(x), expected, **CLOSE[dtype])


def test_gradients_of_parameters_and_inputs_by_differences():
    report = check_gradients(network(several_inputs()), *examples())
    assert report.ok, [str(tensor) for tensor in report.tensors]
    assert report.tensors[-1].name == "x"


def test_the_same_bits_on_a_device():
    there = engine.Trainer(several_inputs(), backend=Backend(strict, "strict", "float32"))
    here = engine.Trainer(several_inputs())
    for _ in range(3):
        assert there.update() == here.update()
    assert there.step(layers=True) == here.step(layers=True)


def problems(**fields):
    data = several_inputs().to_json()
    data["graph"]["nodes"][0] |= fields
    return [f"{p.where}: {p.message}" for p in project_from(data, several_inputs().folder).problems()]


def test_columns_that_are_not_there_are_named():
    assert problems(columns=[0, 9]) == ["left: takes columns 0 to 9 of x, which has 4"]
    assert problems(columns=[2, 2]) == ["left: takes columns 2 to 2 of x, which has 4"]
    assert problems(shape=[5]) == ["left: shape is 5, but the data's examples have 4"]
    assert problems(shape=[4]) == []
