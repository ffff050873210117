from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from behavior.errors import InputError
from behavior.files.arena_mask import read_arena_mask


def test_white_is_where_animals_can_be(tmp_path: Path) -> None:
    picture = np.zeros((20, 30, 3), dtype=np.uint8)
    picture[5:10, 6:9] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), picture)
    mask = read_arena_mask(tmp_path / "mask.png", width=30, height=20)
    assert mask.dtype == np.bool_ and mask.sum() == 15 and mask[5, 6]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such file"),
        (b"", "is no picture|cannot be read"),
        (b"nothing", "is no picture"),
        ("black", "black all over"),
        ("small", "10 x 20 pixels"),
    ],
)
def test_what_is_no_mask_of_the_video_is_refused(tmp_path: Path, content: bytes | str | None, sentence: str) -> None:
    path = tmp_path / "mask.png"
    if isinstance(content, str):
        cv2.imwrite(str(path), np.zeros((20, 10 if content == "small" else 30), dtype=np.uint8))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_arena_mask(path, width=30, height=20)
