"""DeepEthogram's and SimBA's tables of frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
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


FEATURES = ",Nose_x,Nose_y,Nose_p,Speed\n0,1.50,2,1,-0.1\n1,1.25,3,1,0\n2,1,4,0.9,12.0000001\n"


def test_simba_targets_stand_behind_its_features_whose_cells_stay_as_they_are(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], read_back: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    features = tmp_path / "mouse_01.csv"
    features.write_text(FEATURES)
    entry = make_entry([[1, 0], [1, 1], [0, 0]], ("a", "=b"), features=features)
    path = write_entries("simba", tmp_path / "out", entry)
    targets = ("a,'=b", "1,0", "1,1", "0,0")
    assert path.read_text() == "".join(f"{line},{target}\n" for line, target in zip(FEATURES.splitlines(), targets, strict=True))
    plain = make_entry([[1, 0], [1, 1], [0, 0]], ("a", "b"), features=features)
    np.testing.assert_array_equal(read_back("simba", write_entries("simba", tmp_path / "plain", plain), plain), [[1, 0], [1, 1], [0, 0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FEATURES + "3,1,4,1,0\n", "has 4 rows of features, but the ethogram of mouse_01 has 3 frames"),
        (FEATURES[:-16], "line 4 has 3 cells, expected 5"),
        (FEATURES.replace("Speed", "a"), "two columns of mouse_01 would be called 'a'"),
        ("", "has 0 rows of features"),
        (None, "no such file, expected a table that SimBA extracted features to"),
    ],
)
def test_features_of_another_recording_are_refused(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path, text: str | None, expected: str
) -> None:
    features = tmp_path / "mouse_01.csv"
    if text is not None:
        features.write_text(text)
    entry = make_entry([[1, 0], [1, 1], [0, 0]], ("a", "b"), features=features)
    with pytest.raises(EthogramError, match=re.escape(expected)) as caught:
        write_entries("simba", tmp_path / "out", entry)
    assert str(features) in str(caught.value)
    assert not list((tmp_path / "out").rglob("*.csv"))
