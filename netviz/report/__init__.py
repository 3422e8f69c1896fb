"""A run on one page of HTML that needs nothing else; no Qt."""
