"""Messages across the window: the latest is seen, and one that wants an answer is not lost behind it."""

from PySide6.QtCore import Qt

from netviz.widgets.banner import Banner


def made(qtbot):
    banner = Banner()
    qtbot.addWidget(banner)
    return banner


def test_what_wants_an_answer_comes_back_when_later_messages_have_gone(qtbot):
    banner, done = made(qtbot), []
    banner.show_message("saved", "It is saved")
    banner.show_message("recovery", "Work was recovered", answer="Open", call=lambda: done.append("opened"))
    banner.show_message("telemetry", "It is recorded", answer="Stop", call=lambda: done.append("stopped"))
    banner.show_message("refused", "That cannot be")
    assert (banner.key, banner.text) == ("refused", "That cannot be")
    assert banner.answer.isHidden()
    assert banner._more.text() == "2 more"
    qtbot.mouseClick(banner._close, Qt.MouseButton.LeftButton)
    assert (banner.text, banner._more.text()) == ("It is recorded", "1 more")
    qtbot.mouseClick(banner.answer, Qt.MouseButton.LeftButton)
    assert (banner.text, done) == ("Work was recovered", ["stopped"])
    assert banner._more.isHidden()
    qtbot.mouseClick(banner.answer, Qt.MouseButton.LeftButton)
    assert done == ["stopped", "opened"]
    assert (banner.key, banner.isHidden()) == ("", True), "what was only told is not told again"


def test_a_message_is_taken_back_wherever_it_stands(qtbot):
    banner = made(qtbot)
    banner.show_message("differs", "The drawing has changed", answer="Restart")
    banner.show_message("refused", "That cannot be")
    banner.take_back("differs")
    assert (banner.text, banner._more.isHidden()) == ("That cannot be", True)
    banner.take_back("refused")
    assert banner.isHidden()


def test_a_message_about_the_same_replaces_the_one_before(qtbot):
    banner = made(qtbot)
    banner.show_message("telemetry", "It is recorded", answer="Stop")
    banner.show_message("refused", "That cannot be")
    banner.show_message("telemetry", "The recording has ended")
    banner.dismiss()
    assert banner.isHidden()
