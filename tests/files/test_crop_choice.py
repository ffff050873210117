"""What crops are centred on, in the first view and in others."""

from dataclasses import replace
from pathlib import Path

from behavior.files.crop_choice import choose_crop, choose_view_crops
from behavior.files.new_study import NewCrop
from behavior.recording import Recording


def write_pose(path: Path, *parts: str) -> Path:
    rows = [["scorer", *["s"] * 3 * len(parts)], ["bodyparts", *(part for part in parts for _ in range(3))]]
    rows += [["coords", *["x", "y", "likelihood"] * len(parts)], ["0", *["1"] * 3 * len(parts)]]
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    return path


def test_each_view_is_cropped_by_its_own_pose_or_taken_whole(tmp_path):
    first, side = write_pose(tmp_path / "m1DLC.csv", "nose", "midbody"), write_pose(tmp_path / "m1_sideDLC.csv", "nose", "hip")
    views = {"side": Recording("m1@side", pose=side), "back": Recording("m1@back")}
    recordings = [Recording("m1", pose=first, views=views), Recording("m2", pose=first)]
    crop, _ = choose_crop(recordings, (), tmp_path)
    assert crop == NewCrop(("midbody",))
    crops, notes = choose_view_crops(recordings, ["side", "back"], tmp_path)
    assert crops == {"side": NewCrop(("hip",)), "back": NewCrop()}
    assert "View side: 1 of 2 recordings have it; the others are used without." in notes
    assert "View back: some of its videos have no pose, so its whole frames are embedded." in notes
    assert choose_view_crops([replace(recordings[0])], [], tmp_path) == ({}, [])
