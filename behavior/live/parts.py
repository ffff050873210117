"""The recordings of a live run: their names, and what is known of each when it begins."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from behavior.errors import OutputError
from behavior.files.claims import claim_file
from behavior.files.live_record import LiveDescription, name_video
from behavior.learning.decisions import record_postprocess
from behavior.learning.opened_model import OpenedModel
from behavior.provenance import FamiliarityLimits, LiveCapture, ModelSource, Provenance
from behavior.versions import collect_versions

__all__ = ["RecordingParts"]


class RecordingParts(ExitStack):
    """The recordings of a live run that follow each other, each claimed as long as the block runs.

    Parameters
    ----------
    model
        What predicts.
    out
        Where they are written.
    name
        Of the first; others have a number behind it.
    source
        What is recorded, without passwords.
    delay_s
        How much later than its frame a probability may come.
    is_numbered
        Whether the first has a number, too.
    limits
        What tells whether recordings are like the training recordings.
    """

    def __init__(
        self,
        model: OpenedModel,
        out: Path,
        *,
        name: str,
        source: str,
        delay_s: float,
        is_numbered: bool,
        limits: FamiliarityLimits | None = None,
    ) -> None:
        super().__init__()
        self._model, self._out, self._name = model, out, name
        self._source, self._delay_s, self._is_numbered = source, delay_s, is_numbered
        self._limits = limits

    def _find_name(self, part: int) -> str:
        return self._name if part == 0 and not self._is_numbered else f"{self._name}_{part + 1:03d}"

    def find_video(self, part: int) -> Path:
        """Return where the video of a part is."""
        return name_video(self._out, self._find_name(part))

    def describe(self, part: int) -> LiveDescription:
        """Return what is known of a part that begins now, and claim it; OutputError if another process records it."""
        name, model = self._find_name(part), self._model
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        decisions, crop = model.decisions, model.description.crop
        provenance = Provenance(
            fps=model.description.fps,
            video=str(self.find_video(part).resolve()),
            pose=None,
            views=None,
            learned_from=False,
            model=ModelSource(folder=str(model.folder.resolve()), hash=model.hash, fps=model.description.fps),
            individual=crop.individual if crop else None,
            others=None,
            body_parts=crop.body_parts if crop else None,
            postprocess=record_postprocess(model.description.postprocess if decisions is None else decisions.postprocess),
            calibration="none" if decisions is None else decisions.settings.calibration,
            features=tuple(dict.fromkeys(stream.signature for member in model.description.members for stream in member.streams)),
            body_parts_of_model=crop.body_parts if crop else None,
            resampled=False,
            versions=collect_versions(),
            live=LiveCapture(source=self._source, began=began, delay_s=self._delay_s),
        )
        description = LiveDescription(
            name,
            tuple(model.description.behaviors),
            self._source,
            began,
            self._delay_s,
            provenance,
            self._limits,
            model.description.sampling_fps,
        )
        if not self.enter_context(claim_file(description.find_path(self._out))):
            raise OutputError(f"{self._out}: another process is recording {name} there; give another --name.")
        return description
