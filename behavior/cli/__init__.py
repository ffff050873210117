"""The command line: typed arguments in, one workflow call each, exit status out.

Workflows are imported when their command runs, so that `--help` answers at once.
"""

try:
    from behavior.cli.program import app, main
except KeyboardInterrupt:
    # Before any work was started.
    raise SystemExit(130) from None

__all__ = ["app", "main"]
