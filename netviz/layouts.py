"""Layouts by name: those that come with netviz, and a person's own, remembered between sessions."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import Problem, ProjectError
from engine.project import Project
from netviz.panels.base import Group, Panel
from netviz.settings import remember, remembered

Rows = list[list[list[str]]]  # rows below the network, places in a row, panels on top of one another
KEY = "layouts"
LONGEST_NAME = 60

# In the order of the menu; a panel that there is not is left out.
PRESETS: Mapping[str, Rows] = {
    "Beginner": [[["boundary", "fit", "confusion"], ["loss"], ["diagnosis"]]],
    "Gradients": [
        [["gradients", "noise"], ["derivative", "through_time"]],
        [["histograms"], ["saturation"], ["weights", "rate"], ["loss", "diagnosis"]],
    ],
    "Initialization": [
        [["histograms"], ["gradients"]],
        [["weights", "spectrum"], ["saturation"], ["loss", "diagnosis"]],
    ],
    "Layers": [[["representation"], ["neuron"]], [["histograms"], ["weights"], ["spectrum"]]],
    "Way of the Training": [[["landscape"], ["loss"]], [["noise"], ["rate"], ["gradients"]]],
    "Answers": [[["boundary", "fit"], ["confusion"], ["worst"]], [["follow"], ["try"], ["loss"]]],
}
EVERYTHING = "Everything"


def suited(rows: Rows, panels: Iterable[type[Panel] | Panel], project: Project) -> Rows:
    """`rows` without the panels that have nothing to show of such networks; all of them where that cannot be told."""
    try:
        fitting = {panel.ident for panel in panels if panel.suits(project)}
    except ProjectError:
        return rows
    return read_rows(rows, fitting)


def folded(rows: Rows, deep: int, across: int) -> Rows:
    """At most `deep` rows: panels of the rows that find no room go beside the last one that does, or behind its panels.

    Up to `across` places stand beside one another there; a panel goes where the fewest are, to the right of what stood
    there before if it can.
    """
    if len(rows) <= deep:
        return rows
    *kept, last = rows[:deep]
    more = [name for row in rows[deep:] for place in row for name in place]
    stood = len(last)
    last = [list(place) for place in last] + [[] for _ in range(min(across - stood, len(more)))]
    for name in more:
        min(enumerate(last), key=lambda one: (len(one[1]), one[0] < stood))[1].append(name)
    return [*kept, last]


def everything(panels: Iterable[type[Panel] | Panel]) -> Rows:
    """A place for each subject, in which its panels lie on top of one another."""
    panels = list(panels)
    places = [[panel.ident for panel in panels if panel.group is group] for group in Group]
    return [[place for place in places if place]]


def read_rows(saved: object, known: Iterable[str], but: Iterable[str] = ()) -> Rows:
    """Rows of panels that there are, each panel once; a place may be a name or a list of names."""
    if not isinstance(saved, list):
        return []
    known, seen, rows = set(known), set(but), []
    for row in saved:
        places = []
        for place in row if isinstance(row, list) else []:
            names = [name for name in (place if isinstance(place, list) else [place]) if isinstance(name, str)]
            fresh = [name for name in dict.fromkeys(names) if name in known and name not in seen]
            seen.update(fresh)
            if fresh:
                places.append(fresh)
        if places:
            rows.append(places)
    return rows


def write_rows(rows: Rows) -> list[list[Any]]:
    """As `read_rows` takes them; a panel alone in its place is a name."""
    return [[place[0] if len(place) == 1 else place for place in row] for row in rows]


# A person's own


def own_layouts() -> dict[str, dict[str, Any]]:
    """By name, in the order of their names; what makes no sense is left out."""
    try:
        saved = json.loads(remembered(KEY, "{}"))
    except ValueError:
        return {}
    if not isinstance(saved, dict):
        return {}
    return {name: layout for name, layout in sorted(saved.items()) if name and isinstance(layout, dict)}


def save_layout(name: str, layout: Mapping[str, Any]) -> None:
    """Keeps a layout under a name, in place of another of that name; raises for a name that cannot be."""
    _write(own_layouts() | {_checked(name): dict(layout)})


def rename_layout(old: str, new: str) -> None:
    kept = own_layouts()
    if old in kept and _checked(new) != old:
        if new.strip() in kept:
            raise ProjectError(Problem("layout", f"there is a layout called {new.strip()} already"))
        kept[new.strip()] = kept.pop(old)
        _write(kept)


def remove_layout(name: str) -> None:
    _write({other: layout for other, layout in own_layouts().items() if other != name})


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise ProjectError(Problem("layout", f"expected a name of 1 to {LONGEST_NAME} characters, got {len(name)}"))
    if name in (*PRESETS, EVERYTHING):
        raise ProjectError(Problem("layout", f"{name} is a layout that comes with netviz; choose another name"))
    return name


def _write(layouts: Mapping[str, Mapping[str, Any]]) -> None:
    """All at once, under one key: the system's settings are written whole or not at all."""
    remember(KEY, json.dumps(layouts))
