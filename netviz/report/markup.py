"""HTML that cannot be broken from inside: whatever is not markup itself is escaped, names of networks among it."""

from html import escape

VOID = frozenset({"meta", "br", "img", "link"})
# What no page may hold, in names or anywhere: control characters but tab and line ends, and halves of pairs.
_BAD = dict.fromkeys(
    (*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"
)


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """`value` as HTML that shows it."""
    return value if isinstance(value, Markup) else Markup(escape(str(value).translate(_BAD), quote=True))


def join(*parts: object) -> Markup:
    """One after the other; None is nothing."""
    return Markup("".join(text(part) for part in parts if part is not None))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. Attributes: `class_` is class, other underscores are hyphens; None leaves one out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def table(header: tuple[str, ...], rows: list[tuple[object, ...]], numbers: int = 0) -> Markup:
    """The last `numbers` columns are of figures and stand to the right; the first cell names its row."""
    first_number = len(header) - numbers

    def kind(column: int) -> str | None:
        return "n" if column >= first_number else None

    head = join(*(tag("th", words, scope="col", class_=kind(i)) for i, words in enumerate(header)))
    body = [
        tag(
            "tr",
            *(tag("td", cell, class_=kind(i)) if i else tag("th", cell, scope="row") for i, cell in enumerate(row)),
        )
        for row in rows
    ]
    return tag("div", tag("table", tag("thead", tag("tr", head)), tag("tbody", *body)), class_="wide")
