"""A stored ethogram as the timeline shows it: pyramids of probabilities, thresholds, and the bouts that were decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import EthogramError
from behavior.files.ethograms import read_annotation
from behavior.frame_sampling import find_greatest
from behavior.provenance import Familiarity
from behavior.recording import find_bouts
from behavior.review.pyramids import build_pyramid, quantize

__all__ = ["Predictions", "read_predictions"]

# More than a strip has pixels.
MOST_DISTANCES = 2000


@dataclass(frozen=True)
class Predictions:
    """What a model predicts about a recording.

    Attributes
    ----------
    behaviors
        Those that the model knows, B names.
    pyramid
        Of their probabilities (`pyramids.build_pyramid`).
    thresholds
        By behavior, as far as they are known.
    decided
        Bouts by behavior, int64 of shape (N, 2).
    is_trained_on
        Whether the model was trained on this recording.
    verdict, reasons
        Whether the recording is like the training recordings (`provenance.Familiarity`), and why; "" where nothing is known.
    distances
        Of frames from the training frames: the greatest of each of `MOST_DISTANCES` stretches at most; empty where they are not known.
    """

    behaviors: tuple[str, ...]
    pyramid: Sequence[npt.NDArray[np.uint8]]
    thresholds: Mapping[str, float]
    decided: Mapping[str, npt.NDArray[np.int64]]
    is_trained_on: bool
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    distances: Sequence[float] = ()

    def cut(self, level: int, start: int, stop: int) -> bytes:
        """Return rows [start, stop) of a level, minima and maxima by row and behavior; IndexError if there is no such level."""
        if not 0 <= level < len(self.pyramid) or start < 0 or stop < start:
            raise IndexError(level)
        return np.ascontiguousarray(self.pyramid[level][start:stop]).tobytes()


def read_predictions(path: Path, *, n_frames: int) -> Predictions:
    """Read the ethogram at `path` of a recording with `n_frames` frames.

    Raises
    ------
    EthogramError
        If it cannot be used, or has another number of frames than the video.
    """
    annotation = read_annotation(path)
    if len(annotation.probabilities) != n_frames:
        raise EthogramError(
            f"{path}: has {len(annotation.probabilities)} frames, but the video has {n_frames}; annotate the recording again."
        )
    postprocess = annotation.provenance.postprocess
    threshold = None if postprocess is None else postprocess.threshold
    familiarity = annotation.provenance.familiarity or Familiarity()
    distances = () if annotation.distances is None else find_greatest(annotation.distances, MOST_DISTANCES).tolist()
    known = dict.fromkeys(annotation.behaviors, threshold) if not isinstance(threshold, Mapping) else dict(threshold)
    return Predictions(
        annotation.behaviors,
        build_pyramid(quantize(annotation.probabilities.values)),
        {name: float(value) for name, value in known.items() if value is not None},
        {name: find_bouts(annotation.ethogram.values[:, column]) for column, name in enumerate(annotation.behaviors)},
        bool(annotation.provenance.learned_from),
        familiarity.verdict or "",
        familiarity.reasons,
        distances,
    )
