"""The files of one recording while its features are computed: its pose is parsed once, however many streams need it."""

from __future__ import annotations

from behavior.embedding.upright_pose import read_upright_track
from behavior.recording import Recording, Track

__all__ = ["RecordingInputs"]


class RecordingInputs:
    """A recording and what was read of its files so far; made when its turn comes, and dropped after it.

    A track of hours takes memory, so these are not kept for many recordings at once.

    Attributes
    ----------
    recording
        Which one.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._tracks: dict[tuple[str | None, tuple[float, float, float] | None], Track] = {}

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
            self._tracks[key], _ = read_upright_track(self.recording, individual, scale)
        return self._tracks[key]
