"""Why the model predicts what it predicts, for the page: computed in a lasting process, so the server never loads a network."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from behavior.compute.companion import Companion
from behavior.errors import EthogramError, UsageError
from behavior.review.reviewed_study import ReviewedStudy

__all__ = ["Explanations", "answer_for_page"]

_MOST_KEPT = 200

# The last ethogram that the lasting process opened, by its path and the other arguments.
_opened: dict[tuple[object, ...], Any] = {}


def answer_for_page(
    *, ethogram: Path, study: Path | None, stamp: str, frame: int, behavior: str, is_bout: bool, advance: Callable[[float], None]
) -> dict[str, Any]:
    """Return the numbers of an explanation; raises as `ExplainedEthogram.explain` and `open_explained`.

    Parameters
    ----------
    stamp
        Of the ethogram's file; another one has it opened again.
    """
    from behavior.compute.loading import load_keras

    load_keras()
    from behavior.learning.explained_ethogram import open_explained
    from behavior.reporting.explained_frame import describe_explanation

    key = ethogram, study, stamp
    if key not in _opened:
        for opened in _opened.values():
            opened.explainer.close()
        _opened.clear()
        _opened[key] = open_explained(ethogram, study=study, may_embed=False)
    return describe_explanation(_opened[key].explain(frame, behavior, is_bout=is_bout, advance=advance))


class Explanations:
    """Explanations that people have asked for; threads may share it. Of those that wait, each person's last counts.

    Parameters
    ----------
    reviewed
        The study.
    """

    def __init__(self, reviewed: ReviewedStudy) -> None:
        self._reviewed = reviewed
        self._companion = Companion()
        self._kept: OrderedDict[tuple[object, ...], dict[str, Any]] = OrderedDict()
        self._lock, self._working = threading.Lock(), threading.Lock()
        self._wanted: dict[str, tuple[object, ...]] = {}
        self._share: float | None = None

    def describe(self) -> dict[str, Any]:
        """Return how far the one at work is: None while the process starts, and where there is none."""
        return {"is_working": self._working.locked(), "share": self._share}

    def ask(self, recording: str, frame: int, behavior: str, *, is_bout: bool, viewer: str) -> dict[str, Any]:
        """Return the numbers of an explanation.

        Raises
        ------
        EthogramError
            If the recording has no ethogram.
        UsageError
            If the same viewer asked for another explanation in the meantime.
        BehaviorError
            As `answer_for_page`.
        """
        path = self._reviewed.ethograms.get(recording)
        if path is None or not path.is_file():
            raise EthogramError(f"recording {recording!r} has no ethogram to explain; predict it first.")
        status = path.stat()
        stamp = f"{status.st_mtime_ns} {status.st_size}"
        key = path, stamp, frame, behavior, is_bout
        with self._lock:
            self._wanted[viewer] = key
            if key in self._kept:
                return self._kept[key]
        with self._working:
            with self._lock:
                if self._wanted.get(viewer) != key:
                    raise UsageError("another frame was asked about meanwhile.")
            self._share = None
            answer = self._companion.call(
                answer_for_page,
                advance=self._note,
                ethogram=path,
                study=self._reviewed.study_path,
                stamp=stamp,
                frame=frame,
                behavior=behavior,
                is_bout=is_bout,
            )
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return answer

    def close(self) -> None:
        """End the process."""
        self._companion.close()

    def _note(self, share: float) -> None:
        self._share = share
