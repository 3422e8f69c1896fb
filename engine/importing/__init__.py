"""Networks of other programs, read as projects. Their libraries are imported when a file is read, not before."""
