"""Networks of the published figures: plain chains, drawn as a person would draw them."""

from tests.engine.cases import project

Layers = list[dict[str, object]]
IDENTITY: dict[str, object] = {"kind": "leaky_relu", "negative_slope": 1.0}  # h = a, and telemetry tells of it


def dense(node: str, units: int, **fields: object) -> dict[str, object]:
    return {"id": node, "kind": "dense", "units": units, **fields}


def chain(depth: int, width: int, activation: str | dict[str, object], outputs: int = 1, **fields: object) -> Layers:
    """Layers h1, a1, h2, a2, … and a dense one, `out`, behind them; `fields` are those of every h."""
    declared = {"kind": activation} if isinstance(activation, str) else activation
    layers: Layers = []
    for i in range(1, depth + 1):
        layers += [dense(f"h{i}", width, **fields), {"id": f"a{i}", **declared}]
    return [*layers, dense("out", outputs)]


def noise(width: int, samples: int, **fields: object) -> dict[str, object]:
    """x ~ N(0, 1), nothing kept for validation."""
    return {"kind": "noise", "shape": [width], "samples": samples, "validation": 0.0, **fields}


__all__ = ["IDENTITY", "Layers", "chain", "dense", "noise", "project"]
