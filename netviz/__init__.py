"""The desktop application: a document, the panels that watch its training, and the command line."""
