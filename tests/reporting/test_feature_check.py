"""What the cache says of a study's recordings is held against the video and against each other, without reading features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.config import Study
from behavior.errors import CacheError, UsageError
from behavior.files.feature_cache import cache_path
from behavior.files.feature_sources import Signature
from behavior.files.feature_writer import write_imported
from behavior.recording import Frames, Recording
from behavior.reporting.feature_check import compare_features, outline_imported, outline_recording, prepare_kinds

FRAMES = Frames(20, np.arange(20) / 10)


def make_study(folder: Path, **sections: object) -> Study:
    return Study.model_validate({"behaviors": ["rear"], "streams": ["motifs"], "cache": folder, **sections})


def write(folder: Path, recording: str, *, name: str = "motifs", n_frames: int = 20, n_features: int = 3, fps: float = 10.0) -> None:
    signature = Signature(name, {"n_features": n_features})
    path = cache_path(folder, recording, signature)
    values = np.ones((n_frames, n_features), dtype=np.float32)
    write_imported(path, [values], n_frames=n_frames, fps=fps, is_wide=False, signature=signature, attributes={})


def test_an_outline_has_the_numbers_of_the_features_and_none_of_them(tmp_path: Path) -> None:
    write(tmp_path, "a")
    study = make_study(tmp_path)
    (kind,) = prepare_kinds([study, study])
    outline = outline_recording(kind, Recording("a"), FRAMES, 10.0)
    assert outline is not None
    assert (outline.values.shape, outline.fps, [stream.n_features for stream in outline.streams]) == ((20, 0), 10.0, [3])
    assert outline_imported(study, Recording("a")).n_frames == 20
    with pytest.raises(CacheError, match="no features imported as 'motifs'"):
        outline_recording(kind, Recording("b"), FRAMES, 10.0)


def test_imported_features_go_with_what_is_still_to_be_embedded(tmp_path: Path) -> None:
    study = make_study(tmp_path, streams=["motion", "motifs"], crop={"whole_frame": True})
    (kind,) = prepare_kinds([study])
    for name, settings in (("fine", {}), ("short", {"n_frames": 19}), ("fast", {"fps": 12.0})):
        write(tmp_path, name, **settings)
    assert outline_recording(kind, Recording("fine"), FRAMES, 10.0) is None
    with pytest.raises(UsageError, match=r"different numbers of frames \(motion 20, motifs 19\)"):
        outline_recording(kind, Recording("short"), FRAMES, 10.0)
    with pytest.raises(UsageError, match=r"different frame rates \(motion 10, motifs 12\)"):
        outline_recording(kind, Recording("fast"), FRAMES, 10.0)


def test_features_of_another_meaning_and_other_rates_are_found(tmp_path: Path) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b")
    write(tmp_path, "wide", n_features=4)
    (kind,) = prepare_kinds([make_study(tmp_path)])
    recordings = [Recording(name) for name in ("a", "b", "wide", "uncached")]
    outlines = {one.id: outline for one in recordings[:3] if (outline := outline_recording(kind, one, FRAMES, 10.0)) is not None}
    assert compare_features(recordings[:2], [10.0, 10.0], [outlines], is_sampled=False) == []
    (other,) = compare_features(recordings[:3], [10.0] * 3, [outlines], is_sampled=False)
    assert "'a' and 'wide' have features that mean different things" in other
    (rate,) = compare_features([recordings[0], recordings[3]], [10.0, 12.0], [outlines], is_sampled=False)
    assert "'a' and 'uncached' have 10 and 12 frames per second" in rate


def test_an_outline_of_a_study_that_samples_has_its_rows(tmp_path: Path) -> None:
    write(tmp_path, "a")
    every, some = make_study(tmp_path), make_study(tmp_path, sampling={"fps": 5})
    kinds = prepare_kinds([every, some, some])
    assert [kind.study for kind in kinds] == [every, some]
    outline = outline_recording(kinds[1], Recording("a"), FRAMES, 10.0)
    assert outline is not None
    assert outline.rows is not None
    assert (outline.values.shape, outline.rate, outline.frames.n_frames) == ((len(outline.rows), 0), 5.0, 20)
    assert outline.rows.frames.tolist() == list(range(0, 20, 2))
    write(tmp_path, "slow", fps=0.05)
    with pytest.raises(UsageError, match=r"'slow': has 0.05 frames per second, far fewer than sampling.fps 5"):
        outline_recording(kinds[1], Recording("slow"), Frames(20, np.arange(20) / 0.05), 0.05)
