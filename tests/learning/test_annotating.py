"""Annotating in several processes: the same ethograms as in one, and what cannot be annotated is named."""

import json

import pytest

FILES = ("ethogram.csv", "ethogram.json", "bouts.csv")


@pytest.fixture
def annotate(run, demo, study_copy, change, tmp_path):
    """Annotate two videos of the demo, and one that is none, into a folder, with their features embedded again.

    The model is of trees, which need no TensorFlow: each worker would load it.
    """
    change(study_copy, head={"kind": "boosting", "trees": 4})
    ran = run("train", study_copy, "--out", tmp_path / "model")
    assert ran.status == 0, ran.err
    videos = [demo.study.parent / "videos" / f"mouse_{number:02d}.mp4" for number in (1, 4)]
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    bad.with_name("badDLC_resnet50.csv").write_bytes((demo.study.parent / "videos").glob("mouse_01*.csv").__next__().read_bytes())

    def call(out, *options):
        return run("annotate", tmp_path / "model", *videos, bad, "--out", tmp_path / out, "--json", *options)

    return call


def read_all_but_times(path):
    """Return what is the same whoever computed it, and however fast."""
    if path.suffix != ".json":
        return path.read_bytes()
    content = json.loads(path.read_text())
    assert set(content.pop("computing_time")) == {"embed", "predict"}
    # It tells changes of all the rest, and is of the times, too.
    assert content.pop("provenance_hash")
    return content


def test_two_workers_write_the_files_of_one_process(annotate, tmp_path):
    alone, shared = annotate("alone"), annotate("shared", "--workers", 2)
    assert (alone.status, shared.status) == (1, 1), shared.err
    assert "dashboard: http://127.0.0.1:" in shared.err
    for name in ("mouse_01", "mouse_04"):
        assert f"{name}: 400 frames in" in shared.err
        for suffix in FILES:
            one, other = (tmp_path / out / f"{name}_{suffix}" for out in ("alone", "shared"))
            assert read_all_but_times(one) == read_all_but_times(other), suffix
    one, other = (json.loads(ran.out) for ran in (alone, shared))
    assert list(one["failures"]) == list(other["failures"]) == ["bad"]
    assert [row["recording"] for row in one["rows"]] == [row["recording"] for row in other["rows"]]
    # What two workers wrote is taken for what one process would write.
    again = annotate("shared")
    assert again.status == 1 and "would be replaced" not in again.err
