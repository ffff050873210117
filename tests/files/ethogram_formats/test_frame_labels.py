"""DeepEthogram's and SimBA's tables of frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from behavior.errors import EthogramError
from behavior.files.ethogram_formats.entry import Entry


def test_deepethogram_has_a_background_and_simba_none(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path
) -> None:
    entry = make_entry([[1, 0], [1, 1], [0, 0]], ("a", "b"))
    assert write_entries("deepethogram", tmp_path, entry).read_text() == ",background,a,b\n0,0,1,0\n1,0,1,1\n2,1,0,0\n"
    assert write_entries("simba", tmp_path, entry).read_text() == ",a,b\n0,1,0\n1,1,1\n2,0,0\n"
    with pytest.raises(EthogramError, match="two columns of mouse_01 would be called 'background'"):
        write_entries("deepethogram", tmp_path, make_entry([[1]], ("background",)))
