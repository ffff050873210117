"""Ethograms in the formats of other tools: one module per format, and `formats.FORMATS`, which lists them."""
