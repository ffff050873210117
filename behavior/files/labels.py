"""Label files of many tools, read into one column per behavior; a file's content, not its name, tells its format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.bout_tables import BOUT_TABLE
from behavior.files.frame_tables import FRAME_TABLE, advise_on_unread, holds_labels_only, list_frame_behaviors
from behavior.files.label_formats.behaviordepot import BEHAVIORDEPOT
from behavior.files.label_formats.bento import BENTO
from behavior.files.label_formats.boris_aggregated import BORIS_AGGREGATED
from behavior.files.label_formats.boris_project import BORIS_PROJECT
from behavior.files.label_formats.boris_tabular import BORIS_TABULAR
from behavior.files.label_formats.calms21 import CALMS21
from behavior.files.label_formats.caltech import CALTECH
from behavior.files.label_formats.choosing import UnownedError, fits, refuse_nameless, require_own_subject
from behavior.files.label_formats.cvat import CVAT
from behavior.files.label_formats.deepethogram import DEEPETHOGRAM
from behavior.files.label_formats.dlcanalyzer import DLCANALYZER
from behavior.files.label_formats.elan import ELAN
from behavior.files.label_formats.ethovision import ETHOVISION
from behavior.files.label_formats.feral import FERAL
from behavior.files.label_formats.jaaba import JAABA
from behavior.files.label_formats.jabs import JABS
from behavior.files.label_formats.label_format import BoutLabels, FrameLabels, LabelFormat
from behavior.files.label_formats.label_studio import LABEL_STUDIO
from behavior.files.label_formats.marked_sheets import MARKED_SHEET
from behavior.files.label_formats.ndx_ethogram import NDX_ETHOGRAM
from behavior.files.label_formats.observed_part import find_extent, limit_to_observed
from behavior.files.label_formats.observer import OBSERVER
from behavior.files.label_formats.painting import TOLERATED_FRAMES, paint_bouts
from behavior.files.label_formats.praat import PRAAT
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.label_formats.row_times import place_rows
from behavior.files.label_formats.simba import SIMBA
from behavior.files.label_formats.solomon import SOLOMON
from behavior.files.label_formats.source import LabelSource
from behavior.files.label_formats.via import VIA_PROJECT, VIA_TABLE
from behavior.files.pose_formats.deeplabcut import is_pose_table
from behavior.files.text_tables import parse_seconds
from behavior.recording import Frames, Labels

__all__ = [
    "LABEL_FORMATS",
    "LABEL_SUFFIXES",
    "LabelNames",
    "count_label_frames",
    "describe_observations",
    "explain_unowned",
    "find_label_frames",
    "is_label_file",
    "list_behaviors",
    "list_names",
    "list_observations",
    "read_labels",
    "recognise_labels",
]

# The first that recognises a file reads it, so formats with a signature of their own come before those told by their columns.
LABEL_FORMATS: tuple[LabelFormat, ...] = (
    BORIS_PROJECT,
    JABS,
    FERAL,
    CALMS21,
    LABEL_STUDIO,
    VIA_PROJECT,
    CVAT,
    ELAN,
    JAABA,
    BEHAVIORDEPOT,
    NDX_ETHOGRAM,
    CALTECH,
    BENTO,
    PRAAT,
    VIA_TABLE,
    ETHOVISION,
    OBSERVER,
    BORIS_TABULAR,
    BORIS_AGGREGATED,
    BOUT_TABLE,
    DLCANALYZER,
    SOLOMON,
    SIMBA,
    DEEPETHOGRAM,
    FRAME_TABLE,
    MARKED_SHEET,
)

# How columns of bouts begin, in lower case.
_START_WORDS, _STOP_WORDS = r"start|begin|onset|from\b|t_?start", r"stop|end|offset|to\b|duration|dur\b|t_?stop|t_?end"

LABEL_SUFFIXES = tuple(dict.fromkeys(suffix for label_format in LABEL_FORMATS for suffix in label_format.suffixes))


def read_labels(path: Path, request: LabelRequest) -> tuple[Labels, list[str]]:
    """Read what `request` asks for from a label file of any of `LABEL_FORMATS`; the format is detected.

    So are encoding (UTF-8, UTF-16 with its mark, Latin-1), delimiter (comma, semicolon, tab) and, where commas do not separate cells,
    a decimal comma. A bout in seconds holds the frames whose times lie in [start, stop). Frames outside the observed spans are -1.

    Returns
    -------
    Labels with a row per frame of the recording, and notes on what is odd in the file, one sentence each; names that stand for no
    behavior are among them.

    Raises
    ------
    LabelError
        If the file is missing or not a label file, a behavior's column is missing, it is unclear what to read, a cell or a bout is
        invalid, or the labels are more than 2 frames longer or shorter than the recording.
    """
    source, label_format = _open(path, request)
    contents = label_format.read(source, request)
    if request.offset_s and not label_format.has_players:
        contents = _delay(path, contents, request.offset_s)
    _require_owner(source, label_format, contents, request)
    if isinstance(contents, FrameLabels):
        values, notes = _arrange_frames(path, place_rows(path, contents, request), request)
        shown = np.flatnonzero((values == 1).any(axis=1))
        extent = (int(shown[0]), int(shown[-1]) + 1) if len(shown) else None
    else:
        values, notes = paint_bouts(path, contents, request)
        extent = find_extent(contents, request)
    values, part_notes = limit_to_observed(path, values, extent, request, is_stated=contents.is_extent_stated)
    return Labels(values, request.behaviors), [*([] if label_format.reads_all_sheets else source.notes), *notes, *part_notes]


def recognise_labels(path: Path) -> str:
    """Return the name of a label file's format.

    Raises
    ------
    LabelError
        If the file is missing or not a label file.
    """
    return _open(path)[1].name


def list_behaviors(path: Path) -> tuple[str, ...]:
    """Return the names of behaviors in a label file, in order of appearance, without modifiers and backgrounds.

    Raises
    ------
    LabelError
        If the file is missing or not a label file.
    """
    source, label_format = _open(path)
    return label_format.list_names(source)


@dataclass(frozen=True)
class LabelNames:
    """The names in a label file.

    Attributes
    ----------
    behaviors
        As `list_behaviors` returns them.
    points
        Those of them that have events without a duration only.
    columns
        All columns of a table with a row per frame, in which each behavior has one; None for a list of bouts.
    """

    behaviors: tuple[str, ...]
    points: tuple[str, ...]
    columns: tuple[str, ...] | None


def list_names(path: Path) -> LabelNames:
    """Return the behaviors in a label file and its columns; raises as `list_behaviors`."""
    source, label_format = _open(path)
    names = label_format.list_names(source)
    header = source.table.header if label_format.container == "table" else names
    columns = tuple(name for name in header if name) if label_format.has_columns else None
    return LabelNames(names, label_format.list_points(source), columns)


def list_observations(path: Path) -> tuple[str, ...]:
    """Return the observations in a label file, () if its format holds one recording without a name.

    Raises
    ------
    LabelError
        If the file is missing or not a label file.
    """
    return tuple(describe_observations(path))


def describe_observations(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the observations in a label file, each with the names of its video files; raises as `list_observations`.

    If several sheets hold labels, they are the observations.
    """
    source, label_format = _open(path)
    observations = {name: tuple(files) for name, files in label_format.list_observations(source).items()}
    sheets = [] if observations or label_format.reads_all_sheets else _list_label_sheets(source)
    return dict.fromkeys(sheets, ()) if len(sheets) > 1 else observations


def count_label_frames(path: Path, behaviors: Sequence[str]) -> int | None:
    """Return the number of frames that a label file has rows for; None for a list of bouts, which does not tell.

    Raises
    ------
    LabelError
        If the file is missing or not a label file.
    """
    # What background and missing columns mean makes no frame more or less.
    request = LabelRequest(tuple(behaviors), Frames(0), background="absent", policies=LabelPolicies(missing="absent"))
    source, label_format = _open(path, request)
    if not label_format.has_columns:
        return None
    contents = label_format.read(source, request)
    return len(contents.values) if isinstance(contents, FrameLabels) else None


def explain_unowned(path: Path, request: LabelRequest) -> str | None:
    """Return the sentence on a label file of several individuals that does not say which labels are the requested one's; None if it does.

    Raises
    ------
    LabelError
        If the file is missing or not a label file, or it is unclear what to read.
    """
    source, label_format = _open(path, request)
    try:
        contents = label_format.read(source, request)
        _require_owner(source, label_format, contents, request)
        if isinstance(contents, BoutLabels):
            require_own_subject(path, contents.rows.subjects, request)
    except UnownedError as error:
        return str(error)
    return None


def find_label_frames(path: Path, request: LabelRequest) -> Frames | None:
    """Return the frames of the recording that `request` is for, as far as the label file itself knows its video; None if it does not.

    Their number is that of the video's length and frame rate, which is not counted and may be a frame or two off.

    Raises
    ------
    LabelError
        If the file is missing or not a label file, or it is unclear which recording to read.
    """
    source, label_format = _open(path, request)
    return label_format.find_frames(source, request)


def is_label_file(path: Path) -> bool:
    """Tell by its first lines whether `path` is a label file; never raises.

    A frame table has to hold labels in all columns other than frame and time, so that tables of features, probabilities or pose are
    not taken for one.
    """
    try:
        return not is_pose_table(path) and _recognise(LabelSource(path)) is not None
    except (LabelError, OSError):
        return False


def _open(path: Path, request: LabelRequest | None = None) -> tuple[LabelSource, LabelFormat]:
    """Return a label file and its format; a table with a column that is requested, or one of labels, is taken for a frame table.

    Of several sheets with labels, the one named after the recording is read, else the first.
    """
    source = LabelSource(path)
    if is_pose_table(path):
        raise LabelError(f"{path}: is a pose file, expected labels; choose the label file.")
    recording_names = () if request is None else request.recording_names
    for sheet in [name for name in source.sheets if fits(name, recording_names)] if len(source.sheets) > 1 else ():
        of_sheet = _recognise(source.of_sheet(sheet))
        if of_sheet is not None:
            return of_sheet
    recognised = _recognise(source)
    if recognised is not None:
        return recognised
    if source.container != "table":
        raise _refuse_document(source)
    _require_header(source)
    advice = _advise(source)
    for view in source.list_views():
        columns = list_frame_behaviors(view.table)
        is_requested = request is not None and any(request.naming.find_behavior(name) is not None for name in columns)
        # Tables of labels may have other columns too; an empty one has nothing but its header.
        is_empty = view is source and next(iter(source.table.rows), None) is None
        if is_requested or (not advice and (is_empty or any(holds_labels_only(view.table, [name]) for name in columns))):
            return view, FRAME_TABLE
    shown = ", ".join(map(repr, source.table.header[:8]))
    formats = ", ".join(label_format.name for label_format in LABEL_FORMATS)
    advice = advice or advise_on_unread(source.table, source.row_word)
    raise LabelError(f"{path}: is not a recognised label file (columns found: {shown[:200]}); {advice}expected one of: {formats}.")


def _require_header(source: LabelSource) -> None:
    """Raise LabelError if there are times in the first row, where names are expected: programs export lists of bouts without a header."""
    header, delimiter = source.table.header, source.table.delimiter
    times = [name for name in header if re.search(r"[.:,]", name) and parse_seconds(name, delimiter) is not None]
    if len(times) > 1:
        raise LabelError(
            f"{source.path}: its first {source.row_word} holds {', '.join(map(repr, header[:8]))}, expected the names of the columns; put "
            "a header above it that names those of the bouts behavior, start_s and stop_s."
        )


def _advise(source: LabelSource) -> str:
    """Return what to do with a table whose columns are those of bouts by other names; "" for any other table."""
    starts, stops = ([name for name in source.table.header if re.match(words, name.casefold())] for words in (_START_WORDS, _STOP_WORDS))
    if not starts or not stops:
        return ""
    return (
        f"if it is a table of bouts, name its columns behavior, start_s and stop_s, or start_frame and stop_frame, in place of "
        f"{starts[0]!r} and {stops[0]!r}; else "
    )


def _refuse_document(source: LabelSource) -> LabelError:
    """Return what is wrong with JSON, XML, MATLAB's or HDF5 in no known format."""
    kinds = {"json": "JSON", "xml": "XML", "matlab": "a MATLAB file", "hdf5": "HDF5"}
    formats = ", ".join(label_format.name for label_format in LABEL_FORMATS if label_format.container == source.container)
    return LabelError(
        f"{source.path}: is {kinds[source.container]}, but not of a recognised label format; expected one of: {formats}; or "
        "export the labels "
        "as a table (.csv)."
    )


def _recognise(source: LabelSource) -> tuple[LabelSource, LabelFormat] | None:
    """Return the first sheet and header that make a label file of a known format, and the format; None if there is none."""
    for view in source.list_views():
        for label_format in LABEL_FORMATS:
            if label_format.fits(view):
                return view, label_format
    return None


def _list_label_sheets(source: LabelSource) -> list[str]:
    """Return the sheets with labels of a file with several sheets; [] for any other file."""
    return [name for name in source.sheets if _recognise(source.of_sheet(name)) is not None] if len(source.sheets) > 1 else []


def _require_owner(source: LabelSource, label_format: LabelFormat, contents: FrameLabels | BoutLabels, request: LabelRequest) -> None:
    """Raise UnownedError for a file of several individuals' recordings that names no animal, unless the request names a subject."""
    if request.is_shared and request.subject is None and not _names_animal(source, label_format, contents, request):
        raise UnownedError(refuse_nameless(source.path, request))


def _names_animal(source: LabelSource, label_format: LabelFormat, contents: FrameLabels | BoutLabels, request: LabelRequest) -> bool:
    """Tell whether a file of several individuals' recordings says whose labels were read, by a subject, or by the recording's own id."""
    if contents.names_animals or (isinstance(contents, BoutLabels) and any(contents.rows.subjects)):
        return True
    return any(fits(name, request.recording_names[-1:]) for name in label_format.list_observations(source))


def _delay(path: Path, contents: FrameLabels | BoutLabels, offset_s: float) -> FrameLabels | BoutLabels:
    """Return the contents of a file for a video that starts `offset_s` seconds into its time; LabelError if it has no times."""
    if isinstance(contents, FrameLabels) and contents.times is not None and not contents.is_numbered:
        return contents.delay(offset_s)
    if isinstance(contents, FrameLabels) or not contents.in_seconds:
        raise LabelError(
            f"{path}: is in frames, not in seconds, so labels: {{offset_s: ...}} cannot shift it; leave that out, or name the recordings "
            "that it is for."
        )
    return contents.delay(offset_s)


def _arrange_frames(path: Path, contents: FrameLabels, request: LabelRequest) -> tuple[npt.NDArray[np.int8], list[str]]:
    """Return the labels of the behaviors that are requested, with a row per frame of the video, and notes."""
    naming = request.naming
    meanings = [naming.find_behavior(name) for name in contents.names]
    values = np.full((len(contents.values), len(request.behaviors)), -1, dtype=np.int8)
    for behavior in range(len(request.behaviors)):
        columns = contents.values[:, [column for column, meaning in enumerate(meanings) if meaning == behavior]]
        if not columns.shape[1] and request.policies.missing != "absent":
            continue
        # Of several columns that mean one behavior, any may show it; it is absent if all say so.
        values[:, behavior] = np.where((columns == 1).any(axis=1), 1, np.where((columns == -1).any(axis=1), -1, 0))
    is_open_ended = contents.is_open_ended and len(values) < request.frames.n_frames
    matched, note = _match_length(path, values, request, contents, is_open_ended=is_open_ended)
    left_out = naming.note_left_out(path, contents.left_out, "columns")
    return matched, [*left_out, *contents.notes, *([note] if note else [])]


def _match_length(
    path: Path, values: npt.NDArray[np.int8], request: LabelRequest, contents: FrameLabels, *, is_open_ended: bool
) -> tuple[npt.NDArray[np.int8], str | None]:
    """Return `values` (T, B) cut or padded to the frames of the video, and a note where that says something."""
    n_frames, broke_off = request.frames.n_frames, request.frames.broke_off
    surplus = len(values) - n_frames
    if surplus == 0:
        return values, None
    if surplus > 0 and not contents.is_sized and (values[n_frames:] == -1).all():
        # Rows without a label, as spreadsheets leave at the end.
        return values[:n_frames], None
    is_error = request.policies.out_of_range == "error" and not is_open_ended and not (broke_off and surplus > 0)
    if abs(surplus) > TOLERATED_FRAMES and is_error:
        counted = "" if contents.is_numbered or contents.is_sized else f" Each row was taken for a frame{_measure_interval(request.frames)}"
        if counted and contents.unread_times:
            counted += f", as its column {contents.unread_times!r} is not in seconds; write seconds, or hours:minutes:seconds."
        elif counted:
            counted += ": rows at other intervals need a column 'time', in seconds."
        raise LabelError(
            f"{path}: labels {len(values)} frames, but the video has {n_frames}, expected as many; are they the labels of another video?"
            f"{counted}"
        )
    if surplus < 0:
        padded = np.pad(values, ((0, -surplus), (0, 0)), constant_values=-1)
        return padded, f"{path}: {-surplus} of {n_frames} frames, the last ones, have no label."
    if broke_off:
        note = f"{path}: the video breaks off, and {surplus} of {len(values)} labelled frames are after its end and left out."
    else:
        note = (
            f"{path}: {surplus} of {len(values)} labelled frames are after its end; these last ones are left out, and if the video "
            "lost frames in its middle, all labels after them are shifted."
        )
    return values[:n_frames], note


def _measure_interval(frames: Frames) -> str:
    """Return the time between two frames for a message, "" if it is unknown."""
    return "" if frames.time_s is None or len(frames.time_s) < 2 else f" of {float(np.median(np.diff(frames.time_s))):.4g} s"
