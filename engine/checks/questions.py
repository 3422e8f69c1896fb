"""Questions and reports as lines of JSON: what a process that answers one reads and writes."""

from collections.abc import Iterator
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from engine.checks.overfit import OverfitReport, overfit
from engine.checks.rates import RateReport, range_test
from engine.errors import Problem, ProjectError
from engine.gradient_check import GradientReport, checking_project
from engine.project import Project, project_from

Report = GradientReport | OverfitReport | RateReport


class Kind(StrEnum):
    GRADIENTS = "gradients"
    OVERFIT = "overfit"
    RATES = "rates"


REPORTS: dict[Kind, type[Any]] = {
    Kind.GRADIENTS: GradientReport,
    Kind.OVERFIT: OverfitReport,
    Kind.RATES: RateReport,
}


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of which network of a project."""

    kind: Kind
    project: dict[str, Any]  # as in the file
    folder: str  # where relative paths begin
    lane: int = 0


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of an answer: how much is done, or the end of it, a report or a word why there is none."""

    share: float | None = None
    report: Any = None
    failed: str | None = None


def ask(kind: Kind, lane: Project) -> Iterator[float | Report]:
    """Shares that are done, and at last the report; raises ProjectError."""
    calls: dict[Kind, Any] = {Kind.GRADIENTS: checking_project, Kind.OVERFIT: overfit, Kind.RATES: range_test}
    steps: Iterator[float | Report] = calls[kind](lane)
    return steps


def answer(question: Question) -> Iterator[float | Report]:
    """The same for a question as it came; raises ProjectError."""
    lanes = project_from(question.project, Path(question.folder)).lanes()
    if not 0 <= question.lane < len(lanes):
        raise ProjectError(Problem("lane", f"expected one of {len(lanes)} networks, got {question.lane}"))
    return ask(question.kind, lanes[question.lane])


def encode_line(part: float | Report | str) -> bytes:
    """A share, a report, or why there is none, as one line."""
    if isinstance(part, str):
        line = Line(failed=part)
    elif isinstance(part, float):
        line = Line(share=part)
    else:
        line = Line(report=_said(msgspec.to_builtins(part)))
    return msgspec.json.encode(line) + b"\n"


def decode_line(data: bytes, kind: Kind) -> Line:
    """The line with its report as what it was; raises ValueError."""
    line = msgspec.json.decode(data, type=Line)
    if line.report is None:
        return line
    return msgspec.structs.replace(line, report=msgspec.convert(line.report, REPORTS[kind], strict=False))


def _said(value: Any) -> Any:
    """With the numbers that JSON does not have as texts, which `convert` takes back."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _said(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    return value
