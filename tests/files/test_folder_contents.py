"""What is in a folder of videos, told by names."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.files.folder_contents import describe_unread, list_files, list_names, note_drawn, note_links, separate_drawn


@pytest.mark.parametrize(
    ("name", "is_drawn"),
    [
        ("m1DLC_resnet50_x_full.mp4", True),
        ("m1DeepCut_resnet50_x_labeled.mp4", True),
        ("m1.MTS.predictions.slp.avi", True),
        ("m1.Labeled.mp4", True),
        ("m1 labelled.mp4", True),
        ("m1_superanimal_quadruped_hrnet_w32_labeled_before_adapt.mp4", True),
        # What only looks like it.
        ("m1_labeled_food.mp4", False),
        ("m1_labeledpellet2.mp4", False),
        ("m1DLC2.mp4", False),
        ("m1DLCA.mp4", False),
        ("m1_superanimals.mp4", False),
        ("m1_unlabeled.mp4", False),
        ("m1_predictions_day2.mp4", False),
        ("M1_superanimal_topviewmouse_.mp4", True),
        ("m1.predictions.slp.mp4", True),
        ("other_labelled.mp4", True),
        # Nothing is called as what is before the mark.
        ("m2DLC_resnet50_x_full.mp4", False),
        ("m1_2.mp4", False),
        ("m10.mp4", False),
        ("predictions.mp4", False),
        ("DLC_camera.mp4", False),
    ],
)
def test_names_of_videos_that_a_tracker_drew(name: str, is_drawn: bool) -> None:
    videos, drawn = separate_drawn([Path("m1.MTS"), Path(name), Path("m1.csv")])
    assert (Path(name) in drawn) == is_drawn
    assert videos == ([Path("m1.MTS")] if is_drawn else [Path("m1.MTS"), Path(name)])
    assert bool(note_drawn(drawn, Path())) == is_drawn


def test_hidden_files_and_results_are_no_files(tmp_path: Path) -> None:
    for name in ("b/m.mp4", ".x.mp4", "a_overlay.mp4", "cache/c.h5", "A.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_files(tmp_path, recursive=True) == [tmp_path / "A.txt", tmp_path / "b" / "m.mp4"]
    assert list_files(tmp_path, recursive=False) == [tmp_path / "A.txt"]


def test_unread_files_and_long_lists() -> None:
    video = Path("m1.mp4")
    assert describe_unread(Path("m1.eaf"), video) == (
        "is named after m1.mp4, and is an ELAN file that cannot be read; export its tiers in ELAN as tab-delimited text and make it a "
        "table of bouts."
    )
    assert describe_unread(Path("m1DLC_net_meta.pickle"), video) is None
    assert str(describe_unread(Path("m1_labels.pickle"), video)).startswith("is named after m1.mp4, and is a pickle, which is never opened")
    assert describe_unread(Path("m1.csv"), video) == "is named after m1.mp4, but holds no pose or labels that can be read; it is left out."
    assert describe_unread(Path("m1.csv"), None) is None
    assert str(describe_unread(Path("m1.h264"), None)).startswith("holds pictures without times")
    assert list_names([Path(f"d/{name}") for name in "abcde"], Path("d")) == "a, b, c and 2 more"


def test_links_that_lead_nowhere_or_to_folders_are_noted(tmp_path: Path) -> None:
    (tmp_path / "drive").mkdir()
    (tmp_path / "study").mkdir()
    (tmp_path / "drive" / "1.mp4").touch()
    (tmp_path / "study" / "a.mp4").symlink_to(tmp_path / "drive" / "1.mp4")
    (tmp_path / "study" / "b.mp4").symlink_to(tmp_path / "drive" / "2.mp4")
    (tmp_path / "study" / "day 2").symlink_to(tmp_path / "drive")
    assert note_links(tmp_path / "study") == [
        "b.mp4: is a link to a file that is not there; connect its drive, or fetch the file.",
        "day 2: is a link to a folder, which is not looked into; put links to its files in its place.",
    ]
    assert list_files(tmp_path / "study", recursive=True) == [tmp_path / "study" / "a.mp4"]
