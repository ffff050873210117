"""Label files of other tools: one module per format; `files.labels` tells which one a file has."""
