"""Questions about a project that training on its own does not answer; each runs on a copy of the network."""
