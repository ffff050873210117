"""NWB files are valid and have intervals, probabilities and the provenance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import EthogramError, OutputError
from behavior.files.ethogram_formats import nwb
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.nwb import read_nwb
from behavior.recording import Recording


def test_nwb_is_valid_and_has_bouts_probabilities_and_the_animal(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path
) -> None:
    pynwb = pytest.importorskip("pynwb")
    row = Recording("mouse_01", animal="M/12", group="saline", sex="F", age="P10W", species="Mus musculus")
    entry = make_entry([[0, 1], [1, 1], [1, 0]], ("nose/nose: contact", "nose_nose_ contact"), row=row, model={"hash": "abc"})
    path = write_entries("nwb", tmp_path, entry)
    problems = pynwb.validate(path=str(path))
    assert not (problems[0] if isinstance(problems, tuple) else problems)
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        module = file.processing["behavior"]
        bouts = module["bouts"].to_dataframe()
        assert bouts[["start_time", "stop_time", "label", "start_frame", "stop_frame", "mean_prob"]].to_numpy().tolist() == [
            [0.0, 0.08, "nose_nose_ contact", 0, 2, 0.75],
            [0.04, 0.12, "nose/nose: contact", 1, 3, 0.75],
        ]
        series = module["probabilities"].time_series
        assert series["nose_nose_ contact_2"].data[:].tolist() == [0.75, 0.75, 0.25]
        assert all(
            (one.rate, one.starting_time, one.timestamps) == (25.0, 0.0, None) for one in (*series.values(), file.acquisition["video"])
        )
        assert json.loads(file.notes)["model"] == {"hash": "abc"}
        assert file.session_start_time == entry.written
        assert file.acquisition["video"].external_file[0].endswith("lab/videos/mouse 01.mp4")
        subject = file.subject
        assert (subject.subject_id, subject.sex, subject.age, subject.species) == ("M_12", "F", "P10W", "Mus musculus")
        assert "saline" in subject.description
    np.testing.assert_array_equal(read_nwb(path).values, entry.annotation.ethogram.values)


def test_bouts_are_those_of_the_ethogram_extension_where_it_is_installed(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pynwb = pytest.importorskip("pynwb")
    pytest.importorskip("ndx_ethogram")
    entry = make_entry([[1, 0], [0, 0]], ("a", "b"), postprocess={"threshold": 0.5}, versions={"behavior": "7"})
    with_extension = write_entries("nwb", tmp_path, entry)
    with pynwb.NWBHDF5IO(str(with_extension), "r") as io:
        module = io.read().processing["behavior"]
        bouts = module["bouts"]
        assert (bouts.neurodata_type, bouts.labeling_method, bouts.source_software) == ("EthogramBouts", "automated", "behavior 7")
        assert json.loads(bouts.parameters) == {"threshold": 0.5}
        # A behavior without bouts was looked for, too.
        assert list(module["ethogram"]["behavior"][:]) == ["a", "b"]
    monkeypatch.setattr(nwb, "find_spec", lambda name: None)
    without = write_entries("nwb", tmp_path / "other", entry)
    with pynwb.NWBHDF5IO(str(without), "r") as io:
        bouts = io.read().processing["behavior"]["bouts"]
        assert (bouts.neurodata_type, list(bouts["label"][:])) == ("TimeIntervals", ["a"])
    np.testing.assert_array_equal(read_nwb(without).values, read_nwb(with_extension).values)


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_recording_without_bouts_has_no_empty_table(
    make_entry: Callable[..., Entry],
    write_entries: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_installed: bool,
) -> None:
    pynwb = pytest.importorskip("pynwb")
    if not is_installed:
        monkeypatch.setattr(nwb, "find_spec", lambda name: None)
    path = write_entries("nwb", tmp_path, make_entry([[0, 0], [0, 0]]))
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        assert "bouts" not in file.processing["behavior"].data_interfaces
        assert file.subject is None
    assert not read_nwb(path).values.any()


def test_times_are_a_rate_where_they_are_regular_alone(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path
) -> None:
    pynwb = pytest.importorskip("pynwb")

    def write(name: str, time_s: np.ndarray, fps: float | None) -> tuple[float | None, float | None]:
        entry = make_entry(np.eye(len(time_s), 1), ("a",), recording=name, time_s=time_s, fps=fps)
        path = write_entries("nwb", tmp_path, entry)
        np.testing.assert_allclose(read_nwb(path).time_s, time_s, rtol=0, atol=1e-6)
        with pynwb.NWBHDF5IO(str(path), "r") as io:
            file = io.read()
            series = file.processing["behavior"]["probabilities"].time_series["a"]
            assert file.acquisition["video"].rate == series.rate
            return series.starting_time, series.rate

    frames = np.arange(300)
    assert write("regular", 0.5 + frames * 1001 / 30000, None) == (0.5, pytest.approx(30000 / 1001))
    # A frame rate that somebody rounded is not the one that the times have.
    assert write("rounded", frames * 1001 / 30000, 30.0) == (0.0, pytest.approx(30000 / 1001))
    assert write("milliseconds", np.round(frames / 30, 3), 30.0) == (None, None)
    assert write("pause", frames / 25 + (frames > 100) * 3.0, 25.0) == (None, None)
    assert write("alone", np.array([0.0]), 25.0) == (0.0, 25.0)


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    (tmp_path / "a").write_bytes(b"no such thing" * 20)
    for name in ("a", "missing"):
        with pytest.raises(EthogramError, match="is not an ethogram in NWB") as caught:
            read_nwb(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_what_hdf5_says_of_a_full_disk_is_one_sentence(
    make_entry: Callable[..., Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pynwb = pytest.importorskip("pynwb")

    def fail(*_: object) -> None:
        raise RuntimeError("Disable slist on flush dest failure\nfailed (unable to flush)")

    monkeypatch.setattr(pynwb.NWBHDF5IO, "write", fail)
    with pytest.raises(OutputError, match=r"A\.nwb: cannot be written \(Disable slist .*\); choose a folder with space"):
        nwb.write_nwb(tmp_path / "A.nwb", [make_entry([[0], [1]], ("a",))])
    assert list(tmp_path.iterdir()) == []
