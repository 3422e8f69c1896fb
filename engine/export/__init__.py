"""Trained networks for other programs. Their libraries are imported when a file is written, not before."""
