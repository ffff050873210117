"""`behavior init`: pairs the videos, pose and label files of a folder and writes the study that they make."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.errors import BehaviorError, OutputError, UsageError
from behavior.files.atomic import write_text
from behavior.files.behavior_names import ChosenNames, choose_names
from behavior.files.manifest import write_manifest
from behavior.files.pairing import Pairing, pair_files
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
    names = _choose_behaviors(pairings, result.notes)
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
            labels={rater: path.resolve() for rater, path in {"": found.labels, **found.raters}.items() if path is not None},
            animal=found.recording,
        )
        for found in pairings
    ]
    write_manifest(manifest_path, recordings)
    write_text(study_path, _format_study(names, body_parts, specification.name, weights))
    return result


def _choose_behaviors(pairings: Sequence[Pairing], notes: list[str]) -> ChosenNames:
    """Return the behaviors in the label files, those of the thesis where there are none."""
    files = [path for found in pairings for path in (found.labels, *found.raters.values(), *found.undecided) if path is not None]
    chosen = choose_names(files)
    notes += chosen.notes
    if not chosen.behaviors:
        why = "The label files name no behavior" if chosen.n_files else "No label file was found that can be read"
        notes.append(f"{why}; behaviors are set to {', '.join(THESIS_BEHAVIORS)}: change them in the study file.")
        chosen.behaviors = list(THESIS_BEHAVIORS)
    return chosen


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


def _format_study(names: ChosenNames, body_parts: Sequence[str], backbone: str, weights: str) -> str:
    if len(body_parts) == 1:
        crop = f"body_part: {_quote(body_parts[0])}, size: 160, min_likelihood: 0.6"
    elif body_parts:
        crop = f"body_part: [{', '.join(map(_quote, body_parts))}], size: 160, min_likelihood: 0.6"
    else:
        crop = "whole_frame: true"
    return f"""\
# What `behavior` should do with the recordings in {MANIFEST_FILE}; every key is explained in the README.
recordings: {MANIFEST_FILE}
behaviors: [{", ".join(map(_quote, names.behaviors))}]
{_format_labels(names)}crop:       {{{crop}}}    # size in pixels: the animal and a little around it
backbone:   {{name: {backbone}, weights: {weights}}}    # {{name: openfield, weights: packaged}} needs no download
cache: cache
windows:    {{length: 300}}
head:       {{kind: lstm, layers: 3, units: 64, dropout: 0.5}}
training:   {{learning_rate: 0.001, batch_size: 8, epochs: 50, patience: 5, class_weights: balanced, seed: 0}}
crossval:   {{leave_out: recording, early_stopping_on: inner}}
postprocess: {{threshold: 0.5, closing_frames: 0, min_bout_frames: 0}}
"""


def _format_labels(names: ChosenNames) -> str:
    """Return the section `labels`, nothing where all names in label files mean themselves."""
    lines = ["labels:    # what names in label files mean"] if names.meaning or names.ignored else []
    if names.meaning:
        lines += ["  map:", *(f"    {_quote(said)}: {_quote(meant)}" for said, meant in names.meaning.items())]
    if names.ignored:
        lines.append(f"  ignore: [{', '.join(map(_quote, names.ignored))}]")
    return "".join(f"{line}\n" for line in lines)


def _quote(name: str) -> str:
    """Return a name as YAML reads it back: quoted where a plain one would mean something else."""
    is_plain = re.fullmatch(r"[^\W\d][\w-]*", name) and name.lower() not in YAML_WORDS
    return name if is_plain else json.dumps(name, ensure_ascii=False)


YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
