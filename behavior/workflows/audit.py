"""`behavior audit`: draws clips at random from recordings that a model predicted, to be labelled by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Crop
from behavior.errors import EthogramError, OutputError, UsageError
from behavior.files.atomic import make_folder, require_makeable, write_text
from behavior.files.clip_queue import QUEUE_FILE, QueuedClip, add_clips
from behavior.files.ethograms import find_ethograms, read_annotation, recall_recording
from behavior.files.manifest import is_portable_name, read_manifest, write_manifest
from behavior.files.new_study import MANIFEST_FILE, STUDY_FILE, format_audit_study
from behavior.files.study import open_study
from behavior.frame_times import frame_durations, frame_edges
from behavior.progress import report_progress, warn
from behavior.provenance import Provenance
from behavior.recording import Recording
from behavior.statistics.audit_clips import draw_cells, share_clips

__all__ = ["AuditRequest", "DrawnAudit", "draw_audit"]

_REASON = "drawn at random for an audit"


@dataclass(frozen=True)
class AuditRequest:
    """What is wanted of an audit.

    Attributes
    ----------
    minutes
        How much people are going to label.
    clip_s
        Length of a clip in seconds.
    seed
        The same seed draws the same clips.
    study
        A study file, whose manifest names videos, animals and groups.
    groups
        A manifest that says the group and the animal of recordings; that of `study` where None.
    """

    minutes: float
    clip_s: float = 10.0
    seed: int = 0
    study: Path | None = None
    groups: Path | None = None


@dataclass(frozen=True)
class DrawnAudit:
    """What was drawn.

    Attributes
    ----------
    study_path
        The study file of the audit.
    clips
        The clips, in the order in which they are to be labelled.
    minutes
        How long they are together.
    recordings
        The recordings with clips, by id.
    """

    study_path: Path
    clips: list[QueuedClip]
    minutes: float
    recordings: dict[str, Recording]

    def explain_labelling(self) -> str:
        """Return in words how the clips are labelled: `behavior review` shows them where there are videos."""
        if all(self.recordings[clip.recording].video is not None for clip in self.clips):
            return f"label them with `behavior review {self.study_path}`, or in any tool"
        manifest = self.study_path.with_name(MANIFEST_FILE)
        return (
            f"label them in any tool that shows the animals ({manifest.with_name(QUEUE_FILE)} has their frames), and name the label files "
            f"in {manifest}, column labels; `behavior review` needs videos, and the manifest names none for some of these recordings"
        )


@dataclass(frozen=True)
class _Predicted:
    """What an ethogram says of its recording: id, behaviors, how long each frame lasts in seconds (T,), and where it comes from."""

    name: str
    behaviors: tuple[str, ...]
    lasting: npt.NDArray[np.float64]
    provenance: Provenance


def draw_audit(paths: Sequence[Path], out: Path, *, request: AuditRequest) -> DrawnAudit:
    """Draw clips from the recordings of the ethograms at `paths`, and write an audit to label into the folder `out`.

    Groups get the same number of clips, and the animals of a group, whatever the model says; within an animal, every frame has the same
    chance. The folder is a study of its own, whose labels `behavior stats --audit` reads.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.

    Raises
    ------
    UsageError
        If lengths are not above 0, the ethograms have different behaviors or names, a manifest cannot be read, or the model was trained
        on all of the recordings.
    EthogramError
        If there is no ethogram at `paths`, or one cannot be used.
    OutputError
        If `out` holds an audit already, or cannot be written.
    """
    if not (0 < request.minutes < float("inf") and 0 < request.clip_s < float("inf")):
        raise UsageError(f"an audit of {request.minutes:g} minutes in clips of {request.clip_s:g} s: both have to be above 0.")
    study_path = out / STUDY_FILE
    for path in (study_path, out / MANIFEST_FILE, out / QUEUE_FILE):
        if path.exists():
            raise OutputError(f"{path}: is there already; an audit is drawn once, before anybody looks. Give another --out.")
    require_makeable(out)
    study, rows = open_study(request.study) if request.study else (None, [])
    known = {row.id: row for row in rows}
    for row in read_manifest(request.groups) if request.groups else []:
        known[row.id] = replace(known[row.id], animal=row.animal, group=row.group) if row.id in known else row
    files = find_ethograms(paths)
    annotations: list[_Predicted] = []
    with report_progress("reading", total=len(files), unit="ethograms") as advance:
        for path in files:
            annotations.append(_look(path, annotations))
            advance(1)
    if all(one.provenance.learned_from for one in annotations):
        raise UsageError(
            f"the model was trained on all recordings ({len(annotations)}), so that `behavior stats --audit` could not use their clips; "
            "audit ethograms of recordings that it was not trained on."
        )
    known_to_model = [one.name for one in annotations if one.provenance.learned_from]
    if known_to_model:
        warn(
            f"the model was trained on {', '.join(known_to_model)}; no clips are drawn from them, since it errs less there than elsewhere."
        )
        annotations = [one for one in annotations if not one.provenance.learned_from]
    recordings = {one.name: _make_row(one, known.get(one.name)) for one in annotations}
    clips = _draw(annotations, recordings, request)
    crop = study.crop if study is not None and study.crop is not None else Crop(whole_frame=True)
    make_folder(out)
    write_manifest(out / MANIFEST_FILE, recordings.values())
    add_clips(out / QUEUE_FILE, clips)
    # Who finds the study finds the rest.
    settings = crop.model_dump(mode="json", exclude_defaults=True)
    write_text(study_path, format_audit_study(annotations[0].behaviors, settings, seed=request.seed))
    by_name = {one.name: one for one in annotations}
    seconds = sum(float(by_name[clip.recording].lasting[clip.start_frame : clip.stop_frame].sum()) for clip in clips)
    return DrawnAudit(study_path, clips, seconds / 60, recordings)


def _look(path: Path, before: Sequence[_Predicted]) -> _Predicted:
    """Return what is known of an ethogram, without its probabilities."""
    annotation = read_annotation(path)
    name = annotation.recording
    if not is_portable_name(name):
        raise EthogramError(
            f"{path}: its recording {name!r} cannot be an id of a manifest; use letters, digits, dots, dashes, underscores."
        )
    if before and annotation.behaviors != before[0].behaviors:
        raise UsageError(
            f"{path}: has the behaviors {', '.join(annotation.behaviors)}, those before it {', '.join(before[0].behaviors)}; audit "
            "ethograms of one model at a time."
        )
    if name in {one.name for one in before}:
        raise UsageError(f"{path}: another ethogram of {name!r} was given before; give one of each recording.")
    if not len(annotation.time_s):
        raise EthogramError(f"{path}: has no frames, from which nothing can be drawn; leave it out.")
    lasting = frame_durations(frame_edges(annotation.time_s, annotation.fps))
    return _Predicted(name, annotation.behaviors, lasting, annotation.provenance)


def _make_row(one: _Predicted, row: Recording | None) -> Recording:
    """Return the row of a recording in the manifest of the audit: no labels yet, and none that may have trained the model."""
    return recall_recording(one.name, one.provenance) if row is None else replace(row, labels={}, split="train")


def _draw(annotations: Sequence[_Predicted], recordings: Mapping[str, Recording], request: AuditRequest) -> list[QueuedClip]:
    """Return the clips, in an order in which no animal comes twice before the others came once."""
    generator = np.random.default_rng(request.seed)
    members: dict[tuple[str, str], list[_Predicted]] = {}
    for one in annotations:
        row = recordings[one.name]
        members.setdefault((row.group, row.animal or one.name), []).append(one)
    n_clips = max(round(request.minutes * 60 / request.clip_s), 1)
    counts = share_clips(n_clips, [group for group, _ in members], generator)
    turns: list[tuple[float, QueuedClip]] = []
    for of_animal, count in zip(members.values(), counts.tolist(), strict=True):
        lengths = [len(one.lasting) for one in of_animal]
        usual = [max(round(request.clip_s / max(float(np.median(one.lasting)), 1e-9)), 1) for one in of_animal]
        drawn = draw_cells(lengths, usual, count, generator)
        for turn, (place, start, stop) in zip(generator.permutation(len(drawn)).tolist(), drawn.tolist(), strict=True):
            turns.append((turn, QueuedClip(of_animal[place].name, start, stop, _REASON, True)))
    return [clip for _, clip in sorted(turns, key=lambda one: one[0])]
