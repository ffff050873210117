"""The queue of clips to label: a batch is chosen in a process of its own, so that no picture waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from behavior.errors import BehaviorError, UsageError
from behavior.files.clip_queue import QUEUE_FILE, ClipState, QueuedClip, add_clips, list_clips, read_clips, set_clip_state
from behavior.review.desk import Desk

__all__ = ["Suggester"]

_logger = logging.getLogger("behavior.review")

_MOST_SHOWN = 500


class Suggester:
    """The queue of the rater whose labels are edited; threads may share it.

    Parameters
    ----------
    desk
        Where the study is open.

    Attributes
    ----------
    notes
        Sentences on what the last batch could not be chosen by.
    problem
        Why the last batch could not be chosen; "" where it could.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.notes: tuple[str, ...] = ()
        self.problem = ""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def path(self) -> Path:
        """Where the queue is kept, next to the study file."""
        return self._desk.reviewed.folder / QUEUE_FILE

    @property
    def is_busy(self) -> bool:
        """Whether a batch is being chosen."""
        return self._thread is not None and self._thread.is_alive()

    def describe(self) -> dict[str, Any]:
        """Return the page's data: the clips of the last batch and those still open, and how many of all batches are done.

        Raises
        ------
        InputError
            If the table of clips cannot be used.
        """
        clips = self._list_own()
        last = max((clip.round for clip in clips), default=0)
        done = list_clips(clips, rater=self._desk.rater, state="done")
        return {
            "is_busy": self.is_busy,
            "notes": self.notes,
            "problem": self.problem,
            "round": last,
            "n_done": len(done),
            "n_random_done": len(list_clips(done, rater=self._desk.rater, is_random=True)),
            "clips": [_describe(clip) for clip in clips if clip.round == last or clip.state == "open"][:_MOST_SHOWN],
        }

    def refresh(self, *, count: int, random_share: float, clip_s: float) -> None:
        """Begin to choose a new batch; the open clips of the last one that were not drawn at random give way to it.

        Raises
        ------
        UsageError
            If one is being chosen, or there is no study yet.
        InputError
            If the table of clips cannot be used.
        OutputError
            If edited labels cannot be written.
        """
        with self._lock:
            if self.is_busy:
                raise UsageError("clips are already being chosen; wait until that is done.")
            reviewed = self._desk.reviewed
            if reviewed.study_path is None:
                raise UsageError("there is no study yet; name a behavior first, at the right.")
            clips = self._list_own()
            self._desk.write_labels()
            arguments = {
                "study": reviewed.study_path,
                "rater": self._desk.rater,
                "count": count,
                "random_share": random_share,
                "clip_s": clip_s,
                "ethograms": dict(reviewed.ethograms),
                "asked": _group(clips),
                "drawn": tuple((clip.recording, clip.start_frame) for clip in clips if clip.is_random and clip.state != "open"),
            }
            number = 1 + max((clip.round for clip in clips), default=0)
            self._thread = threading.Thread(target=self._choose, args=(arguments, number), name="suggesting", daemon=True)
            self._thread.start()

    def decide(self, recording: str, start: int, stop: int, state: ClipState) -> dict[str, Any]:
        """Set the state of a clip, and return the queue as `describe` does; raises as `files.clip_queue.set_clip_state`."""
        set_clip_state(self.path, (self._desk.rater, recording, start, stop), state)
        return self.describe()

    def _list_own(self) -> list[QueuedClip]:
        """Return the rater's clips in recordings that the study still has."""
        clips = list_clips(read_clips(self.path), rater=self._desk.rater)
        return [clip for clip in clips if clip.recording in self._desk.reviewed.recordings]

    def _choose(self, arguments: Mapping[str, Any], number: int) -> None:
        """Choose a batch in a process of its own, and put it into the queue."""
        from behavior.compute.child import call_in_child
        from behavior.learning.suggestion_inputs import SuggestionRequest, suggest_for_study

        self.problem = ""
        try:
            batch = call_in_child(suggest_for_study, request=SuggestionRequest(**arguments))
            clips = [
                QueuedClip(
                    one.recording,
                    one.start_frame,
                    one.stop_frame,
                    one.reason,
                    one.is_random,
                    state="done" if one.is_looked_at else "open",
                    rater=self._desk.rater,
                    round=number,
                )
                for one in batch.suggestions
            ]
            self.notes = batch.notes
            if any(clip.state == "open" for clip in clips):
                add_clips(self.path, clips)
            else:
                self.problem = "Everything that can be labelled was looked at or is left out, so there is nothing to suggest."
        except BehaviorError as error:
            self.problem = str(error)
            _logger.error("%s", error)


def _group(clips: list[QueuedClip]) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the frames of clips that were decided on, by recording."""
    spans: dict[str, tuple[tuple[int, int], ...]] = {}
    for clip in clips:
        if clip.state != "open":
            spans[clip.recording] = (*spans.get(clip.recording, ()), (clip.start_frame, clip.stop_frame))
    return spans


def _describe(clip: QueuedClip) -> dict[str, Any]:
    return {
        **{"recording": clip.recording, "start": clip.start_frame, "stop": clip.stop_frame},
        **{"reason": clip.reason, "is_random": clip.is_random, "state": clip.state},
    }
