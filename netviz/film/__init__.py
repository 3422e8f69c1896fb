"""A run as a film: it is deterministic, so it is run again where nobody sees it, and drawn frame by frame."""
