"""Questions and reports as lines: what goes in comes out."""

from dataclasses import replace
from math import inf, isnan, nan

import msgspec
import pytest

from engine.checks.overfit import OverfitReport
from engine.checks.questions import REPORTS, Kind, Question, answer, ask, decode_line, encode_line
from engine.checks.rates import RatePoint, RateReport
from engine.errors import ProjectError
from engine.gradient_check import GradientReport, TensorCheck
from engine.metrics import Score
from tests.engine.checks.nets import chain, last, made


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_answered_and_comes_back_the_same(kind):
    project = made(chain(4))
    report = last(answer(Question(kind, project.to_json(), ".")))
    assert type(report) is REPORTS[kind]
    assert report == last(ask(kind, project))
    assert decode_line(encode_line(report), kind).report == report


@pytest.mark.parametrize(
    ("kind", "report"),
    [
        (Kind.OVERFIT, OverfitReport(False, 5, 7, Score(inf, None), Score(-inf, 0.5), ("a", "ü"))),
        (Kind.RATES, RateReport((RatePoint(1e-6, 1e300, inf),), None, 0.1)),
        (Kind.GRADIENTS, GradientReport(1.0, 2, 1e-5, (TensorCheck("x", 4, inf, (0, 3), 1.0, -inf, 0, 1),))),
    ],
)
def test_numbers_that_json_does_not_have_come_back_too(kind, report):
    assert decode_line(encode_line(report), kind).report == report


def test_not_a_number_comes_back():
    report = RateReport((RatePoint(1e-6, nan, nan),), None, None)
    assert isnan(decode_line(encode_line(report), Kind.RATES).report.points[0].loss)


def test_shares_and_failures():
    assert decode_line(encode_line(0.25), Kind.RATES).share == 0.25
    assert decode_line(encode_line("no such file"), Kind.RATES).failed == "no such file"
    assert encode_line(0.25) == b'{"share":0.25}\n'


def test_the_lane_that_is_asked_about():
    project = made(chain(4))
    other = replace(project.lanes()[0], graph=made(chain(3)).graph)
    parts = project.to_json() | {"variants": [{"name": "B", "graph": other.to_json()["graph"]}]}
    sizes = [
        {tensor.name: tensor.count for tensor in last(answer(Question(Kind.GRADIENTS, parts, ".", lane))).tensors}
        for lane in (0, 1)
    ]
    assert [size["h0.weight"] for size in sizes] == [8, 6]
    with pytest.raises(ProjectError, match="lane: expected one of 2 networks, got 2"):
        answer(Question(Kind.GRADIENTS, parts, ".", 2))


def test_what_is_no_line_is_an_error():
    with pytest.raises(msgspec.DecodeError):
        decode_line(b"Traceback", Kind.RATES)
    with pytest.raises(msgspec.ValidationError):
        decode_line(b'{"report": {"points": 3}}', Kind.RATES)
