"""The feature cache: complete or not there, and never taken for something else."""

import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from behavior.errors import CacheError, InputError, OutputError
from behavior.files.feature_cache import (
    DamagedCacheError,
    FeatureSet,
    MissingCacheError,
    OtherFeaturesError,
    OtherSchemaError,
    StaleCacheError,
    cache_path,
    check_features,
    exceeds_float16,
    find_imported,
    list_signatures,
    read_features,
    read_outline,
    write_cache,
)
from behavior.files.feature_measures import MEASURES
from behavior.files.feature_sources import Signature, Source
from behavior.files.feature_writer import FeatureWriter, write_imported

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


def write_features(path, features):
    write_cache(
        path,
        [{name: getattr(features, name) for name in ("features", "centers", "measured", "time_s")}],
        n_rows=features.n_frames,
        is_wide=exceeds_float16(features.features),
        attributes={
            "fps": features.fps,
            "feature_signature": features.signature.text,
            "notes": list(features.notes),
            "attributes": dict(features.attributes),
            "source_files": [],
            "source_settings": {},
        },
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


def test_what_is_written_reads_back(tmp_path, source):
    path = tmp_path / "a.h5"
    features = make_features()
    embed(path, source, features)
    found = read_features(path, signature=SIGNATURE, source=source)
    assert found.features.dtype == np.float16
    np.testing.assert_array_equal(found.features, features.features.astype(np.float16))
    np.testing.assert_array_equal(found.centers, features.centers)
    np.testing.assert_array_equal(found.measured, features.measured)
    np.testing.assert_array_equal(found.time_s, features.time_s)
    assert found.fps == pytest.approx(10)
    assert (found.signature.text, found.notes, found.attributes) == (SIGNATURE.text, ("one",), {"precision": "float32"})


def test_features_are_read_block_by_block_where_they_are_asked_for(tmp_path, source):
    path = tmp_path / "a.h5"
    embed(path, source, make_features(n_frames=2500))
    whole, blocks = read_features(path), read_features(path, in_blocks=True)
    assert blocks.features.dtype == np.float16
    np.testing.assert_array_equal(blocks.features[990:2000], whole.features[990:2000])
    np.testing.assert_array_equal(blocks.features[np.array([[2499, 2000]])], whole.features[[2499, 2000]][None])
    np.testing.assert_array_equal(blocks.time_s, whole.time_s)


def test_measures_read_back_and_files_of_earlier_versions_have_none(tmp_path, source):
    path, features = tmp_path / "a.h5", make_features()
    write_features(path, features)
    assert read_features(path).measures is None
    writer = FeatureWriter(path, signature=features.signature, source=source)
    rows = {name: getattr(features, name) for name in ("features", "centers", "measured", "time_s")}
    measures = np.arange(6.0 * features.n_frames, dtype=np.float32).reshape(-1, len(MEASURES))
    measures[0] = np.nan
    writer.add_part(**rows, decoded=np.ones(features.n_frames, dtype=bool), measures=measures)
    writer.finish(nominal_fps=10, notes=(), attributes={})
    np.testing.assert_array_equal(read_features(path).measures, measures)
    with h5py.File(path, "r+") as file:
        del file["measures"]
        file["measures"] = measures[:, :5]
    # As files had them that knew no noise.
    earlier = read_features(path).measures
    np.testing.assert_array_equal(earlier[:, [0, 1, 2, 4, 5]], measures[:, :5])
    assert np.isnan(earlier[:, 3]).all()
    with h5py.File(path, "r+") as file:
        del file["measures"]
        file["measures"] = measures[:, :3]
    with pytest.raises(DamagedCacheError, match="measures have shape"):
        read_features(path)


def test_a_range_beyond_float16_is_kept_in_float32(tmp_path):
    features = make_features(scale=1e6)
    write_features(tmp_path / "a.h5", features)
    found = read_features(tmp_path / "a.h5").features
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, features.features)


def test_a_missing_dataset_is_damage(tmp_path):
    path = tmp_path / "a.h5"
    write_features(path, make_features())
    with h5py.File(path, "r+") as file:
        del file["centers"]
    with pytest.raises(DamagedCacheError, match="missing"):
        read_features(path)


def test_signatures_name_files_by_backbone_and_meaning(tmp_path):
    other = Signature("appearance", {**SIGNATURE.settings, "crop_size": 200})
    assert cache_path(tmp_path, "m1", SIGNATURE).name.startswith("m1.openfield-")
    assert cache_path(tmp_path, "m1", SIGNATURE) != cache_path(tmp_path, "m1", other)
    assert Signature.from_text(SIGNATURE.text).text == SIGNATURE.text


def test_imported_features_are_found_by_name(tmp_path):
    def imported(n_features):
        signature = Signature("motifs", {"imported": "motifs", "features": n_features})
        write_features(cache_path(tmp_path, "m1", signature), make_features(n_features=n_features, signature=signature))
        return cache_path(tmp_path, "m1", signature)

    with pytest.raises(MissingCacheError, match="import-features"):
        find_imported(tmp_path, "m1", "motifs")
    path = imported(3)
    assert find_imported(tmp_path, "m1", "motifs") == path
    with pytest.raises(MissingCacheError):
        find_imported(tmp_path, "m", "motifs")
    imported(4)
    with pytest.raises(CacheError, match="several"):
        find_imported(tmp_path, "m1", "motifs")


def test_a_drive_that_fails_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "a.mp4").write_bytes(b"video")
    stat = Path.stat

    def fail(self, **options):
        if self.name == "a.mp4":
            raise OSError(errno.EIO, "Input/output error")
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", fail)
    with pytest.raises(InputError, match=r"a\.mp4: cannot be looked at \(Input/output error\)"):
        Source(files=(tmp_path / "a.mp4",)).describe()


def test_every_cause_has_its_own_exception(tmp_path, source):
    path = tmp_path / "a.h5"
    with pytest.raises(MissingCacheError, match="behavior embed"):
        read_features(path)
    embed(path, source)
    with pytest.raises(OtherFeaturesError, match="expected"):
        read_features(path, signature=Signature("appearance", {"backbone": "openfield", "weights": "other"}))
    with pytest.raises(StaleCacheError, match="changed since"):
        read_features(path, source=Source(source.files, {"body_parts": ["tail"]}))
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 99
    with pytest.raises(OtherSchemaError, match="99"):
        read_features(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DamagedCacheError):
        read_features(path)
    with h5py.File(path, "w") as file:
        file["other"] = 1
    with pytest.raises(DamagedCacheError, match="not a feature cache"):
        read_features(path)


def test_another_video_of_the_same_name_is_noticed_and_a_copied_one_is_not(tmp_path, source):
    path, video = tmp_path / "a.h5", source.files[0]
    embed(path, source)
    os.utime(video, (1, 1))
    assert read_features(path, source=source).n_frames == 7
    video.write_bytes(b"other")
    with pytest.raises(StaleCacheError, match=r"a\.mp4"):
        read_features(path, source=source)
    embed(path, source)
    video.unlink()
    assert read_features(path, source=source).n_frames == 7
    # The video is gone, but that the crops are others can still be told.
    with pytest.raises(StaleCacheError, match="crop settings"):
        read_features(path, source=Source(source.files, {"body_parts": ["tail"]}))


def test_checking_raises_what_reading_would(tmp_path, source):
    path = tmp_path / "a.h5"
    with pytest.raises(MissingCacheError):
        check_features(path, signature=SIGNATURE, source=source)
    embed(path, source)
    check_features(path, signature=SIGNATURE, source=source)
    with pytest.raises(StaleCacheError):
        check_features(path, signature=SIGNATURE, source=Source(source.files, {"body_parts": ["tail"]}))
    with h5py.File(path, "r+") as file:
        del file["measured"]
    with pytest.raises(DamagedCacheError):
        check_features(path, signature=SIGNATURE, source=source)


def test_signatures_in_the_cache_are_listed(tmp_path):
    signatures = [Signature("pose", {"body_parts": [name]}) for name in "ab"]
    for signature in signatures:
        write_features(cache_path(tmp_path, "r", signature), make_features(signature=signature))
    other = Signature("pose", {"body_parts": ["c"]})
    # What goes on like the name of the recording, of the stream, or of a file on its way.
    for name in ("r.pose-x", "r2"):
        write_features(cache_path(tmp_path, name, other), make_features(signature=other))
    write_features(tmp_path / "r.pose-extra-0123456789.h5", make_features(signature=other))
    write_features(tmp_path / "r.pose-012345678.h5", make_features(signature=other))
    listed = list_signatures(tmp_path, "r", "pose")
    assert sorted(signature.text for signature in listed) == sorted(signature.text for signature in signatures)
    assert list_signatures(tmp_path, "r", "motion") == []
    assert list_signatures(tmp_path / "none", "r", "pose") == []


def test_a_damaged_file_hides_no_other(tmp_path):
    signature = Signature("pose", {"body_parts": ["a"]})
    damaged = tmp_path / "r.pose-0000000000.h5"
    damaged.write_bytes(b"no HDF5")
    with pytest.raises(DamagedCacheError) as caught:
        list_signatures(tmp_path, "r", "pose")
    assert str(damaged) in str(caught.value)
    write_features(cache_path(tmp_path, "r", signature), make_features(signature=signature))
    assert list_signatures(tmp_path, "r", "pose") == [signature]


@pytest.mark.parametrize("text", [None, "not JSON", "[]", "{}"])
def test_a_file_that_does_not_say_what_it_means_is_damaged(tmp_path, text):
    path = cache_path(tmp_path, "r", SIGNATURE)
    write_features(path, make_features())
    with h5py.File(path, "a") as file:
        del file.attrs["feature_signature"]
        if text is not None:
            file.attrs["feature_signature"] = text
    with pytest.raises(DamagedCacheError):
        list_signatures(tmp_path, "r", "openfield")
    with pytest.raises(DamagedCacheError):
        read_features(path)


def test_no_flipped_bit_and_no_cut_is_read_as_features(tmp_path):
    path = tmp_path / "a.h5"
    write_features(path, make_features(1000, 5))
    content, right = path.read_bytes(), read_features(path)
    rng, n_refused = np.random.default_rng(0), 0
    for place in rng.integers(len(content), size=300):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            features = read_features(path)
        except CacheError as error:
            assert str(error).startswith(f"{path}: ")
            n_refused += 1
            continue
        # The end of a chunk that has fewer rows than it has room for, and bytes that nothing is kept in.
        for name in ("features", "centers", "measured", "time_s"):
            np.testing.assert_array_equal(getattr(features, name), getattr(right, name))
        assert (features.fps, features.signature, features.notes, features.attributes) == (
            right.fps,
            right.signature,
            right.notes,
            right.attributes,
        )
    assert n_refused > 200
    for size in rng.integers(len(content), size=30):
        path.write_bytes(content[:size])
        with pytest.raises(DamagedCacheError):
            read_features(path)


def test_a_damaged_chunk_is_noticed_where_the_content_is_looked_at(tmp_path, source):
    path = tmp_path / "a.h5"
    embed(path, source)
    with h5py.File(path, "r") as file:
        place = file["features"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 3] ^= 0x40
    path.write_bytes(content)
    check_features(path, signature=SIGNATURE, source=source)
    for look in (
        lambda: check_features(path, signature=SIGNATURE, source=source, with_content=True),
        lambda: read_features(path),
    ):
        with pytest.raises(
            DamagedCacheError, match=r"a\.h5: cannot be read as a complete feature cache \(.*\); delete it, and run `behavior embed"
        ):
            look()


def test_a_file_of_an_earlier_version_without_checksums_is_read(tmp_path, source):
    path = tmp_path / "a.h5"
    embed(path, source)
    right, old = read_features(path), tmp_path / "old.h5"
    with h5py.File(path) as file, h5py.File(old, "w") as copy:
        for name in file:
            copy.create_dataset(name, data=file[name][:], chunks=True)
        for name, value in file.attrs.items():
            if name != "attributes_hash":
                copy.attrs[name] = value
    features = read_features(old, signature=SIGNATURE, source=source)
    check_features(old, signature=SIGNATURE, source=source, with_content=True)
    np.testing.assert_array_equal(features.features, right.features)
    assert (features.fps, features.notes) == (right.fps, right.notes)


def test_a_changed_description_is_damage(tmp_path):
    path = tmp_path / "a.h5"
    write_features(path, make_features())
    with h5py.File(path, "r+") as file:
        file.attrs["fps"] = 20.0
    with pytest.raises(DamagedCacheError, match="its description is not as it was written"):
        read_features(path)


def test_imported_features_are_timed_by_their_rate_part_after_part(tmp_path):
    values = np.random.default_rng(0).normal(size=(2500, 3)).astype(np.float32)
    parts = (values[start : start + 960] for start in range(0, 2500, 960))
    write_imported(tmp_path / "a.h5", parts, n_frames=2500, fps=20.0, is_wide=True, signature=SIGNATURE, attributes={"hash": "abc"})
    features = read_features(tmp_path / "a.h5", signature=SIGNATURE)
    np.testing.assert_array_equal(features.features, values)
    np.testing.assert_array_equal(features.time_s, np.arange(2500) / 20)
    assert (features.fps, features.attributes, features.measured.all(), np.isnan(features.centers).all()) == (
        20,
        {"hash": "abc"},
        True,
        True,
    )


def test_without_room_nothing_is_begun(tmp_path, monkeypatch):
    monkeypatch.setattr("behavior.files.feature_cache.require_space", lambda path, n_bytes: asked.append((path, n_bytes)) or refuse())
    asked = []

    def refuse():
        raise OutputError("no room")

    with pytest.raises(OutputError, match="no room"):
        write_features(tmp_path / "a.h5", make_features(1000, 5))
    ((path, n_bytes),) = asked
    assert path == tmp_path / "a.h5"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("behavior.files.feature_cache.require_space", lambda path, n_bytes: None)
    write_features(path, make_features(1000, 5))
    assert path.stat().st_size <= n_bytes < 2 * path.stat().st_size + 2**17


def embed_sampled(path, source):
    """Write the features of every other of 7 frames, as the embedding does, and return them."""
    features = make_features(4)
    time_s = np.arange(7) / 10
    frames = np.array([0, 2, 4, 6])
    writer = FeatureWriter(path, signature=features.signature, source=source)
    writer.add_part(
        features=features.features,
        centers=features.centers,
        measured=features.measured,
        decoded=np.ones(4, dtype=bool),
        time_s=time_s[frames],
    )
    assert writer.finish(nominal_fps=10, notes=(), attributes={}, sampled=(frames, time_s)) == 7
    return features


def test_features_of_some_frames_read_back_with_the_times_of_all(tmp_path, source):
    path = tmp_path / "a.h5"
    features = embed_sampled(path, source)
    found = read_features(path, signature=SIGNATURE, source=source)
    assert found.frames.tolist() == [0, 2, 4, 6]
    assert (found.n_frames, found.fps) == (7, pytest.approx(10))
    np.testing.assert_array_equal(found.time_s, np.arange(7) / 10)
    np.testing.assert_array_equal(found.features, features.features.astype(np.float16))
    outline = read_outline(path)
    assert (outline.n_frames, outline.n_features, outline.frames.tolist()) == (7, 3, [0, 2, 4, 6])
    check_features(path, signature=SIGNATURE, source=source, with_content=True)


@pytest.mark.parametrize(
    ("dataset", "values"), [("frames", [0, 2, 4]), ("frames", [0, 2, 2, 6]), ("frames", [0, 2, 4, 9]), ("frames", None), ("time_s", [0.0])]
)
def test_rows_whose_frames_cannot_be_told_are_damage(tmp_path, source, dataset, values):
    path = tmp_path / "a.h5"
    embed_sampled(path, source)
    with h5py.File(path, "r+") as file:
        del file[dataset]
        if values is not None:
            file[dataset] = np.array(values)
    with pytest.raises((DamagedCacheError, OtherSchemaError)):
        read_features(path)


def test_a_file_of_every_frame_is_one_that_earlier_versions_read(tmp_path):
    path = tmp_path / "a.h5"
    write_features(path, make_features())
    with h5py.File(path) as file:
        assert file.attrs["schema_version"] == 1
        assert sorted(file) == ["centers", "features", "measured", "time_s"]
        assert len(file["time_s"]) == 7


def test_parts_of_other_frames_are_not_put_together(tmp_path, source):
    features = make_features(4)
    writer = FeatureWriter(tmp_path / "a.h5", signature=features.signature, source=source)
    rows = {name: getattr(features, name) for name in ("features", "centers", "measured", "time_s")}
    writer.add_part(**rows, decoded=np.ones(4, dtype=bool))
    with pytest.raises(DamagedCacheError, match="not of the frames that were sampled"):
        writer.finish(nominal_fps=10, notes=(), attributes={}, sampled=(np.array([0, 2, 4, 6]), np.arange(7) / 10))
    assert not (tmp_path / "a.h5").exists()
