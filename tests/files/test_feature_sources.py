"""What features are made from and what they mean: equal where one may stand for the other, different where it may not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import InputError
from behavior.files import feature_sources
from behavior.files.feature_sources import Signature, Source, hash_file, hash_source

SETTINGS = {"backbone": "openfield", "weights": "abc", "crop_size": 160, "precision": "float32"}


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != "stream"), st.integers() | st.text() | st.lists(st.text())))
def test_a_signature_comes_back_from_its_text(settings: dict) -> None:
    signature = Signature("pose", settings)
    assert Signature.from_text(signature.text) == signature
    assert "\n" not in signature.text


def test_the_order_of_settings_means_nothing() -> None:
    turned = Signature("appearance", dict(reversed(SETTINGS.items())))
    assert turned.text == Signature("appearance", SETTINGS).text
    assert turned.key == Signature("appearance", SETTINGS).key


def test_a_key_names_the_backbone_else_the_stream_and_the_meaning() -> None:
    assert Signature("appearance", SETTINGS).key.startswith("openfield-")
    assert Signature("motion", {"version": 1}).key.startswith("motion-")
    assert Signature("motion", {"version": 1}).key != Signature("motion", {"version": 2}).key
    assert len(Signature("motion", {"version": 1}).key.rpartition("-")[2]) == 10


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"precision": "bfloat16"}, ""),
        ({"precision": "int8"}, "precision 'int8' instead of 'float32'"),
        ({"crop_size": 96}, "crop_size 96 instead of 160"),
        ({"weights": "xyz", "crop_size": 96}, "weights 'xyz' instead of 'abc', crop_size 96 instead of 160"),
        ({"more": 1}, "more 1 instead of None"),
    ],
)
def test_a_difference_is_said_in_words(changes: dict, expected: str) -> None:
    found = Signature("appearance", SETTINGS | changes)
    assert found.describe_difference(Signature("appearance", SETTINGS)) == expected


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    video, pose = tmp_path / "a.mp4", tmp_path / "a.csv"
    video.write_bytes(b"frames")
    pose.write_bytes(b"points")
    return video, pose


def test_a_source_is_described_by_names_sizes_and_content(files: tuple[Path, Path]) -> None:
    video, pose = files
    first, second = Source((video, pose)).describe()
    assert (first["name"], first["size"], first["hash"]) == ("a.mp4", 6, hash_file(video))
    assert second["hash"] == hash_file(pose) != first["hash"]
    assert [item["name"] for item in Source((video, None)).describe()] == ["a.mp4"]


def test_a_file_that_looks_as_before_is_not_read_again(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(files)
    described = source.describe()
    monkeypatch.setattr(feature_sources, "hash_file", lambda path: pytest.fail("it was read"))
    assert source.agrees(described, {})


def test_other_content_or_settings_do_not_agree(files: tuple[Path, Path]) -> None:
    video, _ = files
    source = Source(files, {"whole_frame": False})
    described = source.describe()
    assert source.agrees(described, {"whole_frame": False})
    assert not source.agrees(described, {"whole_frame": True})
    assert not Source(files[:1], {"whole_frame": False}).agrees(described, {"whole_frame": False})
    # Copied somewhere, with another time, it is the same video.
    os.utime(video, (1, 1))
    assert source.agrees(described, {"whole_frame": False})
    video.write_bytes(b"others")
    assert not source.agrees(described, {"whole_frame": False})
    # What is gone is not compared.
    video.unlink()
    assert source.agrees(described, {"whole_frame": False})


def test_one_hash_stands_for_contents_and_settings(files: tuple[Path, Path]) -> None:
    described = Source(files).describe()
    assert hash_source(described, {"a": 1, "b": 2}) == hash_source(described, {"b": 2, "a": 1})
    assert hash_source(described, {"a": 1}) != hash_source(described, {"a": 2})
    assert hash_source(described[::-1], {}) != hash_source(described, {})
    renamed = [{**item, "name": "other", "mtime_ns": 0} for item in described]
    assert hash_source(renamed, {}) == hash_source(described, {})


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none: no such file"):
        hash_file(tmp_path / "none")
    (tmp_path / "file").touch()
    for path in (tmp_path, Path("/dev/zero")):
        if path.exists():
            with pytest.raises(InputError, match=r"found a (folder|device or a pipe), expected a file"):
                hash_file(path)
    with pytest.raises(InputError, match="cannot be looked at"):
        Source((tmp_path / "file" / "within.mp4",)).describe()
