"""Renaming a behavior in a study file whose comments and layout stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from behavior.config import Postprocess, Study, parse_section
from behavior.config.renaming import Renaming
from behavior.errors import BehaviorError, UsageError
from behavior.files.atomic import write_text
from behavior.files.label_formats.naming import Naming
from behavior.files.labels import list_names
from behavior.files.opening import read_text
from behavior.files.yaml_files import MOST_BYTES, read_yaml
from behavior.recording import Recording

__all__ = ["find_entry", "find_new_meanings", "quote_name", "rename_in_settings", "rename_study_file"]


def rename_in_settings(study: Study, renaming: Renaming, *, source: Path) -> Study:
    """Return the study with the new name; UsageError, naming the file `source`, if a study may not have such a behavior."""
    try:
        return renaming.rename_study(study)
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{source}: {renaming.old!r} cannot be called {renaming.new!r}: {reason}; choose another name.") from None


def rename_study_file(path: Path, renaming: Renaming) -> None:
    """Rename a behavior in the study file at `path`: in its behaviors, settings by behavior, and the map of names in label files.

    Comments, order and layout stay. A file that does not name the behavior is left alone.

    Raises
    ------
    UsageError
        If it cannot be used, or is written in a way in which the names are not found.
    OutputError
        If it cannot be written.
    """
    before = parse_section(Study, read_yaml(path), source=path)
    if renaming.old not in before.behaviors:
        return
    expected = rename_in_settings(before, renaming, source=path)
    text = read_text(path, most_bytes=MOST_BYTES, error=UsageError, expected="a study file", advice="give the path of a study.yaml")
    renamed = _edit(text, renaming)
    try:
        after = Study.model_validate(yaml.safe_load(renamed))
    except (ValidationError, yaml.YAMLError, TypeError):
        after = None
    if after is None or after.model_dump() != expected.model_dump():
        raise UsageError(
            f"{path}: is written in a way in which {renaming.old!r} cannot be replaced without changing anything else; rename it there by "
            f"hand, add labels: {{map: {{{quote_name(renaming.old)}: {quote_name(renaming.new)}}}}}, and run the command again."
        )
    write_text(path, renamed)


def find_new_meanings(before: Study, after: Study, recordings: list[Recording]) -> list[str]:
    """Return a sentence for each label file in which some name would mean another behavior than before; [] if labels stay as they are."""
    naming = [Naming(tuple(study.behaviors), study.labels.map, frozenset(study.labels.ignore)) for study in (before, after)]
    sentences = []
    for path in dict.fromkeys(path for recording in recordings for path in recording.labels.values()):
        try:
            names = list_names(path)
        except BehaviorError:
            # What cannot be read now has no labels that could change.
            continue
        changed = [
            name
            for name in dict.fromkeys((*names.behaviors, *(names.columns or ())))
            if naming[0].find_behavior(name) != naming[1].find_behavior(name)
        ]
        if changed:
            sentences.append(f"{path}: its name {changed[0]!r} would mean another behavior than before")
    return sentences


def _edit(text: str, renaming: Renaming) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, MappingNode)
    new = quote_name(renaming.new)
    edits = {(node.start_mark.index, node.end_mark.index): new for node in _find_names(root) if node.value == renaming.old}
    entry = f"{quote_name(renaming.old)}: {new}"
    labels = find_entry(root, "labels")
    mapping = find_entry(labels, "map") if isinstance(labels, MappingNode) else None
    if isinstance(mapping, MappingNode):
        if find_entry(mapping, renaming.old) is None:
            edits |= _insert(mapping, entry)
    elif isinstance(labels, MappingNode):
        edits |= _insert(labels, f"map: {{{entry}}}")
    else:
        edits |= _insert(root, f"labels: {{map: {{{entry}}}}}")
    for (start, end), replacement in sorted(edits.items(), reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _find_names(root: MappingNode) -> Iterator[ScalarNode]:
    """Yield the scalars that stand for behaviors."""
    nodes: list[Node] = []
    behaviors = find_entry(root, "behaviors")
    if isinstance(behaviors, SequenceNode):
        nodes += behaviors.value
    labels = find_entry(root, "labels")
    mapping = find_entry(labels, "map") if isinstance(labels, MappingNode) else None
    if isinstance(mapping, MappingNode):
        nodes += [meant for _, meant in mapping.value]
    settings = find_entry(root, "postprocess")
    for name in Postprocess.model_fields if isinstance(settings, MappingNode) else ():
        values = find_entry(settings, name)
        if isinstance(values, MappingNode):
            nodes += [key for key, _ in values.value]
    yield from (node for node in nodes if isinstance(node, ScalarNode))


def find_entry(mapping: Node, key: str) -> Node | None:
    """Return what a mapping of a composed YAML file has at `key`; None where it has nothing."""
    return next((value for name, value in mapping.value if name.value == key), None)


def _insert(mapping: MappingNode, entry: str) -> dict[tuple[int, int], str]:
    """Return the edit that puts an entry in front of the others of a mapping."""
    start = mapping.start_mark.index
    if mapping.flow_style:
        return {(start + 1, start + 1): f"{entry}, " if mapping.value else entry}
    return {(start, start): f"{entry}\n{' ' * mapping.start_mark.column}"}


def quote_name(name: str) -> str:
    """Return a name as YAML."""
    if re.fullmatch(r"[A-Za-z][\w-]*", name) and yaml.safe_load(name) == name:
        return name
    return json.dumps(name, ensure_ascii=False)
