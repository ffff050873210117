"""Commands that are functions: backbones, raters, report and demo."""

import shutil

import pytest

import behavior as bh
from behavior.workflows import demo as demo_workflow


def test_a_folder_becomes_a_study(folder):
    study = bh.init_study("videos", backbone="openfield")
    assert study.path.name == "study.yaml"
    assert [recording.id for recording in study.recordings] == ["mouse_01", "mouse_02", "mouse_03", "mouse_04"]
    with pytest.raises(bh.OutputError, match="is there already"):
        bh.init_study("videos")


def test_backbones_are_listed():
    outcome = bh.list_backbones()
    assert {"openfield", "resnet50v2"} <= set(outcome.table["backbone"])
    assert outcome.table["frames_per_second"].isna().all()
    with pytest.raises(bh.UsageError, match="openfield"):
        bh.list_backbones(["openfeild"])


def test_raters_are_compared(folder):
    for name in ("anna", "ben"):
        (folder / name).mkdir()
        shutil.copy("videos/mouse_01_labels.csv", folder / name / "mouse_01.csv")
    agreement = bh.compare_raters(["anna", "ben"], "agreement", fps=10)
    assert agreement.table["f1"].tolist() == [1.0, 1.0, 1.0]
    assert set(agreement.metrics["against"]) >= {"anna", "ben"}
    assert set(agreement.ceiling["behavior"]) == {"grooming", "mid_rearing", "wall_rearing"}
    assert (folder / "agreement" / "agreement.csv").is_file()
    with pytest.raises(bh.UsageError, match="two raters"):
        bh.compare_raters(["anna"], "other", fps=10)


def test_the_raters_of_a_study_are_those_of_its_manifest(folder):
    with pytest.raises(bh.UsageError, match="at least two raters"):
        bh.compare_raters(bh.open_study("study.yaml"), "agreement")


@pytest.mark.usefixtures("unillustrated")
def test_a_report_takes_opened_results(folder):
    report = bh.write_report(
        "ethograms",
        "report.html",
        study=bh.open_study("study.yaml"),
        crossval=bh.open_crossval("crossval"),
        model=bh.open_model("model"),
        check=False,
        overwrite=True,
    )
    assert report.path.stat().st_size > 10_000
    with pytest.raises(bh.OutputError, match="is there already"):
        bh.write_report("ethograms", "report.html")


def test_the_demo_returns_where_things_are(demo, monkeypatch, tmp_path):
    asked = []

    def run(out, *, seed, side):
        asked.append((out, seed, side))
        return demo

    monkeypatch.setattr(demo_workflow, "run_demo", run)
    made = bh.run_demo(str(tmp_path / "new"), seed=7)
    assert asked == [(tmp_path / "new", 7, None)]
    assert made.study == demo.study
    assert made.table.set_index("behavior")["average_precision"].to_dict() == demo.average_precision
