"""Files that come with netviz: data sets, experiments, icons; read them through `importlib.resources`."""
