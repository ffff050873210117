"""Adding a behavior to a study file whose comments and layout stay as they are."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from behavior.config import Study, parse_section
from behavior.errors import UsageError
from behavior.files.atomic import write_bytes
from behavior.files.opening import explain_damage
from behavior.files.study_renaming import find_entry, quote_name
from behavior.files.yaml_files import read_yaml

__all__ = ["add_behavior"]


def add_behavior(path: Path, name: str) -> None:
    """Add a behavior to the study file at `path`, after the others.

    The list may be on one line or on several, in brackets or with dashes. Everything else stays, byte for byte.

    Raises
    ------
    UsageError
        If the file cannot be used, a study may not have such a behavior, or the list is written in a way in which it cannot be extended
        without changing anything else.
    OutputError
        If it cannot be written.
    """
    before = parse_section(Study, read_yaml(path), source=path)
    try:
        expected = Study.model_validate(before.model_dump() | {"behaviors": [*before.behaviors, name]})
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{path}: {name!r} cannot be added to its behaviors: {reason}; choose another name.") from None
    with explain_damage(path, error=UsageError, expected="a study file in UTF-8", advice="give the path of a study.yaml"):
        # Ends of lines stay as they are.
        text = path.read_bytes().decode("utf-8")
    extended = _extend(text, name)
    try:
        after = None if extended is None else Study.model_validate(yaml.safe_load(extended))
    except (ValidationError, yaml.YAMLError, TypeError):
        after = None
    if extended is None or after is None or after.model_dump() != expected.model_dump():
        raise UsageError(
            f"{path}: its list `behaviors` is written in a way in which {name!r} cannot be added without changing anything else; "
            "add it there by hand, then start the review again."
        )
    write_bytes(path, extended.encode("utf-8"))


def _extend(text: str, name: str) -> str | None:
    """Return the text with the behavior added; None where there is no place for it."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    behaviors = find_entry(root, "behaviors") if isinstance(root, MappingNode) else None
    if not isinstance(behaviors, SequenceNode) or not all(isinstance(item, ScalarNode) for item in behaviors.value):
        return None
    shown = quote_name(name)
    if behaviors.flow_style:
        place = behaviors.value[-1].end_mark.index if behaviors.value else text.index("[", behaviors.start_mark.index) + 1
        return mark + text[:place] + (f", {shown}" if behaviors.value else shown) + text[place:]
    last = behaviors.value[-1]
    line = text.rfind("\n", 0, last.start_mark.index) + 1
    indent = text[line : last.start_mark.index].partition("-")[0]
    if indent.strip():
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", last.end_mark.index)
    if end < 0:
        return mark + text + f"{newline}{indent}- {shown}{newline}"
    return mark + text[: end + 1] + f"{indent}- {shown}{newline}" + text[end + 1 :]
