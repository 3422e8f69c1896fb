"""Files dropped on the window: each kind goes where its menu command would take it."""

from pathlib import Path
from typing import TYPE_CHECKING

from netviz.document.storage import ENDING
from netviz.editor.importing import endings, kind_of
from netviz.model_import import ENDING as MODEL

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

WEIGHTS = ".safetensors"


def take(window: "MainWindow", files: list[Path]) -> None:
    """Projects and models are opened, weights loaded, data looked at first; what is none of these is said to be so."""
    path, ending = files[0], files[0].suffix.lower()
    if len(files) > 1:
        names = f"{path.name} and {len(files) - 1} more"
        window.banner.show_message("file", f"{names} were dropped: one file or folder at a time, please", "amber")
    elif ending == ENDING:
        window.files.open(path)
    elif ending == MODEL:
        window.models.open(path)
    elif ending == WEIGHTS:
        window.menus.exports.load_weights(path)
    elif kind_of(path) is not None:
        window.importing.open(path)
    else:
        known = f"projects ({ENDING}), models ({MODEL}), weights ({WEIGHTS}), folders of pictures and data"
        window.banner.show_message("file", f"{path.name} is none of {known} ({', '.join(endings())})", "red")
