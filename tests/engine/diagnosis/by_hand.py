"""Runs written by hand: facts of a small net, and looks at it whose numbers a test chooses."""

from engine.diagnosis import Diagnosis
from engine.diagnosis.facts import Facts, Rung
from engine.statistics import LayerStatistics

GUESS = 0.69


def rung(node: str, **more: object) -> Rung:
    fields = {"size": 100, "ideal": 10.0, "scale": 1.0, "hidden": node != "out", **more}
    return Rung(node=node, **fields)


def facts(**more: object) -> Facts:
    """Of a net x → h1 → a1 → h2 → a2 → out, a1 a rectifier and a2 a tanh, with 100 examples in batches of 20."""
    fields: dict[str, object] = {
        "rungs": (rung("h1"), rung("h2"), rung("out")),
        "plateaus": ("a2",),
        "rectifiers": ("a1",),
        "alike": (),
        "examples": 100,
        "batch": 20,
        "guess": GUESS,
        "blank": 0.7,
        "input_rms": 1.0,
        "input_ratio": 1.0,
        "validates": True,
        "rate": 0.01,
        "penalty": False,
    }
    return Facts(**(fields | more))


def layers(
    grads: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ratios: tuple[float | None, float | None, float | None] = (0.01, 0.01, 0.01),
    norms: tuple[float, float, float] = (10.0, 10.0, 10.0),
    dead: float = 0.0,
    saturated: float = 0.0,
) -> dict[str, LayerStatistics]:
    """One look; `grads` are root mean squares."""
    found: dict[str, LayerStatistics] = {
        node: {"weight_norm": norms[i], "grad_norm": 10 * grads[i], "update_ratio": ratios[i]}
        for i, node in enumerate(("h1", "h2", "out"))
    }
    found["a1"] = {"dead_fraction": dead, "saturated_fraction": dead}
    found["a2"] = {"dead_fraction": 0.0, "saturated_fraction": saturated}
    return found


def shown(diagnosis: Diagnosis, looks: int, loss: float = GUESS, start: int = 0, every: int = 1, **more: object) -> int:
    """Shows `looks` looks alike from step `start` on; returns the step after the last."""
    for look in range(looks):
        diagnosis.see(start + look * every, loss, layers(**more))
    return start + looks * every


def names(diagnosis: Diagnosis) -> list[str]:
    return [finding.symptom for finding in diagnosis.findings()]
