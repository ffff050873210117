"""Where work runs: this process or worker processes."""
