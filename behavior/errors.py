"""What goes wrong for a user, in one sentence; the command line prints the message and exits with `exit_status`."""

from __future__ import annotations

import os
import shlex
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

__all__ = [
    "BehaviorError",
    "CacheError",
    "CrossvalError",
    "EthogramError",
    "InputError",
    "LabelError",
    "ModelError",
    "OutputError",
    "PoseError",
    "TrainingError",
    "UsageError",
    "VideoError",
    "WeightsError",
    "advise_on_missing",
    "count_noun",
    "find_nearest_name",
    "join_first",
    "name_recording",
    "quote_path",
    "show_plainly",
    "suggest_nearest",
]

# Characters that a terminal acts on or that some programs end a line at, halves of characters, and what turns the direction of writing.
UNSHOWN = ("Cc", "Cs", "Zl", "Zp")
DIRECTIONS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class BehaviorError(Exception):
    """A problem with what the user handed in: the message says what was found, what was expected and what to do."""

    exit_status = 1


class UsageError(BehaviorError):
    """Arguments, a study file or a manifest that cannot be used at all."""

    exit_status = 2


class InputError(BehaviorError):
    """A file that is there but cannot be read."""


class TrainingError(BehaviorError):
    """A fit that came to nothing."""


class VideoError(BehaviorError):
    """A video that cannot be used."""


class PoseError(BehaviorError):
    """A pose file that cannot be used, or does not belong to its video."""


class LabelError(BehaviorError):
    """A label file that cannot be used, or does not belong to its video."""


class WeightsError(BehaviorError):
    """Backbone weights that are missing or do not fit."""


class CacheError(BehaviorError):
    """A feature cache file that cannot be used; the subclasses in `files.feature_cache` name the cause."""


class CrossvalError(UsageError):
    """A cross-validation's folder that is incomplete, damaged, or of other settings or data."""


class ModelError(BehaviorError):
    """A model bundle that cannot be used, or not on these features."""


class EthogramError(BehaviorError):
    """A stored ethogram that cannot be used, or is not whole."""


class OutputError(BehaviorError):
    """A result that cannot be written where it was asked for."""


def advise_on_missing(path: Path, otherwise: str = "check the path") -> str:
    """Return what to do about a file that is not there; `otherwise` where nothing says more.

    Its name may be a path of Windows, on another system, or differ in capital letters from one that is there.

    >>> advise_on_missing(Path("m1.mp4"))
    'check the path'
    """
    if os.sep == "/" and "\\" in str(path):
        return "its backslashes separate no folders on this system; write slashes (/), and paths relative to the file that they are in"
    try:
        alike = sorted(other.name for other in path.parent.iterdir() if other.name.casefold() == path.name.casefold())
    except OSError:
        alike = []
    return f"there is {alike[0]!r}, with other capital letters: write it so" if alike else otherwise


def suggest_nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'X'?"`` for the known name nearest to `name`, or nothing where none is near.

    >>> suggest_nearest("groming", ["grooming", "mid_rearing"])
    "; did you mean 'grooming'?"
    """
    near = find_nearest_name(name, known)
    return f"; did you mean {near!r}?" if near is not None else ""


def find_nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to `name`; None where none is near.

    >>> find_nearest_name("sied", ["back", "side"])
    'side'
    """
    by_case = {candidate.casefold(): candidate for candidate in known}
    near = get_close_matches(name.casefold(), by_case, n=1, cutoff=0.6)
    return by_case[near[0]] if near else None


def count_noun(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun; its plural has an s where none is given.

    >>> count_noun(1, "bout"), count_noun(1200, "bout"), count_noun(2, "entry", "entries")
    ('1 bout', '1,200 bouts', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def join_first(names: Iterable[str], most: int) -> str:
    """Return the first `most` names for a sentence, and how many more there are.

    >>> join_first(["a", "b"], 3), join_first(["a", "b", "c", "d"], 2)
    ('a, b', 'a, b and 2 more')
    """
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")


def name_recording(recording: str, message: object) -> str:
    """Return a sentence about a recording with its name before it, unless the sentence begins with it.

    >>> name_recording("m1", "m1.mp4: no such video."), name_recording("m1", "recording 'm1' has no pose.")
    ('m1: m1.mp4: no such video.', "recording 'm1' has no pose.")
    """
    text = str(message)
    return text if text.startswith((f"{recording}: ", f"recording {recording!r}")) else f"{recording}: {text}"


def quote_path(path: Path | str) -> str:
    """Return a path as it can be pasted into a command line that a message names.

    >>> quote_path("live/a.mkv"), quote_path("two mice")
    ('live/a.mkv', "'two mice'")
    """
    return shlex.quote(str(path))


def show_plainly(text: str) -> str:
    r"""Return `text` with what a terminal would act on, such as escape sequences and line ends in a name, written out.

    >>> print(show_plainly("groom\x1b[2J"))
    groom\x1b[2J
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in UNSHOWN or character in DIRECTIONS else character
        for character in text
    )
