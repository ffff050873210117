"""Print what the label files in ../shared/data/formats hold: format, behaviors, bouts and frames of each, and what heads lack.

    python scripts/list_formats.py [--data ../shared/data]

Frames and frame rate of the recordings, whose videos are not there, are what the files or their origin say of them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from behavior.files.label_formats.request import EVERYBODY, LabelPolicies, LabelRequest
from behavior.files.labels import list_behaviors, read_labels, recognise_labels
from behavior.recording import Frames, find_bouts

HEAD = "only the first rows are there"
MADE = "made after the tool's documentation"


@dataclass(frozen=True)
class Sample:
    """A recording in a label file, and what is known of its video."""

    file: str
    n_frames: int
    fps: float
    video: str = ""
    observation: str | None = None
    missing: str = ""
    rater: str | None = None
    background: Literal["absent", "unlabelled"] = "absent"


SAMPLES = (
    Sample("boris/test.boris", 8999, 25, observation="observation #1"),
    Sample("boris/test.boris", 4499, 25, video="video_test_25fps_180s.mp4", observation="observation #2"),
    Sample("boris/test.boris", 8999, 25, video="video_test_25fps_360s.mp4", observation="observation #2"),
    Sample("boris/test.boris", 8999, 25, video="video_test_25fps_360s.mp4", observation="offset positif"),
    Sample("boris/test.boris", 4499, 25, observation="modifiers"),
    Sample("boris/test.boris", 4499, 25, video="video1.mp4", observation="2 video"),
    Sample("boris/test.boris", 700, 25, observation="live"),
    Sample("boris/test_export_aggregated_events_test_full_1.tsv", 4499, 25, video="video_test_25fps_180s.mp4"),
    Sample("boris/test_export_aggregated_events_test_full_1.tsv", 8999, 25, video="video_test_25fps_360s.mp4"),
    Sample("boris/test_export_aggregated_events_test_full_2.tsv", 13498, 25, missing="the header; its two videos are taken as one"),
    Sample("boris/test_export_events_tabular.csv", 8999, 25),
    Sample("boris/test_export_events_tabular.xlsx", 8999, 25),
    Sample("simba/10_annot.txt", 14957, 30),
    Sample("simba/bento_Together_1_shortened.annot", 19955, 30, missing="shortened: 8 of about 290 bouts"),
    Sample("simba/boris_v7_tabular_example.csv", 18716, 15),
    Sample("simba/boris_v8_tabular_example_head.csv", 18923, 59.94, missing=f"{HEAD}: 6 of about 110 events"),
    Sample("simba/deepethogram_Together_1_head.csv", 10, 30, missing=f"{HEAD}: 10 of about 1,700"),
    Sample("simba/solomon_Together_1_shortened.csv", 345, 25, missing="shortened: most rows are left out, their frames are -1"),
    Sample("simba/targets_inserted_Together_1_head.csv", 3, 30, missing=f"{HEAD}: 3 of about 1,700"),
    Sample("thesis/HD_ChR2_510A.csv", 6600, 10),
    Sample("thesis/results.csv", 6600, 10, missing="its probabilities are not labels and are left out"),
    Sample("others/behaviordepot_mat/hB_demo1_manual_annotations.mat.mat", 6000, 50),
    Sample("others/behaviordepot_mat/hB_demo2_manual_annotations.mat", 3600, 50),
    Sample("others/behaviordepot_mat/hB_expert1.mat", 19541, 50),
    Sample("others/behaviordepot_mat/hB_expert2.mat", 19541, 50),
    Sample("others/behaviordepot_mat/hB_expert3.mat", 19541, 50),
    Sample("others/behaviordepot_mat/hB_novice.mat", 19541, 50),
    Sample("others/bento_multichannel/mars_out.annot", 200, 30, rater="ground_truth"),
    Sample("others/boris_binary_table/mouse_01_100ms.tsv", 1500, 10),
    Sample("others/boris_binary_table/mouse_01_1s.tsv", 1500, 10, missing="a row a second, which stands for the frames up to the next"),
    Sample("others/calms21_json/calms21_task1_tiny.json", 20, 30, missing=MADE),
    Sample("others/daart_csv/2019_06_26_fly2.csv", 45001, 70, background="unlabelled"),
    Sample("others/daart_csv/2019_08_07_fly2.csv", 50001, 70, background="unlabelled"),
    Sample("others/eaf_behavior/mouse_01.eaf", 1500, 10, video="mouse_01.mp4"),
    Sample("others/ethovision_manual/Manual_scoring.xlsx", 1500, 10, video="mouse_01.mp4", missing=MADE),
    Sample("others/feral_json/labels_multilabel.json", 1203, 30, video="synthetic_00.mp4"),
    Sample("others/feral_json/labels_singlelabel.json", 1203, 30, video="synthetic_00.mp4"),
    Sample("others/jabs_annotation/mouse_01.json", 1500, 10, video="mouse_01.mp4"),
    Sample("others/labelstudio/mouse_01.json", 1500, 10, video="mouse_01.mp4", missing=MADE),
    Sample("others/ndx_ethogram/mouse_01.nwb", 1500, 10),
    Sample("others/observer_xlsx/observer.xlsx", 1500, 10, video="mouse_01.mp4", missing=MADE),
    Sample("others/textgrid/mouse_01.TextGrid", 1500, 10, missing=MADE),
    Sample("others/via/mouse_01_via.csv", 1500, 10, video="mouse_01.mp4", missing=MADE),
    Sample("others/via/mouse_01_via.json", 1500, 10, video="mouse_01.mp4", missing=MADE),
)


@dataclass(frozen=True)
class Found:
    """A recording in a label file: bouts of each behavior, frames that show it, and number of labelled frames."""

    sample: Sample
    format: str
    bouts: dict[str, int]
    positives: dict[str, int]
    labelled: int


def read_samples(folder: Path, samples: Sequence[Sample] = SAMPLES) -> Iterator[Found]:
    """Yield what is in each of `samples`, whose files are below `folder`."""
    for sample in samples:
        path = folder / sample.file
        format_name = recognise_labels(path)
        behaviors = list_behaviors(path)
        if sample.file == "thesis/results.csv":
            behaviors = behaviors[:3]
        request = LabelRequest(
            behaviors,
            Frames.from_times(np.arange(sample.n_frames) / sample.fps),
            recording_names=(sample.video,) if sample.video else (),
            observation=sample.observation,
            subject=EVERYBODY,
            rater=sample.rater,
            background=sample.background,
            policies=LabelPolicies(unterminated="warn"),
        )
        labels, _ = read_labels(path, request)
        bouts = {name: len(find_bouts(column == 1)) for name, column in zip(behaviors, labels.values.T, strict=True)}
        positives = {name: int((column == 1).sum()) for name, column in zip(behaviors, labels.values.T, strict=True)}
        yield Found(sample, format_name, bouts, positives, int((labels.values >= 0).any(axis=1).sum()))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("BEHAVIOR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    folder = parser.parse_args().data / "formats"
    print("| file | format | bouts (frames) | frames | labelled | missing |\n|---|---|---|---|---|---|")
    for found in read_samples(folder):
        part = ", ".join(filter(None, (found.sample.observation, found.sample.video)))
        name = Path(found.sample.file).name + (f" ({part})" if part else "")
        bouts = ", ".join(f"{behavior} {count} ({found.positives[behavior]})" for behavior, count in found.bouts.items())
        print(f"| {name} | {found.format} | {bouts} | {found.sample.n_frames} | {found.labelled} | {found.sample.missing} |")


if __name__ == "__main__":
    main()
