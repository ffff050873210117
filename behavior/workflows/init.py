"""`behavior init`: pairs the videos, pose and label files of a folder and writes the study that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.errors import BehaviorError, OutputError, UsageError, suggest_nearest
from behavior.files.annotations import list_behaviors
from behavior.files.atomic import write_text
from behavior.files.manifest import write_manifest
from behavior.files.pairing import Pairing, make_safe, pair_files
from behavior.files.pose import read_pose
from behavior.recording import Recording
from behavior.vision.backbones import IMAGENET, PACKAGED, find_backbone

__all__ = ["InitResult", "init_study"]

STUDY_FILE = "study.yaml"
MANIFEST_FILE = "recordings.csv"
THESIS_BEHAVIORS = ("grooming", "mid_rearing", "wall_rearing")
# What people call a point in the middle of the body, best first.
MIDDLE_NAMES = (
    "midbody",
    "mid_body",
    "center",
    "centre",
    "bodycenter",
    "body_center",
    "bodycentre",
    "body_centre",
    "centroid",
    "mouse_center",
)
# Points that are not on the trunk pull a mean away from it.
OFF_TRUNK = ("tail", "paw", "nose", "snout", "corner", "box", "wall", "arena")
TRUNK_TAIL = ("tailbase", "tail_base")


@dataclass
class InitResult:
    """What was found and written.

    Attributes
    ----------
    pairings
        One for each video.
    notes
        Sentences on what found no partner, and on what was chosen.
    study
        Path of the study file.
    """

    pairings: list[Pairing]
    study: Path
    notes: list[str] = field(default_factory=list)


def init_study(folder: Path, *, backbone: str = "resnet50v2") -> InitResult:
    """Pair the files below `folder` and write `study.yaml` and `recordings.csv` into it.

    Raises
    ------
    UsageError
        If the folder is missing or holds no video.
    OutputError
        If it holds a study already, or cannot be written to.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the one that holds the videos.")
    study_path, manifest_path = folder / STUDY_FILE, folder / MANIFEST_FILE
    for path in (study_path, manifest_path):
        if path.exists():
            raise OutputError(f"{path}: is there already and is never written over; edit it, or move it away first.")
    specification = find_backbone(backbone)
    pairings, notes = pair_files(folder)
    if not pairings:
        raise UsageError(f"{folder}: found no video (mp4, avi, mov, mkv) in it or below; give the folder that holds the videos.")
    result = InitResult(pairings, study_path, list(notes))
    behaviors = _collect_behaviors(pairings, result.notes)
    body_parts = _choose_body_parts(pairings, result.notes)
    weights = PACKAGED if backbone == "openfield" else IMAGENET
    if backbone == "squeezenet":
        weights = "squeezenet.h5"
        result.notes.append("squeezenet needs a weights file: correct weights: squeezenet.h5 in the study file to its path.")
    recordings = [
        Recording(
            found.recording,
            video=found.video.resolve() if found.video else None,
            pose=found.pose.resolve() if found.pose else None,
            labels={"": found.labels.resolve()} if found.labels else {},
            animal=found.recording,
        )
        for found in pairings
    ]
    write_manifest(manifest_path, recordings)
    write_text(study_path, _format_study(behaviors, body_parts, specification.name, weights))
    return result


def _collect_behaviors(pairings: Sequence[Pairing], notes: list[str]) -> list[str]:
    """Return the behaviors in the label files, most common spelling first seen first; odd ones are noted with their files."""
    found: dict[str, list[Path]] = {}
    n_files = 0
    for pairing in pairings:
        if pairing.labels is None:
            continue
        try:
            names = list_behaviors(pairing.labels)
        except BehaviorError as error:
            notes.append(str(error))
            continue
        n_files += 1
        for name in names:
            found.setdefault(name, []).append(pairing.labels)
    if not found:
        notes.append(f"No label file was found; behaviors are set to {', '.join(THESIS_BEHAVIORS)}: change them in the study file.")
        return list(THESIS_BEHAVIORS)
    kept: list[str] = []
    for name in sorted(found, key=lambda name: -len(found[name])):
        twin = next((other for other in kept if make_safe(other).casefold() == make_safe(name).casefold()), None)
        files = ", ".join(str(path) for path in found[name])
        if twin is not None:
            notes.append(f"{name!r} in {files} is spelt {twin!r} elsewhere; it is left out: spell it alike in the label files.")
            continue
        if len(found[name]) < n_files:
            notes.append(f"{name!r} is only in {files}{suggest_nearest(name, kept)}")
        kept.append(name)
    return [name for name in found if name in kept]


def _choose_body_parts(pairings: Sequence[Pairing], notes: list[str]) -> list[str]:
    """Return the body parts on which crops are centred: a point in the middle of the body, else all those on the trunk; [] without pose."""
    for found in pairings:
        if found.pose is None:
            continue
        try:
            names = read_pose(found.pose).body_parts
        except BehaviorError as error:
            notes.append(str(error))
            continue
        by_case = {name.casefold(): name for name in names}
        middle = [by_case[name] for name in MIDDLE_NAMES if name in by_case]
        trunk = [name for name in names if name.casefold() in TRUNK_TAIL or not any(part in name.casefold() for part in OFF_TRUNK)]
        chosen = middle[:1] or trunk or list(names)
        notes.append(f"Crops are centred on {' + '.join(chosen)}; the pose has {', '.join(names)}.")
        return chosen
    notes.append("No pose was found, so each whole frame is embedded; name pose files in recordings.csv and a body part in the study file.")
    return []


def _format_study(behaviors: Sequence[str], body_parts: Sequence[str], backbone: str, weights: str) -> str:
    if len(body_parts) == 1:
        crop = f"body_part: {_quote(body_parts[0])}, size: 160, min_likelihood: 0.6"
    elif body_parts:
        crop = f"body_part: [{', '.join(map(_quote, body_parts))}], size: 160, min_likelihood: 0.6"
    else:
        crop = "whole_frame: true"
    return f"""\
# What `behavior` should do with the recordings in {MANIFEST_FILE}; every key is explained in the README.
recordings: {MANIFEST_FILE}
behaviors: [{", ".join(map(_quote, behaviors))}]
crop:       {{{crop}}}    # size in pixels: the animal and a little around it
backbone:   {{name: {backbone}, weights: {weights}}}    # {{name: openfield, weights: packaged}} needs no download
cache: cache
windows:    {{length: 300}}
head:       {{kind: lstm, layers: 3, units: 64, dropout: 0.5}}
training:   {{learning_rate: 0.001, batch_size: 8, epochs: 50, patience: 5, class_weights: balanced, seed: 0}}
crossval:   {{leave_out: recording, early_stopping_on: inner}}
postprocess: {{threshold: 0.5, closing_frames: 0, min_bout_frames: 0}}
"""


def _quote(name: str) -> str:
    """Return a name as YAML reads it back: quoted where a plain one would mean something else."""
    return (
        name if name.replace("_", "").replace("-", "").isalnum() and not name.isdigit() and name.lower() not in YAML_WORDS else f'"{name}"'
    )


YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
