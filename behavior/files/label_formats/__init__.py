"""Label files of other tools: one module per format; `files.annotations` tells which one a file has."""
