"""The drawn network as inline SVG in the page's colours, and its layers as a table."""

from engine.catalogue import LAYERS
from engine.project import Project
from netviz.document.layered import COLUMN, ROW
from netviz.editor.box_picture import BoxPicture, grouped, text_of_shape
from netviz.editor.boxes import LanePicture, picture
from netviz.report.markup import Markup, join, table, tag

PITCH, DOWN = 176.0, 92.0  # from box to box
WIDE, HIGH = 132.0, 58.0
ROUND = 8.0


def network(lane: Project) -> Markup:
    """Boxes with the shapes that flow between them, then shapes and parameters of every layer."""
    structure = lane.structure()
    drawn = picture(lane, structure, [], lane.variant, lane.summary().shape)
    counts = [(node, structure.parameter_count(node)) for node in structure.order]
    rows: list[tuple[object, ...]] = [
        (
            node,
            LAYERS[structure.layers[node].kind()].title,
            settings_in_words(structure.layers[node].to_json()),
            text_of_shape(structure.shapes[node]),
            grouped(count),
        )
        for node, count in counts
    ]
    rows.append(("in all", "", "", "", grouped(sum(count for _, count in counts))))
    layers = table(("node", "layer", "settings", "shape", "parameters"), rows, numbers=2)
    return join(tag("figure", _drawing(drawn), class_="net"), layers)


def settings_in_words(settings: dict[str, object]) -> str:
    """Of a declaration in the file's words, what differs from the defaults."""
    return ", ".join(f"{key} {_plain(value)}" for key, value in settings.items() if key != "kind")


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("kind", ", ".join(f"{key} {_plain(part)}" for key, part in value.items())))
    return "×".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _drawing(drawn: LanePicture) -> Markup:
    places = {
        node: (x * PITCH / COLUMN, y * DOWN / ROW) for node, (x, y) in drawn.places.items() if node in drawn.boxes
    }
    left, top = min(x for x, _ in places.values()), min(y for _, y in places.values())
    width = max(x for x, _ in places.values()) - left + WIDE + 4
    height = max(y for _, y in places.values()) - top + HIGH + 4
    parts = []
    for wire, shape in drawn.wires.items():
        (x0, y0), (x1, y1) = places[wire.start], places[wire.end]
        x0, y0, x1, y1 = x0 + WIDE, y0 + HIGH / 2, x1, y1 + HIGH / 2
        reach = max((x1 - x0) / 2, 24.0)
        parts.append(
            tag("path", d=f"M{x0:g} {y0:g}C{x0 + reach:g} {y0:g} {x1 - reach:g} {y1:g} {x1:g} {y1:g}", class_="wire")
        )
        parts.append(tag("text", shape, x=f"{(x0 + x1) / 2:g}", y=f"{(y0 + y1) / 2 - 9:g}", class_="middle"))
    parts += [_box(box, *places[node]) for node, box in drawn.boxes.items()]
    words = f"{drawn.name}: " + " → ".join(box.title for box in drawn.boxes.values())
    return tag(
        "svg",
        *parts,
        viewBox=f"{left - 2:g} {top - 2:g} {width:g} {height:g}",
        width=f"{width:g}",
        style=f"min-width:{0.6 * width:.0f}px",  # smaller than that, it is scrolled
        role="img",
        aria_label=words,
    )


def _box(box: BoxPicture, x: float, y: float) -> Markup:
    third = box.box.node + (f" · {grouped(box.parameters)} param." if box.parameters else "")
    lines = [(box.title, "strong", 20), (box.second, "faint", 35), (third, "faint", 49)]
    bar = None
    if box.depth is not None:
        number, count = box.depth
        colour = f"d{round(number / max(1, count - 1) * 5)}"
        bar = tag("rect", x=f"{x + 5:g}", y=f"{y + 8:g}", width=3, height=HIGH - 16, rx=1.5, class_=f"fill {colour}")
    return join(
        tag("rect", x=f"{x:g}", y=f"{y:g}", width=WIDE, height=HIGH, rx=ROUND, class_="box"),
        bar,
        *(
            tag("text", _cut(words, 21 if kind == "faint" else 18), x=f"{x + 14:g}", y=f"{y + down:g}", class_=kind)
            for words, kind, down in lines
        ),
    )


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
