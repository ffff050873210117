"""What `init` makes of a folder as labs have them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from behavior.files.manifest import read_manifest
from behavior.files.pose import write_deeplabcut
from behavior.files.study import read_study
from behavior.files.video_writer import write_video
from behavior.recording import Track

N_FRAMES = 4


def add_recording(folder: Path, name: str, *, labels: str | None = "grooming", body_parts=("nose", "midbody", "tail1")) -> None:
    write_video(folder / f"{name}.mp4", np.zeros((N_FRAMES, 16, 16, 3), dtype=np.uint8), fps=10)
    shape = (N_FRAMES, len(body_parts))
    track = Track(np.ones((*shape, 2)), np.ones(shape), tuple(body_parts))
    write_deeplabcut(folder / f"{name}DLC_resnet50_x.csv", track, scorer="DLC_x")
    if labels is not None:
        (folder / f"{name}_labels.csv").write_text(f"frame,{labels}\n" + "".join(f"{frame},0\n" for frame in range(N_FRAMES)))


def study_of(folder: Path):
    return yaml.safe_load((folder / "study.yaml").read_text())


def find_errors(run, study: Path) -> list[str]:
    """Return what `check` finds wrong with a recording; that there are too few of them to train on is another matter."""
    problems = json.loads(run("check", study, "--json").out)["problems"]
    return [problem["message"] for problem in problems if problem["error"] and problem["recording"]]


def test_names_that_differ_between_files_are_mapped_so_that_check_works_at_once(run, tmp_path):
    for name, behavior in (("a", "mid_rearing"), ("b", "mid_rearing"), ("c", "Mid Rearing"), ("d", "mid_raering")):
        add_recording(tmp_path, name, labels=behavior)
    ran = run("init", tmp_path, "--backbone", "openfield")
    assert ran.status == 0
    assert f"'Mid Rearing' in {tmp_path / 'c_labels.csv'} is read as 'mid_rearing' (labels: map)." in ran.err
    assert f"'mid_raering' in {tmp_path / 'd_labels.csv'} is taken for 'mid_rearing', misspelt" in ran.err
    study = read_study(tmp_path / "study.yaml")
    assert study.behaviors == ["mid_rearing"]
    assert study.labels.map == {"Mid Rearing": "mid_rearing", "mid_raering": "mid_rearing"}
    assert find_errors(run, tmp_path / "study.yaml") == []


def test_links_keep_their_names(run, tmp_path):
    (tmp_path / "drive").mkdir()
    (tmp_path / "study").mkdir()
    add_recording(tmp_path / "drive", "MD5E-s1--0")
    for name, linked in (
        ("a.mp4", "MD5E-s1--0.mp4"),
        ("aDLC_x.csv", "MD5E-s1--0DLC_resnet50_x.csv"),
        ("a_labels.csv", "MD5E-s1--0_labels.csv"),
    ):
        (tmp_path / "study" / name).symlink_to(tmp_path / "drive" / linked)
    (tmp_path / "study" / "b.mp4").symlink_to(tmp_path / "drive" / "gone.mp4")
    ran = run("init", tmp_path / "study", "--backbone", "openfield")
    assert ran.status == 0
    assert "b.mp4: is a link to a file that is not there; connect its drive, or fetch the file." in ran.err
    assert (tmp_path / "study" / "recordings.csv").read_text().splitlines()[1] == "a,a.mp4,aDLC_x.csv,a_labels.csv,,,"


def test_names_that_cannot_stay_as_they_are_get_others(run, tmp_path):
    names = ["Mid Rearing", 'says "no" (loud)', "observed", "1e3", "2024-05-17", "grooming", "grooming_raw", "++", "Säubern", "yes"]
    text = "frame,a\n" + "\n".join(f"{frame},0" for frame in range(N_FRAMES))
    add_recording(tmp_path, "a", labels=None)
    events = [[number / 100, "", name, "", ""] for name in names for number in (0, 10)]
    write_project(tmp_path / "scores.boris", {"first": {"file": {"1": ["a.mp4"]}, "events": events}}, state=names)
    (tmp_path / "other.csv").write_text(text)
    ran = run("init", tmp_path, "--backbone", "openfield")
    assert ran.status == 0
    assert "other.csv: is a label file, but no video" in ran.err
    study = read_study(tmp_path / "study.yaml")
    expected = ["Mid_Rearing", "says_no_loud", "observed_behavior", "1e3", "2024-05-17", "grooming", "grooming_raw_behavior", "behavior"]
    assert study.behaviors == [*expected, "Säubern", "yes"]
    assert study.labels.map == {said: meant for said, meant in zip(names, study.behaviors, strict=True) if said != meant}
    assert find_errors(run, tmp_path / "study.yaml") == []
    checked = run("check", tmp_path / "study.yaml")
    assert "left out" not in checked.out + checked.err


def write_project(path: Path, observations: dict, *, state: Sequence[str] = (), point: Sequence[str] = ()) -> None:
    kinds = {**dict.fromkeys(state, "State event"), **dict.fromkeys(point, "Point event")}
    behaviors = {str(number): {"code": name, "type": kind} for number, (name, kind) in enumerate(kinds.items())}
    project = {"project_format_version": "7.0", "behaviors_conf": behaviors, "observations": observations}
    path.write_text(json.dumps(project), encoding="utf-8")


def test_one_project_for_all_recordings_is_used_for_all_and_points_are_left_out_aloud(run, tmp_path):
    for name in ("a", "b"):
        add_recording(tmp_path, name, labels=None)
    events = [[0.0, "", "grooming", "", ""], [0.1, "", "jump", "", ""], [0.2, "", "grooming", "", ""]]
    observations = {f"day {number}": {"file": {"1": [f"C:/lab/{name}.mp4"]}, "events": events} for number, name in enumerate("ab")}
    write_project(tmp_path / "scores.boris", observations, state=["grooming"], point=["jump"])
    ran = run("init", tmp_path, "--backbone", "openfield", "--json")
    assert [row["labels"] for row in json.loads(ran.out)["rows"]] == ["scores.boris"] * 2
    assert any("'jump' in" in note and "events without a duration only; it is left out" in note for note in json.loads(ran.out)["notes"])
    study = read_study(tmp_path / "study.yaml")
    assert (study.behaviors, study.labels.ignore) == (["grooming"], ["jump"])
    checked = json.loads(run("check", tmp_path / "study.yaml", "--json").out)
    assert [row["grooming"] for row in checked["rows"]] == [0.5, 0.5]
    assert not any(problem["error"] for problem in checked["problems"])


def test_projects_of_two_raters_become_columns_of_their_own(run, tmp_path):
    for name in ("a", "b"):
        add_recording(tmp_path, name, labels=None)
    events = [[0.0, "", "grooming", "", ""], [0.2, "", "grooming", "", ""]]
    observations = {f"day {name}": {"file": {"1": [f"C:/lab/{name}.mp4"]}, "events": events} for name in "ab"}
    for rater in ("Anna", "Ben"):
        write_project(tmp_path / f"OFT scoring {rater}.boris", observations, state=["grooming"])
    ran = run("init", tmp_path, "--backbone", "openfield")
    assert ran.status == 0
    assert "columns labels_Anna and labels_Ben; name in a column labels the file to train on" in ran.err
    assert "found" not in ran.err
    study = read_study(tmp_path / "study.yaml")
    assert study.behaviors == ["grooming"]
    manifest = read_manifest(study.recordings)
    assert [{rater: path.name for rater, path in recording.labels.items()} for recording in manifest] == [
        {"Anna": "OFT scoring Anna.boris", "Ben": "OFT scoring Ben.boris"}
    ] * 2


def test_behaviors_are_taken_from_label_files_of_which_none_is_chosen(run, tmp_path):
    add_recording(tmp_path, "a", labels="sniffing")
    (tmp_path / "a_labels.csv").rename(tmp_path / "a_1.csv")
    (tmp_path / "a_2.csv").write_bytes((tmp_path / "a_1.csv").read_bytes())
    ran = run("init", tmp_path)
    assert "enter one in the column labels, or each in a column labels_NAME of its own" in ran.err
    assert "No label file was found" not in ran.err
    assert study_of(tmp_path)["behaviors"] == ["sniffing"]


def test_an_empty_label_file_is_not_said_to_be_missing(run, tmp_path):
    add_recording(tmp_path, "a", labels=None)
    (tmp_path / "a.csv").touch()
    ran = run("init", tmp_path)
    assert "a.csv: is named after a.mp4, but holds no pose or labels that can be read; it is left out." in ran.err
    assert "a.mp4: no other label file found" in ran.err
    assert "No label file was found that can be read; behaviors are set to" in ran.err


def test_a_behavior_that_some_tables_have_no_column_for_is_said(run, tmp_path):
    for name, labels in (("a", "grooming,rearing"), ("b", "grooming,rearing"), ("c", "grooming,sniffing"), ("d", "grooming,rearing")):
        add_recording(tmp_path, name, labels=None)
        cells = ",0" * (labels.count(",") + 1)
        (tmp_path / f"{name}_labels.csv").write_text(f"frame,{labels}\n" + "".join(f"{frame}{cells}\n" for frame in range(N_FRAMES)))
    ran = run("init", tmp_path)
    assert study_of(tmp_path)["behaviors"] == ["grooming", "rearing"]
    assert f"'rearing' has no column in {tmp_path / 'c_labels.csv'}; add one there" in ran.err
    shown = ", ".join(str(tmp_path / f"{name}_labels.csv") for name in "abd")
    assert f"'sniffing' has no column in {shown}, so it is left out" in ran.err


def test_a_longer_word_is_no_misspelling(run, tmp_path):
    for name, behavior in (("a", "supported"), ("b", "supported"), ("c", "unsupported"), ("d", "chamber_1"), ("e", "chamber_2")):
        add_recording(tmp_path, name, labels=None)
        (tmp_path / f"{name}_labels.csv").write_text(f"behavior,start_frame,stop_frame\n{behavior},0,2\n")
    assert run("init", tmp_path).status == 0
    assert study_of(tmp_path)["behaviors"] == ["supported", "unsupported", "chamber_1", "chamber_2"]
    assert "labels" not in study_of(tmp_path)


@pytest.mark.parametrize(
    ("body_parts", "chosen"),
    [
        (("nose", "midbody", "tail1"), "midbody"),
        (("Snout", "BodyCenter", "TailBase"), "BodyCenter"),
        (("snout", "leftear", "rightear", "tailbase", "tailtip"), ["leftear", "rightear", "tailbase"]),
        (("nose", "tail1"), ["nose", "tail1"]),
    ],
)
def test_crops_are_centred_on_the_middle_of_the_body(run, tmp_path, body_parts, chosen):
    add_recording(tmp_path, "a", body_parts=body_parts)
    assert run("init", tmp_path).status == 0
    assert study_of(tmp_path)["crop"]["body_part"] == chosen


def test_videos_of_other_views_are_paired_by_the_end_of_their_names(run, tmp_path):
    for name in ("mouse_01", "mouse_02"):
        add_recording(tmp_path, name)
    add_recording(tmp_path, "mouse_01_side")
    (tmp_path / "mouse_01_sideDLC_resnet50_x.csv").unlink()
    ran = run("init", tmp_path, "--views", "side", "--backbone", "openfield")
    assert ran.status == 0, ran.err
    assert "video_side" in ran.out and "mouse_01_side.mp4: no label" not in ran.err
    assert "mouse_01_side.mp4: labels go by the frames of the first view; mouse_01_side_labels.csv is left out" in ran.err
    assert "View side: 1 of 2 recordings have it" in ran.err
    first, second = read_manifest(tmp_path / "recordings.csv")
    assert [first.id, second.id] == ["mouse_01", "mouse_02"]
    assert first.views["side"].video == tmp_path / "mouse_01_side.mp4" and first.views["side"].pose is None and not second.views
    study = read_study(tmp_path / "study.yaml")
    assert study.streams == ["appearance", "motion", "pose", "appearance@side"] and study.views.others["side"].crop.whole_frame
    assert find_errors(run, tmp_path / "study.yaml") == []
    ran = run("init", tmp_path, "--views", "a.b", "--out", tmp_path / "other")
    assert ran.status == 2 and "--views a.b: cannot be the name of a view" in ran.err
    ran = run("init", tmp_path, "--views", "back", "--out", tmp_path / "other")
    assert ran.status == 2 and "--views back: no video has a name that ends in 'back'" in ran.err


def test_without_pose_whole_frames_are_embedded_and_without_labels_the_thesis_is_followed(run, tmp_path):
    write_video(tmp_path / "a.mp4", np.zeros((N_FRAMES, 16, 16, 3), dtype=np.uint8), fps=10)
    ran = run("init", tmp_path)
    assert study_of(tmp_path)["crop"] == {"whole_frame": True}
    assert study_of(tmp_path)["behaviors"] == ["grooming", "mid_rearing", "wall_rearing"]
    assert "No pose was found" in ran.err
    assert "No label file was found" in ran.err


def test_names_with_spaces_are_paired_and_made_safe(run, tmp_path):
    add_recording(tmp_path, "2024-03-01 WT m3", labels="on")
    ran = run("init", tmp_path, "--json")
    (row,) = json.loads(ran.out)["rows"]
    assert row["recording"] == "2024-03-01_WT_m3"
    assert None not in row.values()
    assert read_study(tmp_path / "study.yaml").behaviors == ["on"]


def test_squeezenet_says_that_its_weights_have_to_be_given(run, tmp_path):
    add_recording(tmp_path, "a")
    assert "correct weights: squeezenet.h5" in run("init", tmp_path, "--backbone", "squeezenet").err


def write_pair(folder: Path, name: str, individuals: tuple[str, ...]) -> None:
    add_recording(folder, name)
    columns = [(animal, part, coordinate) for animal in individuals for part in ("nose", "midbody") for coordinate in "xy"]
    header = [[level, *(column[number] for column in columns)] for number, level in enumerate(("individuals", "bodyparts", "coords"))]
    rows = [[str(frame), *["5"] * len(columns)] for frame in range(N_FRAMES)]
    (folder / f"{name}DLC_resnet50_x.csv").write_text("\n".join(",".join(row) for row in [*header, *rows, []]))


def test_a_pose_of_several_animals_makes_a_row_for_each(run, tmp_path):
    for name, individuals in (("a", ("resident", "intruder")), ("b", ("M 1", "M2"))):
        write_pair(tmp_path, name, individuals)
    add_recording(tmp_path, "c")
    ran = run("init", tmp_path, "--backbone", "openfield", "--json")
    assert ran.status == 0
    assert [row["recording"] for row in json.loads(ran.out)["rows"]] == ["a_resident", "a_intruder", "b_M_1", "b_M2", "c"]
    rows = read_manifest(tmp_path / "recordings.csv")
    assert [(row.id, row.individual, row.animal) for row in rows[:3]] == [
        ("a_resident", "resident", "a_resident"),
        ("a_intruder", "intruder", "a_intruder"),
        ("b_M_1", "M 1", "b_M_1"),
    ]
    assert study_of(tmp_path)["crop"] == {"body_part": "midbody", "size": 160, "min_likelihood": 0.6}
    # Labels that do not say whose they are have to be decided on, which is said once.
    (note,) = [line for line in ran.err.splitlines() if "is the label file of several individuals of one video" in line]
    assert "a_resident: " in note and note.endswith("The same is true of a_intruder, b_M_1, b_M2.")
    errors = find_errors(run, tmp_path / "study.yaml")
    assert len(errors) == 4
    assert all("is the label file of several individuals of one video" in error for error in errors)
    study = tmp_path / "study.yaml"
    study.write_text(study.read_text() + 'labels: {subject: "*"}\n')
    assert find_errors(run, study) == []


@pytest.mark.parametrize(("subjects", "is_said"), [(("S1", "S2"), True), (("Resident", "INTRUDER"), False)])
def test_subjects_that_are_no_individual_of_the_pose_are_said_once(run, tmp_path, subjects, is_said):
    write_pair(tmp_path, "a", ("resident", "intruder"))
    rows = "".join(f"{name},grooming,{start},{start + 2}\n" for start, name in enumerate(subjects))
    (tmp_path / "a_labels.csv").write_text(f"subject,behavior,start_frame,stop_frame\n{rows}")
    ran = run("init", tmp_path, "--backbone", "openfield")
    assert ran.status == 0
    said = ran.err.count("has no labels of the individual 'resident', only of 'S1', 'S2'; say")
    assert said == is_said
    assert ("labels: {subject: {RECORDING: NAME}}" in ran.err) is is_said
    assert ("The same is true of a_intruder." in ran.err) is is_said
    # As `check` says of each.
    errors = find_errors(run, tmp_path / "study.yaml")
    assert sum("has no labels of the individual" in error for error in errors) == (2 if is_said else 0)


def test_one_individual_is_named_in_the_study_and_several_in_the_manifest(run, tmp_path):
    for name in ("a", "b"):
        write_pair(tmp_path, name, ("resident", "intruder", "third"))
    one, two = tmp_path / "one", tmp_path / "two"
    assert run("init", tmp_path, "--backbone", "openfield", "--individual", "intruder", "--out", one).status == 0
    assert study_of(one)["crop"]["individual"] == "intruder"
    assert [(row.id, row.individual) for row in read_manifest(one / "recordings.csv")] == [("a", ""), ("b", "")]
    assert find_errors(run, one / "study.yaml") == []
    arguments = ("--individual", "intruder", "--individual", "third", "--out", two)
    assert run("init", tmp_path, "--backbone", "openfield", *arguments).status == 0
    assert "individual" not in study_of(two)["crop"]
    assert [row.id for row in read_manifest(two / "recordings.csv")] == ["a_intruder", "a_third", "b_intruder", "b_third"]


def test_a_pose_of_one_animal_without_a_name_has_no_choice(run, tmp_path):
    write_pair(tmp_path, "a", ("resident", "intruder"))
    add_recording(tmp_path, "b")
    assert run("init", tmp_path, "--backbone", "openfield").status == 0
    assert [row.individual for row in read_manifest(tmp_path / "recordings.csv")] == ["resident", "intruder", ""]


@pytest.mark.parametrize("flaw", ["0,oops,1,1\n", "", "two", "damaged"])
def test_a_pose_with_a_flaw_is_no_whole_frame(run, tmp_path, flaw):
    add_recording(tmp_path, "a")
    pose = tmp_path / "aDLC_resnet50_x.csv"
    if flaw == "two":
        (tmp_path / "aDLC_other.csv").write_bytes(pose.read_bytes())
    elif flaw == "damaged":
        pose.with_suffix(".h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"x" * 900)
        pose.unlink()
    else:
        pose.write_text("scorer,N,N,N\nbodyparts,a,a,a\ncoords,x,y,likelihood\n" + flaw)
    ran = run("init", tmp_path)
    assert "No pose was found" not in ran.err
    assert "whole_frame" not in study_of(tmp_path)["crop"]
    if flaw != "two":
        assert study_of(tmp_path)["crop"]["body_part"] is None
        checked = run("check", tmp_path / "study.yaml")
        assert checked.status != 0
        assert "body_part" in checked.err


def test_a_pose_of_no_video_is_no_whole_frame(run, tmp_path):
    add_recording(tmp_path, "a")
    (tmp_path / "aDLC_resnet50_x.csv").rename(tmp_path / "otherDLC_resnet50_x.csv")
    ran = run("init", tmp_path)
    assert "No pose file belongs to a video, so the body part is left open" in ran.err
    assert study_of(tmp_path)["crop"]["body_part"] is None


def test_a_study_may_be_written_elsewhere(run, tmp_path):
    share, own = tmp_path / "share", tmp_path / "own"
    share.mkdir()
    add_recording(share, "a")
    before = sorted(share.rglob("*"))
    assert run("init", share, "--backbone", "openfield", "--out", own).status == 0
    assert sorted(share.rglob("*")) == before
    (recording,) = read_manifest(own / "recordings.csv")
    assert (recording.video, recording.pose) == (share / "a.mp4", share / "aDLC_resnet50_x.csv")
    assert find_errors(run, own / "study.yaml") == []


def test_half_an_init_is_finished_and_a_manifest_by_a_person_is_kept(run, tmp_path):
    for name in ("a", "b"):
        add_recording(tmp_path, name)
    run("init", tmp_path, "--backbone", "openfield")
    study, manifest = (tmp_path / name for name in ("study.yaml", "recordings.csv"))
    whole = study.read_bytes(), manifest.read_bytes()
    study.unlink()
    ran = run("init", tmp_path, "--backbone", "openfield")
    assert ran.status == 0
    assert (study.read_bytes(), manifest.read_bytes()) == whole
    assert "was there already and is kept; the study is for 2 recordings" in ran.err
    study.unlink()
    manifest.write_text("recording,video,pose\nb,b.mp4,bDLC_resnet50_x.csv\n")
    assert run("init", tmp_path, "--backbone", "openfield").status == 0
    assert [recording.id for recording in read_manifest(manifest)] == ["b"]
    assert run("init", tmp_path).status != 0


def test_windows_paths_in_a_manifest_are_named(run, tmp_path):
    add_recording(tmp_path, "a")
    run("init", tmp_path, "--backbone", "openfield")
    (tmp_path / "recordings.csv").write_text("recording,video\na,videos\\a.mp4\n")
    checked = run("check", tmp_path / "study.yaml")
    assert "its backslashes separate no folders on this system" in checked.out + checked.err


@pytest.mark.parametrize(("rates", "sampling"), [((10, 15), None), ((30, 30), {"fps": 10}), ((5, 25), {"fps": 10})])
def test_frames_of_fast_videos_are_sampled(run, tmp_path, rates, sampling):
    for number, fps in enumerate(rates):
        add_recording(tmp_path, f"m{number}")
        write_video(tmp_path / f"m{number}.mp4", np.zeros((N_FRAMES, 16, 16, 3), dtype=np.uint8), fps=fps)
    # What cannot be read is left to `check`.
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    ran = run("init", tmp_path, "--backbone", "openfield")
    assert ran.status == 0
    study = study_of(tmp_path)
    assert study.get("sampling") == sampling
    assert study["windows"] == ({"length": 300} if sampling is None else {"length_s": 30})
    assert ("frames per second, of which 10 are used" in ran.out + ran.err) == (sampling is not None)
