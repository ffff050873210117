"""Tables of positions and boxes, as any program may write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.detection_csv import is_detection_csv, read_detection_csv


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "found.csv"
    path.write_text(text)
    return path


def test_positions_alone(tmp_path: Path) -> None:
    table = read_detection_csv(write(tmp_path, "frame,x,y\n3,10,20.5\n1,7,8\n1,,\n"))
    assert table.frames.tolist() == [1, 3] and table.positions.tolist() == [[7, 8], [10, 20.5]]
    assert np.isnan(table.sizes).all() and np.isnan(table.angles).all() and table.scores.tolist() == [1, 1]
    assert table.names == () and table.owners.tolist() == [-1, -1]


@pytest.mark.parametrize(
    "text",
    [
        "frame,x,y,width,height\n0,10,20,8,4\n",
        "frame,x1,y1,x2,y2\n0,6,18,14,22\n",
        "frame,bb_left,bb_top,bb_width,bb_height,conf\n0,6,18,8,4,1\n",
        "Frame;X1;Y1;X2;Y2\n0;6,0;18;14;22\n",
    ],
)
def test_a_box_by_its_centre_its_corners_or_its_corner_and_sides_is_the_same(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert is_detection_csv(path)
    table = read_detection_csv(path)
    assert table.positions.tolist() == [[10, 20]] and table.sizes.tolist() == [[8, 4]]


def test_angles_scores_and_animals(tmp_path: Path) -> None:
    table = read_detection_csv(
        write(tmp_path, "track_id,frame,x,y,width,height,angle_deg,score\nb,1,9,9,8,4,90,\n,1,5,5,8,4,0,.5\na,0,1,1,8,4,45,1\n")
    )
    np.testing.assert_allclose(table.angles, np.radians([45, 90, 0]))
    assert table.scores.tolist() == [1, 1, 0.5]
    assert table.names == ("b", "a") and table.owners.tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame,x,y\n0,1,1\n1.5,1,1\n", r"line 3 has the frame 1\.5, expected a frame number"),
        ("frame,x,y\n-1,1,1\n", "line 2 has the frame -1"),
        ("frame,x1,y1,x2,y2\n0,5,5,5,9\n", "line 2 has the width 0, expected more than 0 pixels"),
        ("frame,x,y,angle\n0,1,1,90\n", "line 2 has the angle 90, expected radians; call the column angle_deg"),
        ("frame,x,y,score\n0,1,1,98\n", "line 2 has the score 98, expected a number from 0 to 1"),
        ("frame,x,y\n0,left,1\n", "line 2"),
        ("time,x,y\n0,1,1\n", "expected the columns frame, x, y"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PoseError, match=message):
        read_detection_csv(write(tmp_path, text))
