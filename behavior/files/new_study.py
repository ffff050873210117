"""What `behavior init` writes into a folder of videos: the study file, and what it takes from file names and pose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from behavior.files.behavior_names import ChosenNames

__all__ = [
    "MANIFEST_FILE",
    "STUDY_FILE",
    "NewCrop",
    "NewPose",
    "choose_body_axis",
    "choose_center_parts",
    "choose_members",
    "format_audit_study",
    "format_new_study",
]

STUDY_FILE = "study.yaml"
MANIFEST_FILE = "recordings.csv"
# What people call a point in the middle of the body, best first.
# Names of body parts in lower case without what is neither letter nor digit, best first.
MIDDLE_NAMES = (
    "midbody",
    "center",
    "centre",
    "bodycenter",
    "bodycentre",
    "centroid",
    "mousecenter",
    "centerspine",
    "midback",
    "trunk",
    "thorax",
)
# Points that are not on the trunk pull a mean away from it.
OFF_TRUNK = ("tail", "paw", "nose", "snout", "corner", "box", "wall", "arena")
TRUNK_TAIL = ("tailbase", "basetail", "baseoftail", "tailroot", "tailstart", "tti", "proximaltail", "buttproximaltail")
# Ends of the body. A plain "tail" is where it begins: who tracks more of it numbers the rest, or names it tail tip.
HEAD_ENDS = ("nose", "nosetip", "snout", "noseend", "head", "headcenter", "headcentre", "headmidpoint", "neck", "baseneck", "top")
TAIL_ENDS = (*TRUNK_TAIL, "butt", "rump", "tailend", "tail", "tail0", "abdomen")
# Plain words that YAML takes for something else.
YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


@dataclass(frozen=True)
class NewCrop:
    """What a new study's crops are centred on.

    Attributes
    ----------
    center_parts
        Body parts; empty for whole frames.
    individual
        Name of the only animal that counts in pose of several; "" where each is a recording of its own.
    is_open
        Whether there is pose, but which body parts it has is not known, so that the user has to name them.
    body_axis
        Tail and head end of the body; None where they are not known, or not asked for.
    """

    center_parts: tuple[str, ...] = ()
    individual: str = ""
    is_open: bool = False
    body_axis: tuple[str, str] | None = None


@dataclass(frozen=True)
class NewPose:
    """What a new study says of pose without videos.

    Attributes
    ----------
    fps
        Frames per second of files that do not say it; None where all do, or nobody knows.
    is_open
        Whether nobody knows it, so that the user has to enter it.
    has_others
        Whether there are other animals, of which the nearest is described too.
    """

    fps: float | None = None
    is_open: bool = False
    has_others: bool = False


def choose_center_parts(body_parts: Sequence[str]) -> list[str]:
    """Return the body parts that crops are best centred on: a point in the middle of the body, else all those on the trunk, else all.

    Examples
    --------
    >>> choose_center_parts(["nose", "BodyCenter", "tailbase"]), choose_center_parts(["nose", "leftear", "tailbase", "tailtip"])
    (['BodyCenter'], ['leftear', 'tailbase'])
    """
    plain = {_simplify(name): name for name in body_parts}
    middle = [plain[name] for name in MIDDLE_NAMES if name in plain]
    trunk = [name for name in body_parts if _simplify(name) in TRUNK_TAIL or not any(part in _simplify(name) for part in OFF_TRUNK)]
    return middle[:1] or trunk or list(body_parts)


def choose_body_axis(body_parts: Sequence[str]) -> tuple[str, str] | None:
    """Return the tail and the head end of the body among the names of body parts; None where one of them is not there.

    >>> choose_body_axis(["Nose", "Left Ear", "Tail-base"]), choose_body_axis(["top", "body", "tail"]), choose_body_axis(["top", "body"])
    (('Tail-base', 'Nose'), ('tail', 'top'), None)
    """
    plain = {_simplify(name): name for name in body_parts}
    heads, tails = ([plain[name] for name in ends if name in plain] for ends in (HEAD_ENDS, TAIL_ENDS))
    return (tails[0], heads[0]) if heads and tails else None


def _simplify(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def choose_members(streams: Sequence[str]) -> list[dict[str, Any]]:
    """Return the members of the ensemble that a study on these streams begins with, as in a study file.

    Pictures and pose err in different frames, and what a network embeds has many more features than pose, which drown it where recordings
    are few: so a network reads all, another one pose alone, and trees what has few features.

    >>> choose_members(["appearance"])
    [{}, {'head': {'kind': 'boosting'}}]
    >>> choose_members(["appearance", "motion", "pose"])
    [{}, {'streams': ['pose']}, {'head': {'kind': 'boosting'}, 'streams': ['motion', 'pose']}]
    """
    trees: dict[str, Any] = {"head": {"kind": "boosting"}}
    if {"motion", "pose"} <= set(streams):
        return [{}, {"streams": ["pose"]}, trees | {"streams": ["motion", "pose"]}]
    return [{}, trees]


def format_new_study(
    names: ChosenNames,
    crop: NewCrop,
    *,
    backbone: str,
    weights: str,
    sampling: float | None = None,
    pose: NewPose | None = None,
    views: Mapping[str, NewCrop] | None = None,
) -> str:
    """Return the text of a new study file, with the settings that a study begins with.

    Parameters
    ----------
    names
        Behaviors, and what names in label files mean.
    crop
        What crops are centred on. What the user has to choose has no value, which `behavior check` refuses.
    backbone, weights
        What the section `backbone` says.
    sampling
        Frames a second that are used, where that is not every frame; lengths are given in seconds then.
    pose
        Of a study without videos, which works on pose alone; None where there are videos.
    views
        What the crops of other views than the first are centred on, by their names.
    """
    streams = _list_streams(crop, pose, views or {})
    sampled = (
        f"sampling:   {{fps: {sampling:g}}}    # frames a second that are used; ethograms are of every frame all the same\n"
        if sampling
        else ""
    )
    return f"""\
# What `behavior` should do with the recordings in {MANIFEST_FILE}; every key is explained in configs/README.md.
recordings: {MANIFEST_FILE}
behaviors: [{", ".join(map(_quote, names.behaviors))}]
{_format_labels(names)}crop:       {_format_crop(crop)}
{_format_backbone(backbone, weights) if pose is None else _format_pose(pose, crop)}streams:    [{", ".join(streams)}]
{_format_views(crop, views or {})}{sampled}\
features:   {{standardize: quantiles}}
cache: cache
windows:    {"{length_s: 30}" if sampling else "{length: 300}"}
head:       {{kind: lstm, layers: 1, units: 64, bidirectional: true, share: true, dropout: 0.5}}
ensemble:
  combine: log_odds
  members:
{_format_members(streams)}training:   {{learning_rate: 0.002, batch_size: 8, epochs: 50, patience: 5, class_weights: balanced, seed: 0}}
crossval:   {{leave_out: recording, early_stopping_on: inner}}
postprocess: {{threshold: 0.5}}
decisions:  {{fit: [closing, min_bout]}}    # fitted to the labels by `crossval`, whose folder `train` needs then
"""


def format_audit_study(behaviors: Sequence[str], crop: Mapping[str, object], *, seed: int) -> str:
    """Return the text of the study file of an audit, which is there to be labelled.

    Parameters
    ----------
    crop
        What the section `crop` says.
    seed
        What the clips were drawn with.
    """
    return f"""\
# An audit drawn by `behavior audit` with seed {seed}: label the clips in clips.csv, for example with `behavior review`, then correct
# figures with `behavior stats --audit`. Clips that are chosen in another way make the corrected figures wrong.
recordings: {MANIFEST_FILE}
behaviors: [{", ".join(map(_quote, behaviors))}]
crop: {json.dumps(crop, ensure_ascii=False)}
"""


def _format_backbone(backbone: str, weights: str) -> str:
    comment = "{name: openfield, weights: packaged} needs no download"
    return f"backbone:   {{name: {backbone}, weights: {weights}}}    # {comment}\n"


def _list_streams(crop: NewCrop, pose: NewPose | None, views: Mapping[str, NewCrop]) -> list[str]:
    if pose is not None:
        return ["pose"]
    return ["appearance", *(("motion", "pose") if crop.center_parts or crop.is_open else ()), *(f"appearance@{view}" for view in views)]


def _format_members(streams: Sequence[str]) -> str:
    """Return the lines of the ensemble's members."""
    notes = {"": "the head above", "streams: [pose]": "the same on pose alone"}
    lines = []
    for member in choose_members(streams):
        heads = [f"head: {{kind: {member['head']['kind']}}}"] if "head" in member else []
        text = ", ".join([*heads, *([f"streams: [{', '.join(member['streams'])}]"] if "streams" in member else [])])
        lines.append(f"    - {{{text}}}{f'    # {notes[text]}' if text in notes else ''}\n")
    return "".join(lines)


def _format_views(crop: NewCrop, views: Mapping[str, NewCrop]) -> str:
    """Return the section `views`, where there are several."""
    if not views:
        return ""
    others = ", ".join(
        f"{_quote(view)}: {'{}' if own == crop else f'{{crop: {_format_crop_settings(own)}}}'}" for view, own in views.items()
    )
    return f"views:      {{combine: features, others: {{{others}}}}}    # what is left out is as for the first view\n"


def _format_pose(pose: NewPose, crop: NewCrop) -> str:
    """Return the section of a study that works on pose alone; nothing is said of the rate where the files say it."""
    lines = []
    rate = ["fps: null"] if pose.is_open else [] if pose.fps is None else [f"fps: {pose.fps:.10g}"]
    said = [f"frames per second of pose files that do not say it{': enter them' if pose.is_open else ''}"] if rate else []
    if pose.has_others:
        rate.append("others: nearest")
        said.append("the nearest other animal is described too")
    if rate:
        lines.append(f"pose:       {{{', '.join(rate)}}}    # {'; '.join(said)}\n")
    if crop.body_axis is None:
        lines.append("# crop: {body_axis: [TAIL_END, HEAD_END]} describes posture in the animal's own frame of reference.\n")
    return "".join(lines)


def _format_crop(crop: NewCrop) -> str:
    """Return the section `crop`, with a comment."""
    comment = "size in pixels: the animal and a little around it"
    if crop.is_open:
        comment = "body_part: name one that the pose has, as the middle of the body; " + comment
    return f"{_format_crop_settings(crop)}    # {comment}"


def _format_crop_settings(crop: NewCrop) -> str:
    if not crop.center_parts and not crop.is_open:
        return "{whole_frame: true}"
    parts = ", ".join(map(_quote, crop.center_parts))
    settings = [f"body_part: {parts}" if len(crop.center_parts) == 1 else f"body_part: [{parts}]"]
    if crop.is_open:
        settings = ["body_part: null"]
    if crop.individual:
        settings.append(f"individual: {_quote(crop.individual)}")
    if crop.body_axis is not None:
        settings.append(f"body_axis: [{', '.join(map(_quote, crop.body_axis))}]")
    return f"{{{', '.join([*settings, 'size: 160', 'min_likelihood: 0.6'])}}}"


def _format_labels(names: ChosenNames) -> str:
    """Return the section `labels`, nothing where all names in label files mean themselves."""
    lines = ["labels:    # what names in label files mean"] if names.mapping or names.ignored else []
    if names.mapping:
        lines += ["  map:", *(f"    {_quote(name)}: {_quote(meant)}" for name, meant in names.mapping.items())]
    if names.ignored:
        lines.append(f"  ignore: [{', '.join(map(_quote, names.ignored))}]")
    return "".join(f"{line}\n" for line in lines)


def _quote(name: str) -> str:
    """Return a name as YAML reads it back: quoted where a plain one would mean something else."""
    is_plain = re.fullmatch(r"[^\W\d][\w-]*", name) and name.lower() not in YAML_WORDS
    return name if is_plain else json.dumps(name, ensure_ascii=False)
