"""The command line: typed arguments in, one workflow call each, exit status out.

Workflows are imported when their command runs, so that `--help` answers at once.
"""

from behavior.cli.program import app, main

__all__ = ["app", "main"]
