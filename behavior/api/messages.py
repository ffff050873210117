"""What the API prints, if it is asked to."""

from __future__ import annotations

from behavior import progress

__all__ = ["show_progress"]


def show_progress(shown: bool = True) -> None:
    """Print from now on what is going on, and draw how far it is; with False, print nothing any more.

    In a terminal progress is a bar, in a notebook a line that is rewritten, elsewhere a plain line every ten seconds. Without it,
    messages still go to the logger `behavior` of the module `logging`, as those of other packages do: Python prints warnings and errors
    unless your program has set up logging otherwise; ``logging.getLogger("behavior").setLevel(logging.ERROR)`` hides warnings.

    Examples
    --------
    >>> bh.show_progress()
    >>> bh.show_progress(False)
    """
    if shown:
        progress.start_printing()
    else:
        progress.stop_printing()
