"""The crops of a recording, frame by frame, as a study file describes them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.config import Crop
from behavior.embedding.crop_windows import CropWindows
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import BehaviorError, VideoError, join_first
from behavior.files.needed_files import require_pose, require_video
from behavior.files.video import VideoReader, open_video
from behavior.files.video_decoding import Row
from behavior.files.video_pictures import ShownPicture
from behavior.frame_sampling import sample
from behavior.frame_times import count_lost, find_gaps, find_rate_change, frame_edges
from behavior.recording import Frames, Recording

__all__ = ["CropReader", "CropRow", "describe_video", "open_crops", "read_together", "require_files", "sample_crops"]

# A sample takes one of this many frames, where the video is long enough: its neighbours look the same.
SAMPLE_STEP = 10
# A sample comes from this many recordings, or more where they are short.
SAMPLED_RECORDINGS = 4

# Share of frames that a camera lost above which a user should know.
MANY_LOST = 0.05
_MOST_NAMED = 3

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class CropRow:
    """The crop of one frame.

    Attributes
    ----------
    index
        Frame.
    time_s
        Its time in seconds.
    image
        RGB of shape (S, S, 3); None where the frame could not be decoded.
    previous
        What the same window shows of the frame before; None where there is none, it could not be decoded, or it was not asked for.
    lane
        Which of the recordings that are read together it is of.
    """

    index: int
    time_s: float
    image: Image | None
    previous: Image | None = None
    lane: int = 0


class CropReader:
    """Cuts a video's frames around the animal; `open_crops` makes it.

    Attributes
    ----------
    video
        Is read once; what it tells of its frames is complete when `rows` is exhausted.
    frames
        The frames of the rows so far, those that were passed over included.
    """

    def __init__(self, inputs: RecordingInputs, crop: Crop, video: VideoReader) -> None:
        self.video = video
        self.frames: list[int] = []
        self._windows = CropWindows(inputs, crop, video)

    @property
    def centers(self) -> npt.NDArray[np.float64]:
        """As in `CropWindows`."""
        return self._windows.centers

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """As in `CropWindows`."""
        return self._windows.measured

    def rows(
        self, *, input_size: int, first_row: int = 0, with_previous: bool = False, sampling: float | None = None
    ) -> Generator[CropRow, None, None]:
        """Yield crops, resized to `input_size` pixels; close the iterator before the video.

        Parameters
        ----------
        first_row
            Rows before it are passed over; those from it on equal those of an unbroken read.
        with_previous
            Whether what was in the window one frame earlier is wanted, too.
        sampling
            How many frames a second are rows; all where None. Every frame is decoded, and those that no row needs are not converted.

        Raises
        ------
        PoseError
            If more frames decode than the pose has rows.
        """
        yield from read_together(
            self.video, {0: self}, first_rows={0: first_row}, input_size=input_size, with_previous=with_previous, sampling=sampling
        )

    def take(self, row: Row, shown: ShownPicture | None, before: ShownPicture | None, *, input_size: int, lane: int = 0) -> CropRow:
        """Return the crop of a row that shows `shown`; `before` is the picture of the one before, None where unknown or not asked for.

        Raises
        ------
        PoseError
            If the pose ends well before the frame.
        """
        if shown is None:
            return CropRow(row.index, row.time_s, None, lane=lane)
        image = self._windows.take_shown(shown, row.index, input_size=input_size)
        previous = None if before is None else self._windows.take_shown(before, row.index, input_size=input_size)
        return CropRow(row.index, row.time_s, image, previous, lane)

    def locate(self, frames: npt.NDArray[np.intp], decoded: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Return the crop centres of some frames, shape (N, 2), and whether each was measured, shape (N,)."""
        if not len(self.centers):
            return np.full((len(frames), 2), np.nan), decoded
        inside = np.minimum(frames, len(self.centers) - 1)
        return self.centers[inside], self.measured[inside] & (frames < len(self.centers)) & decoded

    def measure(self, frames: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """As `CropWindows.measure`."""
        return self._windows.measure(frames)

    def describe_growths(self) -> dict[str, float]:
        """Return what `CropWindows.describe_growths` does."""
        return self._windows.describe_growths()

    def describe(self, *, sampling: float | None = None) -> list[str]:
        """Return sentences on what a user should know, once `rows` is exhausted; VideoError if no frame could be decoded.

        `sampling` as for `describe_video`.
        """
        notes = describe_video(self.video, sampling=sampling)
        return notes + self._windows.describe(Frames(self.video.n_frames, broke_off=self.video.broke_off))


def read_together(
    video: VideoReader,
    readers: Mapping[int, CropReader],
    *,
    first_rows: Mapping[int, int],
    input_size: int,
    with_previous: bool,
    problems: dict[int, BehaviorError] | None = None,
    sampling: float | None = None,
) -> Generator[CropRow, None, None]:
    """Yield the crops of several recordings of one video, which is decoded once; close the iterator before the video.

    Parameters
    ----------
    readers
        One for each recording, by its lane.
    first_rows
        The first row of each that is wanted, by lane.
    input_size
        What crops are resized to, pixels.
    with_previous
        Whether to show what was in a crop's window one frame earlier.
    problems
        Where the error of a lane goes that ends here, while the others go on; raised where None.
    sampling
        How many frames a second are rows; all where None. Frames that no row needs are decoded, but not converted.
    """
    lanes = dict(readers)
    frames: list[int] = []
    for reader in readers.values():
        reader.frames = frames
    # What was shown last: where every frame is a row, it is the one before the next, and may be converted already.
    latest: tuple[int, ShownPicture] | None = None

    def show(row: Row) -> ShownPicture | None:
        nonlocal latest
        if row.picture is None:
            return None
        if latest is None or latest[0] != row.index:
            latest = row.index, ShownPicture(video.pictures, row.picture)
        return latest[1]

    with closing(video.read_rows()) as decoded:
        pairs = ((row.time_s, (before, row)) for before, row in _pair_with_previous(decoded))
        chosen = (pair for _, pair in pairs) if sampling is None else sample(pairs, sampling)
        for number, (before, row) in enumerate(chosen):
            frames.append(row.index)
            wanted = [lane for lane in lanes if number >= first_rows[lane]]
            if not wanted:
                continue
            earlier = show(before) if with_previous and before is not None and row.picture is not None else None
            shown = show(row)
            for lane in wanted:
                try:
                    crop = lanes[lane].take(row, shown, earlier, input_size=input_size, lane=lane)
                except BehaviorError as error:
                    if problems is None:
                        raise
                    problems[lane] = error
                    del lanes[lane]
                    continue
                yield crop
            if not lanes:
                return


def _pair_with_previous(rows: Iterable[Row]) -> Iterator[tuple[Row | None, Row]]:
    """Yield each row with the one before it, None before the first."""
    before: Row | None = None
    for row in rows:
        yield before, row
        before = row


@contextmanager
def open_crops(inputs: RecordingInputs, crop: Crop) -> Iterator[CropReader]:
    """Open the video of a recording, to cut crops as `crop` describes them.

    Raises
    ------
    VideoError, PoseError
        If a file is missing, cannot be used, or the two do not belong together.
    """
    video_path = require_video(inputs.recording)
    if not crop.whole_frame:
        require_pose(inputs.recording)
    with open_video(video_path) as video:
        yield CropReader(inputs, crop, video)


def sample_crops(recordings: Sequence[RecordingInputs], crop: Crop, *, input_size: int, count: int) -> Image:
    """Return crops from the beginnings of several recordings, uint8 of shape (N, S, S, 3): `count` of them if there are as many.

    They are of the first recordings by id, the same in whichever order those are given.

    Raises
    ------
    BehaviorError
        If no recording can be used, what is wrong with the first; one that cannot is left out here, and named when its turn comes.
    """
    images: list[Image] = []
    problems: list[BehaviorError] = []
    share = -(-count // min(len(recordings), SAMPLED_RECORDINGS))
    for inputs in sorted(recordings, key=lambda one: one.recording.id):
        wanted = min(share, count - len(images))
        try:
            images += _take_sample(inputs, crop, input_size=input_size, count=wanted)
        except BehaviorError as error:
            problems.append(error)
        if len(images) == count:
            break
    if len(problems) == len(recordings):
        raise problems[0]
    return np.stack(images) if images else np.empty((0, input_size, input_size, 3), dtype=np.uint8)


def _take_sample(inputs: RecordingInputs, crop: Crop, *, input_size: int, count: int) -> list[Image]:
    images: list[Image] = []
    with open_crops(inputs, crop) as crops:
        step = min(max((crops.video.declared_frames or 0) // count, 1), SAMPLE_STEP)
        with closing(crops.rows(input_size=input_size)) as rows:
            for row in rows:
                if row.index % step == 0 and row.image is not None:
                    images.append(row.image)
                if len(images) == count:
                    break
    return images


def require_files(recording: Recording, *, needs_pose: bool, needs_video: bool = True) -> None:
    """Raise VideoError or PoseError unless the files that a stream is computed from are there."""
    if needs_video or recording.video is not None:
        require_video(recording)
    if needs_pose:
        require_pose(recording)


def describe_video(video: VideoReader, *, sampling: float | None = None) -> list[str]:
    """Return sentences on what is odd about a video that was read to its end; VideoError if no frame could be decoded.

    `sampling` is how many frames a second are used, so that it does not matter whether the video's rate changes; all where None.
    """
    path = video.path
    if video.n_frames == 0 or len(video.undecodable) == video.n_frames:
        raise VideoError(f"{path}: none of its frames can be decoded; copy or convert the video again.")
    notes = []
    if video.broke_off:
        notes.append(f"{path}: the video breaks off after {video.n_frames} frames; what decodes is used.")
    if video.undecodable:
        notes.append(
            f"{path}: {len(video.undecodable)} frames could not be decoded, the first of them frame {video.undecodable[0]}; "
            "they keep their places and are marked as not measured."
            if len(video.undecodable) > 1
            else f"{path}: frame {video.undecodable[0]} could not be decoded; it keeps its place and is marked as not measured."
        )
    if video.first_scaled is not None:
        notes.append(
            f"{path}: its pictures change their size at frame {video.first_scaled}; such frames are scaled to the first one's "
            f"{video.width} x {video.height} pixels, which a pose has to be in, too."
        )
    change = None if sampling is not None else find_rate_change(video.time_s)
    if change is not None:
        frame, before, after = change
        notes.append(
            f"{path}: its frame rate changes from {before:g} to {after:g} a second, about at frame {frame}, so that windows of frames last "
            f"longer in one part than in the other; sampling: {{fps: {min(before, after, 10):g}}} in the study file makes them alike."
        )
    return notes + _describe_times(video)


def _describe_times(video: VideoReader) -> list[str]:
    """Return sentences on time stamps that start again, stand still, jump ahead or leave frames out."""
    path, time_s, notes = video.path, video.time_s, []
    if video.restarts:
        notes.append(
            f"{path}: its time stamps start again at {_list_frames(video.restarts)}, as where recordings were joined; the time goes on "
            "with the frame rate there, and a pause between them is not known."
        )
    if video.counted:
        notes.append(
            f"{path}: its time stamps stand still for {len(video.counted)} frames, the first of them frame {video.counted[0]}; they are "
            "counted on with the frame rate."
        )
    gaps = np.flatnonzero(find_gaps(frame_edges(time_s)))
    if len(gaps):
        missing_s = float((time_s[gaps + 1] - time_s[gaps]).sum())
        notes.append(
            f"{path}: its time stamps jump ahead by {missing_s:.4g} s in all, after {_list_frames(gaps.tolist())}; what lies between is "
            "not observed, and bouts end there."
        )
    lost = count_lost(time_s)
    if lost > MANY_LOST * len(time_s):
        notes.append(
            f"{path}: {lost} frames are missing between the {len(time_s)} that there are, by their time stamps; the camera lost them, and "
            "its frame rate is given as without losses."
        )
    return notes


def _list_frames(frames: Sequence[int]) -> str:
    """Return a few frames in words."""
    return f"frame{'' if len(frames) == 1 else 's'} {join_first(map(str, frames), _MOST_NAMED)}"
