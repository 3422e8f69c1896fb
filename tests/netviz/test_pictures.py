"""Pictures of panels, of the network and of the window: in the size asked for, as they are on the screen."""

import errno
import json
import os
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from netviz.main_window import MainWindow
from netviz.picture_dialog import KEY, PNG, SVG, PictureDialog
from netviz.settings import remembered
from netviz.staging import twin
from netviz.subjects import NetworkSubject, PanelSubject
from netviz.widgets.picture import picture
from tests.netviz.exporting import action, banner_says, choose, train

__all__ = ["choose"]  # a fixture


def asked(window: MainWindow, what: str) -> PictureDialog:
    """The dialog that a menu entry opens."""
    action(window, what).trigger()
    (dialog,) = [d for d in window.findChildren(PictureDialog) if d.isVisible()]
    return dialog


def saved(window: MainWindow, qtbot, dialog: PictureDialog, path: Path) -> None:
    dialog.save_button.click()
    assert banner_says(window, qtbot, f"Exported to {path.name}") == f"Exported to {path.name}"


def panel_of(window: MainWindow, ident: str):
    return next(panel for panel in window.panels if panel.ident == ident)


def colours(image: QImage) -> int:
    return len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)})


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("ident", ["loss", "boundary", "saturation"])
def test_a_panel_as_png_in_its_own_size(open_window, qtbot, tmp_path, choose, ident, scale):
    window, path = open_window(), tmp_path / "p.png"
    train(window, qtbot)
    panel = panel_of(window, ident)
    dialog = asked(window, f"Picture of a Panel › {panel.title}…")
    assert dialog.sizes.scale == 2
    assert dialog.sizes.wanted == panel.size()
    dialog.sizes.show_scale(scale)
    choose(path)
    saved(window, qtbot, dialog, path)
    image, size = QImage(str(path)), panel.size()
    assert image.size() == size * scale
    if ident == "loss":  # more of the curves' edges are seen, not the same pixels larger
        blown = QImage(image.size() / scale, QImage.Format.Format_RGB32)
        blown.fill(0)
        painter = QPainter(blown)
        painter.drawImage(QRectF(blown.rect()), image)
        painter.end()
        again = blown.scaled(image.size())
        assert (again == image.convertToFormat(again.format())) is (scale == 1)


@pytest.mark.parametrize("ident", ["loss", "boundary", "histograms", "gradients", "saturation"])
def test_another_size_is_drawn_anew_and_the_window_stays(open_window, qtbot, tmp_path, choose, ident):
    window, path = open_window(), tmp_path / "p.png"
    train(window, qtbot)
    panel = panel_of(window, ident)
    before, own = panel.size(), PanelSubject(panel).image(panel.size(), 1)
    dialog = asked(window, f"Picture of a Panel › {panel.title}…")
    dialog.sizes.show_size(QSize(900, 500))
    dialog.sizes.show_scale(1)
    assert dialog.told.text() == "900 × 500 pixels"
    choose(path)
    saved(window, qtbot, dialog, path)
    image = QImage(str(path))
    assert image.size() == QSize(900, 500)
    assert colours(image) > 5
    assert panel.size() == before
    assert PanelSubject(panel).image(before, 1) == own
    # What a twin draws in the panel's own size is what the panel draws.
    other = twin(panel, panel.history, before)
    drawn = picture(other, 1)
    other.close()
    other.deleteLater()
    assert drawn == own


def test_a_zoom_is_kept_in_another_size(open_window, qtbot):
    window = open_window()
    train(window, qtbot)
    panel = panel_of(window, "loss")
    size = QSize(700, 400)
    whole = PanelSubject(panel).image(size, 1)
    panel.plot.axes[0].box.setXRange(5, 8, padding=0)
    panel.plot._moved(panel.plot.axes[0])
    assert PanelSubject(panel).image(size, 1) != whole
    panel.plot.show_all()
    assert PanelSubject(panel).image(size, 1) == whole


def test_size_scale_and_format_are_remembered(open_window, qtbot, tmp_path, choose):
    window, path = open_window(), tmp_path / "p.svg"
    train(window, qtbot)
    dialog = asked(window, "Picture of a Panel › Loss and accuracy…")
    dialog.sizes.show_size(QSize(600, 300))
    dialog.sizes.show_scale(3)
    dialog.format.setCurrentIndex(dialog.format.findData(SVG))
    assert "Laid out as 600 × 300" in dialog.told.text()
    choose(path)
    saved(window, qtbot, dialog, path)
    assert json.loads(remembered(KEY, "{}"))["size of loss"] == [600, 300]
    again = asked(window, "Picture of a Panel › Loss and accuracy…")
    assert (again.sizes.wanted, again.sizes.scale, again.format.currentData()) == (QSize(600, 300), 3, SVG)
    again.present.click()
    assert again.sizes.wanted == panel_of(window, "loss").size()
    again.reject()
    other = asked(window, "Picture of a Panel › Decision boundary…")
    assert other.sizes.wanted == panel_of(window, "boundary").size()


def test_more_pixels_than_can_be_drawn_are_not_tried(open_window):
    dialog = asked(open_window(), "Picture of a Panel › Loss and accuracy…")
    dialog.sizes.show_size(QSize(8000, 8000))
    dialog.sizes.show_scale(8)
    assert "more than can be drawn" in dialog.told.text()
    assert not dialog.save_button.isEnabled()
    assert not dialog.copy_button.isEnabled()
    dialog.sizes.show_scale(1)
    assert dialog.save_button.isEnabled()


@pytest.mark.parametrize("size", [None, QSize(900, 500)])
def test_a_panel_as_svg_has_lines_and_words(open_window, qtbot, tmp_path, choose, size):
    window, path = open_window(), tmp_path / "loss.svg"
    train(window, qtbot)
    dialog = asked(window, "Picture of a Panel › Loss and accuracy…")
    if size is not None:
        dialog.sizes.show_size(size)
    assert dialog.format.currentData() == PNG
    choose(path)  # the name's ending has the last word
    saved(window, qtbot, dialog, path)
    text = path.read_text()
    assert ">step</text>" in text
    assert "<image" not in text
    reader = QSvgRenderer(str(path))
    assert reader.isValid()
    assert reader.viewBox().size() == (size or window.panels[0].size())


def test_the_network_as_png_and_svg(open_window, qtbot, tmp_path, choose):
    window = open_window()
    window.canvas.select(0, "h1")
    window.canvas.zoom_by(0.4, window.canvas.rect().center())
    zoom, chosen = window.canvas.zoom, window.canvas.node_item(0, "h1").chosen
    dialog = asked(window, "Picture of the Network…")
    choose(tmp_path / "n.svg")
    saved(window, qtbot, dialog, tmp_path / "n.svg")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "n.svg").read_text())
    assert {"Dense 4", "tanh", "Input 2", "4 hidden units", "no hidden layer"} <= set(words)
    dialog = asked(window, "Picture of the Network…")
    dialog.sizes.show_size(QSize(1000, 400))
    dialog.sizes.show_scale(2)
    choose(tmp_path / "n.png")
    saved(window, qtbot, dialog, tmp_path / "n.png")
    image = QImage(str(tmp_path / "n.png"))
    assert image.size() == QSize(2000, 800)
    assert colours(image) > 20
    assert (window.canvas.zoom, window.canvas.node_item(0, "h1").chosen) == (zoom, chosen) == (zoom, {"h1"})
    subject = NetworkSubject(window.canvas)
    plain = subject.image(QSize(600, 300), 1)
    window.canvas.select(1, "out")  # what is chosen is not in the picture
    assert subject.image(QSize(600, 300), 1) == plain
    window.document.set_node_field(0, "h1", "units", 9)
    assert subject.image(QSize(600, 300), 1) != plain


def test_the_window_as_png_shows_it_and_leaves_it_alone(open_window, qtbot, tmp_path, choose):
    window, path = open_window(), tmp_path / "w.png"
    train(window, qtbot)
    modes = [axes.cacheMode() for axes in window.findChildren(type(window.panels[0].plot))]
    dialog = asked(window, "Picture of the Window…")
    assert not dialog.sizes.width_box.isEnabled()
    choose(path)
    saved(window, qtbot, dialog, path)
    image = QImage(str(path))
    assert image.size() == window.size() * 2
    assert colours(image) > 50
    assert [axes.cacheMode() for axes in window.findChildren(type(window.panels[0].plot))] == modes


def test_copied_pictures_are_on_the_clipboard(open_window, qtbot):
    window = open_window()
    train(window, qtbot)
    panel = panel_of(window, "boundary")
    action(window, f"Copy a Panel's Picture › {panel.title}").trigger()
    assert QApplication.clipboard().image().size() == panel.size() * 2
    assert window.banner.text == "Decision boundary: the picture is on the clipboard"
    dialog = asked(window, f"Picture of a Panel › {panel.title}…")
    dialog.sizes.show_size(QSize(300, 200))
    dialog.sizes.show_scale(1)
    dialog.copy_button.click()
    image = QApplication.clipboard().image()
    expected = PanelSubject(panel).image(QSize(300, 200), 1)
    assert image.convertToFormat(expected.format()) == expected


def test_a_full_disk_is_one_line_and_the_old_picture_stays(open_window, qtbot, tmp_path, choose, monkeypatch):
    window, path = open_window(), tmp_path / "p.png"
    path.write_text("of another program")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("engine.files.os.fsync", full)
    dialog = asked(window, "Picture of a Panel › Loss and accuracy…")
    choose(path)
    dialog.save_button.click()
    assert banner_says(window, qtbot, "p.png could").endswith("not be written: No space left on device")
    assert path.read_text() == "of another program"
    assert list(tmp_path.glob("*p.png*")) == [path]
