"""`behavior export` on folders of ethograms: what is written where, and what becomes of ethograms that cannot be used."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import EthogramError, OutputError, UsageError
from behavior.files.ethogram_formats.formats import FORMATS
from behavior.files.ethograms import write_annotation
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.workflows.export import export_ethograms

TEXT_FORMATS = ("bouts", "boris", "boris_tabular", "boris_aggregated", "deepethogram", "simba")


def write_ethogram(folder: Path, recording: str, behaviors: tuple[str, ...] = ("grooming", "rearing"), video: str | None = None) -> Path:
    values = np.zeros((10, len(behaviors)), dtype=np.bool_)
    values[2:5, 0] = values[8:, -1] = True
    times = np.arange(10) / 10
    ethogram = Ethogram(values, behaviors, times)
    probabilities = Probabilities(values.astype(np.float32), behaviors, times)
    annotation = Annotation(recording, probabilities, ethogram, ethogram, Provenance(fps=10.0, video=video))
    return write_annotation(folder, annotation)[0]


def test_every_format_of_every_recording(tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    for name in ("A", "B"):
        write_ethogram(tmp_path / "ethograms", name)
    result = export_ethograms([tmp_path / "ethograms"], list(FORMATS), tmp_path / "out")
    assert not result.failures
    assert result.bouts == {"A": {"grooming": 1, "rearing": 1}, "B": {"grooming": 1, "rearing": 1}}
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert written == sorted(
        [
            *("bouts.csv", "ethograms.boris"),
            *(f"{name}/{recording}.csv" for name in ("boris_tabular", "boris_aggregated", "simba") for recording in "AB"),
            *(f"deepethogram/{recording}_labels.csv" for recording in "AB"),
            *(f"{name}/{recording}.{name}" for name in ("nwb", "parquet") for recording in "AB"),
        ]
    )
    assert {name: len(files) for name, files in result.files.items()} == {
        name: 1 if known.is_for_all else 2 for name, known in FORMATS.items()
    }
    rows = list(csv.reader((tmp_path / "out" / "bouts.csv").open(encoding="utf-8")))
    assert [row[:4] for row in rows[1:]] == [[name, *bout] for name in "AB" for bout in (["grooming", "2", "5"], ["rearing", "8", "10"])]


def test_bad_ethograms_never_stop_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "ethograms"
    write_ethogram(folder, "A")
    write_ethogram(folder, "B", ("background", "rearing"))
    write_ethogram(folder, "C").write_text("frame,time_s\n0,0\n")
    result = export_ethograms([folder], ["boris", "deepethogram"], tmp_path / "out")
    broken, background = folder / "C_ethogram.csv", f"{folder / 'B_ethogram.csv'} (deepethogram)"
    assert set(result.failures) == {str(broken), background}
    assert "two columns of B would be called 'background'" in result.failures[background]
    assert set(json.loads((tmp_path / "out" / "ethograms.boris").read_text())["observations"]) == {"A", "B"}
    assert [path.name for path in result.files["deepethogram"]] == ["A_labels.csv"]


@pytest.mark.parametrize("broken", ["nwb", "boris", "simba"])
def test_a_format_that_cannot_be_written_never_stops_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    pytest.importorskip("pynwb")
    write_ethogram(tmp_path / "in", "A")

    def fail(path: Path, _: object) -> None:
        raise OutputError(f"{path}: cannot be written (No space left on device); choose a folder with space that you may write to.")

    monkeypatch.setitem(FORMATS, broken, replace(FORMATS[broken], write=fail))
    result = export_ethograms([tmp_path / "in"], ["nwb", "boris", "simba", "bouts"], tmp_path / "out")
    assert {name for name, files in result.files.items() if files} == {"nwb", "boris", "simba", "bouts"} - {broken}
    (failure,) = result.failures.values()
    assert "No space left on device" in failure


def test_nothing_is_written_where_all_ethograms_are_bad(tmp_path: Path) -> None:
    write_ethogram(tmp_path / "ethograms", "A").write_text("")
    result = export_ethograms([tmp_path / "ethograms"], ["bouts", "simba"], tmp_path / "out")
    assert len(result.failures) == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_two_ethograms_of_one_recording_are_not_mixed(tmp_path: Path) -> None:
    paths = [write_ethogram(tmp_path / folder, "A") for folder in ("first", "second")]
    result = export_ethograms(paths, ["bouts"], tmp_path / "out")
    assert list(result.failures) == [str(paths[1])]
    assert "second ethogram of 'A'" in result.failures[str(paths[1])]
    assert len((tmp_path / "out" / "bouts.csv").read_text().splitlines()) == 3


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    folder, out = tmp_path / "ethograms", tmp_path / "out"
    for name in ("A", "B"):
        write_ethogram(folder, name)
    export_ethograms([folder], ["bouts", "simba"], out)
    before = (out / "bouts.csv").read_bytes()
    (out / "simba" / "A.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"bouts\.csv and 2 more files exist already; .* --overwrite"):
        export_ethograms([folder], ["bouts", "simba"], out)
    with pytest.raises(OutputError, match=r"simba/A\.csv and 1 more file exist already".replace("/", r"[\\/]")):
        export_ethograms([folder], ["simba"], out)
    with pytest.raises(OutputError, match=r"bouts\.csv exists already; .* replace it\."):
        export_ethograms([folder], ["bouts"], out)
    assert (out / "simba" / "A.csv").read_text() == "mine"
    export_ethograms([folder], ["bouts", "simba"], out, overwrite=True)
    assert (out / "simba" / "A.csv").read_text().startswith(",grooming,rearing\n")
    assert (out / "bouts.csv").read_bytes() == before


def test_videos_are_attached_wherever_they_are_now(tmp_path: Path) -> None:
    folder, videos = tmp_path / "ethograms", tmp_path / "moved"
    there = tmp_path / "D here.mp4"
    for path in (videos / "box 1" / "cam A.mp4", videos / "B.avi", videos / "x" / "C.mp4", videos / "y" / "C.mp4", there):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    write_ethogram(folder, "cam_A", video="D:\\lab\\cam A.mp4")
    write_ethogram(folder, "B")
    write_ethogram(folder, "C", video="/gone/C.mp4")
    write_ethogram(folder, "D", video=str(there))
    write_ethogram(folder, "E")
    result = export_ethograms([folder], ["boris"], tmp_path / "out", videos=videos)
    observations = json.loads((tmp_path / "out" / "ethograms.boris").read_text())["observations"]
    media = {name: observation["file"].get("1") for name, observation in observations.items()}
    assert media == {
        "cam_A": [(videos / "box 1" / "cam A.mp4").resolve().as_posix()],
        "B": [(videos / "B.avi").resolve().as_posix()],
        "C": ["/gone/C.mp4"],
        "D": [there.as_posix()],
        "E": None,
    }
    assert len(result.notes) == 2
    assert result.notes[0] == f"C: several videos in {videos} may be its own (x/C.mp4, y/C.mp4); none of them is taken."
    assert result.notes[1].startswith("C: its video ")


@pytest.mark.parametrize(
    ("formats", "sentence"),
    [
        (["bors"], "--format bors: is not a format; did you mean 'boris'?"),
        ([], "no format was named, expected some of bouts, boris"),
    ],
)
def test_formats_that_are_not_known(formats: list[str], sentence: str, tmp_path: Path) -> None:
    write_ethogram(tmp_path / "ethograms", "A")
    with pytest.raises(UsageError) as caught:
        export_ethograms([tmp_path / "ethograms"], formats, tmp_path / "out")
    assert sentence in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_format_whose_package_is_missing_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import behavior.workflows.export

    monkeypatch.setattr(behavior.workflows.export, "find_spec", lambda name: None)
    write_ethogram(tmp_path / "ethograms", "A")
    for name, package, extra in (("nwb", "pynwb", "nwb"), ("parquet", "pyarrow", "parquet")):
        with pytest.raises(UsageError, match=rf"--format {name}: needs {package}, .*pip install 'behavior\[{extra}\]'"):
            export_ethograms([tmp_path / "ethograms"], [name], tmp_path / "out")
    assert not export_ethograms([tmp_path / "ethograms"], TEXT_FORMATS, tmp_path / "out").failures


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EthogramError, match="holds no file"):
        export_ethograms([tmp_path / "empty"], ["bouts"], tmp_path / "out")
    write_ethogram(tmp_path / "ethograms", "A")
    with pytest.raises(UsageError, match="is not a folder, expected the one that holds the videos"):
        export_ethograms([tmp_path / "ethograms"], ["bouts"], tmp_path / "out", videos=tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        export_ethograms([tmp_path / "ethograms"], ["bouts"], tmp_path / "file")


def test_the_command(run, tmp_path: Path) -> None:
    shown = " ".join(run("export", "--help").out.split())
    assert [name for name in FORMATS if name not in shown] == []
    write_ethogram(tmp_path / "ethograms", "A")
    ran = run("export", tmp_path / "ethograms", "--format", "bouts, simba", "--out", tmp_path / "out", "--json")
    assert ran.status == 0
    said = json.loads(ran.out)
    assert (said["recordings"], said["bouts"], said["failures"]) == (1, 2, {})
    assert [row["format"] for row in said["rows"]] == ["bouts", "simba"]
    assert run("export", tmp_path / "ethograms", "--format", "bouts", "--out", tmp_path / "out").status == 1
    assert run("export", tmp_path / "ethograms", "--format", "excel", "--out", tmp_path / "out").status == 2
    (tmp_path / "ethograms" / "A_ethogram.json").unlink()
    assert run("export", tmp_path / "ethograms", "--format", "bouts", "--out", tmp_path / "second").status == 1


def test_the_study_names_the_subjects_and_simba_features_go_in_front(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pynwb = pytest.importorskip("pynwb")
    folder = tmp_path / "ethograms"
    write_ethogram(folder, "A", video="D:\\lab\\cam A.mp4")
    write_ethogram(folder, "B")
    (tmp_path / "recordings.csv").write_text("recording,animal,sex\nA,M12,F\n")
    (tmp_path / "study.yaml").write_text("behaviors: [grooming]\ncrop: {whole_frame: true}\n")
    features = tmp_path / "features_extracted"
    features.mkdir()
    (features / "cam A.csv").write_text("".join([",Nose_x,Nose_y,Nose_p\n", *(f"{frame},1,2,1\n" for frame in range(10))]))
    study = tmp_path / "study.yaml"
    result = export_ethograms([folder], ["nwb", "simba"], tmp_path / "out", study=study, simba_features=features)
    with pynwb.NWBHDF5IO(str(tmp_path / "out" / "nwb" / "A.nwb"), "r") as io:
        subject = io.read().subject
        assert (subject.subject_id, subject.sex, subject.species) == ("M12", "F", None)
    assert [note for note in result.notes if "manifest" in note] == [
        "the manifest has no row for B; their NWB files name no subject.",
        "the manifest does not say age, species of every animal, which archives such as DANDI ask for; add such columns.",
    ]
    assert (tmp_path / "out" / "simba" / "A.csv").read_text().splitlines()[3] == "2,1,2,1,1,0"
    # B has no features: that is said, and its other files are written.
    assert list(result.failures) == [f"{folder / 'B_ethogram.csv'} (simba)"]
    assert "B.csv: no such file" in next(iter(result.failures.values()))
    without = export_ethograms([folder], ["nwb"], tmp_path / "again")
    assert any("name no subject" in note and "--study" in note for note in without.notes)
    with pytest.raises(UsageError, match=r"--simba-features .* is not a folder"):
        export_ethograms([folder], ["simba"], tmp_path / "third", simba_features=tmp_path / "missing")
