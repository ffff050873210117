"""From a list of bouts to a label per frame; invalid bouts are found, and fixed or refused, on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError, suggest_nearest
from behavior.files.label_formats.bout_rows import OBSERVED
from behavior.files.label_formats.choosing import require_own_subject
from behavior.files.label_formats.label_format import BoutLabels
from behavior.files.label_formats.missing_behaviors import check_missing
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import EVERYBODY, LabelRequest
from behavior.frame_times import frame_edges
from behavior.recording import find_bouts

__all__ = ["TOLERATED_FRAMES", "find_frames", "paint_bouts", "paint_observed"]

# Labels that differ from the video by more frames than this do not belong to it.
TOLERATED_FRAMES = 2

NO_SUBJECT = "No focal subject"

_FARTHEST = 1 << 52

_ANOTHER_VIDEO = f"; are they the labels of another video? (labels: {{out_of_range: warn}} {IN_STUDY_FILE} cuts them)"


@dataclass(frozen=True)
class _Spans:
    """The requested rows: frames or seconds [start, stop), the index of the behavior that each shows (-1: an observed span), its line."""

    line: npt.NDArray[np.uint32]
    code: npt.NDArray[np.int32]
    subject: npt.NDArray[np.int32]
    behavior: npt.NDArray[np.int32]
    is_point: npt.NDArray[np.bool_]
    start: npt.NDArray[np.float64]
    stop: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.line)

    def keep(self, wanted: npt.NDArray[np.bool_]) -> _Spans:
        """Return the rows where `wanted` is True."""
        if wanted.all():
            return self
        return _Spans(**{name: values[wanted] for name, values in vars(self).items()})


def paint_bouts(path: Path, labels: BoutLabels, request: LabelRequest) -> tuple[npt.NDArray[np.int8], list[str]]:
    """Return the labels of the requested behaviors, int8 of shape (n_frames, B), and sentences on what is odd.

    A frame belongs to a bout in seconds if its time lies in [start, stop). Frames outside the observed spans are -1.

    Raises
    ------
    LabelError
        If no name is known, it is unclear whose bouts to read, or bouts are invalid and the policies call that an error.
    """
    return _Painter(path, labels, request).paint()


def paint_observed(path: Path, labels: BoutLabels, request: LabelRequest) -> npt.NDArray[np.bool_]:
    """Return which frames are in rows named ``observed`` of a table of our own, bool of shape (n_frames,); raises as `paint_bouts`."""
    return _Painter(path, labels, replace(request, behaviors=(), offset_s=None)).paint_observed()


class _Painter:
    """Turns the bouts of one file into frames, and collects notes."""

    def __init__(self, path: Path, labels: BoutLabels, request: LabelRequest) -> None:
        self._path, self._labels, self._request = path, labels, request
        self._policies = request.policies
        self._notes = list(labels.notes)
        # Behaviors that the file could not show.
        self._missing: list[int] = []

    def paint(self) -> tuple[npt.NDArray[np.int8], list[str]]:
        """Return the labels (n_frames, B) and the notes."""
        self._check_names()
        self._check_length()
        spans = self._choose_subject(self._select())
        spans = self._fix_inverted(self._check_points(spans))
        # Checked before rounding to frames, which may add overlaps that are not the rater's.
        self._check_overlaps(spans)
        spans = self._cut(self._as_frames(spans))
        behaviors, n_frames = self._request.behaviors, self._request.frames.n_frames
        values = np.zeros((n_frames, len(behaviors)), dtype=np.int8)
        for behavior in range(len(behaviors)):
            values[:, behavior] = _cover(spans.keep(spans.behavior == behavior), n_frames)
        observed = self._find_observed(spans)
        if observed is not None:
            for behavior, name in enumerate(behaviors):
                outside = int(np.count_nonzero(values[~observed, behavior]))
                if outside:
                    self._notes.append(
                        f"{self._path}: {outside} frames of {name!r} lie outside the observed spans and count as not labelled."
                    )
            values[~observed] = -1
        if self._policies.missing == "unlabelled":
            values[:, self._missing] = -1
        return values, self._notes

    def paint_observed(self) -> npt.NDArray[np.bool_]:
        """Return which frames rows named ``observed`` cover."""
        self._check_names()
        return _cover(self._cut(self._as_frames(self._fix_inverted(self._select()))), self._request.frames.n_frames)

    def _check_names(self) -> None:
        """Note the names that stand for no behavior; LabelError if they are likely to mean one, or if times are needed and unknown."""
        rows, naming = self._labels.rows, self._request.naming
        present = [name for name in rows.names if name != OBSERVED or self._labels.is_foreign]
        codable = list(dict.fromkeys((*present, *(self._labels.codable or ()))))
        naming.require_known(self._path, codable, is_foreign=self._labels.is_foreign)
        self._notes += naming.note_left_out(self._path, present, "behaviors")
        if self._labels.codable:
            self._notes += check_missing(self._path, codable, self._request, kind="behavior")
            self._missing = naming.list_missing(codable)
        if self._labels.is_foreign and not len(rows):
            self._notes.append(f"{self._path}: holds no bouts, so no behavior was shown while it was observed.")
        if self._labels.in_seconds and self._request.frames.time_s is None and len(rows):
            raise LabelError(f"{self._path}: is in seconds, but the times of the frames are unknown; give the video, or a table in frames.")

    def _check_length(self) -> None:
        """Raise LabelError if the file says that its video has another number of frames, as the policy says."""
        stated, frames = self._labels.n_frames, self._request.frames
        if stated is None or abs(stated - frames.n_frames) <= TOLERATED_FRAMES:
            return
        said = f"{self._path}: labels {stated} frames, but the video has {frames.n_frames}"
        if self._policies.out_of_range == "error" and not (frames.broke_off and stated > frames.n_frames):
            raise LabelError(
                f"{said}, expected as many; are they the labels of another video? (labels: {{out_of_range: warn}} {IN_STUDY_FILE} reads "
                "them.)"
            )
        self._notes.append(f"{said}; {'what is after its end is left out' if stated > frames.n_frames else 'the others are not labelled'}.")

    def _select(self) -> _Spans:
        """Return the rows of requested behaviors and of observed spans, in the video's time."""
        rows = self._labels.rows
        meanings = [self._request.naming.find_behavior(name) for name in rows.names]
        if not self._labels.is_foreign:
            meanings = [-1 if name == OBSERVED else behavior for name, behavior in zip(rows.names, meanings, strict=True)]
        wanted = np.array([behavior is not None for behavior in meanings], dtype=np.bool_)
        behaviors = np.array([-1 if behavior is None else behavior for behavior in meanings], dtype=np.int32)
        code, shift = rows.code, self._labels.shift
        start, stop = (rows.start - shift, rows.stop - shift) if shift else (rows.start, rows.stop)
        spans = _Spans(rows.line, code, rows.subject, behaviors[code], rows.is_point, start, stop).keep(wanted[code])
        if self._labels.window is None:
            return spans
        first, last = self._labels.window
        spans = spans.keep((np.maximum(spans.start, spans.stop) >= first) & (np.minimum(spans.start, spans.stop) < last))
        return replace(spans, start=np.clip(spans.start, first, last), stop=np.clip(spans.stop, first, last))

    def _choose_subject(self, spans: _Spans) -> _Spans:
        """Return the rows of the requested subject; LabelError if none is requested and several subjects would be mixed."""
        subjects, wanted = self._labels.rows.subjects, self._request.subject
        shown = [name or NO_SUBJECT for name in subjects]
        if wanted == EVERYBODY:
            return spans
        if wanted is not None:
            chosen = [index for index, name in enumerate(shown) if name.casefold() == wanted.strip().casefold()]
            # Formats without animals have nobody to name; an observation without events has none of anybody.
            if not chosen and (any(subjects) or (self._labels.has_animals and subjects)):
                listed = ", ".join(f"{name!r}" if name != NO_SUBJECT else f"{name!r} (bouts without a subject)" for name in shown)
                raise LabelError(
                    f"{self._path}: has no bouts of the subject {wanted!r}, only of {listed}; correct labels: {{subject: ...}} "
                    f"{IN_STUDY_FILE}, or give each recording its own: labels: {{subject: {{RECORDING: NAME}}}}"
                    f"{suggest_nearest(wanted, shown) or '.'}"
                )
            return spans.keep(np.isin(spans.subject, chosen)) if chosen else spans
        own = require_own_subject(self._path, subjects, self._request)
        if own is not None:
            return spans.keep(spans.subject == subjects.index(own))
        mixed = np.unique(spans.subject) if self._labels.has_animals else np.array([], dtype=np.int32)
        for behavior in [] if self._labels.has_animals else range(len(self._request.behaviors)):
            showing = np.unique(spans.subject[spans.behavior == behavior])
            mixed = showing if len(showing) > len(mixed) else mixed
        if len(mixed) > 1:
            raise LabelError(
                f"{self._path}: holds bouts of {', '.join(repr(shown[index]) for index in mixed)}; say {IN_STUDY_FILE} whose count: "
                f'labels: {{subject: {shown[mixed[0]]}}}, or labels: {{subject: "{EVERYBODY}"}} for all of them together.'
            )
        return spans

    def _check_points(self, spans: _Spans) -> _Spans:
        """Return the rows with or without events that have no duration, as the policy says."""
        points = np.flatnonzero(spans.is_point)
        if not len(points):
            return spans
        first, policy = self._describe_row(spans, points[0]), self._policies.point_events
        if policy == "error":
            raise LabelError(
                f"{self._path}: {first} is a point event, which has no duration; set labels: {{point_events: frame}} or leave_out."
            )
        events = "1 point event has" if len(points) == 1 else f"{len(points)} point events have"
        consequence = "each marks one frame" if policy == "frame" else "they are left out"
        self._notes.append(f"{self._path}: {events} no duration, the first is {first}; {consequence}.")
        return spans if policy == "frame" else spans.keep(~spans.is_point)

    def _fix_inverted(self, spans: _Spans) -> _Spans:
        """Return the rows with start and stop exchanged where the stop comes first, as the policy says."""
        wrong = np.flatnonzero((spans.stop <= spans.start) & ~spans.is_point)
        if not len(wrong):
            return spans
        first = wrong[0]
        described = self._describe_row(spans, first)
        if self._policies.inverted == "error":
            raise LabelError(
                f"{self._path}: {described} from {spans.start[first]:g} to {spans.stop[first]:g} is not a span, "
                f"expected a stop after the start; correct it, or set labels: {{inverted: warn}} {IN_STUDY_FILE} to have start and stop of "
                "such bouts exchanged."
            )
        bouts = "1 bout stops" if len(wrong) == 1 else f"{len(wrong)} bouts stop"
        self._notes.append(
            f"{self._path}: {bouts} at or before the start, the first is {described}; start and stop are exchanged, and "
            "bouts without a duration left out."
        )
        turned = replace(spans, start=np.minimum(spans.start, spans.stop), stop=np.maximum(spans.start, spans.stop))
        return turned.keep((turned.stop > turned.start) | turned.is_point)

    def _check_overlaps(self, spans: _Spans) -> None:
        """Note rows of one name and subject that overlap, or raise, as the policy says."""
        order = np.lexsort((spans.line, spans.start, spans.subject, spans.code))
        order = order[~spans.is_point[order]]
        if len(order) < 2:
            return
        code, subject, start, stop = (values[order] for values in (spans.code, spans.subject, spans.start, spans.stop))
        ends = np.empty(len(order))
        fresh = np.concatenate(([True], (code[1:] != code[:-1]) | (subject[1:] != subject[:-1])))
        # The latest stop so far, within rows of one name and subject.
        for begin, end in zip(np.flatnonzero(fresh), [*np.flatnonzero(fresh)[1:], len(order)], strict=True):
            ends[begin:end] = np.maximum.accumulate(stop[begin:end])
        slack = self._labels.tolerance_s if self._labels.in_seconds else 0.0
        overlapping = np.flatnonzero(~fresh[1:] & (start[1:] < ends[:-1] - slack)) + 1
        for name in np.unique(code[overlapping]):
            of_name = overlapping[code[overlapping] == name]
            shown = self._labels.rows.names[name]
            first = f"{self._labels.rows.row_word} {spans.line[order[of_name[0]]]}"
            if self._policies.overlapping == "error":
                raise LabelError(
                    f"{self._path}: {first}: {shown!r} starts before an earlier bout of it stops; correct it, or set labels: "
                    f"{{overlapping: warn}} {IN_STUDY_FILE} to have them read as one."
                )
            times = "once" if len(of_name) == 1 else f"{len(of_name)} times"
            self._notes.append(f"{self._path}: rows of {shown!r} overlap {times}, first at {first}; they are read as one.")

    def _as_frames(self, spans: _Spans) -> _Spans:
        """Return the rows in frames."""
        if not self._labels.in_seconds or self._request.frames.time_s is None:
            # A point in frames marks the frame that it names.
            return spans if not spans.is_point.any() else replace(spans, stop=np.where(spans.is_point, spans.start + 1, spans.stop))
        time_s, tolerance = self._request.frames.time_s, self._labels.tolerance_s
        start, stop = (find_frames(seconds, time_s, tolerance_s=tolerance) for seconds in (spans.start, spans.stop))
        # A point marks the frame that was shown: the last that had started.
        seen = find_frames(spans.start + 2 * tolerance, time_s, tolerance_s=tolerance) - 1
        start, stop = np.where(spans.is_point, seen, start), np.where(spans.is_point, seen + 1, stop)
        between = np.flatnonzero(start == stop)
        if len(between):
            bouts = "1 row falls" if len(between) == 1 else f"{len(between)} rows fall"
            first = self._describe_row(spans, between[0])
            self._notes.append(f"{self._path}: {bouts} between two frames, the first is {first}; such rows are left out.")
        return replace(spans, start=start, stop=stop).keep(start < stop)

    def _cut(self, spans: _Spans) -> _Spans:
        """Return the rows cut to the video; LabelError if one lies farther outside than rounding explains, as the policy says."""
        n_frames, broke_off = self._request.frames.n_frames, self._request.frames.broke_off
        # A bout without an end lasts as long as the video.
        spans = replace(spans, stop=np.where(np.isinf(spans.stop), n_frames, spans.stop))
        before, after = -spans.start, spans.stop - n_frames
        tolerated = TOLERATED_FRAMES if self._labels.in_seconds else 0
        if self._policies.out_of_range == "error" and len(spans):
            advice = _ANOTHER_VIDEO
            first, last = int(np.argmax(before)), int(np.argmax(after))
            if before[first] > tolerated:
                row = self._describe_row(spans, first)
                raise LabelError(f"{self._path}: {row} starts {before[first]:.0f} frames before the video does{advice}.")
            if after[last] > TOLERATED_FRAMES and not broke_off:
                row = self._describe_row(spans, last)
                raise LabelError(f"{self._path}: {row} ends at frame {spans.stop[last]:.0f}, but the video has {n_frames} frames{advice}.")
        if (before > 0).any():
            rows = "1 row starts" if np.count_nonzero(before > 0) == 1 else f"{np.count_nonzero(before > 0)} rows start"
            self._notes.append(f"{self._path}: {rows} up to {before.max():.0f} frames before the first frame; they are cut there.")
        late = after > 0
        if late.any():
            reason = "the video breaks off, and " if broke_off else ""
            rows = "1 row ends" if np.count_nonzero(late) == 1 else f"{np.count_nonzero(late)} rows end"
            self._notes.append(
                f"{self._path}: {reason}{rows} up to {after[late].max():.0f} frames after its last frame; they are cut there."
            )
        cut = replace(spans, start=np.clip(spans.start, 0, n_frames), stop=np.clip(spans.stop, 0, n_frames))
        return cut.keep(cut.start < cut.stop)

    def _find_observed(self, spans: _Spans) -> npt.NDArray[np.bool_] | None:
        """Return which frames were observed, None for all of them."""
        n_frames, time_s = self._request.frames.n_frames, self._request.frames.time_s
        if not self._labels.is_foreign and OBSERVED in self._labels.rows.names:
            return _cover(spans.keep(spans.behavior == -1), n_frames)
        if self._labels.observed is None:
            return None
        edges = np.array(self._labels.observed, dtype=np.float64).reshape(-1, 2)
        if self._labels.in_seconds and time_s is not None:
            edges = np.column_stack([find_frames(column, time_s, tolerance_s=self._labels.tolerance_s) for column in edges.T])
        self._check_end(edges)
        observed = np.zeros(n_frames, dtype=np.bool_)
        for start, stop in np.clip(edges, 0, n_frames).astype(np.int64).tolist():
            observed[start:stop] = True
        # The end of an observation is rarely exact to the frame.
        missing = find_bouts(~observed)
        if len(missing) and missing[-1, 1] == n_frames and missing[-1, 1] - missing[-1, 0] <= TOLERATED_FRAMES and observed.any():
            observed[missing[-1, 0] :] = True
        if observed.all():
            return None
        self._notes.append(
            f"{self._path}: {np.count_nonzero(~observed)} of {n_frames} frames lie outside the observed spans and count as not labelled."
        )
        return observed

    def _check_end(self, edges: npt.NDArray[np.float64]) -> None:
        """Raise LabelError if the observed spans, in frames of shape (N, 2), end after the video does, as the policy says."""
        frames, stops = self._request.frames, edges[np.isfinite(edges[:, 1]), 1]
        slack = self._labels.observed_slack
        if self._labels.in_seconds and frames.time_s is not None and slack:
            slack = float(find_frames(np.array([slack]), frames.time_s - frames.time_s[0], tolerance_s=0.0)[0])
        if not len(stops) or stops.max() - slack <= frames.n_frames + TOLERATED_FRAMES:
            return
        said = f"{self._path}: was observed until frame {stops.max():.0f}, but the video has {frames.n_frames} frames"
        if self._policies.out_of_range == "error" and not frames.broke_off:
            raise LabelError(f"{said}{_ANOTHER_VIDEO}.")
        self._notes.append(f"{said}; what is after its end is left out.")

    def _describe_row(self, spans: _Spans, row: int | np.integer) -> str:
        return f"{self._labels.rows.row_word} {spans.line[row]}: {self._labels.rows.names[spans.code[row]]!r}"


def find_frames(seconds: npt.NDArray[np.float64], time_s: npt.NDArray[np.float64], *, tolerance_s: float) -> npt.NDArray[np.float64]:
    """Return the first frame at each of `seconds` or later, as whole float64 numbers.

    Before the first and after the last frame, frames are counted at the median interval.

    Parameters
    ----------
    time_s
        Times of the frames in seconds, shape (T,), increasing.
    tolerance_s
        A frame that is earlier by less counts as at that time.

    Examples
    --------
    >>> find_frames(np.array([0.0, 0.15, 0.5]), np.array([0.0, 0.1, 0.2]), tolerance_s=1e-6).tolist()
    [0.0, 2.0, 5.0]
    """
    edges = frame_edges(time_s)
    interval = float(np.median(np.diff(edges))) if len(edges) > 1 else 0.0
    sought = np.asarray(seconds, dtype=np.float64) - tolerance_s
    frames = np.searchsorted(time_s, sought).astype(np.float64)
    if interval > 0:
        late, early = sought > edges[-1], sought < edges[0] - interval
        frames[late] = len(time_s) + np.ceil((sought[late] - edges[-1]) / interval)
        frames[early] = np.ceil((sought[early] - edges[0]) / interval)
    return np.where(np.isinf(frames), frames, np.clip(frames, -_FARTHEST, _FARTHEST))


def _cover(spans: _Spans, n_frames: int) -> npt.NDArray[np.bool_]:
    """Return which frames are in any of `spans`, bool of shape (n_frames,)."""
    steps = np.zeros(n_frames + 1, dtype=np.int32)
    np.add.at(steps, spans.start.astype(np.int64), 1)
    np.add.at(steps, spans.stop.astype(np.int64), -1)
    return np.cumsum(steps, out=steps)[:-1] > 0
