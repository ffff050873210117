"""`behavior audit` and `stats --audit`: clips are drawn, labelled by a perfect rater, and correct a model that errs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import LabelError, OutputError, UsageError
from behavior.files.clip_queue import QUEUE_FILE, read_clips, set_clip_state
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.files.manifest import read_manifest
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, find_bouts
from behavior.reporting.statistics_gathering import StatisticsRequest
from behavior.workflows.audit import AuditRequest, DrawnAudit, draw_audit
from behavior.workflows.statistics import describe_ethograms

FPS, N_FRAMES, BEHAVIORS = 5, 1500, ("groom", "rear")


def show_bouts(generator: np.random.Generator, share: float, mean_bout: int = 15) -> np.ndarray:
    """Bouts at random that fill a share of the frames."""
    state, shown = generator.random() < share, np.empty(N_FRAMES, dtype=bool)
    for frame in range(N_FRAMES):
        shown[frame] = state
        state = generator.random() >= 1 / mean_bout if state else generator.random() < share / (1 - share) / mean_bout
    return shown


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """Sixteen animals of two groups that groom as much; the model misses half of the grooming of the second group, and no rearing."""
    folder, generator = tmp_path_factory.mktemp("lab"), np.random.default_rng(3)
    truth, rows = {}, []
    for number in range(16):
        name, group = f"r{number:02}", "saline" if number < 8 else "drug"
        true = np.column_stack([show_bouts(generator, 0.3), show_bouts(generator, 0.1)])
        said = true.copy()
        if group == "drug":
            said[:, 0] &= ~show_bouts(generator, 0.5, mean_bout=8)
        time_s = np.arange(N_FRAMES) / FPS
        ethogram = Ethogram(said, BEHAVIORS, time_s)
        probabilities = Probabilities(np.where(said, 0.9, 0.1).astype(np.float32), BEHAVIORS, time_s)
        write_annotation(folder / "ethograms", Annotation(name, probabilities, ethogram, ethogram, Provenance(fps=FPS)))
        truth[name] = true
        rows.append((name, f"m{number}", group, "test" if number % 2 else ""))
    pd.DataFrame(rows, columns=["recording", "animal", "group", "split"]).to_csv(folder / "recordings.csv", index=False)
    return folder, truth


def label(audit: Path, truth: dict[str, np.ndarray], *, without: int = 0) -> None:
    """Label the clips as they are, but for the last ones; each recording in a table of bouts."""
    clips = read_clips(audit / QUEUE_FILE)
    manifest = pd.read_csv(audit / "recordings.csv", dtype=str).fillna("")
    for place, name in enumerate(manifest["recording"]):
        rows = []
        for clip in clips[: len(clips) - without]:
            if clip.recording != name:
                continue
            rows.append(("observed", clip.start_frame, clip.stop_frame))
            for column, behavior in enumerate(BEHAVIORS):
                bouts = find_bouts(truth[name][clip.start_frame : clip.stop_frame, column]) + clip.start_frame
                rows += [(behavior, start, stop) for start, stop in bouts.tolist()]
        if rows:
            pd.DataFrame(rows, columns=["behavior", "start_frame", "stop_frame"]).to_csv(audit / f"{name}.csv", index=False)
            manifest.loc[place, "labels"] = f"{name}.csv"
    manifest.to_csv(audit / "recordings.csv", index=False)


def draw(lab: Path, out: Path, **request: object) -> DrawnAudit:
    return draw_audit([lab / "ethograms"], out, request=AuditRequest(**{"minutes": 16.0, "groups": lab / "recordings.csv", **request}))  # type: ignore[arg-type]


def read_figure(table: pd.DataFrame, behavior: str, metric: str, group: str, figure: str) -> pd.Series:
    chosen = table[(table["behavior"] == behavior) & (table["metric"] == metric) & (table["group"] == group) & (table["figure"] == figure)]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_clips_are_balanced_and_a_seed_draws_the_same(lab: tuple[Path, dict[str, np.ndarray]], tmp_path: Path) -> None:
    drawn = draw(lab[0], tmp_path / "a")
    counts = pd.Series([clip.recording for clip in drawn.clips]).value_counts()
    assert set(counts) == {6}
    assert len(counts) == 16
    assert drawn.minutes == pytest.approx(16, rel=0.1)
    rows = {row.id: row for row in read_manifest(tmp_path / "a" / "recordings.csv")}
    assert (rows["r01"].group, rows["r01"].split, rows["r01"].labels) == ("saline", "train", {})
    assert draw(lab[0], tmp_path / "b").clips == drawn.clips
    assert draw(lab[0], tmp_path / "c", seed=1).clips != drawn.clips
    with pytest.raises(OutputError, match="drawn once"):
        draw(lab[0], tmp_path / "a")


def test_review_is_suggested_where_there_are_videos_to_look_at(lab: tuple[Path, dict[str, np.ndarray]], tmp_path: Path) -> None:
    drawn = draw(lab[0], tmp_path / "audit")
    without_video = drawn.explain_labelling()
    assert "in any tool" in without_video
    assert f"name the label files in {tmp_path / 'audit' / 'recordings.csv'}" in without_video
    assert "`behavior review` needs videos" in without_video
    shown = replace(drawn, recordings={name: replace(row, video=tmp_path / "a.mp4") for name, row in drawn.recordings.items()})
    assert shown.explain_labelling() == f"label them with `behavior review {drawn.study_path}`, or in any tool"


def test_a_false_discovery_of_the_model_is_corrected(lab: tuple[Path, dict[str, np.ndarray]], tmp_path: Path) -> None:
    folder, truth = lab
    draw(folder, tmp_path / "audit")
    label(tmp_path / "audit", truth)
    result = describe_ethograms(
        [folder / "ethograms"], tmp_path / "out", request=StatisticsRequest(audit=tmp_path / "audit"), with_figures=False
    )
    table = pd.read_csv(tmp_path / "out" / "audit.csv").fillna({"group": ""})
    difference = "drug - saline"
    predicted, corrected = (read_figure(table, "groom", "share", difference, figure) for figure in ("predicted", "corrected"))
    true = {
        group: np.mean([truth[f"r{n:02}"][:, 0].mean() for n in numbers])
        for group, numbers in (("saline", range(8)), ("drug", range(8, 16)))
    }
    assert predicted["high"] < true["drug"] - true["saline"]
    assert corrected["low"] < true["drug"] - true["saline"] < corrected["high"]
    assert read_figure(table, "groom", "share", difference, "bias")["p"] < 0.01
    assert any("groom: the model errs differently between groups" in note for note in result.description.notes)
    # Of rearing the model says what is so: the corrected figure is the model's own, hardly less certain.
    alone, both = (read_figure(table, "rear", "share", "drug", figure) for figure in ("predicted", "corrected"))
    assert both["value"] == pytest.approx(alone["value"])
    assert both["high"] - both["low"] == pytest.approx(alone["high"] - alone["low"])
    per_minute = read_figure(table, "rear", "bouts_per_minute", "saline", "corrected")
    expected = np.mean([len(find_bouts(truth[f"r{n:02}"][:, 1])) / (N_FRAMES / FPS / 60) for n in range(8)])
    assert per_minute["value"] == pytest.approx(expected, rel=0.02)
    longest = read_figure(table, "rear", "mean_bout_s", "saline", "audited")
    assert longest["low"] < 15 / FPS < longest["high"]
    assert "## Audited by people" in (tmp_path / "out" / "statistics.md").read_text()


def test_clips_without_labels_count_nowhere_and_are_said(lab: tuple[Path, dict[str, np.ndarray]], tmp_path: Path) -> None:
    folder, truth = lab
    drawn = draw(folder, tmp_path / "audit")
    request = StatisticsRequest(audit=tmp_path / "audit")
    with pytest.raises(UsageError, match="none of its clips is labelled yet"):
        describe_ethograms([folder / "ethograms"], tmp_path / "out", request=request, with_figures=False)
    label(tmp_path / "audit", truth, without=3)
    last = drawn.clips[-1]
    set_clip_state(tmp_path / "audit" / QUEUE_FILE, last.key, "unsure")
    result = describe_ethograms([folder / "ethograms"], tmp_path / "out", request=request, with_figures=False)
    assert result.description.tables.audit is not None
    assert result.description.tables.audit["clips"].max() == len(drawn.clips) - 3
    notes = " ".join(result.description.notes)
    assert f"{last.recording}: 1 of 6 clips were skipped or unsure" in notes
    assert "not fully labelled yet and do not count" in notes


def test_test_recordings_of_a_study_are_audited_whole(lab: tuple[Path, dict[str, np.ndarray]], tmp_path: Path) -> None:
    folder, truth = lab
    manifest = pd.read_csv(folder / "recordings.csv", dtype=str).fillna("")
    manifest["labels"] = ""
    for place, name in enumerate(manifest["recording"]):
        frames = pd.DataFrame(truth[name].astype(int), columns=list(BEHAVIORS))
        frames.rename_axis("frame").to_csv(tmp_path / f"{name}.csv")
        manifest.loc[place, "labels"] = f"{name}.csv"
    manifest.to_csv(tmp_path / "recordings.csv", index=False)
    (tmp_path / "study.yaml").write_text("behaviors: [groom, rear]\ncrop: {whole_frame: true}\n")
    request = StatisticsRequest(study=tmp_path / "study.yaml", audit=tmp_path / "study.yaml")
    result = describe_ethograms([folder / "ethograms"], tmp_path / "out", request=request, with_figures=False)
    audited = result.description.tables.audit
    assert audited is not None
    one = read_figure(audited, "groom", "share", "drug", "audited")
    assert (one["animals"], one["clips"]) == (4, 4)
    assert one["value"] == pytest.approx(np.mean([truth[f"r{n:02}"][:, 0].mean() for n in range(9, 16, 2)]))


def test_other_ethograms_labels_in_part_and_odd_lengths_are_refused(lab: tuple[Path, dict[str, np.ndarray]], tmp_path: Path) -> None:
    folder, truth = lab
    drawn = draw(folder, tmp_path / "audit")
    label(tmp_path / "audit", truth)
    request = StatisticsRequest(audit=tmp_path / "audit")
    queue = tmp_path / "audit" / QUEUE_FILE
    text = queue.read_text()
    clip = drawn.clips[0]
    cells = f"{clip.recording},{clip.start_frame},{clip.stop_frame}"
    queue.write_text(text.replace(cells, f"{clip.recording},{clip.start_frame},{N_FRAMES + 5}", 1))
    with pytest.raises(UsageError, match="drawn from other ethograms"):
        describe_ethograms([folder / "ethograms"], tmp_path / "out", request=request, with_figures=False)
    queue.write_text(text)
    frames = pd.DataFrame({"frame": np.arange(N_FRAMES), "groom": 0, "rear": -1})
    frames.to_csv(tmp_path / "audit" / f"{clip.recording}.csv", index=False)
    with pytest.raises(LabelError, match="only some behaviors"):
        describe_ethograms([folder / "ethograms"], tmp_path / "out", request=request, with_figures=False)
    with pytest.raises(UsageError, match="above 0"):
        draw(folder, tmp_path / "other", minutes=0.0)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "study.yaml").write_text("behaviors: [groom]\ncrop: {whole_frame: true}\n")
    (tmp_path / "empty" / "recordings.csv").write_text("recording\nr00\n")
    with pytest.raises(UsageError, match="no clips drawn at random"):
        describe_ethograms(
            [folder / "ethograms"], tmp_path / "out", request=StatisticsRequest(audit=tmp_path / "empty"), with_figures=False
        )


def test_clips_that_could_not_be_used_are_not_drawn(tmp_path: Path) -> None:
    time_s = np.arange(100) / FPS
    ethogram = Ethogram(np.zeros((100, 2), dtype=bool), BEHAVIORS, time_s)
    probabilities = Probabilities(np.full((100, 2), 0.1, np.float32), BEHAVIORS, time_s)
    provenance = Provenance(fps=FPS, learned_from=True)
    write_annotation(tmp_path / "ethograms", Annotation("a", probabilities, ethogram, ethogram, provenance))
    with pytest.raises(UsageError, match=r"the model was trained on all recordings \(1\)"):
        draw_audit([tmp_path / "ethograms"], tmp_path / "audit", request=AuditRequest(minutes=0.1))
    assert not (tmp_path / "audit").exists()


def test_no_clips_come_from_recordings_that_the_model_was_trained_on(
    lab: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("r00", "r08", "r09")
    for name in names:
        source = read_annotation(lab[0] / "ethograms" / f"{name}_ethogram.csv")
        provenance = source.provenance.model_copy(update={"learned_from": name == "r08"})
        write_annotation(tmp_path / "ethograms", replace(source, provenance=provenance))
    drawn = draw_audit([tmp_path / "ethograms"], tmp_path / "audit", request=AuditRequest(1.0))
    assert {clip.recording for clip in drawn.clips} == set(drawn.recordings) == {"r00", "r09"}
    assert "trained on r08; no clips" in caplog.text
