"""Groups of NWB files by their types, and when their videos start."""

from __future__ import annotations

from pathlib import Path

import h5py

from behavior.files.nwb_groups import decode_text, find_typed, list_video_starts, name_group, read_type


def test_groups_are_found_by_type_and_links_are_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nwb", "w") as file:
        for name in ("b", "a/c"):
            file.create_group(name).attrs["neurodata_type"] = "EthogramBouts"
        file["elsewhere"] = h5py.ExternalLink("/etc/x.h5", "a")
        assert [name_group(group) for group in find_typed(file, "EthogramBouts")] == ["c", "b"]
        assert read_type(file["b"]) == "EthogramBouts"
        assert read_type(file) == ""
    assert decode_text(b"x") == decode_text("x") == "x"


def test_videos_start_as_they_say(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nwb", "w") as file:
        for name, key, value in (("a", "starting_time", 2.5), ("b", "timestamps", [7.0, 7.1]), ("c", None, None)):
            video = file.create_group(name)
            video.attrs["neurodata_type"] = "ImageSeries"
            video.create_dataset("external_file", data=[f"C:\\v\\{name}.mp4"], dtype=h5py.string_dtype())
            if key is not None:
                video[key] = value
        assert list_video_starts(file) == {"a.mp4": 2.5, "b.mp4": 7.0}
