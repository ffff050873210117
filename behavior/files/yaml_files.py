"""YAML files, read with their size bounded: study files and the descriptions of model bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from behavior.errors import UsageError
from behavior.files.opening import read_text

__all__ = ["MOST_BYTES", "read_yaml"]

MOST_BYTES = 8 * 2**20
MOST_DEPTH = 50
# With every alias written out, as a message that shows the value would do.
MOST_VALUES = 500_000
_TWICE = "is there twice"


def read_yaml(path: Path) -> Any:
    """Return what the YAML file at `path` holds.

    Raises
    ------
    UsageError
        With the line where there is one: if the file is missing, is not a regular file of at most 8 MiB, is not YAML in UTF-8, has a
        key twice in one section, a tag, a null character, more than 50 levels, or aliases that unfold to more than 500,000 values.
    """
    text = read_text(
        path,
        most_bytes=MOST_BYTES,
        error=UsageError,
        expected="a YAML file such as a study file",
        advice="give the path of a study.yaml, or make one with `behavior init DIR`",
    )
    try:
        return _BoundedLoader(text).get_single_data()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        advice = "check the indentation, colons and brackets there"
        if "'\\t'" in problem:
            problem, advice = "a tab", "indent with spaces"
        elif problem.endswith(_TWICE):
            advice = "keep one of them"
        raise UsageError(f"{path}{line}: this is not valid YAML ({problem}); {advice}.") from None


class _BoundedLoader(yaml.SafeLoader):
    """Loads plain values alone, each key once, no deeper and no larger than a description by hand can be."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            event = self.peek_event()
            raise yaml.MarkedYAMLError(problem=f"more than {MOST_DEPTH} levels", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_document(self, node: Node) -> Any:
        _require_small(node)
        return super().construct_document(node)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        if isinstance(node, MappingNode):
            _require_unique_keys(node)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep=deep)
        except ValueError as error:
            # A number of thousands of digits, a day that no month has.
            raise yaml.MarkedYAMLError(problem=str(error).split(";")[0], problem_mark=node.start_mark) from None
        if isinstance(value, str) and "\0" in value:
            raise yaml.MarkedYAMLError(problem="a null character", problem_mark=node.start_mark)
        return value


def _require_unique_keys(node: MappingNode) -> None:
    known: set[tuple[str, str]] = set()
    for key, _ in node.value:
        # Keys that merge others in may stand there several times.
        if isinstance(key.value, str) and key.tag != "tag:yaml.org,2002:merge":
            if (key.tag, key.value) in known:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} {_TWICE}", problem_mark=key.start_mark)
            known.add((key.tag, key.value))


def _require_small(root: Node) -> None:
    """Raise an error where the values below `root`, aliases written out, are too many, or a value holds itself."""
    sizes: dict[int, int] = {}
    opened: set[int] = set()
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, is_complete = stack.pop()
        children: list[Node] = []
        if isinstance(node, MappingNode):
            children = [child for pair in node.value for child in pair]
        elif isinstance(node, SequenceNode):
            children = list(node.value)
        if is_complete:
            opened.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
            if sizes[id(node)] > MOST_VALUES:
                raise yaml.MarkedYAMLError(problem=f"aliases unfold to more than {MOST_VALUES:,} values", problem_mark=node.start_mark)
        elif id(node) in opened:
            raise yaml.MarkedYAMLError(problem="an alias is inside the value that it names", problem_mark=node.start_mark)
        elif id(node) not in sizes:
            opened.add(id(node))
            stack.append((node, True))
            stack += [(child, False) for child in children]
