"""The frame round an instrument: title, what it means, what else can be done with it, full screen, close."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMenu, QToolButton, QWhatsThis, QWidget

from netviz.widgets.full_screen import FullScreen
from netviz.widgets.icons import icon
from netviz.widgets.still import Still
from netviz.widgets.title_bar import TitleBar


class PanelDock(QDockWidget):
    """A dock that looks like a card. `ident` names it in layouts; one with a help text can fill the screen."""

    def __init__(
        self, ident: str, title: str, help_text: str, widget: QWidget, parent: QWidget | None = None, short: str = ""
    ) -> None:
        super().__init__(short or title, parent)  # which a tab shows: the whole title stands above what is shown
        self.toggleViewAction().setText(title)
        self.setObjectName(ident)
        self._title, self._short, self._help = title, short, help_text
        self._full: FullScreen | None = None
        self._card = Still(widget)
        self._card.setObjectName("cardBody")
        self._card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._card.setContentsMargins(1, 0, 1, 1)
        self.setWidget(self._card)
        self._float = QAction("In a Window of Its Own", self, checkable=True)
        self._float.triggered.connect(lambda on: self.setFloating(on))
        self.topLevelChanged.connect(self._float.setChecked)
        self._actions: list[QAction] = [self._float]
        self.setTitleBarWidget(self._title_bar(full=False))

    @property
    def full(self) -> FullScreen | None:
        """The window over the whole screen that shows what is in the dock, while it does."""
        return self._full

    def add_actions(self, actions: Sequence[QAction]) -> None:
        """What can be done with the panel, in the menu of its title bar."""
        self._actions += actions
        self.titleBarWidget().addActions(list(actions))

    def fill_screen(self, on: bool = True) -> None:
        """Shows the panel over the whole screen, or brings it back."""
        if on is (self._full is not None):
            return
        if on:
            self.show()
            self.raise_()
            bar = self._title_bar(full=True)
            self._full = FullScreen(self._card, bar, self._title, self._returned)
        elif self._full is not None:
            self._full.leave()

    def _returned(self) -> None:
        self._full = None

    # The title bar

    def _title_bar(self, *, full: bool) -> TitleBar:
        bar = TitleBar(self._title, self._short)
        bar.addActions(self._actions[1:] if full else self._actions)
        name = self._title.lower()
        more = self._button("more", f"What else can be done with {name}", "Picture, data, a window of its own")
        more.clicked.connect(lambda: self._open_menu(bar, more))
        if self._help:
            explain = self._button("help", f"What {name} shows", self._help)
            explain.clicked.connect(lambda: self._explain(more if explain.isHidden() else explain))
            bar.add(explain, spared=True)
        bar.add(more)
        if full:
            back = self._button("restore", f"{self._title} back into the window", "Back into the window (Esc)")
            back.clicked.connect(lambda: self.fill_screen(False))
            bar.add(back)
            return bar
        if self._help:
            fill = self._button("full", f"Full screen for {name}", "Full screen (Shift+F11); Esc comes back")
            fill.clicked.connect(lambda: self.fill_screen())
            bar.add(fill, spared=True)
        close = self._button("close", f"Close {name}", "Close (View menu opens it again)")
        close.clicked.connect(self.close)
        bar.add(close, spared=True)
        return bar

    def _button(self, name: str, accessible: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName("quiet")
        button.setIcon(icon(name))
        button.setAccessibleName(accessible)
        button.setToolTip(tip)
        return button

    def _open_menu(self, bar: TitleBar, button: QToolButton) -> None:
        menu = QMenu(button)
        menu.setAccessibleName(button.accessibleName())
        for away in bar.away:
            menu.addAction(away.icon(), away.accessibleName(), away.click)
        menu.addActions(self._actions[1:] if self._full is not None else self._actions)
        menu.setActiveAction(menu.actions()[0])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _explain(self, button: QToolButton) -> None:
        QWhatsThis.showText(button.mapToGlobal(button.rect().bottomLeft()), self._help, button)
