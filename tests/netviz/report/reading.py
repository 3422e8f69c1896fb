"""Reads a page more strictly than any browser."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

from netviz.report.markup import VOID


class Checked(HTMLParser):
    """Reads a page as a browser does that forgives nothing: every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []

    def handle_starttag(self, name: str, given: list[tuple[str, str | None]]) -> None:
        self.seen.append((name, dict(given)))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all_of(self, name: str) -> list[str]:
        return [data for where, data in self.texts if where == name]


def checked(page: bytes) -> Checked:
    read = Checked()
    read.feed(page.decode())
    read.close()
    assert read.open == []
    for name, given in read.seen:
        assert name not in ("script", "link", "iframe", "object", "embed", "base", "form")
        assert not [key for key in given if key.startswith("on")]
        for key in ("src", "href", "srcset", "xlink:href", "action"):
            assert (given.get(key) or "data:image/png;base64,").startswith("data:image/png;base64,")
    assert b"url(" not in page
    assert b"@import" not in page
    for drawing in re.findall(r"<svg.*?</svg>", page.decode(), re.DOTALL):
        ET.fromstring(drawing)
    return read
