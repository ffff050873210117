"""The bouts that people and the model, or raters, see differently, of all recordings: computed from files in a thread, and kept."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from behavior.errors import BehaviorError, EthogramError, VideoError
from behavior.files.ethograms import read_annotation
from behavior.recording import Annotation, Frames, Labels, Recording
from behavior.review.label_session import stamp_file
from behavior.review.rater_labels import read_rater_file
from behavior.review.reviewed_study import ReviewedStudy
from behavior.review.video_indices import VideoIndices

__all__ = ["KINDS", "DifferenceItem", "DifferenceKind", "Differences", "Listed"]

DifferenceKind = Literal["missed", "extra", "bounds", "parts", "unsure"]
KINDS: tuple[DifferenceKind, ...] = get_args(DifferenceKind)

# Items that are kept of each kind of each behavior of a recording: fewer where there are many recordings.
_MOST_KEPT, _LEAST_KEPT, _MOST_ITEMS = 100, 4, 60_000
_SECONDS_BETWEEN_ROUNDS = 1.0

_Stamp = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class DifferenceItem:
    """A difference, or a bout that the model is not sure of.

    Attributes
    ----------
    kind
        As `metrics.differences.Difference.kind`, or "unsure".
    rater
        Whose labels; None for an unsure bout.
    other
        The other rater; None where the other side is the model.
    start_frame, stop_frame
        Half-open.
    labelled, decided
        First to last bout of each side; None where it has none.
    n_labelled, n_decided
        Bouts of each side.
    weight
        Sort key of the list, greatest first: frames times confidence; for an unsure bout, minus its margin.
    start_error_s, stop_error_s
        How much later the decided side starts and stops; None where only one side has a bout.
    start_s, stop_s
        Times of the span.
    probability, threshold
        Mean probability of an unsure bout, and what it has to reach; else None.
    """

    recording: str
    behavior: str
    kind: DifferenceKind
    rater: str | None
    other: str | None
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    weight: float
    labelled: tuple[int, int] | None = None
    decided: tuple[int, int] | None = None
    n_labelled: int = 0
    n_decided: int = 0
    start_error_s: float | None = None
    stop_error_s: float | None = None
    probability: float | None = None
    threshold: float | None = None

    @property
    def is_of_raters(self) -> bool:
        """Whether it shows what another rater labelled."""
        return self.other is not None


@dataclass(frozen=True)
class Listed:
    """An answer to what is asked.

    Attributes
    ----------
    items
        The greatest first.
    n_found
        Number of differences that match the request, including those not kept or not listed.
    n_compared, n_recordings
        How many recordings are compared, and how many there are with something to compare.
    problems
        Why a recording is not compared, by recording.
    version
        Version of all differences; changes with every recording that is compared.
    has_failed
        Whether an unexpected error ended the comparison; the terminal shows it.
    """

    items: Sequence[DifferenceItem]
    n_found: int
    n_compared: int
    n_recordings: int
    problems: dict[str, str]
    version: int
    has_failed: bool = False


@dataclass(frozen=True)
class _Compared:
    stamp: tuple[tuple[str, ...], tuple[_Stamp, ...]]
    with_raters: bool
    items: Sequence[DifferenceItem]
    counts: dict[tuple[str, DifferenceKind, bool], int]
    problem: str


class Differences:
    """Lists of differences; threads may share it.

    Parameters
    ----------
    reviewed
        The study.
    rater
        Whose labels are compared with the model; "" for the manifest's plain column.
    indices
        Tell the frames of recordings without an ethogram.
    wait
        Called before each recording: may take its time, and ends the comparing by returning False.
    """

    def __init__(self, reviewed: ReviewedStudy, rater: str, indices: VideoIndices, wait: Callable[[], bool]) -> None:
        self._reviewed, self._rater, self._indices, self._wait = reviewed, rater, indices, wait
        self._compared: dict[str, _Compared] = {}
        self._version = 0
        self._has_failed = False
        self._first = ""
        self._with_raters = False
        self._lock = threading.Lock()
        self._is_wanted = threading.Event()
        self._is_ending = threading.Event()

    def list_items(
        self,
        *,
        current: str = "",
        recording: str = "",
        behavior: str = "",
        kinds: Sequence[DifferenceKind] = (),
        of_raters: bool = False,
        most: int = 300,
    ) -> Listed:
        """Return what is known so far, and have the rest compared.

        Parameters
        ----------
        current
            The recording that is compared first.
        recording, behavior
            Those that are wanted; "" for all.
        kinds
            Likewise; none for all.
        of_raters
            Differences between raters instead of those between the rater and the model.
        most
            How many items to return.
        """
        with self._lock:
            self._first = current
            self._with_raters |= of_raters
            known, version = dict(self._compared), self._version
        self._is_wanted.set()
        names = [name for name in self._list_names(with_raters=of_raters) if recording in ("", name)]
        compared = {name: known[name] for name in names if name in known and (known[name].with_raters or not of_raters)}
        items = heapq.nlargest(
            most,
            (
                item
                for one in compared.values()
                for item in one.items
                if item.is_of_raters == of_raters and behavior in ("", item.behavior) and (not kinds or item.kind in kinds)
            ),
            key=lambda item: item.weight,
        )
        n_found = sum(
            count
            for one in compared.values()
            for (name, kind, is_of_raters), count in one.counts.items()
            if is_of_raters == of_raters and behavior in ("", name) and (not kinds or kind in kinds)
        )
        problems = {name: one.problem for name, one in compared.items() if one.problem}
        return Listed(items, n_found, len(compared), len(names), problems, version, self._has_failed)

    def run(self) -> None:
        """Compare recordings whose files are new or have changed, whenever lists are asked for, until `end`."""
        while not self._is_ending.is_set():
            self._is_wanted.wait()
            self._is_wanted.clear()
            try:
                self.compare_all()
            except BaseException:
                self._has_failed = True
                raise
            self._is_ending.wait(_SECONDS_BETWEEN_ROUNDS)

    def end(self) -> None:
        """Compare nothing more."""
        self._is_ending.set()
        self._is_wanted.set()

    def compare_all(self) -> None:
        """Compare what is new or has changed, the recording that is looked at first."""
        done: set[str] = set()
        others = iter(list(self._reviewed.recordings))
        while not self._is_ending.is_set() and self._wait():
            with self._lock:
                first, with_raters = self._first, self._with_raters
            # A recording that is opened meanwhile comes next.
            waiting = itertools.chain([first], others)
            name = next((name for name in waiting if name in self._reviewed.recordings and name not in done), None)
            if name is None:
                return
            done.add(name)
            self._compare_one(self._reviewed.recordings[name], with_raters=with_raters)

    def _list_names(self, *, with_raters: bool) -> list[str]:
        recordings = self._reviewed.recordings.values()
        if with_raters:
            return [recording.id for recording in recordings if len(recording.labels) > 1]
        return [recording.id for recording in recordings if recording.id in self._reviewed.ethograms]

    def _compare_one(self, recording: Recording, *, with_raters: bool) -> None:
        ethogram = self._reviewed.ethograms.get(recording.id)
        if ethogram is None and not (with_raters and len(recording.labels) > 1):
            return
        files = tuple(stamp_file(path) for path in (*recording.labels.values(), ethogram) if path is not None)
        stamp = (self._reviewed.behaviors, files)
        with self._lock:
            known = self._compared.get(recording.id)
        if known is not None and known.stamp == stamp and (known.with_raters or not with_raters):
            return
        items: list[DifferenceItem] = []
        problem = ""
        try:
            annotation = None if ethogram is None else read_annotation(ethogram)
            if annotation is not None and ethogram is not None:
                items += self._compare_model(recording, ethogram, annotation)
            if with_raters:
                items += self._compare_raters(recording, annotation)
        except BehaviorError as error:
            problem = str(error)
        kept, counts = self._keep_greatest(items)
        with self._lock:
            self._version += 1
            self._compared[recording.id] = _Compared(stamp, with_raters, kept, counts, problem)

    def _keep_greatest(self, items: Sequence[DifferenceItem]) -> tuple[list[DifferenceItem], dict[tuple[str, DifferenceKind, bool], int]]:
        n_lists = max(len(self._reviewed.recordings) * len(self._reviewed.behaviors) * len(KINDS) * 2, 1)
        most = min(max(_MOST_ITEMS // n_lists, _LEAST_KEPT), _MOST_KEPT)
        groups: dict[tuple[str, DifferenceKind, bool], list[DifferenceItem]] = {}
        for item in items:
            groups.setdefault((item.behavior, item.kind, item.is_of_raters), []).append(item)
        kept = [item for group in groups.values() for item in heapq.nlargest(most, group, key=lambda item: item.weight)]
        return kept, {key: len(group) for key, group in groups.items()}

    def _compare_model(self, recording: Recording, path: Path, annotation: Annotation) -> Iterator[DifferenceItem]:
        # What compares needs libraries that take a second to load, and that a page without lists does not need.
        from behavior.learning.label_differences import compare_with_model
        from behavior.learning.uncertain_bouts import find_uncertain_bouts

        if not set(annotation.behaviors) & set(self._reviewed.behaviors):
            raise EthogramError(
                f"{path}: has the behaviors {', '.join(annotation.behaviors)}, but the study has none of them; it belongs to another study."
            )
        for bout in find_uncertain_bouts([annotation], count=len(annotation.time_s)):
            if bout.behavior not in self._reviewed.behaviors:
                continue
            yield DifferenceItem(
                recording=recording.id,
                behavior=bout.behavior,
                kind="unsure",
                rater=None,
                other=None,
                start_frame=bout.start_frame,
                stop_frame=bout.stop_frame,
                start_s=bout.start_s,
                stop_s=bout.stop_s,
                weight=-bout.margin,
                decided=(bout.start_frame, bout.stop_frame),
                n_decided=1,
                probability=bout.mean_probability,
                threshold=bout.threshold,
            )
        own = recording.labels.get(self._rater)
        if own is not None:
            labels = self._read(recording, own, self._rater, annotation.frames)
            yield from _make_items(recording.id, compare_with_model(annotation, labels, rater=self._rater), annotation.frames)

    def _compare_raters(self, recording: Recording, annotation: Annotation | None) -> Iterator[DifferenceItem]:
        from behavior.learning.label_differences import compare_raters

        if len(recording.labels) < 2:
            return
        frames = self._find_frames(recording) if annotation is None else annotation.frames
        # The rater who looks is the first of each pair.
        raters = sorted(recording.labels, key=lambda rater: rater != self._rater)
        labels = {rater: self._read(recording, recording.labels[rater], rater, frames) for rater in raters}
        assert frames.time_s is not None
        yield from _make_items(recording.id, compare_raters(labels, time_s=frames.time_s), frames)

    def _read(self, recording: Recording, path: Path, rater: str, frames: Frames) -> Labels:
        reviewed = self._reviewed
        return read_rater_file(recording, path, rater, frames=frames, behaviors=reviewed.behaviors, settings=reviewed.label_settings)

    def _find_frames(self, recording: Recording) -> Frames:
        if recording.video is None:
            raise VideoError(f"recording {recording.id!r} has neither a video nor an ethogram, so its frames are not known.")
        index = self._indices.open(recording.video)
        if not index.is_complete:
            raise VideoError(f"{recording.video}: has to be read through before labels are compared; open the recording.")
        return Frames.from_times(index.time_s)


def _make_items(recording: str, differences: Sequence, frames: Frames) -> Iterator[DifferenceItem]:
    from behavior.frame_times import frame_edges, frame_stops

    assert frames.time_s is not None
    stops = frame_stops(frame_edges(frames.time_s))
    for one in differences:
        found = one.found
        is_two_sided = found.labelled is not None and found.decided is not None
        yield DifferenceItem(
            recording,
            one.behavior,
            found.kind,
            one.rater,
            one.other,
            found.start_frame,
            found.stop_frame,
            float(frames.time_s[found.start_frame]),
            float(stops[found.stop_frame - 1]),
            found.weight,
            labelled=found.labelled,
            decided=found.decided,
            n_labelled=found.n_labelled,
            n_decided=found.n_decided,
            start_error_s=found.start_error_s if is_two_sided else None,
            stop_error_s=found.stop_error_s if is_two_sided else None,
        )
