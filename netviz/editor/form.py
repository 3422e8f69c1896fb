"""A form made from declarations: one row for each property, kept as long as its declaration stays the same."""

import itertools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from engine.spec import Property
from netviz import theme
from netviz.editor import numbers
from netviz.editor.editors import Editor, editor
from netviz.text_size import LETTERED
from netviz.widgets.elided import ElidedLabel

LABELS, EDITORS = 9, 11  # shares of the width
AIR = 1.7  # times as high as its letters is a line


@dataclass(slots=True)
class Row:
    property: Property
    label: QLabel
    editor: Editor
    error: QLabel

    def set_visible(self, there: bool) -> None:
        self.label.setVisible(there)
        self.editor.setVisible(there)
        self.error.setVisible(there and bool(self.error.text()))

    def say(self, error: str) -> None:
        self.error.setText(error)
        self.error.setVisible(bool(error) and not self.editor.isHidden())


class Form(QWidget):
    """Shows values of properties; `edited` is what a person wants instead."""

    edited = Signal(str, object, object)  # property, value, gesture
    browse = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, Row] = {}
        self.facts: dict[str, tuple[QLabel, ElidedLabel]] = {}
        self._key: Hashable = None
        self._problems: Mapping[str, str] = {}
        self._shown: tuple[object, ...] = ()
        self._touched = False  # by a hand, or by a refusal, since it was shown
        self.built = 0  # how often rows came or went
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.GAP)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, LABELS)
        self._grid.setColumnStretch(1, EDITORS)

    def display(
        self,
        key: Hashable,
        properties: tuple[Property, ...],
        values: Mapping[str, Any],
        titles: Mapping[str, str] | None = None,
        problems: Mapping[str, str] | None = None,
        facts: Mapping[str, str] | None = None,
        suggestions: Mapping[str, object] | None = None,
    ) -> None:
        """Takes over what there is to show. Another `key` means: of another thing, nothing half typed stays."""
        shown = key, properties, dict(values), dict(problems or {}), dict(facts or {})
        if shown == self._shown and not self._touched:
            return
        self._shown, self._touched = shown, False
        another, self._key = key != self._key, key
        self._problems, facts = problems or {}, facts or {}
        if tuple(row.property for row in self.rows.values()) != properties or set(facts) != set(self.facts):
            self._build(properties, titles or {}, facts, suggestions or {})
        for name, row in self.rows.items():
            p = row.property
            row.editor.show_value(values[name], another)
            row.set_visible(p.only_if is None or values.get(p.only_if[0]) in p.only_if[1:])
            self.settle(name)
        for name, words in facts.items():
            self.facts[name][1].setText(words)

    def fail(self, name: str, words: str) -> None:
        """Says beside a field why it did not change."""
        self._touched = True
        self.rows[name].say(words)

    def settle(self, name: str) -> None:
        """What was wanted has come to be: only what is wrong with the document itself is still said."""
        if name in self.rows:
            self.rows[name].say(self._problems.get(name, ""))

    def focus_chain(self) -> list[QWidget]:
        return [widget for row in self.rows.values() for widget in row.editor.widgets()]

    def _touch(self) -> None:
        self._touched = True

    def _build(
        self,
        properties: tuple[Property, ...],
        titles: Mapping[str, str],
        facts: Mapping[str, str],
        suggestions: Mapping[str, object],
    ) -> None:
        """Rows whose declaration is still there keep their widgets, and with them the focus."""
        self.built += 1
        old, self.rows = self.rows, {}
        for p in properties:
            row = old.pop(p.name) if p.name in old and old[p.name].property == p else None
            self.rows[p.name] = row or self._row(p, titles, suggestions.get(p.name))
        for row in old.values():
            for widget in (row.label, row.editor, row.error):
                self._grid.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        top = Qt.AlignmentFlag.AlignTop
        for index, row in enumerate(self.rows.values()):
            self._grid.addWidget(row.label, 2 * index, 0, top)
            self._grid.addWidget(row.editor, 2 * index, 1, top)
            self._grid.addWidget(row.error, 2 * index + 1, 0, 1, 2)
        for name in [name for name in self.facts if name not in facts]:
            for label in self.facts.pop(name):
                self._grid.removeWidget(label)
                label.deleteLater()
        for index, name in enumerate(facts, len(self.rows)):
            if name not in self.facts:
                self.facts[name] = (_name(name), ElidedLabel())
            for column, label in enumerate(self.facts[name]):
                self._grid.addWidget(label, 2 * index, column)
        chain = self.focus_chain()
        for before, after in itertools.pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _row(self, p: Property, titles: Mapping[str, str], suggestion: object) -> Row:
        made = editor(p, titles, suggestion)
        label = _name(p.label)
        label.setBuddy(made.widgets()[0])
        words = ". ".join(part for part in (p.help, numbers.allowed(p).capitalize()) if part)
        for widget in (label, *made.widgets()):
            widget.setToolTip(widget.toolTip() or words)
        made.setMinimumHeight(_line(made))
        for widget in made.widgets():
            if not isinstance(widget, QSlider):
                widget.setFixedHeight(_line(widget))
            widget.setAccessibleName(widget.accessibleName() or p.label)
            widget.setAccessibleDescription(words)
        error = QLabel()
        error.setObjectName("trouble")
        error.setWordWrap(True)
        error.hide()
        name = p.name
        for wish in (made.committed, made.refused, made.restored, made.browse):
            wish.connect(self._touch)
        made.committed.connect(lambda value, gesture: self.edited.emit(name, value, gesture))
        made.refused.connect(lambda words: self.fail(name, words))
        made.restored.connect(lambda: self.settle(name))
        made.browse.connect(lambda: self.browse.emit(name))
        return Row(p, label, made, error)


class Section(QFrame):
    """A card: title, note, what is wrong, and a form."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.title, self.note, self.trouble, self.form = ElidedLabel(title), ElidedLabel(), QLabel(), Form()
        self.title.setFont(theme.title())
        self.note.setObjectName("faint")
        self.note.setFont(theme.small())
        self.trouble.setObjectName("trouble")
        self.trouble.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(11, 9, 11, 11)
        layout.setSpacing(2)
        for widget in (self.title, self.note, self.trouble):
            layout.addWidget(widget)
        layout.addSpacing(6)
        layout.addWidget(self.form)
        self.head(title, "")

    def head(self, title: str, note: str, trouble: str = "") -> None:
        self.title.setText(title)
        for label, words in ((self.note, note), (self.trouble, trouble)):
            label.setText(words)
            label.setVisible(bool(words))


def _name(words: str) -> QLabel:
    label = QLabel(words)
    label.setObjectName("faint")
    label.setWordWrap(True)
    label.setMinimumHeight(_line(label))
    return label


def _line(widget: QWidget) -> int:
    """The height of a field, and of what stands beside one, in which its letters have air."""
    widget.setProperty(LETTERED, True)
    return round(AIR * widget.fontMetrics().height())
