"""Questions about the drawn network, asked in a process of their own: how far it is, and the report."""
