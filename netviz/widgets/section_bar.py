"""Which plane is laid through more than two inputs: along the principal axes or two features, through what."""

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QSpinBox, QWidget

from engine.probes.section import PlaneSection, Through
from netviz import theme
from netviz.widgets.choice import Choice
from netviz.widgets.ticks import percent, whole
from netviz.widgets.value_fields import feature
from netviz.widgets.view_tools import small_choice

MOST_FEATURES = 4096  # that can be chosen of
MOST_EXAMPLES = 1_000_000
UPRIGHT, WIDEST = 130, 16_777_215  # pixels of its width, upright and at most (Qt's own)


class SectionBar(QWidget):
    """Says `changed` when a hand has chosen another plane, `through`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.through = Through()
        self._count, self._names = 0, tuple[str, ...]()
        self.kind = _choice("Plane along", "What the plane runs along", "principal axes", "two features")
        self.across = _choice("Feature across", "The feature that runs from left to right")
        self.up = _choice("Feature up", "The feature that runs upwards")
        self.base = _choice(
            "Others at",
            "Where all stays that the plane leaves out (N, P: the next, the previous example)",
            "others: mean",
            "others: example",
        )
        self.number = QSpinBox()
        self.number.setAccessibleName("Training example that the plane goes through")
        self.number.setToolTip("The training example that the plane goes through, counted from 1 (N next, P previous)")
        self.number.setFont(theme.small())
        self.number.setRange(1, MOST_EXAMPLES)
        self.number.setKeyboardTracking(False)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(3)
        for widget in (self.kind, self.across, self.up, self.base, self.number):
            self._row.addWidget(widget, 1)
        self.stand(False)
        for choice in (self.kind, self.across, self.up, self.base):
            choice.activated.connect(self._chosen)
        self.number.valueChanged.connect(self._chosen)
        self._show()

    def stand(self, upright: bool) -> None:
        """One choice below the other, or all in a row."""
        way = QBoxLayout.Direction.TopToBottom if upright else QBoxLayout.Direction.LeftToRight
        self._row.setDirection(way)
        self._row.setAlignment(Qt.AlignmentFlag.AlignTop if upright else Qt.AlignmentFlag(0))
        ignored, fixed = QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        self.setSizePolicy(*((fixed, ignored) if upright else (ignored, fixed)))
        self.setFixedWidth(round(theme.scaled(UPRIGHT))) if upright else self.setMaximumWidth(WIDEST)
        if not upright:
            self.setMinimumWidth(0)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def open(self, features: int) -> None:
        """For inputs of so many features; what was chosen of others is given up."""
        if features != self._count:
            self._count, self._names = features, ()
            chosen = self.through.features
            if chosen is not None and max(chosen) >= features:
                self.through = Through(None, self.through.at)
            self._fill()

    def show_section(self, section: PlaneSection) -> None:
        """Takes over the names of features once they are known."""
        if section.names != self._names:
            self._names = section.names
            self._fill()

    def go_through(self, example: int) -> None:
        """Another training example, counted from 0, where the plane goes through one."""
        if self.through.at is not None and self.through.at != example:
            self._take(Through(self.through.features, example))

    def step(self, by: int) -> None:
        if self.through.at is not None:
            self.go_through(max(0, self.through.at + by))

    def state(self) -> dict[str, Any]:
        features, at = self.through.features, self.through.at
        return {"features": None if features is None else list(features), "example": None if at is None else at + 1}

    def restore(self, state: dict[str, Any]) -> None:
        if "features" not in state and "example" not in state:
            return
        features, at = state.get("features"), state.get("example")
        pair = None
        if isinstance(features, list) and len(features) == 2 and all(type(i) is int and i >= 0 for i in features):
            pair = (features[0], features[1])
        good = type(at) is int and 1 <= at <= MOST_EXAMPLES
        self._take(Through(pair, at - 1 if good and at is not None else None))

    def _chosen(self) -> None:
        pair = None
        if self.kind.currentIndex() == 1:
            pair = max(0, self.across.currentIndex()), max(0, self.up.currentIndex())
            if pair[0] == pair[1]:
                pair = pair[0], (pair[0] + 1) % max(2, self._count)
        self._take(Through(pair, self.number.value() - 1 if self.base.currentIndex() == 1 else None))

    def _take(self, through: Through) -> None:
        if through != self.through:
            self.through = through
            self._show()
            self.changed.emit()

    def _fill(self) -> None:
        names = [name_of(i, self._names) for i in range(min(self._count, MOST_FEATURES))]
        for choice in (self.across, self.up):
            choice.clear()
            choice.addItems(names)
        self._show()

    def _show(self) -> None:
        features, at = self.through.features, self.through.at
        self.kind.setCurrentIndex(int(features is not None))
        self.base.setCurrentIndex(int(at is not None))
        for choice, index in zip((self.across, self.up), features or (0, 1), strict=True):
            choice.setVisible(features is not None)
            choice.setCurrentIndex(index)
        self.number.setVisible(at is not None)
        if at is not None:
            self.number.blockSignals(True)
            self.number.setValue(at + 1)
            self.number.blockSignals(False)


def _choice(name: str, tip: str, *items: str) -> Choice:
    made = small_choice(name, tip)
    made.addItems(list(items))
    return made


def name_of(index: int, names: tuple[str, ...]) -> str:
    return names[index] if index < len(names) else feature(index)


def axes_of(section: PlaneSection) -> tuple[str, str]:
    """What runs across and up."""
    if section.features is None:
        return "1st principal axis", "2nd"
    across, up = (name_of(i, section.names) for i in section.features)
    return across, up


def captions(section: PlaneSection) -> tuple[str, ...]:
    """Which plane it is, in several lengths, the longest first."""
    across, up = axes_of(section)
    share = percent(section.share, 0).strip()
    others = "the mean" if section.at is None else f"training example {whole(section.at + 1)}"
    plane = f"{across} (across) and {up} (up): {share} of the inputs' variance; all else as at {others}"
    shown, count = len(section.x) + len(section.x_val), sum(section.counts)
    return (
        f"{plane}; {whole(shown)} of {whole(count)} examples" if shown < count else plane,
        plane,
        f"{across} (across) and {up} (up): {share} of the inputs' variance",
        f"{across} × {up}: {share} of the variance",
        f"{share} of the variance",
    )
