"""`behavior stats` from ethograms on disk to tables, summary and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.files.ethograms import write_annotation
from behavior.files.pose import write_deeplabcut
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, Track
from tests.helpers.day_samples import make_annotation

FPS = 10
N_FRAMES = 300
BEHAVIORS = ("groom", "rear")


def write_ethogram(folder: Path, name: str, shown: np.ndarray, behaviors: tuple[str, ...] = BEHAVIORS) -> None:
    time_s = np.arange(len(shown)) / FPS
    ethogram = Ethogram(shown, behaviors, time_s)
    probabilities = Probabilities(np.where(shown, 0.9, 0.1).astype(np.float32), behaviors, time_s)
    write_annotation(folder, Annotation(name, probabilities, ethogram, ethogram, Provenance(fps=FPS)))


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Six recordings of five animals in two groups: in recording r there are r + 1 bouts of grooming of a second, 4 s apart."""
    rows = []
    for number in range(6):
        name = f"r{number}"
        shown = np.zeros((N_FRAMES, 2), dtype=bool)
        for bout in range(number + 1):
            shown[40 * bout + 10 : 40 * bout + 20, 0] = True
        write_ethogram(tmp_path / "ethograms", name, shown)
        # Along the wall of a square of 100 pixels, then through its middle; lost for two frames, and for a second.
        x = np.concatenate((np.linspace(1, 99, 150), np.linspace(99, 1, 150)))
        y = np.where(np.arange(N_FRAMES) < 150, 1.0, 50.0)
        positions = np.column_stack((x, y))[:, None, :]
        likelihoods = np.ones((N_FRAMES, 1))
        likelihoods[[20, 21]] = likelihoods[200:210] = 0.1
        write_deeplabcut(tmp_path / f"{name}.csv", Track(positions, likelihoods, ("body",)), scorer="s")
        labels = pd.DataFrame({"frame": np.arange(N_FRAMES), "groom": shown[:, 0].astype(int), "rear": 0})
        labels.loc[200:, ["groom", "rear"]] = -1
        labels.to_csv(tmp_path / f"{name}_labels.csv", index=False)
        animal = "m0" if number < 2 else f"m{number}"
        group = "saline" if number < 3 else "drug"
        rows.append((name, f"{name}.csv", f"{name}_labels.csv" if number < 5 else "", animal, group))
    pd.DataFrame(rows, columns=["recording", "pose", "labels", "animal", "group"]).to_csv(tmp_path / "recordings.csv", index=False)
    study = {
        "behaviors": list(BEHAVIORS),
        "crop": {"body_part": "body"},
        "arena": {
            "rectangle": [0, 0, 100, 100],
            "margin_cm": 2,
            "pixels_per_cm": 10,
            "zones": {"left": [[0, 0], [50, 0], [50, 100], [0, 100]]},
        },
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    return tmp_path


def pick(table: pd.DataFrame, **cells: object) -> list[float]:
    for column, value in cells.items():
        table = table[table[column].isna()] if value is None else table[table[column] == value]
    return table["value"].tolist()


def test_tables_and_summary_are_written(run: Callable, lab: Path) -> None:
    out = lab / "out"
    ran = run("stats", lab / "ethograms", "--study", lab / "study.yaml", "--bin", "10s", "--out", out, "--no-figures")
    assert ran.status == 0, ran.err
    assert "assume that animals are independent" in ran.err

    bouts = pd.read_csv(out / "statistics.csv")
    assert list(bouts.columns) == ["recording", "group", "animal", "behavior", "bin", "metric", "value"]
    assert pick(bouts, recording="r2", behavior="groom", bin=None, metric="bout_count") == [3]
    assert pick(bouts, recording="r2", behavior="groom", bin=None, metric="share") == [0.1]
    assert pick(bouts, recording="r2", behavior="groom", metric="bout_count") == [3, 3, 0, 0]
    assert pick(bouts, recording="r2", behavior="rear", bin=None, metric="bout_count") == [0]
    assert bouts[bouts["recording"] == "r4"]["group"].unique().tolist() == ["drug"]

    transitions = pd.read_csv(out / "transitions.csv")
    assert list(transitions.columns) == ["recording", "group", "animal", "bin", "from", "to", "count", "probability"]
    chosen = transitions[(transitions["recording"] == "r5") & transitions["bin"].isna() & (transitions["from"] == "groom")]
    assert chosen["count"].tolist() == [5, 0]

    zones = pd.read_csv(out / "zones.csv")
    assert list(zones.columns) == ["recording", "group", "animal", "zone", "bin", "metric", "value"]
    assert list(dict.fromkeys(zones["zone"])) == ["everywhere", "centre", "walls", "corners", "left"]
    # The gap of two frames is filled in, that of a second is not.
    assert pick(zones, recording="r0", zone="everywhere", bin=None, metric="time_s") == [29.0]
    # 98 px there, 49 down and 98 back, less the 11 steps around the gap, in cm.
    distance = pick(zones, recording="r0", zone="everywhere", bin=None, metric="distance_cm")
    assert distance == pytest.approx([(98 + 49 + 98 - 11 * 98 / 149) / 10])
    parts = [pick(zones, recording="r0", zone=zone, bin=None, metric="time_s")[0] for zone in ("centre", "walls", "corners")]
    assert sum(parts) == pytest.approx(29.0)

    groups = pd.read_csv(out / "groups.csv")
    counts = groups[(groups["of"] == "behavior") & (groups["subject"] == "groom") & (groups["metric"] == "bout_count")]
    # The two recordings of the first animal are one: 1.5 and 3 against 4, 5 and 6 bouts.
    assert counts["n"].tolist() == [2, 3]
    assert counts["mean"].tolist() == [2.25, 5.0]
    assert counts["p"].tolist() == pytest.approx([0.2, 0.2])
    assert counts["effect"].tolist() == [-1, -1]
    # Two behaviors, one of which never comes.
    assert counts["p_corrected"].tolist() == pytest.approx([0.4, 0.4])
    assert {"walls", "left"} <= set(groups[groups["of"] == "zone"]["subject"])

    summary = (out / "statistics.md").read_text(encoding="utf-8")
    assert "6 recordings of 5 animals" in summary
    assert "| groom | saline | 2 | 2.2 |" in summary
    assert "gaps of up to 0.5 s" in summary
    assert "5 animals; 0.5 min." in summary
    assert "from the end of a bout to the start of the next bout of the same behavior" in summary


def test_pictures_are_written_as_png_and_svg(run: Callable, lab: Path) -> None:
    out = lab / "out"
    ethograms = [lab / "ethograms" / f"{name}_ethogram.csv" for name in ("r0", "r3")]
    table = pd.read_csv(lab / "recordings.csv")
    table.loc[table["recording"] == "r3", "pose"] = np.nan
    table.to_csv(lab / "recordings.csv", index=False)
    ran = run("stats", *ethograms, "--study", lab / "study.yaml", "--out", out)
    assert ran.status == 0, ran.err
    pictures = sorted(path.stem for path in (out / "figures").glob("*.svg"))
    assert pictures == ["bout_lengths", "ethogram_raster", "time_curves", "trajectory_r0", "transition_graph"]
    assert sorted(path.stem for path in (out / "figures").glob("*.png")) == pictures
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (out / "figures").glob("*.png"))


def test_json_says_what_the_table_says(run: Callable, lab: Path) -> None:
    ran = run("stats", lab / "ethograms", "--groups", lab / "recordings.csv", "--out", lab / "out", "--no-figures", "--json")
    assert ran.status == 0, ran.err
    said = json.loads(ran.out)
    first = said["rows"][0]
    assert (first["behavior"], first["group"], first["n"], first["bout_count"]) == ("groom", "saline", 2, 2.25)
    assert said["rows"][2]["latency_s"] is None
    assert {row["correction" if "correction" in row else "test"] for row in said["groups"]} >= {"Mann-Whitney (exact)"}
    assert not (lab / "out" / "figures").exists()
    # No study, no track.
    assert not (lab / "out" / "zones.csv").exists()


def test_labels_are_described_where_people_watched(run: Callable, lab: Path) -> None:
    ran = run("stats", lab / "ethograms", "--groups", lab / "recordings.csv", "--labels", "--out", lab / "out", "--no-figures")
    assert ran.status == 1
    assert "names no labels of 'r5'" in ran.err
    bouts = pd.read_csv(lab / "out" / "statistics.csv")
    assert pick(bouts, recording="r4", behavior="groom", bin=None, metric="observed_s") == [20]
    assert pick(bouts, recording="r4", behavior="groom", bin=None, metric="share") == [0.25]
    assert "r5" not in set(bouts["recording"])


def test_it_has_to_be_said_whose_labels_count(run: Callable, lab: Path) -> None:
    table = pd.read_csv(lab / "recordings.csv").rename(columns={"labels": "labels_anna"})
    table.assign(labels_ben=table["labels_anna"]).to_csv(lab / "recordings.csv", index=False)
    arguments = ["stats", lab / "ethograms", "--groups", lab / "recordings.csv", "--no-figures", "--out", lab / "out"]
    assert run(*arguments).status == 0
    ran = run(*arguments, "--labels", "--overwrite")
    assert ran.status == 2
    assert "name there the labels" in ran.err


def test_without_a_manifest_there_are_no_groups(run: Callable, lab: Path) -> None:
    out = lab / "out"
    assert run("stats", lab / "ethograms", "--out", out, "--no-figures").status == 0
    assert pd.read_csv(out / "statistics.csv")["group"].isna().all()
    assert not (out / "groups.csv").exists()


def test_results_are_replaced_only_when_asked(run: Callable, lab: Path) -> None:
    out = lab / "out"
    assert run("stats", lab / "ethograms", "--study", lab / "study.yaml", "--out", out, "--no-figures").status == 0
    refused = run("stats", lab / "ethograms", "--out", out, "--no-figures")
    assert refused.status == 1
    assert "holds statistics already" in refused.err
    (out / "figures").mkdir()
    (out / "figures" / "trajectory_gone.png").touch()
    assert run("stats", lab / "ethograms", "--out", out, "--no-figures", "--overwrite").status == 0
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == ["statistics.csv", "statistics.md", "transitions.csv"]
    assert not list((out / "figures").iterdir())


def test_one_bad_file_does_not_stop_the_rest(run: Callable, lab: Path) -> None:
    (lab / "ethograms" / "r0_ethogram.csv").write_text("frame\n0\n")
    (lab / "r1.csv").write_text("no pose")
    (lab / "r2_labels.csv").write_text("no labels")
    ran = run("stats", lab / "ethograms", "--study", lab / "study.yaml", "--out", lab / "out", "--no-figures")
    assert ran.status == 1
    assert "r0_ethogram.csv" in ran.err
    assert "r1 (track)" in ran.err
    assert "r2 (labels)" in ran.err
    assert set(pd.read_csv(lab / "out" / "statistics.csv")["recording"]) == {"r1", "r2", "r3", "r4", "r5"}
    assert set(pd.read_csv(lab / "out" / "zones.csv")["recording"]) == {"r2", "r3", "r4", "r5"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--bin", "0s"], "expected a length above 0"),
        (["--bin", "60"], "--bin 60: expected a number with its unit"),
        (["--bin", "0.01s"], "shorter than a frame, expected at least 0.1 s"),
        (["--groups", "none.csv"], "no such file, expected a manifest"),
    ],
)
def test_what_cannot_be_done_is_said(run: Callable, lab: Path, arguments: list[str], expected: str) -> None:
    ran = run("stats", lab / "ethograms", "--out", lab / "out", *arguments)
    assert ran.status == 2
    assert expected in ran.err


def test_ethograms_have_to_go_together(run: Callable, lab: Path) -> None:
    shown = np.zeros((5, 1), dtype=bool)
    write_ethogram(lab / "other", "r9", shown, ("sniff",))
    ran = run("stats", lab / "ethograms", lab / "other", "--out", lab / "out", "--no-figures")
    assert ran.status == 2
    assert "has the behaviors sniff" in ran.err
    write_ethogram(lab / "again", "r0", np.zeros((5, 2), dtype=bool))
    ran = run("stats", lab / "ethograms", lab / "again", "--out", lab / "out", "--no-figures")
    assert ran.status == 2
    assert "another ethogram of 'r0'" in ran.err


def test_a_recording_the_manifest_does_not_name_is_described_but_not_compared(run: Callable, lab: Path) -> None:
    table = pd.read_csv(lab / "recordings.csv")
    table[table["recording"] != "r5"].to_csv(lab / "recordings.csv", index=False)
    ran = run("stats", lab / "ethograms", "--groups", lab / "recordings.csv", "--out", lab / "out", "--no-figures")
    assert ran.status == 0
    assert "r5 is not in the manifest" in ran.err
    assert "r5" in set(pd.read_csv(lab / "out" / "statistics.csv")["recording"])
    assert pd.read_csv(lab / "out" / "groups.csv")["n"].max() == 2


def test_days_of_an_animal_come_from_several_files(tmp_path: Path, run: Callable[..., object]) -> None:
    rows = []
    for animal in ("m1", "m2"):
        for day in range(4):
            start = datetime(2026, 3, 27, 12) + timedelta(days=day)
            # The clock is put forward in the night to the 29th.
            annotation = make_annotation(f"{animal}_{day}", start, 22.9 if day == 1 else 23.9)
            write_annotation(tmp_path / "ethograms", annotation)
            rows.append(f"{animal}_{day},{animal},{start.isoformat()}")
    (tmp_path / "recordings.csv").write_text("\n".join(["recording,animal,clock_start", *rows]) + "\n")
    study = {"behaviors": ["run", "groom"], "crop": {"whole_frame": True}}
    clock = {"lights_on": "07:00", "lights_off": "19:00", "time_zone": "Europe/Berlin"}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study | {"clock": clock}))
    out = tmp_path / "statistics"
    result = run("stats", tmp_path / "ethograms", "--study", tmp_path / "study.yaml", "--out", out, "--json")
    assert result.status == 0, result.err
    shown = json.loads(result.out)
    assert [round(row["period_h"]) for row in shown["periods"]] == [24, 24]
    tables = {path.stem: pd.read_csv(path) for path in out.glob("*.csv")}
    assert len(tables["hours"]) == 2 * 2 * 24
    dark = tables["light_dark"].query("subject == 'run' and metric == 'part_of_day' and phase == 'dark'")["value"]
    assert ((dark > 0.7) & (dark < 0.8)).all()
    assert tables["cosinor"]["acrophase_h"].notna().all()
    summary = (out / "statistics.md").read_text()
    assert "## Periods" in summary and "doi:10.1051/0004-6361:200811296" in summary
    figures = {path.name for path in (out / "figures").glob("*.png")}
    assert {"hours.png", "actogram_m1.png", "periodogram_m2.png"} <= figures
    # Described again, as files of one animal that overlap, nothing is lost.
    text = (tmp_path / "recordings.csv").read_text()
    (tmp_path / "recordings.csv").write_text(text.replace("2026-03-28", "2026-03-27"))
    again = run("stats", tmp_path / "ethograms", "--study", tmp_path / "study.yaml", "--out", out, "--overwrite")
    assert again.status == 2
    assert "recordings 'm1_1' and 'm1_0' of animal 'm1' overlap" in " ".join(again.err.split())
    assert (out / "statistics.md").read_text() == summary
