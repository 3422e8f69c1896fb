"""Data sources: declarations that load into one frozen data set."""
