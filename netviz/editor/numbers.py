"""Numbers as people type and step them: text to value and back, the next round number, and a logarithmic scale."""

import re
from dataclasses import dataclass
from math import ceil, floor, log10

from engine.spec import Property

EXAMPLES = {
    "numbers": "numbers such as 1, 2.5",
    "shape": "whole numbers such as 8×8",
    "size": "a whole number or two such as 3×5",
    "table": "rows of whole numbers such as 0 1; 1 2",
    "kernels": "kernels such as box, 0 1 0; 1 -4 1; 0 1 0",
}
PER_DECADE = 20  # positions of a slider
Number = int | float


def text(value: object) -> str:
    """`1e-8`, `0.05`, `32`, `all`."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    short = f"{value:.12g}"
    mantissa, e, exponent = short.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else short


def parse(words: str, p: Property) -> Number | str:
    """The value that was typed; a ValueError says what was expected."""
    words = words.strip()
    if words.lower() in p.choices:
        return words.lower()
    plain = "".join(words.split()).replace("\N{MINUS SIGN}", "-")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        number = float(plain)
        if p.type != "int":
            return number
        if number == floor(number):
            # Through float only where it is written as one: a seed may have 19 digits.
            return int(plain) if plain.lstrip("+-").isdigit() else int(number)
    except (ValueError, OverflowError):
        pass
    wanted = "a whole number" if p.type == "int" else "a number"
    other = f" or {', '.join(p.choices)}" if p.choices else ""
    raise ValueError(f"expected {wanted}{other}, got {words[:40]!r}")


def written(value: object, p: Property) -> str:
    """A line of text for a property that is no single number: `3×3`, `same`, `1, 2.5`, `0 1; 1 2`."""
    if not isinstance(value, tuple | list):
        return text(value)
    if p.type == "table":
        return _rows(value)
    if p.type == "kernels":
        return ", ".join(kernel if isinstance(kernel, str) else _rows(kernel) for kernel in value)
    return ", ".join(map(text, value)) if p.type == "numbers" else "×".join(map(str, value))


def _rows(table: tuple | list) -> str:
    return "; ".join(" ".join(map(text, row)) for row in table)


def read(words: str, p: Property) -> object:
    """What such a line says; a ValueError says what was expected."""
    plain = words.strip(" \t,;[]()")
    try:
        if p.type == "kernels":
            return [_kernel(part.strip(), p) for part in plain.split(",")]
        if p.type == "text" or plain.lower() in p.choices:
            return words if p.type == "text" else plain.lower()
        if p.type == "numbers":
            return [float(part) for part in re.split(r"[\s,;]+", plain) if part]
        if p.type == "table":
            return [[int(part) for part in re.split(r"[\s,]+", row.strip())] for row in plain.split(";")]
        sizes = [int(part) for part in re.split(r"[\s×x,]+", plain)]
    except ValueError:
        wanted = EXAMPLES[p.type] + "".join(f" or {choice}" for choice in p.choices)
        raise ValueError(f"expected {wanted}, got {words[:40]!r}") from None
    return sizes[0] if p.type == "size" and len(sizes) == 1 else sizes


def _kernel(words: str, p: Property) -> str | list[list[float]]:
    if words.lower() in p.choices:
        return words.lower()
    return [[float(part) for part in row.split()] for row in words.replace("\N{MINUS SIGN}", "-").split(";")]


def allowed(p: Property) -> str:
    """The range in words, for a tooltip; empty where every number will do."""
    low, high = (None if bound is None else text(bound) for bound in (p.minimum, p.maximum))
    above = "above" if p.exclusive else "from"
    if low is not None and high is not None:
        return f"{above} {low} to {high}"
    return f"{above} {low}" if low is not None else f"up to {high}" if high is not None else ""


def stepped(value: Number, steps: int, p: Property) -> Number:
    """`value` moved by so many steps, within the range: 1, 2, 5, 10 where the scale is logarithmic, even else."""
    moved: Number = value
    if p.log:
        for _ in range(abs(steps)):
            moved = _round_above(moved) if steps > 0 else _round_below(moved, p)
    elif p.type == "int":
        moved = int(value) + steps
    else:
        width = _width(p)
        moved = round(value / width + steps) * width
        moved = float(f"{moved:.10g}")
    if p.minimum is not None and (moved < p.minimum or (p.exclusive and moved <= p.minimum)):
        moved = value if p.exclusive else p.minimum
    if p.maximum is not None and moved > p.maximum - (p.type == "float") * 1e-12:
        # A share may have to stay below 1, which the declaration does not tell from reaching it.
        moved = value if p.type == "float" else p.maximum
    return int(moved) if p.type == "int" else float(moved)


def _width(p: Property) -> float:
    """One step of a linear field: half the power of ten of its default."""
    if isinstance(p.default, float) and p.default > 0:
        return 10.0 ** floor(log10(p.default)) / 2
    return 0.05 if p.maximum is not None and p.maximum <= 1 else 0.1


_SMALLEST = -9  # where stepping down from a small number ends at 0


def _round_above(value: Number) -> float:
    if value <= 0:
        return float(f"1e{_SMALLEST + 3}")
    exponent = floor(log10(value))
    for digits in ("1", "2", "5", "10"):
        if (candidate := float(f"{digits}e{exponent}")) > value * (1 + 1e-9):
            return candidate
    return float(f"2e{exponent + 1}")


def _round_below(value: Number, p: Property) -> float:
    if value <= 0 or (not p.exclusive and value <= float(f"1e{_SMALLEST + 3}")):
        return 0.0 if not p.exclusive else float(value)
    exponent = floor(log10(value))
    for digits in ("5", "2", "1"):
        if (candidate := float(f"{digits}e{exponent}")) < value * (1 - 1e-9):
            return candidate
    return float(f"5e{exponent - 1}")


@dataclass(frozen=True, slots=True)
class LogScale:
    """Slider positions on [10^low, 10^high]; with `zero`, position 0 is 0 itself."""

    low: int
    high: int
    zero: bool

    @classmethod
    def of(cls, p: Property) -> "LogScale":
        """Seven decades round the default, as far as the declared range goes; a penalty is smaller than 1."""
        low, high = (-6, 0) if p.default == 0 else (-3, 3)
        if isinstance(p.default, float) and p.default > 0:
            middle = floor(log10(p.default))
            low, high = middle - 4, middle + 3
        if p.maximum is not None:
            high = min(high, floor(log10(p.maximum)))
        if p.minimum:
            low = max(low, ceil(log10(p.minimum)))
        return cls(low, high, zero=p.minimum == 0 and not p.exclusive)

    @property
    def last(self) -> int:
        return (self.high - self.low) * PER_DECADE + self.zero

    def value(self, position: int) -> float:
        if self.zero and position <= 0:
            return 0.0
        return float(f"{10 ** (self.low + (position - self.zero) / PER_DECADE):.1e}")

    def position(self, value: Number) -> int:
        if value <= 0:
            return 0
        nearest = round((log10(value) - self.low) * PER_DECADE) + self.zero
        return min(max(nearest, int(self.zero)), self.last)
