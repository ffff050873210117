"""The files of recordings while their features are computed: a pose is parsed once, however many streams and individuals need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from behavior.config import NEAREST, Crop, PoseFiles
from behavior.embedding.other_animals import OtherAnimals, name_others
from behavior.embedding.upright_pose import read_upright_track
from behavior.files.pose import PoseFile, open_pose
from behavior.files.pose_frames import PoseFrames, find_pose_frames
from behavior.files.video import summarize_video
from behavior.progress import warn
from behavior.recording import Frames, Recording, Track

__all__ = ["RecordingInputs", "share_inputs"]


@dataclass(frozen=True)
class _SharedFiles:
    """What was read of the files of one video: poses that were parsed, and the frames of videos that had to be counted, by path."""

    poses: dict[Path, PoseFile] = field(default_factory=dict)
    frames: dict[Path, Frames] = field(default_factory=dict)


class RecordingInputs:
    """A recording and what was read of its files so far; made when its turn comes, and dropped after it.

    A track of hours takes memory, so these are not kept for many recordings at once.

    Parameters
    ----------
    recording
        Which one.
    shared
        What was read for others of its video; what it needs is added.
    """

    def __init__(self, recording: Recording, shared: _SharedFiles | None = None) -> None:
        self.recording = recording
        self._shared = shared or _SharedFiles()
        self._tracks: dict[tuple[str | None, tuple[float, float, float] | None], Track] = {}
        self._noted: set[str] = set()

    def note(self, sentence: str) -> None:
        """Warn of what is odd about the files, once, however many streams meet it."""
        if sentence not in self._noted:
            self._noted.add(sentence)
            warn(f"{self.recording.id}: {sentence}")

    def read_track(self, individual: str | None, scale: tuple[float, float, float] | None = None) -> Track:
        """Return the track of the recording's own individual, else of `individual`, or of the only animal, in the upright picture.

        The file is parsed at the first call.

        Raises
        ------
        PoseError
            As `embedding.upright_pose.read_upright_track`.
        """
        key = self.recording.individual or individual, scale
        if key not in self._tracks:
            self._tracks[key], _ = read_upright_track(self.recording, individual, scale, opened=self._open_pose())
        return self._tracks[key]

    def read_others(self, crop: Crop, pose: PoseFiles) -> OtherAnimals | None:
        """Return the other animals that a study asks for, with their tracks; None where it asks for none.

        Raises
        ------
        PoseError
            As `other_animals.name_others` and `embedding.upright_pose.read_upright_track`.
        """
        if pose.others is None:
            return None
        opened = self._open_pose()
        names = name_others(self.recording, crop, pose, opened)
        tracks = [read_upright_track(replace(self.recording, individual=name), None, crop.pose_scale, opened=opened)[0] for name in names]
        return OtherAnimals(names, tuple(tracks), pose.others == NEAREST)

    def find_pose_frames(self) -> PoseFrames:
        """Return the frames of a recording without a video; raises as `files.pose_frames.find_pose_frames`."""
        return find_pose_frames(self._open_pose(), self.recording.fps)

    def _open_pose(self) -> PoseFile:
        path = self.recording.pose
        assert path is not None
        if path not in self._shared.poses:
            self._shared.poses[path] = open_pose(path)
        return self._shared.poses[path]

    def count_frames(self, video: Path) -> Frames:
        """Return the frames of its video, counted at the first call; raises as `files.video.summarize_video`."""
        if video not in self._shared.frames:
            self._shared.frames[video] = summarize_video(video).frames
        return self._shared.frames[video]


def share_inputs(recordings: Sequence[Recording]) -> list[RecordingInputs]:
    """Return the inputs of several recordings, the individuals of one video, for all of which a file is read once."""
    shared = _SharedFiles()
    return [RecordingInputs(recording, shared) for recording in recordings]
