from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import behavior as bh
from behavior.files.video_writer import write_video


def test_tracks_come_as_a_table_and_are_kept_the_second_time(tmp_path: Path) -> None:
    pictures = []
    for frame in range(40):
        picture = np.full((96, 128, 3), 200, dtype=np.uint8)
        cv2.ellipse(picture, (20 + 2 * frame, 48), (12, 5), 0, 0, 360, (40, 40, 40), cv2.FILLED, cv2.LINE_AA)
        pictures.append(picture)
    write_video(tmp_path / "a.mp4", pictures, fps=25)
    outcome = bh.track_videos(tmp_path / "a.mp4", animals=1, motion="still")
    assert outcome.table.loc[0, "found"] == 1 and outcome.table.loc[0, "animals"] == 1 and not outcome.failures
    assert Path(outcome.table.loc[0, "track"]).is_file()
    assert bh.track_videos(tmp_path / "a.mp4", animals=1, motion="still").table.loc[0, "recording"] == "a"
    preview = bh.track_videos(tmp_path / "a.mp4", preview=True, out=tmp_path / "out")
    assert Path(preview.table.loc[0, "preview"]).is_file()
