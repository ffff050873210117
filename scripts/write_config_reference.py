"""Write the tables of keys in configs/README.md from the models in behavior/config.

    python scripts/write_config_reference.py
    python scripts/write_config_reference.py --check

A table stands between the lines `<!-- keys: NAME -->` and `<!-- end -->`, where NAME is a section of the study file (`study` is its top
level). Everything else in the file is written by hand and left alone. With `--check` nothing is written, and the exit status is 1 if the
file is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from behavior.config import (
    HEAD_KINDS,
    Arena,
    Augmentation,
    Backbone,
    Clips,
    Clock,
    Cluster,
    Convnet,
    Crop,
    CrossValidation,
    Decisions,
    Ensemble,
    EnsembleMember,
    FeatureSteps,
    Finetune,
    LabelFiles,
    Normalization,
    OtherView,
    PoseFiles,
    Postprocess,
    Pruning,
    Sampling,
    Search,
    Section,
    Study,
    Training,
    Views,
    Windows,
)
from behavior.config.sections import LONGEST

__all__ = ["REFERENCE", "SECTIONS", "fill_reference", "format_table"]

REFERENCE = Path(__file__).resolve().parents[1] / "configs" / "README.md"
# Every section of a study file, and the file on a cluster, by its name in the reference.
SECTIONS: Mapping[str, type[Section]] = {
    "study": Study,
    "labels": LabelFiles,
    "pose": PoseFiles,
    "crop": Crop,
    "backbone": Backbone,
    "backbone.preprocessing": Normalization,
    "backbone.clip": Clips,
    "backbone.convnet": Convnet,
    "sampling": Sampling,
    "views": Views,
    "views.others": OtherView,
    "features": FeatureSteps,
    "windows": Windows,
    **{f"head {kind}": head for kind, head in HEAD_KINDS.items()},
    "training": Training,
    "crossval": CrossValidation,
    "postprocess": Postprocess,
    "decisions": Decisions,
    "ensemble": Ensemble,
    "ensemble.members": EnsembleMember,
    "search": Search,
    "search.pruning": Pruning,
    "arena": Arena,
    "clock": Clock,
    "finetune": Finetune,
    "finetune.augmentation": Augmentation,
    "cluster file": Cluster,
}
BLOCK = re.compile(r"(?<=<!-- keys: )(?P<name>[^>]+)(?P<open> -->\n)(?P<table>.*?)(?=<!-- end -->)", re.DOTALL)
WORDS = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "`true` or `false`",
    Path: "path",
    datetime: "date and time",
    time: "time of day",
}


def main() -> int:
    """Bring the reference up to date; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="Write nothing; exit with 1 if the file is out of date.")
    arguments = parser.parse_args()
    text = REFERENCE.read_text(encoding="utf-8")
    filled = fill_reference(text)
    if filled == text:
        print(f"{REFERENCE}: up to date")
        return 0
    if arguments.check:
        print(f"{REFERENCE}: out of date; run python scripts/write_config_reference.py", file=sys.stderr)
        return 1
    REFERENCE.write_text(filled, encoding="utf-8")
    print(f"{REFERENCE}: written")
    return 0


def fill_reference(text: str) -> str:
    """Return the reference with its tables written again; ValueError if one of `SECTIONS` has no place in it, or has two."""
    names = [match["name"] for match in BLOCK.finditer(text)]
    if sorted(names) != sorted(SECTIONS):
        raise ValueError(f"found tables for {sorted(names)}, expected each of {sorted(SECTIONS)} once")
    return BLOCK.sub(lambda match: f"{match['name']}{match['open']}{format_table(SECTIONS[match['name']])}", text)


def format_table(section: type[Section]) -> str:
    """Return the Markdown table of a section, between empty lines: a row for each key with type, default, meaning and examples."""
    rows = ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    # What kind of a section it is comes before what all kinds have.
    for name, field in sorted(section.model_fields.items(), key=lambda item: item[0] != "kind"):
        if not field.description or not field.examples:
            raise ValueError(f"{section.__name__}.{name} has no description or no examples")
        cells = (
            f"`{name}`",
            describe_type(field.annotation, field.metadata),
            describe_default(field),
            field.description,
            "<br>".join(format_yaml({name: example}) for example in field.examples),
        )
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(["", *rows, "", ""])


def describe_default(field: FieldInfo) -> str:
    """Return what a key is when it is not given."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default == ():
        return "not set"
    if isinstance(default, BaseModel):
        kind = getattr(default, "kind", None)
        return f"its defaults (`{kind}`)" if kind else "its defaults"
    return format_yaml(str(default) if isinstance(default, Path) else default)


def format_yaml(value: Any) -> str:
    """Return a value as a study file has it, on one line, as code."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    text = text.removesuffix("\n").removesuffix("\n...")
    # A key with its value stands in a study file without braces around the two.
    return f"`{text[1:-1] if isinstance(value, dict) and len(value) == 1 and text.startswith('{') else text}`"


def describe_type(annotation: Any, metadata: Any = ()) -> str:
    """Return in words what a key may be."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return describe_type(arguments[0], (*getattr(arguments[1], "metadata", ()), *arguments[2:], *metadata))
    if origin in (Union, UnionType):
        kinds = [kind for kind in arguments if kind is not NoneType]
        if all(isinstance(kind, type) and issubclass(kind, Section) for kind in kinds):
            return "section"
        one, other = kinds[0], kinds[-1]
        if get_origin(other) is dict and get_args(other)[1] == one:
            return f"{describe_type(one)}, or one for each name"
        return " or ".join(describe_type(kind, metadata) for kind in kinds)
    if origin is Literal:
        return join_choices([f"`{choice}`" for choice in arguments])
    if origin in (list, tuple):
        return describe_list(arguments, metadata, is_fixed=origin is tuple and Ellipsis not in arguments)
    if origin is dict:
        return f"{describe_type(arguments[1])} for each name"
    if annotation is Any:
        return "value"
    if issubclass(annotation, Section):
        return "section"
    return WORDS[annotation] + describe_limits(metadata)


def describe_list(arguments: tuple[Any, ...], metadata: Any, *, is_fixed: bool) -> str:
    """Return in words a list of `arguments`, which has as many entries as they are if it `is_fixed`."""
    entry = describe_type(arguments[0])
    if is_fixed:
        return f"list of {len(arguments)} {plural(entry)}"
    least = next((limit.min_length for limit in metadata if isinstance(limit, MinLen)), 0)
    return f"list of {f'at least {least} ' if least > 1 else ''}{plural(entry)}"


def plural(entry: str) -> str:
    """Return the plural of what `describe_type` calls an entry of a list."""
    if entry.startswith("`"):
        return entry.replace(" or ", " and ")
    if entry.startswith("list of "):
        return f"lists{entry.removeprefix('list')}"
    return entry.replace("number", "numbers").replace("section", "sections").replace("text", "texts")


def describe_limits(limits: Any) -> str:
    """Return in words between which numbers a value has to be."""
    low = next((f"at least {limit.ge:g}" for limit in limits if isinstance(limit, Ge)), "")
    low = next((f"above {limit.gt:g}" for limit in limits if isinstance(limit, Gt)), low)
    high = next((f"at most {limit.le:g}" for limit in limits if isinstance(limit, Le) and limit.le != LONGEST), "")
    high = next((f"below {limit.lt:g}" for limit in limits if isinstance(limit, Lt)), high)
    if low.startswith("at least ") and high.startswith("at most "):
        return f" ({low.removeprefix('at least ')} to {high.removeprefix('at most ')})"
    return f" ({', '.join(limit for limit in (low, high) if limit)})" if low or high else ""


def join_choices(choices: list[str]) -> str:
    """Return choices as a sentence has them."""
    return " or ".join([", ".join(choices[:-1]), choices[-1]]) if len(choices) > 1 else choices[0]


if __name__ == "__main__":
    sys.exit(main())
