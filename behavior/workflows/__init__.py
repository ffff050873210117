"""One module per command: what happens, in what order, on which files."""
