"""Where an ethogram comes from: the typed content of `RECORDING_ethogram.json`.

A field is None where the file says null or lacks the key, as files of earlier versions do. Types are checked strictly: "30" is no
frame rate. Keys that this version does not know are kept, so that another program's notes survive rewriting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = [
    "AppliedPostprocess",
    "Familiarity",
    "FamiliarityLimits",
    "LiveCapture",
    "Measure",
    "ModelSource",
    "Provenance",
    "StepTime",
    "StreamDistance",
    "StreamLimits",
    "UnmeasuredFrames",
    "ViewSource",
]

_LONGEST_PATH = 4096


def _require_path(text: str) -> str:
    if "\0" in text:
        raise ValueError("a path without null characters")
    return text


# JSON knows lists and no tuples.
Names = Annotated[tuple[str, ...], Field(strict=False)]
Spans = Annotated[tuple[Annotated[tuple[Annotated[int, Field(ge=0)], int], Field(strict=False)], ...], Field(strict=False)]
PathText = Annotated[str, Field(max_length=_LONGEST_PATH), AfterValidator(_require_path)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Distance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    """A part of the file that keeps the keys it does not know."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    @property
    def unknown(self) -> Mapping[str, Any]:
        """What the file says under keys that are not fields."""
        return self.model_extra or {}

    def as_mapping(self) -> dict[str, Any]:
        """Return what JSON holds: the fields that were given, None as null, then the unknown keys."""
        return self.model_dump(mode="json", exclude_unset=True)


class ModelSource(_Part):
    """The model that an ethogram was made with.

    Attributes
    ----------
    folder
        Absolute path of its bundle at the time.
    hash
        Of its `bundle.yaml`, which has the hashes of its other files.
    fps
        Frame rate of the videos that it was trained on.
    """

    folder: PathText | None = None
    hash: str | None = None
    fps: Rate | None = None


class ViewSource(_Part):
    """What an ethogram has from one more view than the first.

    Attributes
    ----------
    name
        Of the view.
    video, pose
        Paths of its files at the time; None where it has none.
    start_s
        How many seconds after the first view it starts.
    """

    name: str
    video: PathText | None = None
    pose: PathText | None = None
    start_s: Number = 0.0


class AppliedPostprocess(_Part):
    """The settings that probabilities were turned into an ethogram with, as in the study file's section `postprocess`.

    Each is one value for all behaviors, or one for each by name; None where it was not used.
    """

    threshold: Fraction | dict[str, Fraction] | None = None
    closing_frames: Count | dict[str, Count] | None = None
    closing_s: Seconds | dict[str, Seconds] | None = None
    min_bout_frames: Count | dict[str, Count] | None = None
    min_bout_s: Seconds | dict[str, Seconds] | None = None


class UnmeasuredFrames(_Part):
    """Frames whose predictions are guesses: not decoded, or cropped around a centre that was filled in.

    Attributes
    ----------
    frames
        Their number.
    spans
        The runs that they make, [start, stop).
    """

    frames: Count
    spans: Spans = ()


class StreamDistance(_Part):
    """How far the frames of a recording are from the training frames, by one stream of features.

    Attributes
    ----------
    stream
        Its name.
    median
        Of the frames' distances. The unit is the distance that one frame in a hundred of left-out training recordings exceeds.
    share
        Of frames that are farther away than this unit.
    shift
        How far the mean of its frames is from that of the nearest training recording, in standard deviations within recordings.
    spread
        How far the logarithms of its features' standard deviations are from their means over the training recordings.
    median_limit, share_limit, shift_limit, spread_limit
        What left-out training recordings let expect at most. Shift and spread are None where the model is of an earlier version, or the
        recording was annotated live.
    """

    stream: str
    median: Distance
    share: Fraction
    median_limit: Distance
    share_limit: Fraction
    shift: Distance | None = None
    spread: Distance | None = None
    shift_limit: Distance | None = None
    spread_limit: Distance | None = None


class Measure(_Part):
    """A plain measure of a recording, beside those of the training recordings.

    Attributes
    ----------
    median
        Over its frames, or of all of them together; None where it is not known.
    low, high
        Lowest and highest median of the training recordings; None where they are not known.
    low_limit, high_limit
        What a recording like them hardly goes beyond; None for a measure that is only shown.
    """

    median: Number | None = None
    low: Number | None = None
    high: Number | None = None
    low_limit: Number | None = None
    high_limit: Number | None = None


class Familiarity(_Part):
    """Whether a recording is like those that its model was trained on.

    Attributes
    ----------
    verdict
        familiar; unusual, where frames or the whole are farther from the training recordings than left-out ones let expect, a measure is
        beyond its limits, or the disagreement beyond its own; foreign, where most frames are farther than nearly all of left-out ones; None
        where nothing can be said.
    reasons
        Why, and what the verdict does not rest on; sentences.
    distance
        Mean over the streams of the greater of shift and spread, each in units of its limit and 2 at most; where the disagreement is known,
        the geometric mean of this and, counted twice, the disagreement in units of its limit. None where shift and spread are not known.
    streams
        Distances by stream.
    measures
        brightness, contrast and noise (grey levels of the crops), relative contrast (contrast by brightness), sharpness (of the crops),
        size (pixels between the body parts farthest apart), likelihood (of body parts), growth to the right and growth downwards (how many
        times as large the animal is at the right as at the left of where it goes, and at the bottom as at the top) and fps.
    disagreement
        1 less the correlation of the predictions with those of a plain model on the same features: on recordings unlike the training
        recordings, it rises with the errors of either. None where the model is of an earlier version, a view that it works on is missing,
        or the recording was annotated live.
    disagreement_limit
        What left-out training recordings let expect at most.
    """

    verdict: Literal["familiar", "unusual", "foreign"] | None = None
    reasons: Names = ()
    distance: Distance | None = None
    streams: Annotated[tuple[StreamDistance, ...], Field(strict=False)] = ()
    measures: dict[str, Measure] = {}
    disagreement: Distance | None = None
    disagreement_limit: Distance | None = None


class StreamLimits(_Part):
    """What left-out training recordings let expect at most of one stream, as in `StreamDistance`."""

    stream: str
    median_limit: Distance
    share_limit: Fraction
    shift_limit: Distance | None = None
    spread_limit: Distance | None = None


class FamiliarityLimits(_Part):
    """What a verdict on a recording rests on, besides the recording.

    Attributes
    ----------
    absence
        Why there can be none; "" where there can.
    recordings
        Number of training recordings; None where it is not known.
    streams
        Those whose distances count, in order.
    measures
        What is known of the training recordings; without `median`.
    disagreement_limit
        As in `Familiarity`.
    """

    absence: str = ""
    recordings: Count | None = None
    streams: Annotated[tuple[StreamLimits, ...], Field(strict=False)] = ()
    measures: dict[str, Measure] = {}
    disagreement_limit: Distance | None = None


class StepTime(_Part):
    """What one step took: seconds on the clock, seconds of the processor, and joules of the machine's processors where these tell."""

    seconds: Seconds
    processor_seconds: Seconds
    joules: Seconds | None = None


class LiveCapture(_Part):
    """How an ethogram was made while its video was taken.

    Attributes
    ----------
    source
        The camera, stream or file, without passwords.
    began
        When, in ISO 8601.
    delay_s
        How much later than its frame a probability was allowed to come.
    skipped
        Frames that came too fast for the model: they are in the video, and were taken to look like the frame before.
    not_predicted
        Frames at the beginning from which the background was estimated: they are in the video, and have probabilities of 0.
    """

    source: str | None = None
    began: str | None = None
    delay_s: Seconds | None = None
    skipped: Count | None = None
    not_predicted: Count | None = None


class Provenance(_Part):
    """Where an ethogram comes from.

    Attributes
    ----------
    fps
        Frames per second of the video.
    video, pose
        Paths of the files at the time; strings, because they may come from another operating system. Those of the first view where there
        are several.
    views
        The other views that the model works on and the recording has, in the order of their names; None where the model works on one.
    learned_from
        Whether the model, or its backbone, was trained on this recording.
    model
        What made the probabilities.
    individual
        What the pose calls the animal, where it has several.
    others
        What the pose calls the other animals that the features are of by name; None where there are none such.
    body_parts
        Those that the crops were centred on; None too where the model works without crops.
    postprocess
        What made the ethogram of the probabilities; `decide` replaces it.
    calibration
        How the model calibrates its probabilities: none, isotonic or logistic.
    features
        Signatures of the streams of all members of the model.
    body_parts_of_model
        Those that the model was trained with.
    resampled
        Whether the features were brought to the model's frame rate and the probabilities back.
    broke_off
        Whether the video ended before its header says.
    versions
        Of Python and packages, by name.
    not_measured
        None where no stream was computed from the video.
    familiarity
        Whether the recording is like those that the model was trained on.
    computing_time
        What `embed` took, whenever the features were computed, and `predict`: steps whose time is not known are not there.
    live
        How it was made while the video was taken; None where it was not.

    Examples
    --------
    >>> known = Provenance(fps=30.0, video="mouse_01.mp4", lab="B 12")
    >>> known.fps, known.pose, dict(known.unknown)
    (30.0, None, {'lab': 'B 12'})
    >>> known.as_mapping()
    {'fps': 30.0, 'video': 'mouse_01.mp4', 'lab': 'B 12'}
    """

    fps: Rate | None = None
    video: PathText | None = None
    pose: PathText | None = None
    views: Annotated[tuple[ViewSource, ...], Field(strict=False)] | None = None
    learned_from: bool | None = None
    model: ModelSource | None = None
    individual: str | None = None
    others: Names | None = None
    body_parts: Names | None = None
    postprocess: AppliedPostprocess | None = None
    calibration: str | None = None
    features: Names | None = None
    body_parts_of_model: Names | None = None
    resampled: bool | None = None
    broke_off: bool | None = None
    versions: dict[str, str] | None = None
    not_measured: UnmeasuredFrames | None = None
    familiarity: Familiarity | None = None
    computing_time: dict[str, StepTime] | None = None
    live: LiveCapture | None = None
