"""Recordings that follow each other have names of their own, and say where they come from."""

from types import SimpleNamespace

import pytest

from behavior.config import Postprocess
from behavior.errors import OutputError
from behavior.live.parts import RecordingParts


def make_model(folder):
    stream = SimpleNamespace(signature="s")
    members = [SimpleNamespace(streams=[stream]), SimpleNamespace(streams=[stream])]
    description = SimpleNamespace(
        fps=30.0, behaviors=["groom"], members=members, crop=None, sampling_fps=None, postprocess=Postprocess(threshold=0.4)
    )
    return SimpleNamespace(folder=folder, hash="h", description=description, decisions=None)


@pytest.mark.parametrize(("is_numbered", "names"), [(False, ["a", "a_002"]), (True, ["a_001", "a_002"])])
def test_parts_are_numbered_and_described(tmp_path, is_numbered, names):
    parts = RecordingParts(make_model(tmp_path), tmp_path, name="a", source="camera 0", delay_s=0.5, is_numbered=is_numbered)
    with parts:
        described = [parts.describe(part) for part in range(2)]
        assert [one.recording for one in described] == names
        assert [parts.find_video(part).name for part in range(2)] == [f"{name}.mkv" for name in names]
        first = described[0].provenance
        assert (first.video, first.features, first.postprocess.threshold) == (str(parts.find_video(0).resolve()), ("s",), 0.4)
        assert (first.live.source, first.live.delay_s) == ("camera 0", 0.5)


def test_a_recording_that_another_process_makes_is_refused(tmp_path):
    with RecordingParts(make_model(tmp_path), tmp_path, name="a", source="", delay_s=0, is_numbered=False) as first:
        first.describe(0)
        other = RecordingParts(make_model(tmp_path), tmp_path, name="a", source="", delay_s=0, is_numbered=False)
        with other, pytest.raises(OutputError, match="another process is recording a there"):
            other.describe(0)
