"""DeepEthogram's labels: a background, and -1 for frames nobody labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import N_FRAMES, NAMES, VALUES, make_deepethogram, read, write

from behavior.errors import LabelError
from behavior.files.labels import count_label_frames, list_behaviors
from behavior.recording import Frames


def test_unlabelled_frames_of_deepethogram_stay_so(tmp_path: Path) -> None:
    lines = make_deepethogram().splitlines()
    lines[1:4] = [f"{frame},-1,-1,-1" for frame in range(3)]
    expected = VALUES.copy()
    expected[:3] = -1
    path = write(tmp_path / "a.csv", "\n".join(lines))
    values, notes = read(path)
    np.testing.assert_array_equal(values, expected)
    assert (notes, list_behaviors(path), count_label_frames(path, NAMES)) == ([], NAMES, N_FRAMES)
    assert read(path, ("rest",), mapping={"background": "rest"})[0][3:9, 0].tolist() == [0, 0, 0, 0, 0, 1]


def test_background_that_daart_may_have_meant_as_unlabelled_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", make_deepethogram())
    with pytest.raises(
        LabelError, match=r"'background' is 1 in 26 of 40 rows, .* labels: \{background: absent\}, or labels: \{background: unl"
    ):
        read(path, background=None)
    np.testing.assert_array_equal(read(path, background="absent")[0], VALUES)
    expected = np.where(VALUES.any(axis=1, keepdims=True), VALUES, -1)
    np.testing.assert_array_equal(read(path, background="unlabelled")[0], expected)
    np.testing.assert_array_equal(read(path, NAMES[:1], background="unlabelled")[0], expected[:, :1])
    assert read(path, ("background",), background=None)[0][:, 0].tolist() == (~VALUES.any(axis=1)).astype(int).tolist()


@pytest.mark.parametrize(
    ("old", "new"), [("\n3,0,1,0\n", "\n3,0,1,1\n"), ("\n0,1,0,0\n", "\n0,-1,-1,-1\n"), ("\n0,1,0,0\n", "\n0,0,0,0\n")]
)
def test_what_only_deepethogram_writes_tells_what_background_means(tmp_path: Path, old: str, new: str) -> None:
    text = make_deepethogram()
    assert old in text
    values, notes = read(write(tmp_path / "a.csv", text.replace(old, new)), background=None)
    np.testing.assert_array_equal(values[4:], VALUES[4:])
    assert notes == []


def test_real_labels_of_daart_are_mostly_unlabelled(shared_data: Path) -> None:
    path = shared_data / "formats" / "others" / "daart_csv" / "2019_06_26_fly2.csv"
    names, frames = ("still", "walk", "front_groom", "back_groom", "abdomen-move"), Frames(45001)
    with pytest.raises(LabelError, match="nobody labelled"):
        read(path, names, frames=frames, background=None)
    values, _ = read(path, names, frames=frames, background="unlabelled")
    assert (values == -1).all(axis=1).mean() == pytest.approx(0.957, abs=5e-4)
    assert (values[values[:, 0] != -1].sum(axis=1) == 1).all()
