"""DeepEthogram's labels: a background, and -1 for frames nobody labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from label_samples import N_FRAMES, NAMES, VALUES, make_deepethogram, read, write

from behavior.files.labels import count_label_frames, list_behaviors


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
