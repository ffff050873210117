"""Features in parts: what a kill leaves, what is resumed, and what becomes the file."""

import os

import numpy as np
import pytest

from behavior.errors import OutputError
from behavior.files.feature_cache import (
    PART_ROWS,
    FeatureSet,
    StaleCacheError,
    read_features,
)
from behavior.files.feature_sources import Signature, Source
from behavior.files.feature_writer import FeatureWriter

SIGNATURE = Signature("appearance", {"backbone": "openfield", "weights": "abc", "crop_size": 160})


def make_features(n_frames=7, n_features=3, *, scale=1.0, signature=SIGNATURE):
    rng = np.random.default_rng(0)
    return FeatureSet(
        features=(scale * rng.normal(size=(n_frames, n_features))).astype(np.float32),
        centers=rng.normal(size=(n_frames, 2)).astype(np.float32),
        measured=rng.random(n_frames) < 0.5,
        time_s=np.arange(n_frames) / 10,
        fps=10.0,
        signature=signature,
        notes=("one",),
        attributes={"precision": "float32"},
    )


@pytest.fixture
def source(tmp_path):
    video = tmp_path / "a.mp4"
    video.write_bytes(b"video")
    return Source(files=(video, None), settings={"body_parts": ["nose"]})


def embed(path, source, features=None):
    """Write features as the embedding does: in parts, from a source."""
    features = features or make_features()
    writer = FeatureWriter(path, signature=features.signature, source=source)
    writer.add_part(
        features=features.features,
        centers=features.centers,
        measured=features.measured,
        decoded=np.ones(features.n_frames, dtype=bool),
        time_s=features.time_s,
    )
    writer.finish(nominal_fps=10, notes=features.notes, attributes=features.attributes)


def add_rows(writer, rows, *, decoded=True):
    values = np.asarray(rows, dtype=np.float32)[:, None].repeat(2, axis=1)
    writer.add_part(
        features=values,
        centers=values.astype(float),
        measured=np.ones(len(rows), bool),
        decoded=np.broadcast_to(decoded, len(rows)),
        time_s=np.asarray(rows) / 10,
    )


def test_a_video_that_is_replaced_while_it_is_embedded_is_noticed(tmp_path, source):
    path = tmp_path / "a.h5"
    writer = FeatureWriter(path, signature=SIGNATURE, source=source)
    add_rows(writer, np.arange(5))
    source.files[0].write_bytes(b"another video")
    with pytest.raises(StaleCacheError, match="changed while it was embedded"):
        writer.finish(nominal_fps=10, notes=(), attributes={})
    assert not path.exists()
    assert FeatureWriter(path, signature=SIGNATURE, source=source).n_rows == 0


def test_without_room_for_the_file_the_parts_stay(tmp_path, source, monkeypatch):
    path = tmp_path / "a.h5"
    writer = FeatureWriter(path, signature=SIGNATURE, source=source)
    add_rows(writer, np.arange(PART_ROWS))

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("behavior.files.disk_space.os.posix_fallocate", refuse, raising=False)
    with pytest.raises(OutputError, match="has no room"):
        writer.finish(nominal_fps=10, notes=(), attributes={})
    assert FeatureWriter(path, signature=SIGNATURE, source=source).n_rows == PART_ROWS
    assert sorted(item.name for item in tmp_path.iterdir()) == [".a.h5.parts", "a.mp4"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path, source):
    (tmp_path / ".a.xyz12345.tmp.h5").write_bytes(b"half")
    FeatureWriter(tmp_path / "a.h5", signature=SIGNATURE, source=source)
    assert not list(tmp_path.glob("*.tmp.h5"))


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_rows_are_alike_however_they_were_cut_into_parts(tmp_path, source, cut):
    decoded = np.array([False, True, False, False, True, False])
    writer = FeatureWriter(tmp_path / "a.h5", signature=SIGNATURE, source=source)
    for rows in (np.arange(6)[:cut], np.arange(6)[cut:]):
        add_rows(writer, rows, decoded=decoded[rows])
    writer.finish(nominal_fps=10, notes=(), attributes={})
    assert read_features(tmp_path / "a.h5").features[:, 0].tolist() == [1, 1, 1, 1, 4, 4]


def test_an_interrupted_writer_goes_on_and_a_changed_source_starts_anew(tmp_path, source):
    path = tmp_path / "a.h5"
    rows = np.arange(2 * PART_ROWS + 5)
    add_rows(FeatureWriter(path, signature=SIGNATURE, source=source), rows[:PART_ROWS])
    resumed = FeatureWriter(path, signature=SIGNATURE, source=source)
    assert resumed.n_rows == PART_ROWS
    add_rows(resumed, rows[PART_ROWS : 2 * PART_ROWS])
    add_rows(resumed, rows[2 * PART_ROWS :])
    assert not path.exists()
    assert resumed.finish(nominal_fps=10, notes=(), attributes={}) == len(rows)
    features = read_features(path)
    np.testing.assert_array_equal(features.time_s, rows / 10)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.h5", "a.mp4"]
    add_rows(FeatureWriter(path, signature=SIGNATURE, source=source), rows[:PART_ROWS])
    changed = Source(source.files, {"body_parts": ["tail"]})
    assert FeatureWriter(path, signature=SIGNATURE, source=changed).n_rows == 0


def test_a_part_cut_off_by_a_kill_is_not_counted(tmp_path, source):
    path = tmp_path / "a.h5"
    writer = FeatureWriter(path, signature=SIGNATURE, source=source)
    add_rows(writer, np.arange(PART_ROWS))
    (tmp_path / ".a.h5.parts" / ".000001.xyz.tmp.npz").write_bytes(b"half a part")
    assert FeatureWriter(path, signature=SIGNATURE, source=source).n_parts == 1
    assert not list((tmp_path / ".a.h5.parts").glob("*.tmp.npz"))


def test_a_damaged_part_or_stamp_is_computed_again(tmp_path, source):
    path = tmp_path / "a.h5"
    writer = FeatureWriter(path, signature=SIGNATURE, source=source)
    add_rows(writer, np.arange(PART_ROWS))
    part, stamp = (tmp_path / ".a.h5.parts" / name for name in ("000000.npz", "source.json"))
    content, rng = part.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(len(content), size=60):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        part.write_bytes(damaged)
        writer = FeatureWriter(path, signature=SIGNATURE, source=source)
        assert writer.n_parts in (0, 1)
        if writer.n_parts:
            # A bit of the archive that says nothing of the arrays.
            assert [values["features"][:, 0].tolist() for values in writer._load_parts()] == [list(range(PART_ROWS))]
    part.write_bytes(content)
    stamp.write_bytes(b"\xff\xfe")
    assert FeatureWriter(path, signature=SIGNATURE, source=source).n_parts == 0


def test_frames_that_were_not_decoded_hold_the_last_features(tmp_path, source):
    writer = FeatureWriter(tmp_path / "a.h5", signature=SIGNATURE, source=source)
    add_rows(writer, [0, 1, 2, 3, 4], decoded=np.array([False, True, False, False, True]))
    writer.finish(nominal_fps=10, notes=(), attributes={})
    assert read_features(tmp_path / "a.h5").features[:, 0].tolist() == [1, 1, 1, 1, 4]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="a folder cannot be made read-only for this user")
def test_a_read_only_cache_is_said(tmp_path, source):
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="may write"):
        FeatureWriter(folder / "a.h5", signature=SIGNATURE, source=source)
