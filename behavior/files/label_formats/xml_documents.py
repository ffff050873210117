"""XML of other tools, of bounded size: without a document type, so without entities that grow or read files."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from behavior.errors import LabelError

__all__ = ["MOST_XML_BYTES", "parse_xml"]

# Parsed, the worst such file takes thirty times as much.
MOST_XML_BYTES = 64 << 20
_MOST_DEPTH = 200


def parse_xml(path: Path, content: bytes, encoding: str) -> Element:
    """Return the root of an XML document, in `encoding` where it cannot be UTF-8 and says nothing else.

    Raises
    ------
    LabelError
        If it is not well formed, declares a document type, or has elements in hundreds of elements.
    """
    builder = TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise LabelError(f"{path}: has elements in {_MOST_DEPTH} elements, which no label file has; export the labels again.")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse_type(*_: object) -> None:
        raise LabelError(
            f"{path}: declares a document type (DOCTYPE), which is not read because it can make a file grow or read others; export the "
            "labels again, without one."
        )

    is_declared = re.match(rb"\s*<\?xml[^>]*encoding", content[:200]) is not None
    parser = expat.ParserCreate("iso-8859-1" if encoding == "latin-1" and not is_declared else None)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.StartDoctypeDeclHandler = refuse_type
    try:
        parser.Parse(content, True)
        return builder.close()
    # Unknown encodings and characters that XML does not have, beside what is not well formed.
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise LabelError(
            f"{path}: cannot be read as XML ({str(error)[:120]}), so the file is damaged or cut short; export the labels again."
        ) from error
