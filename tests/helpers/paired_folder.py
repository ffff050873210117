"""Folders of videos with pose and label files that are named after them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from behavior.files.bout_tables import write_bout_table
from behavior.files.frame_tables import write_frame_table
from behavior.files.pairing import pair_files
from behavior.files.pose import write_deeplabcut
from behavior.recording import Labels, Track

TRACK = Track(np.ones((2, 1, 2)), np.ones((2, 1)), ("snout",))
LABELS = Labels(np.array([[1], [0]], np.int8), ("grooming",))
NETWORK = "DLC_resnet50_openfieldAug20shuffle1_30000"


def fill(folder: Path, *names: str) -> Path:
    """Make files whose content is what their names say; a video's content does not matter."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".mp4", ".avi", ".mov", ".mkv", ".pickle"):
            path.write_bytes(b"")
        elif "DLC" in name or "pose" in name:
            write_deeplabcut(path, TRACK, scorer=NETWORK)
        elif "frames" in name:
            write_frame_table(path, LABELS)
        else:
            write_bout_table(path, LABELS)
    return folder


def show(folder: Path) -> tuple[dict[str, tuple[str, str, str]], list[str]]:
    pairings, sentences = pair_files(folder)
    shown = {
        pairing.recording: tuple(
            "" if path is None else path.relative_to(folder).as_posix() for path in (pairing.video, pairing.pose, pairing.labels)
        )
        for pairing in pairings
    }
    assert len(shown) == len(pairings)
    return shown, sentences  # type: ignore[return-value]


def write_pair(folder: Path, name: str, individuals: tuple[str, ...], absent: tuple[str, ...] = ()) -> None:
    """Make a video with the pose of several animals, of which `absent` have no position."""
    (folder / f"{name}.mp4").touch()
    nothing = Track(np.full((2, 1, 2), np.nan), np.zeros((2, 1)), ("snout",))
    tracks = {one: nothing if one in absent else TRACK for one in individuals}
    write_deeplabcut(folder / f"{name}{NETWORK}_el.h5", tracks, scorer=NETWORK)
