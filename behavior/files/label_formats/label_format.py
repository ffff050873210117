"""What a label format is, and what reading a file of it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.containers import Container
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.recording import Frames

__all__ = ["TABLE_SUFFIXES", "BoutLabels", "FrameLabels", "LabelFormat", "RowTimes"]

# Of tables, which programs export as text, and people keep as spreadsheets.
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")


@dataclass(frozen=True)
class RowTimes:
    """The times that a table gives its rows.

    Attributes
    ----------
    column
        The name of their column.
    seconds
        Float64 of shape (T,); NaN for a row without a time.
    lines
        Where each row is in the file, shape (T,).
    row_word
        What messages call a row: ``line`` or ``row``.
    """

    column: str
    seconds: npt.NDArray[np.float64]
    lines: npt.NDArray[np.integer]
    row_word: str

    def take(self, rows: npt.NDArray[np.int64], n_rows: int) -> RowTimes:
        """Return the times of `n_rows` rows of which these are `rows`; the others have none."""
        seconds, lines = np.full(n_rows, np.nan), np.zeros(n_rows, dtype=np.int64)
        seconds[rows], lines[rows] = self.seconds, self.lines
        return replace(self, seconds=seconds, lines=lines)


@dataclass(frozen=True)
class FrameLabels:
    """The contents of a table with a row per frame.

    Attributes
    ----------
    names
        Names in the file of N columns that were read.
    values
        Int8 of shape (T, N): 1, 0 or -1.
    left_out
        Names in the file of columns that were not read.
    notes
        Sentences on what is odd.
    is_open_ended
        Whether rows may be missing at the end, because nothing was marked there.
    is_numbered
        Whether the file numbers its frames, so that row n is frame n; else rows are merely one after the other.
    is_sized
        Whether the number of rows is what the file says that its video has, so that rows without a label count at the end too.
    times
        The times that the file gives its rows; None if it gives none.
    unread_times
        The name of a column of times that are written in no way that is read; "" if there is none.
    is_extent_stated
        Whether a row without a behavior says that none was shown; else it may not have been looked at.
    names_animals
        Whether the file says whose labels it holds, and those that were asked for were read.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.int8]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_open_ended: bool = False
    is_numbered: bool = False
    is_sized: bool = False
    times: RowTimes | None = None
    unread_times: str = ""
    is_extent_stated: bool = True
    names_animals: bool = False

    def delay(self, offset_s: float) -> FrameLabels:
        """Return the same rows for a video that starts `offset_s` seconds into the time that the file counts."""
        return self if self.times is None else replace(self, times=replace(self.times, seconds=self.times.seconds - offset_s))


@dataclass(frozen=True)
class BoutLabels:
    """The contents of a list of bouts.

    Attributes
    ----------
    rows
        The bouts; rows named ``observed`` are observed spans, if the format knows such rows.
    in_seconds
        Whether starts and stops are seconds from the first frame, not frames.
    observed
        Observed spans, half-open, in the same unit; None for all of the recording.
    notes
        Sentences on what is odd.
    tolerance_s
        Times that differ by less are the same: half the last digit that the format writes.
    is_foreign
        Whether another tool chose the names, so that a file with none that is known is an error.
    has_animals
        Whether subjects are animals, so that their bouts are only mixed on request.
    shift
        Subtracted from starts and stops to get those in the video.
    window
        Start and stop of the video, if rows outside them are about other videos; None if there are none.
    codable
        Names that the file lists as those that could be coded; None if it lists none.
    n_frames
        How many frames the file says that its video has; None if it does not say.
    observed_slack
        By how much the observed spans may end after the video, as the last of several samples does; in the same unit.
    is_extent_stated
        Whether the file says which part of the video was observed, or means all of it.
    names_animals
        Whether the file says whose bouts it holds, and those that were asked for were read; `rows` may have subjects besides.
    """

    rows: BoutRows
    in_seconds: bool
    observed: tuple[tuple[float, float], ...] | None = None
    notes: tuple[str, ...] = ()
    tolerance_s: float = 1e-6
    is_foreign: bool = True
    has_animals: bool = False
    shift: float = 0.0
    window: tuple[float, float] | None = None
    codable: tuple[str, ...] | None = None
    n_frames: int | None = None
    observed_slack: float = 0.0
    is_extent_stated: bool = True
    names_animals: bool = False

    def delay(self, offset_s: float) -> BoutLabels:
        """Return the same bouts of a video that starts `offset_s` seconds into the time that the file counts."""
        observed = None if self.observed is None else tuple((start - offset_s, stop - offset_s) for start, stop in self.observed)
        return replace(self, shift=self.shift + offset_s, observed=observed)


@dataclass(frozen=True)
class LabelFormat:
    """A kind of label file.

    Attributes
    ----------
    name
        What people call it.
    recognises
        Tells by content whether a file is of this kind.
    list_names
        Returns the names of behaviors in a file, in order of appearance.
    read
        Reads what is requested; LabelError if that is impossible.
    list_observations
        Returns the observations in a file by name, each with the names of its media files; none if a file holds one recording without
        a name.
    list_points
        Returns those of the names that have events without a duration only.
    find_frames
        Returns the frames of the requested recording, if a file has the length and the frame rate of its video.
    has_columns
        Whether it is a table with a row per frame, in which each behavior has a column.
    has_players
        Whether reading a file looks at the request's offset itself, which is that of one of several players.
    suffixes
        What the names of its files may end in, in lower case; `behavior init` looks into no others.
    reads_all_sheets
        Whether reading a spreadsheet looks at all of its sheets, which are not observations then.
    container
        What kind of file it is in; only such files are asked whether they are of this kind.
    """

    name: str
    recognises: Callable[[LabelSource], bool]
    list_names: Callable[[LabelSource], tuple[str, ...]]
    read: Callable[[LabelSource, LabelRequest], FrameLabels | BoutLabels]
    list_observations: Callable[[LabelSource], Mapping[str, Sequence[str]]] = field(default=lambda source: {})
    list_points: Callable[[LabelSource], tuple[str, ...]] = field(default=lambda source: ())
    find_frames: Callable[[LabelSource, LabelRequest], Frames | None] = field(default=lambda source, request: None)
    has_columns: bool = False
    has_players: bool = False
    suffixes: tuple[str, ...] = TABLE_SUFFIXES
    reads_all_sheets: bool = False
    container: Container = "table"

    def fits(self, source: LabelSource) -> bool:
        """Tell whether a file is of this kind; LabelError if it is in the right container, but damaged."""
        return self.container == source.container and self.recognises(source)
