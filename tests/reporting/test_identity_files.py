from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from behavior.embedding.tracklet_crops import TrackletCrops
from behavior.embedding.tracklet_identities import TrackletIdentities
from behavior.recording import Tracklet
from behavior.reporting.identity_files import write_identities


def stay(start: int, stop: int) -> Tracklet:
    n = stop - start
    nothing = np.zeros(n, dtype=bool)
    return Tracklet(np.arange(start, stop), np.zeros((n, 2)), np.zeros(n), np.zeros((n, 2)), nothing)


def test_a_row_for_each_tracklet_and_its_crops_in_the_strip_of_its_animal(tmp_path: Path) -> None:
    tracklets = [stay(0, 4), stay(0, 3), stay(3, 6), stay(6, 7)]
    owners = np.array([0, 1, 2, 3])
    images = np.zeros((4, 20, 20, 3), dtype=np.uint8)
    images[:] = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200], [0, 90, 90]])[:, None, None]
    starts, stops = np.array([0, 0, 3, 6]), np.array([4, 3, 6, 7])
    crops = TrackletCrops(images, owners, starts, np.zeros(4, dtype=bool), starts, stops, np.ones((20, 20), dtype=bool))
    identities = TrackletIdentities(np.array([0, 1, 1, 1]), np.array([1.0, 0.95, 0.4, 0.9]), crops, np.array([True, True, False, True]))
    write_identities(tmp_path / "a.b", identities, tracklets, ["animal1", "animal2"], np.arange(8) / 10)
    assert (tmp_path / "a.b_identity.csv").read_text().splitlines() == [
        "tracklet,start_frame,stop_frame,start_s,stop_s,animal,probability",
        "0,0,4,0,0.4,animal1,1.0000",
        "1,0,3,0,0.3,animal2,0.9500",
        "2,3,6,0.3,0.6,animal2,0.4000",
        "3,6,7,0.6,0.7,animal2,0.9000",
    ]
    picture = cv2.cvtColor(cv2.imread(str(tmp_path / "a.b_identity.png")), cv2.COLOR_BGR2RGB)
    rows, columns = ([np.argwhere((picture == color).all(axis=-1)).mean(axis=0)[axis] for color in images[:3, 0, 0]] for axis in (0, 1))
    # A tracklet of one frame is left out where there are longer ones.
    assert not (picture == images[3, 0, 0]).all(axis=-1).any()
    # The second animal is below the first, and has two columns.
    assert rows[0] < rows[1] == rows[2] and columns[0] == columns[1] < columns[2]
