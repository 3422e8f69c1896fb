"""The dialog for a picture: format, size, scale, and what that comes to."""

import json

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.files import write_atomically
from netviz.saving import Saver
from netviz.settings import remember, remembered
from netviz.subjects import Subject
from netviz.theme import GAP
from netviz.widgets.choice import Choice
from netviz.widgets.picture import png
from netviz.widgets.size_fields import SizeFields

KEY = "pictures"  # among what is remembered
PREVIEW = QSize(380, 220)
SETTLE_MS = 120  # the preview waits until a number has been typed
USUAL = 2  # sharp on paper
MOST = 64_000_000  # pixels: 256 MB while it is drawn
PNG, SVG = "png", "svg"
LINES = {PNG: "Picture (*.png)", SVG: "Drawing, sharp at any size (*.svg)"}


class PictureDialog(QDialog):
    """Saves or copies. What was chosen is remembered, the size for each subject by itself."""

    def __init__(self, subject: Subject, saver: Saver, stem: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._subject, self._saver, self._stem = subject, saver, stem
        self.setWindowTitle(f"Picture: {subject.title}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._kept = _kept()
        self._make_fields()
        self._lay_out()
        self._recall()
        self._show_state()

    def _make_fields(self) -> None:
        self.format = Choice()
        self.format.addItem("PNG, a picture in pixels", PNG)
        if self._subject.resizable:
            self.format.addItem("SVG, a drawing sharp at any size", SVG)
        self.sizes = SizeFields()
        self.sizes.width_box.setEnabled(self._subject.resizable)
        self.sizes.height_box.setEnabled(self._subject.resizable)
        self.present = QPushButton("As on the screen")
        self.present.setVisible(self._subject.resizable)
        self.present.clicked.connect(lambda: self.sizes.show_size(self._subject.natural_size()))
        self.told, self.preview = QLabel(), QLabel()
        self.told.setObjectName("faint")
        self.told.setWordWrap(True)
        self.preview.setFixedSize(PREVIEW)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName("Preview")
        self.save_button, self.copy_button, close = QPushButton("Save…"), QPushButton("Copy"), QPushButton("Close")
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self._save)
        self.copy_button.clicked.connect(self._copy)
        close.clicked.connect(self.reject)
        self._buttons = (close, self.copy_button, self.save_button)
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settled.timeout.connect(self._draw_preview)
        self.format.currentIndexChanged.connect(self._show_state)
        self.sizes.changed.connect(self._show_state)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Format", self.format)
        form.addRow("Size", self.sizes)
        row = QHBoxLayout()
        row.addWidget(self.present)
        row.addStretch()
        form.addRow("", row)
        buttons = QHBoxLayout()
        buttons.addStretch()
        for button in self._buttons:
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(GAP)
        column.addWidget(self.preview, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(form)
        column.addWidget(self.told)
        column.addLayout(buttons)

    def _recall(self) -> None:
        self.sizes.show_size(self._subject.natural_size())
        size = self._kept.get(f"size of {self._subject.ident}")
        if self._subject.resizable and isinstance(size, list) and len(size) == 2 and all(map(_is_whole, size)):
            self.sizes.show_size(QSize(*size))
        self.sizes.show_scale(self._kept.get("scale", USUAL))
        self.format.setCurrentIndex(max(0, self.format.findData(self._kept.get("format", PNG))))

    def _remember(self) -> None:
        chosen = {"scale": self.sizes.scale, "format": self.format.currentData()}
        if self._subject.resizable:
            chosen[f"size of {self._subject.ident}"] = [self.sizes.wanted.width(), self.sizes.wanted.height()]
        remember(KEY, json.dumps({**self._kept, **chosen}))

    @property
    def _is_drawing(self) -> bool:
        return self.format.currentData() == SVG

    def _show_state(self) -> None:
        size = self.sizes.wanted if self._is_drawing else self.sizes.pixels
        self.sizes.scale_box.setEnabled(not self._is_drawing)
        fits = self._is_drawing or size.width() * size.height() <= MOST
        words = f"{size.width()} × {size.height()} pixels"
        if self._is_drawing:
            words = f"Laid out as {words}; text stays text, maps of colours stay pixels"
        elif not fits:
            words = f"{words} are more than can be drawn at once ({MOST // 1_000_000} million)"
        self.told.setText(words)
        self.save_button.setEnabled(fits)
        self.copy_button.setEnabled(fits and not self._is_drawing)
        self._settled.start()

    def _draw_preview(self) -> None:
        """At the size of the screen's pixels, then smaller: what is large in the picture is large here."""
        image = self._subject.image(self.sizes.wanted, 1.0)
        ratio = self.devicePixelRatioF()
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        small = QPixmap.fromImage(image).scaled(PREVIEW * ratio, keep, smooth)
        small.setDevicePixelRatio(ratio)
        self.preview.setPixmap(small)

    def _save(self) -> None:
        kind = str(self.format.currentData())
        # The other kind is offered too: the name's ending has the last word.
        choices = {LINES[k]: f".{k}" for k in (PNG, SVG) if self.format.findData(k) >= 0}
        asked = self._saver.ask(f"Picture of {self._subject.title}", self._stem, choices, LINES[kind])
        if asked is None:
            return
        path, line = asked
        self._remember()
        if line == LINES[SVG]:
            drawn = self._subject.drawing(self.sizes.wanted)
            self._saver.write(path, lambda: write_atomically(path, drawn))
        else:
            image = self._subject.image(self.sizes.wanted, self.sizes.scale)
            self._saver.write(path, lambda: write_atomically(path, png(image)))
        self.accept()

    def _copy(self) -> None:
        self._remember()
        QApplication.clipboard().setImage(self._subject.image(self.sizes.wanted, self.sizes.scale))
        self._saver.say(f"{self._subject.title}: the picture is on the clipboard")
        self.accept()


def copy_picture(subject: Subject, saver: Saver) -> None:
    """As it is on the screen, sharp, without asking."""
    QApplication.clipboard().setImage(subject.image(subject.natural_size(), USUAL))
    saver.say(f"{subject.title}: the picture is on the clipboard")


def _kept() -> dict[str, object]:
    try:
        kept = json.loads(remembered(KEY, "{}"))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
