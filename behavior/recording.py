"""The vocabulary: what a recording is, and the arrays that are known about it.

Frames are 0-based, bouts half-open. Every class is frozen, and its shapes are checked once, when it is made; the code that
takes one trusts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from behavior.frame_times import estimate_fps
from behavior.provenance import Provenance

__all__ = [
    "Annotation",
    "Bout",
    "CorrectionAction",
    "Ethogram",
    "Frames",
    "Labels",
    "PoseCoordinates",
    "Probabilities",
    "Recording",
    "Spot",
    "Track",
    "TrackCorrection",
    "Tracklet",
    "find_bouts",
    "is_safe_name",
]

Split = Literal["train", "test"]
CorrectionAction = Literal["swap", "assign", "split", "merge", "remove", "name"]
PoseCoordinates = Literal["auto", "upright", "stored"]


@dataclass(frozen=True)
class Recording:
    """One row of the manifest.

    Attributes
    ----------
    id
        Unique in the manifest and safe as a file name.
    video, pose
        Absolute paths; None where the manifest leaves the cell empty.
    labels
        Label file of each rater; the manifest's plain `labels` column has the rater name "".
    animal
        Which animal was recorded; the recording's own id where the manifest does not say.
    group
        Treatment or genotype; "" where the manifest does not say.
    split
        "test" recordings are never touched by cross-validation or search.
    individual
        What the pose file calls the animal; "" where it has one animal, or the study's crop says which.
    pose_coordinates
        Whether the pose is in pixels of the upright picture or of the stored one, where the video's metadata turn it; "auto" to find out.
    companions
        The other recordings of the same video, by id, with the individual of each.
    shared_labels
        Those of its label files that a companion has, too.
    fps
        Frames per second where there is no video and the pose file does not say; None where the manifest and the study do not either.
    sex, age, species
        Of the animal, for archives: M, F, O or U; an ISO 8601 duration; a Latin name. "" where the manifest does not say.
    clock_start, lights_on, lights_off
        When it began by the clock, and when the lights go on and off; None where the manifest does not say.
    views, start_s, line
        Its other views by name, as recordings `ID@NAME`; how many seconds after the first view it starts; where in the manifest it stands.
    """

    id: str
    video: Path | None = None
    pose: Path | None = None
    labels: Mapping[str, Path] = field(default_factory=dict)
    animal: str = ""
    group: str = ""
    split: Split = "train"
    individual: str = ""
    pose_coordinates: PoseCoordinates = "auto"
    companions: Mapping[str, str] = field(default_factory=dict)
    shared_labels: frozenset[Path] = frozenset()
    fps: float | None = None
    sex: str = ""
    age: str = ""
    species: str = ""
    clock_start: datetime | None = None
    lights_on: time | None = None
    lights_off: time | None = None
    views: Mapping[str, Recording] = field(default_factory=dict)
    start_s: float = 0.0
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Frames:
    """The frames of one recording.

    Attributes
    ----------
    n_frames
        How many there are, counted by decoding.
    time_s
        Their times in seconds, float64 of shape (n_frames,); None if unknown.
    broke_off
        Whether the video ends before its header says.

    >>> Frames.from_times(np.array([0.0, 0.1, 0.2])).n_frames
    3
    """

    n_frames: int
    time_s: npt.NDArray[np.float64] | None = None
    broke_off: bool = False

    def __post_init__(self) -> None:
        if self.n_frames < 0:
            raise ValueError(f"n_frames is {self.n_frames}, expected 0 or more")
        if self.time_s is not None:
            _require_shape("time_s", self.time_s, (self.n_frames,))

    @classmethod
    def from_times(cls, time_s: npt.NDArray[np.float64], *, broke_off: bool = False) -> Frames:
        """Return the frames at `time_s` seconds, float64 of shape (T,)."""
        return cls(len(time_s), time_s, broke_off)


@dataclass(frozen=True)
class Track:
    """Pose of one animal.

    Attributes
    ----------
    positions
        Pixels from the upper left corner of the upright frame, float64 of shape (T, P, 2) as x, y; NaN where the point was not found.
    likelihoods
        Float64 of shape (T, P) in [0, 1]; 1 where the tracker gives none.
    body_parts
        P names, as the file spells them.
    time_s
        When each row was measured, in seconds from the start of the video, float64 of shape (T,), increasing; None where row t is
        frame t, as in every track that was matched to a video.
    may_end_early
        Whether the file it comes from leaves out the frames after the last detection.
    stated_frames
        How many frames the file says that its video has; None if it does not.
    frame_numbers
        The numbers that the file gives the rows that it has, int64 of shape (R,), increasing, where the first is not 0, so that it may
        count from 1; None where row t is frame t, as in every track that was matched to a video.

    >>> track = Track(np.array([[[3.0, 4.0]], [[np.nan, np.nan]]]), np.array([[0.9], [0.1]]), ("nose",))
    >>> len(track), track.positions.shape
    (2, (2, 1, 2))
    """

    positions: npt.NDArray[np.float64]
    likelihoods: npt.NDArray[np.float64]
    body_parts: tuple[str, ...]
    time_s: npt.NDArray[np.float64] | None = None
    may_end_early: bool = False
    stated_frames: int | None = None
    frame_numbers: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n_parts = len(self.body_parts)
        _require_shape("positions", self.positions, (None, n_parts, 2))
        _require_shape("likelihoods", self.likelihoods, (len(self.positions), n_parts))
        if self.time_s is not None:
            _require_shape("time_s", self.time_s, (len(self.positions),))
        _require_unique("body_parts", self.body_parts)

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class Tracklet:
    """Frames through which one animal was followed without doubt, K of them: between two crossings, losses or jumps.

    Attributes
    ----------
    frames
        Which frames, int64 of shape (K,), increasing; a frame in which the animal was not seen may be left out.
    positions
        Centre in pixels from the upper left corner of the upright frame, float64 of shape (K, 2) as x, y.
    angles
        Direction of the long axis, towards the head where that is known, radians from x towards y, float64 of shape (K,); NaN if unknown.
    sizes
        Length and width in pixels, float64 of shape (K, 2); NaN where unknown.
    touching
        Whether the animal touches another one, or was cut out of a spot that both share, bool of shape (K,).

    >>> unknown = np.full(2, np.nan)
    >>> first = Tracklet(np.array([4, 5]), np.zeros((2, 2)), unknown, np.full((2, 2), np.nan), np.zeros(2, dtype=bool))
    >>> first.start_frame, first.stop_frame, len(first)
    (4, 6, 2)
    """

    frames: npt.NDArray[np.int64]
    positions: npt.NDArray[np.float64]
    angles: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.float64]
    touching: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        n_frames = len(self.frames)
        _require_shape("frames", self.frames, (n_frames,))
        for name, more in (("positions", (2,)), ("angles", ()), ("sizes", (2,)), ("touching", ())):
            _require_shape(name, getattr(self, name), (n_frames, *more))
        if n_frames == 0:
            raise ValueError("a tracklet has no frame, expected at least one")
        if self.frames[0] < 0 or (np.diff(self.frames) <= 0).any():
            raise ValueError("frames of a tracklet do not increase from 0 or later")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def start_frame(self) -> int:
        """First frame."""
        return int(self.frames[0])

    @property
    def stop_frame(self) -> int:
        """One past the last frame."""
        return int(self.frames[-1]) + 1


@dataclass(frozen=True)
class Spot:
    """Where an animal was found: a frame, and its centre in pixels."""

    frame: int
    x: float
    y: float


@dataclass(frozen=True)
class TrackCorrection:
    """What a person says of a track, by frames and positions, so that it holds for another track of the same video.

    Attributes
    ----------
    action
        `swap`: the animal at `at` goes on as the one at `other`; from `start_frame` on, the two are exchanged. `assign`: the tracklet at
        `at` is the animal that is at `other`, or one of its own. `split`: the tracklet at `at` ends before that frame. `merge`: the animals
        at `at` and at `other` are one. `remove`: the tracklet at `at` is no animal. `name`: the animal at `at` is called `name`.
    start_frame, stop_frame
        Frames [start, stop) that it is about; None for the first and the end.
    """

    action: CorrectionAction
    at: Spot
    other: Spot | None = None
    start_frame: int | None = None
    stop_frame: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Labels:
    """What people labelled: int8 of shape (T, B), 1 or 0, or -1 for a frame that nobody labelled.

    >>> labels = Labels(np.array([[1, 0], [-1, 0]], dtype=np.int8), ("grooming", "rearing"))
    >>> len(labels), labels.select([1]).behaviors
    (2, ('rearing',))
    """

    values: npt.NDArray[np.int8]
    behaviors: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_shape("values", self.values, (None, len(self.behaviors)))
        _require_unique("behaviors", self.behaviors)
        if self.values.dtype != np.int8:
            raise TypeError(f"labels have dtype {self.values.dtype}, expected int8")
        if self.values.size and not -1 <= self.values.min() <= self.values.max() <= 1:
            raise ValueError("labels hold values other than 1, 0 and -1")

    def __len__(self) -> int:
        return len(self.values)

    def select(self, columns: Sequence[int]) -> Labels:
        """Return the labels of some of the behaviors, by index."""
        return Labels(self.values[:, list(columns)], tuple(self.behaviors[column] for column in columns))


@dataclass(frozen=True)
class Probabilities:
    """What a model predicts: float32 of shape (T, B) in [0, 1], at `time_s` seconds (T,); NaN columns for behaviors without a model.

    >>> Probabilities(np.array([[0.2], [1.5]], dtype=np.float32), ("grooming",), np.arange(2.0))
    Traceback (most recent call last):
    ValueError: probabilities lie outside [0, 1]
    """

    values: npt.NDArray[np.float32]
    behaviors: tuple[str, ...]
    time_s: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        _require_shape("values", self.values, (len(self.time_s), len(self.behaviors)))
        _require_unique("behaviors", self.behaviors)
        if self.values.dtype != np.float32:
            raise TypeError(f"probabilities have dtype {self.values.dtype}, expected float32")
        if np.any((self.values < 0) | (self.values > 1)):
            raise ValueError("probabilities lie outside [0, 1]")

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Ethogram:
    """What was decided: bool of shape (T, B), at `time_s` seconds (T,).

    >>> ethogram = Ethogram(np.array([[True], [False]]), ("grooming",), np.array([0.0, 0.04]))
    >>> len(ethogram), ethogram.values[:, 0].tolist()
    (2, [True, False])
    """

    values: npt.NDArray[np.bool_]
    behaviors: tuple[str, ...]
    time_s: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        _require_shape("values", self.values, (len(self.time_s), len(self.behaviors)))
        _require_unique("behaviors", self.behaviors)
        if self.values.dtype != np.bool_:
            raise TypeError(f"an ethogram has dtype {self.values.dtype}, expected bool")

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, order=True)
class Bout:
    """One episode of a behavior: frames [start_frame, stop_frame).

    >>> sorted([Bout(30, 45, "grooming"), Bout(0, 10, "rearing")])[0]
    Bout(start_frame=0, stop_frame=10, behavior='rearing')
    """

    start_frame: int
    stop_frame: int
    behavior: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_frame < self.stop_frame:
            raise ValueError(f"bout [{self.start_frame}, {self.stop_frame}) of {self.behavior!r} is empty or starts before frame 0")


@dataclass(frozen=True)
class Annotation:
    """What a model predicts about one recording, and what was decided from it.

    Attributes
    ----------
    recording
        Id of the recording, safe as a file name.
    probabilities, raw, ethogram
        Of the same behaviors and times: what the model predicts, what the thresholds make of it, and what cleaning makes of that.
    provenance, distances
        Video, model, settings and versions; distances of frames from training frames, float32 of shape (T,), or None (`StreamDistance`).
    """

    recording: str
    probabilities: Probabilities
    raw: Ethogram
    ethogram: Ethogram
    provenance: Provenance = field(default_factory=Provenance)
    distances: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if not is_safe_name(self.recording):
            raise ValueError(f"recording is {self.recording!r}, expected an id that is safe as a file name")
        for name in ("raw", "ethogram"):
            other: Ethogram = getattr(self, name)
            if other.behaviors != self.behaviors or not np.array_equal(other.time_s, self.time_s):
                raise ValueError(f"{name} and probabilities of {self.recording!r} differ in behaviors or times")
        if not np.isfinite(self.time_s).all() or (self.distances is not None and self.distances.shape != self.time_s.shape):
            raise ValueError(f"times of {self.recording!r} are not all numbers, or distances are not of as many frames")

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names of the B columns."""
        return self.probabilities.behaviors

    @property
    def time_s(self) -> npt.NDArray[np.float64]:
        """Times of the T frames in seconds."""
        return self.probabilities.time_s

    @property
    def frames(self) -> Frames:
        """The T frames, and whether the video broke off."""
        return Frames.from_times(self.time_s, broke_off=bool(self.provenance.broke_off))

    @property
    def fps(self) -> float | None:
        """Frames per second: the provenance's, else by the times (`estimate_fps`); None where there is one frame at most."""
        if self.provenance.fps is not None:
            return self.provenance.fps
        return estimate_fps(self.time_s) if len(self.time_s) > 1 else None


def is_safe_name(recording: str) -> bool:
    """Tell whether the id of a recording is safe as a file name.

    >>> is_safe_name("mouse 01"), is_safe_name("../mouse"), is_safe_name("")
    (True, False, False)
    """
    return recording not in ("", "..") and Path(recording).name == recording


def find_bouts(values: npt.NDArray[np.bool_], gaps: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int64]:
    """Return the runs of True in `values` (T,) as int64 of shape (N, 2): start and stop frame, half-open, in order.

    A run ends where a gap follows a frame, by `gaps` (T,) as `frame_times.find_gaps` gives them; there is none where None.

    >>> find_bouts(np.array([True, False, True, True])).tolist()
    [[0, 1], [2, 4]]
    >>> find_bouts(np.array([True, True, True]), np.array([True, False, False])).tolist()
    [[0, 1], [1, 3]]
    """
    steps = np.diff(np.concatenate(([0], np.asarray(values, dtype=np.int8), [0])))
    starts, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    if gaps is not None and gaps.any():
        after = np.flatnonzero(gaps[:-1] & values[:-1] & values[1:]) + 1
        starts, stops = np.sort(np.append(starts, after)), np.sort(np.append(stops, after))
    return np.column_stack((starts, stops))


def _require_shape(name: str, array: npt.NDArray, shape: Sequence[int | None]) -> None:
    if array.ndim != len(shape) or any(want is not None and have != want for have, want in zip(array.shape, shape, strict=True)):
        expected = ", ".join("T" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} have shape {array.shape}, expected ({expected})")


def _require_unique(name: str, values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"{name} repeat a name: {', '.join(values)}")
