"""Numbers for spreadsheets and other programs."""

import csv
import io
from collections.abc import Iterable, Sequence


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str | float | int | None]]) -> bytes:
    """A table as CSV in UTF-8: every number to its last digit, nothing for what is not known (None and NaN)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow("" if value is None or value != value else value for value in row)
    return text.getvalue().encode()
