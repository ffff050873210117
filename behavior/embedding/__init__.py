"""A study's videos to its feature cache: the crop reader, and one module for each stream."""
