"""Arithmetic as it reads on screen: every line comes to its rounded value, and rounded lines sum to the rounded total.

Each number of a line has as many figures as it takes for the line, computed from what is shown, to come within a unit
of the last place shown of the true value; what is shown is then what the line comes to. What the roundings of a sum
leave over has a row of its own.
"""

import ast
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from functools import lru_cache
from math import erfc, exp, floor, inf, isfinite, isnan, log, log10, nan, pi, sqrt, tanh

from engine.probes.arithmetic.lines import Line, Section
from netviz.widgets.ticks import power, signed

FIGURES = 5  # of a value
MOST_FIGURES = 17
_PLACE, _SIZE = re.compile(r"\{(\d+)\}"), re.compile(r"\|([^|]*)\|")
ALONE = "{0}"  # a line that is nothing but its value
SMALLEST, LARGEST = 1e-4, 1e6  # what is smaller or larger is written with a power of ten


class Kind(Enum):
    TERM = 0
    FORMULA = 1
    REST = 2
    ROUNDING = 3
    TOTAL = 4


@dataclass(frozen=True, slots=True)
class Row:
    """`name` = `text` = `value`; `share` is the value against the largest of its sum, from -1 to 1."""

    kind: Kind
    name: str
    text: str
    value: str
    share: float = 0.0
    node: str = ""
    unit: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A section as it is shown; the values of a sum are in units of 10 to the power `exponent`."""

    section: Section
    rows: tuple[Row, ...]
    exponent: int = 0

    @property
    def title(self) -> str:
        return self.section.title + (f"   in {power(self.exponent)}" if self.exponent else "")


def block(section: Section) -> Block:
    return _sum(section) if section.adds else Block(section, tuple(_formula(line) for line in section.lines))


# Sums


def _sum(section: Section) -> Block:
    lines = section.lines
    sizes = [abs(v) for v in (*(line.value for line in lines), section.rest, section.value)]
    if not all(map(isfinite, sizes)):
        return Block(section, (*(_formula(line, Kind.TERM) for line in lines), *_unrounded(section)))
    most = max(sizes)
    exponent = 0 if most == 0 or SMALLEST * 10 <= most < LARGEST else 3 * floor(log10(most) / 3)
    places = _places(lines, section, exponent, most)
    grain = Decimal(1).scaleb(-places)
    rows, total = [], Decimal(0)
    for line in lines:
        text, exact = _worked_out(line, 10.0 ** (exponent - places))
        value = _rounded(exact.scaleb(-exponent), grain)
        total += value
        rows.append(Row(Kind.TERM, line.name, text, _plain(value), _share(line.value, most), line.node, line.unit))
    if section.left_out:
        value = _rounded(Decimal(section.rest).scaleb(-exponent), grain)
        total += value
        words = f"the other {section.left_out} terms"
        rows.append(Row(Kind.REST, words, "", _plain(value), _share(section.rest, most)))
    wanted = _rounded(Decimal(section.value).scaleb(-exponent), grain)
    if wanted != total:
        rows.append(Row(Kind.ROUNDING, "rounding", "", _plain(wanted - total)))
    rows.append(Row(Kind.TOTAL, section.name, "", _plain(wanted), _share(section.value, most)))
    return Block(section, tuple(rows), exponent)


def _unrounded(section: Section) -> list[Row]:
    rest = [Row(Kind.REST, f"the other {section.left_out} terms", "", number(section.rest))] if section.left_out else []
    return [*rest, Row(Kind.TOTAL, section.name, "", number(section.value))]


def _places(lines: tuple[Line, ...], section: Section, exponent: int, most: float) -> int:
    """Decimal places: FIGURES of the largest number, or as few as say all of them exactly."""
    places = 0 if most == 0 else max(0, FIGURES - 1 - floor(log10(most)) + exponent)
    numbers = [Decimal(v).scaleb(-exponent) for v in (*(line.value for line in lines), section.rest, section.value)]
    for few in range(places):
        grain = Decimal(1).scaleb(-few)
        if all(abs(_rounded(value, grain) - value) < Decimal(1).scaleb(-14) * (1 + abs(value)) for value in numbers):
            return few
    return places


def _share(value: float, most: float) -> float:
    return value / most if most else 0.0


def _rounded(value: Decimal, grain: Decimal) -> Decimal:
    return value.quantize(grain, ROUND_HALF_EVEN) + 0  # no negative zero


def _plain(value: Decimal) -> str:
    return signed(f"{value:f}")


# Lines


def _formula(line: Line, kind: Kind = Kind.FORMULA) -> Row:
    if not isfinite(line.value) or not all(map(isfinite, line.numbers)):
        text = "" if line.text == ALONE else written(line.text, tuple(number(n) for n in line.numbers))
        return Row(kind, line.name, text, number(line.value), 0.0, line.node, line.unit)
    grain = 10.0 ** (floor(log10(abs(line.value))) - FIGURES + 1) if line.value else 1e-12
    text, exact = _worked_out(line, grain)
    return Row(kind, line.name, text, number(float(exact)), 0.0, line.node, line.unit)


def _worked_out(line: Line, grain: float) -> tuple[str, Decimal]:
    """The line's text with as few figures as bring it within `grain` of its value, and what that text comes to."""
    if line.text in ("", ALONE):
        return "", Decimal(line.value)
    shown: tuple[str, ...] = ()
    for figures in range(FIGURES, MOST_FIGURES + 1):
        shown = tuple(number(value, figures) for value in line.numbers)
        exact = comes_to(line.text, [float(text.replace("\N{MINUS SIGN}", "-")) for text in shown])
        if abs(exact - line.value) <= grain:
            return written(line.text, shown), Decimal(exact)
    return written(line.text, shown), Decimal(line.value)


def written(text: str, numbers: Sequence[str]) -> str:
    """A line's text with its numbers put in; a negative one stands in brackets where it would be misread."""
    made = []
    for before, place, alone in _pieces(text):
        shown = "" if place is None else numbers[place]
        made += [before, shown if alone or not shown.startswith("\N{MINUS SIGN}") else f"({shown})"]
    return "".join(made)


@lru_cache(500)
def _pieces(text: str) -> list[tuple[str, int | None, bool]]:
    """What stands before each number, the number's place, and whether it is plain there when it is negative."""
    made: list[tuple[str, int | None, bool]] = []
    last = 0
    for match in _PLACE.finditer(text):
        before, after = text[: match.start()].rstrip(), text[match.end() :]
        alone = (not before or before[-1] in "(|,") and not after.startswith("²")
        made.append((text[last : match.start()], int(match[1]), alone))
        last = match.end()
    return [*made, (text[last:], None, True)]


def number(value: float, figures: int = FIGURES) -> str:
    """A number in so many figures, without the zeros at its end."""
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return signed("∞" if value > 0 else "-∞")
    if value == 0:
        return "0"
    if SMALLEST <= abs(value) < LARGEST or (abs(value) < 10.0**figures and value == int(value)):
        text = f"{value:.{max(0, figures - 1 - floor(log10(abs(value))))}f}"
        return signed(text.rstrip("0").rstrip(".") if "." in text else text)
    digits, _, exponent = f"{value:.{figures - 1}e}".partition("e")
    return signed(f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}")


# What a text comes to

_FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": exp,
    "log": log,
    "tanh": tanh,
    "max": max,
    "abs": abs,
    "sqrt": sqrt,
    "sigma": lambda a: 1 / (1 + exp(-a)),
    "Phi": lambda a: erfc(-a / sqrt(2)) / 2,
    "phi": lambda a: exp(-a * a / 2) / sqrt(2 * pi),
}
_CODE = {"·": "*", "−": "-", "²": "**2", "√": "sqrt", "σ": "sigma", "Φ": "Phi", "φ": "phi"}
_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_Worth = Callable[[Sequence[float]], float]  # of a text, once its numbers are known


def comes_to(text: str, numbers: Sequence[float] = ()) -> float:
    """The value of a text such as `2·(0.5 − {0})²` in which {0}, {1} … stand for `numbers`; NaN where it has none."""
    try:
        return _read(text)(numbers)
    except OverflowError:
        return inf
    except (SyntaxError, ValueError, ZeroDivisionError, LookupError):
        return nan


@lru_cache(500)  # there are few texts, and each comes again with other numbers
def _read(text: str) -> _Worth:
    code = _SIZE.sub(r"abs(\1)", text)
    for sign, plain in _CODE.items():
        code = code.replace(sign, plain)
    return _worth(ast.parse(code, mode="eval").body)


def _worth(node: ast.expr) -> _Worth:
    match node:
        case ast.Constant(value=int() | float() as value):
            return lambda _, value=float(value): value
        case ast.Set(elts=[ast.Constant(value=int() as place)]):
            return operator.itemgetter(place)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _worth(operand)
            return lambda numbers: -inner(numbers)
        case ast.BinOp(left=left, op=sign, right=right):
            done, one, other = _OPERATIONS[type(sign)], _worth(left), _worth(right)
            return lambda numbers: done(one(numbers), other(numbers))
        case ast.Call(func=ast.Name(id=name), args=args):
            called, worths = _FUNCTIONS[name], [_worth(each) for each in args]
            return lambda numbers: called(*(worth(numbers) for worth in worths))
    raise ValueError(ast.dump(node))
