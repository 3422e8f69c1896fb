"""The kinds of data that a person is shown before they are used, and how each is looked through."""

from collections.abc import Callable

from netviz.document.array_import import look_at_arrays
from netviz.document.importing import Look
from netviz.document.picture_import import look_at_idx, look_at_images
from netviz.document.table_import import look_at_table
from netviz.document.text_import import look_at_text

LOOKS: dict[str, Callable[..., Look]] = {
    "csv": look_at_table,
    "npz": look_at_arrays,
    "idx": look_at_idx,
    "images": look_at_images,
    "text": look_at_text,
}
