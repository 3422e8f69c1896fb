"""A report as one page of HTML: no script, nothing from elsewhere, every name escaped. The same run, the same bytes."""

import shlex
from math import isnan

import msgspec
import numpy as np

from engine.project import Project
from netviz.report.chart import Axis, Curve, chart
from netviz.report.contents import LaneResult, Report
from netviz.report.markup import Markup, join, table, tag
from netviz.report.net import network
from netviz.report.plane import plane
from netviz.report.style import style
from netviz.runtime.history import LaneHistory
from netviz.widgets.ticks import figure

# Even where the page were wrong, a browser would fetch nothing and run nothing.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
FIRST = ("loss", "optimizer")  # among a training's settings
SCORES = (("train", 0, ""), ("validation", 2, "dashed"))  # column of the loss; the accuracy's is the next


def page(report: Report) -> bytes:
    project = report.project
    name = project.name or "Untitled"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{name} — report of a run"),
        tag("style", Markup(style())),
    )
    body = tag(
        "body",
        tag("header", tag("h1", name), tag("p", _summary(report), class_="faint")),
        tag("main", _results(report), _curves(report), _planes(report), _networks(report), _settings(report)),
        _repeat(report),
    )
    return join(Markup("<!doctype html>\n"), tag("html", head, body, lang="en"), "\n").encode()


def _summary(report: Report) -> str:
    lanes = report.lanes
    data = report.project.data.title
    shape = "×".join(map(str, report.project.summary().shape))
    nets = "one network" if len(lanes) == 1 else f"{len(lanes)} networks side by side"
    return f"{nets} on {data}, examples of shape {shape}; {max(lane.step for lane in lanes)} steps"


def _results(report: Report) -> Markup:
    rows: list[tuple[object, ...]] = []
    for lane in report.lanes:
        structure = lane.project.structure()
        count = sum(structure.parameter_count(node) for node in structure.order)
        score = lane.score
        told = (
            ["–"] * 4
            if score is None
            else [
                _loss(score.loss),
                _share(score.accuracy),
                _loss(score.val_loss),
                _share(score.val_accuracy),
            ]
        )
        at = "–" if score is None else score.step + 1  # it tells the update after which it was
        rows.append((lane.project.variant, count, lane.step, lane.epoch, *told, at))
    header = ("network", "parameters", "steps", "epochs", "loss", "accuracy", "val. loss", "val. accuracy", "after")
    troubles = [
        tag("p", f"{lane.project.variant}: {lane.trouble}", class_="trouble") for lane in report.lanes if lane.trouble
    ]
    return tag("section", tag("h2", "What came out"), table(header, rows, numbers=8), *troubles)


def _loss(value: float) -> str:
    return "–" if isnan(value) else figure(value).strip()


def _share(value: float) -> str:
    return "–" if isnan(value) else f"{value:.2%}".replace("%", "\N{NO-BREAK SPACE}%")


def _curves(report: Report) -> Markup | None:
    several = len(report.lanes) > 1
    losses: list[Curve] = []
    shares: list[Curve] = []
    for index, lane in enumerate(report.lanes):
        seen, name = lane.history, f"{lane.project.variant} " if several else ""
        batches = seen.loss
        colour = f"lane{index % 6}"
        losses.append(Curve(f"{name}batch", batches.steps, batches.low[:, 0], batches.high[:, 0], colour, band=True))
        for words, column, dash in SCORES:
            losses.append(_score(seen, column, name + words, colour, dash))
            shares.append(_score(seen, column + 1, name + words, colour, dash))
    charts = [chart("Loss", losses), chart("Accuracy", shares, Axis(share=True))]
    for lane in report.lanes:
        head = f": {lane.project.variant}" if several else ""
        charts += [
            chart(f"Gradient norm{head}", _layers(lane.history, "grad_norm"), Axis(log=True)),
            chart(f"Saturated units{head}", _layers(lane.history, "saturated_fraction"), Axis(share=True)),
            chart(f"Dead units{head}", _layers(lane.history, "dead_fraction"), Axis(share=True)),
        ]
    drawn = [one for one in charts if one is not None]
    if not drawn:
        return None
    return tag("section", tag("h2", "How it came"), tag("div", *drawn, class_="cards"))


def _score(seen: LaneHistory, column: int, name: str, colour: str, dash: str) -> Curve:
    return Curve(name, seen.scores.steps, seen.scores.low[:, column], seen.scores.high[:, column], colour, dash)


def _layers(seen: LaneHistory, field: str) -> list[Curve]:
    """A curve a layer, coloured by its depth; nothing where every value is missing or zero all along."""
    numbers = seen.weighted() if field == "grad_norm" else seen.activations()
    made = []
    for place, number in enumerate(numbers):
        column = seen.column(number, field)
        colour = f"d{round(place / max(1, len(numbers) - 1) * 5)}"
        low, high = seen.layers.low[:, column], seen.layers.high[:, column]
        made.append(Curve(seen.info.layers[number], seen.layers.steps, low, high, colour))
    worth = any(np.nan_to_num(curve.high).any() for curve in made)
    return made if worth else []


def _planes(report: Report) -> Markup | None:
    """Pictures of the panels where there are some, else what can be drawn without a window."""
    if report.pictures:
        made = [
            tag("figure", tag("figcaption", p.title), tag("img", src=p.address, alt=p.words or p.title, width=p.width))
            for p in report.pictures
        ]
    else:
        made = [
            plane(lane.project.variant, lane.history.boundary, report.points)
            for lane in report.lanes
            if lane.history.boundary is not None
        ]
    title = "The panels at the end" if report.pictures else "The decision at the end"
    note = tag("p", "Dots are training examples, rings validation examples.", class_="faint")
    note = None if report.pictures else note
    return tag("section", tag("h2", title), note, tag("div", *made, class_="cards")) if made else None


def _networks(report: Report) -> Markup:
    several = len(report.lanes) > 1
    parts = []
    for lane in report.lanes:
        parts += [tag("h3", lane.project.variant) if several else None, network(lane.project)]
    return tag("section", tag("h2", "Networks" if several else "Network"), *parts)


def _settings(report: Report) -> Markup:
    lanes = report.lanes
    columns = [dict(_flat(lane.project.training)) for lane in lanes]
    keys = list(dict.fromkeys(key for column in columns for key in column))
    rows: list[tuple[object, ...]] = [(key, *(column.get(key, "–") for column in columns)) for key in keys]
    data: list[tuple[object, ...]] = list(_flat(report.project.data))
    names = tuple(lane.project.variant for lane in lanes) if len(lanes) > 1 else ("value",)
    return tag(
        "section",
        tag("h2", "Training"),
        table(("setting", *names), rows),
        tag("h2", "Data"),
        table(("setting", "value"), data),
    )


def _flat(part: msgspec.Struct, before: str = "") -> list[tuple[str, object]]:
    """Every field of a declaration by its dotted path, whether it has been set or not."""
    tag_ = part.__struct_config__.tag
    found: list[tuple[str, object]] = [(f"{before}kind", tag_)] if tag_ is not None else []
    for field in sorted(part.__struct_fields__, key=lambda name: name not in FIRST):
        value = getattr(part, field)
        if isinstance(value, msgspec.Struct):
            found += _flat(value, f"{before}{field}.")
        else:
            found.append((before + field, _word(value)))
    return found


def _word(value: object) -> object:
    if value is None or isinstance(value, bool):
        return {None: "–", True: "yes", False: "no"}[value]
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _repeat(report: Report) -> Markup:
    seeds = [(f"seed{_of(report, lane)}", lane.seed) for lane in report.lanes]
    lines = [_line(report, lane) for lane in report.lanes]
    changes = [
        tag("h3", "Changed by hand while it ran"),
        tag("p", "The lines above do not repeat this; it happened in the window.", class_="faint"),
        tag("ul", *(tag("li", change) for change in report.changes)),
    ]
    return tag(
        "footer",
        tag("h2", "To repeat it"),
        table(("what", "value"), [*seeds, ("began with", report.began), *report.place.rows()]),
        tag("p", "With the project below saved as run.netviz:"),
        tag("pre", "\n".join(lines)),
        *(changes if report.changes else []),
        tag("details", tag("summary", "The project, as JSON"), tag("pre", _json(report.project))),
    )


def _of(report: Report, lane: LaneResult) -> str:
    return f" of {lane.project.variant}" if len(report.lanes) > 1 else ""


def _line(report: Report, lane: LaneResult) -> str:
    """What to type; a variant's name is quoted for a shell, whatever it is."""
    which = f" --variant {shlex.quote(lane.project.variant)}" if report.project.variants else ""
    place = report.place
    return (
        f"netviz train run.netviz{which} --steps {lane.step} --seed {lane.seed} --device {place.device} "
        f"--dtype {place.dtype} --telemetry run.jsonl"
    )


def _json(project: Project) -> str:
    return project.to_bytes().decode()
