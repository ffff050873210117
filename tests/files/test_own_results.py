"""Files that this package wrote are told from those that people hand in."""

from __future__ import annotations

from pathlib import Path

import pytest
from binary_samples import make_behaviordepot, make_ethogram, make_jaaba, write_bytes

from behavior.files.own_results import is_named_as_result, is_own_track, is_result


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m1_ethogram.csv", True),
        ("talk/M1_Overlay.mp4", True),
        ("cache/m1.h5", True),
        ("logs/m1.csv", True),
        (".hidden/m1.csv", True),
        ("m1.csv", False),
        ("cache.csv", False),
        ("m1_bouts.csv", False),
    ],
)
def test_names_of_results(tmp_path: Path, name: str, expected: bool) -> None:
    assert is_named_as_result(tmp_path / name, Path(name).parts) == expected


def test_a_table_of_bouts_is_a_result_next_to_its_ethogram_only(tmp_path: Path) -> None:
    path = tmp_path / "m1_bouts.csv"
    assert not is_named_as_result(path, (path.name,))
    (tmp_path / "m1_ethogram.csv").touch()
    assert is_named_as_result(path, (path.name,))


def test_the_track_of_one_animal_is_a_result_next_to_that_of_all(tmp_path: Path) -> None:
    path = tmp_path / "m1_animal2_track.csv"
    assert not is_named_as_result(path, (path.name,))
    (tmp_path / "m1_track.csv").write_text("scorer,behavior_track,behavior_track\n")
    assert is_own_track(tmp_path / "m1_track.csv") and not is_own_track(tmp_path / "none.csv")
    for name in ("m1_tracklets.npz", "m1_identity.csv"):
        assert is_named_as_result(tmp_path / name, (name,))
        assert not is_named_as_result(tmp_path / name.replace("m1", "m2"), (name.replace("m1", "m2"),))
    assert is_named_as_result(path, (path.name,))
    assert not is_named_as_result(tmp_path / "m1_track.csv", ("m1_track.csv",))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "# made by a model, not by a person\nframe,a\n", True),
        ("a.boris", '{"description": "made by a model, not by a person"}', True),
        ("a.csv", "behavior,start_frame,stop_frame,mean_prob\n", True),
        ("a.csv", "frame;rear_prob;rear_raw;rear\n", True),
        ("a.csv", "behavior,start_frame,stop_frame\n", False),
        ("a.csv", "frame,rear_prob\n", False),
        ("a.csv", "", False),
        ("a.txt", "made by a model, not by a person", False),
    ],
)
def test_content_of_results(tmp_path: Path, name: str, content: str, expected: bool) -> None:
    (tmp_path / name).write_text(content)
    assert is_result(tmp_path / name) == expected
    assert not is_result(tmp_path / "missing.csv")


def test_a_folder_of_an_export_holds_results_if_the_export_says_so(tmp_path: Path) -> None:
    (tmp_path / "simba").mkdir()
    path = tmp_path / "simba" / "m1.csv"
    path.write_text("frame,a\n0,1\n")
    assert not is_result(path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "export_2024.log").touch()
    assert is_result(path)


def test_files_that_say_that_a_program_made_them_are_results(tmp_path: Path) -> None:
    made = {
        "scores.mat": (make_jaaba([[(3, 8)]], 40), True),
        "hB.mat": (make_behaviordepot({"Grooming": [(3, 8)]}, 40), False),
        "automated.nwb": (make_ethogram({"Grooming": [(3, 8)]}, 10, method="automated"), True),
        "manual.nwb": (make_ethogram({"Grooming": [(3, 8)]}, 10), False),
        "curated.nwb": (make_ethogram({"Grooming": [(3, 8)]}, 10, method="curated"), False),
        "damaged.nwb": (b"x", False),
    }
    assert {name: is_result(write_bytes(tmp_path / name, content)) for name, (content, _) in made.items()} == {
        name: expected for name, (_, expected) in made.items()
    }
