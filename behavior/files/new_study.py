"""What `behavior init` writes into a folder of videos: the study file, and what it takes from file names and pose."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from behavior.files.behavior_names import ChosenNames

__all__ = ["MANIFEST_FILE", "STUDY_FILE", "choose_center_parts", "format_new_study"]

STUDY_FILE = "study.yaml"
MANIFEST_FILE = "recordings.csv"
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
    "center_spine",
)
# Points that are not on the trunk pull a mean away from it.
OFF_TRUNK = ("tail", "paw", "nose", "snout", "corner", "box", "wall", "arena")
TRUNK_TAIL = ("tailbase", "tail_base", "base_tail")
# Plain words that YAML takes for something else.
YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


def choose_center_parts(body_parts: Sequence[str]) -> list[str]:
    """Return the body parts that crops are best centred on: a point in the middle of the body, else all those on the trunk, else all.

    Examples
    --------
    >>> choose_center_parts(["nose", "BodyCenter", "tailbase"]), choose_center_parts(["nose", "leftear", "tailbase", "tailtip"])
    (['BodyCenter'], ['leftear', 'tailbase'])
    """
    by_case = {name.casefold(): name for name in body_parts}
    middle = [by_case[name] for name in MIDDLE_NAMES if name in by_case]
    trunk = [name for name in body_parts if name.casefold() in TRUNK_TAIL or not any(part in name.casefold() for part in OFF_TRUNK)]
    return middle[:1] or trunk or list(body_parts)


def format_new_study(names: ChosenNames, center_parts: Sequence[str], *, backbone: str, weights: str) -> str:
    """Return the text of a new study file, with the settings that a study begins with.

    Parameters
    ----------
    names
        Behaviors, and what names in label files mean.
    center_parts
        Body parts that crops are centred on; whole frames where empty.
    backbone, weights
        What the section `backbone` says.
    """
    if len(center_parts) == 1:
        crop = f"body_part: {_quote(center_parts[0])}, size: 160, min_likelihood: 0.6"
    elif center_parts:
        crop = f"body_part: [{', '.join(map(_quote, center_parts))}], size: 160, min_likelihood: 0.6"
    else:
        crop = "whole_frame: true"
    return f"""\
# What `behavior` should do with the recordings in {MANIFEST_FILE}; every key is explained in configs/README.md.
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
