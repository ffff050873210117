"""`behavior agreement`: how well several raters of the same recordings agree, and the human ceiling that other commands show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.config import LabelFiles, Study
from behavior.errors import CacheError, OutputError, UsageError
from behavior.files.annotations import count_label_frames, list_behaviors
from behavior.files.atomic import make_folder, replacing, require_writable, write_text
from behavior.files.label_recordings import list_recordings
from behavior.files.manifest import RATER_PREFIX
from behavior.files.study import open_study
from behavior.files.video import summarize_video
from behavior.learning.learning_data import load_features, make_study_streams
from behavior.learning.raters import (
    Frames,
    explain_no_labels,
    find_rater_files,
    list_names,
    list_raters,
    name_raters,
    read_raters,
    score_raters,
)
from behavior.metrics.agreement import OTHERS, summarize_raters
from behavior.metrics.tables import POOLED
from behavior.progress import announce, show_progress
from behavior.recording import Labels, Recording
from behavior.reporting.score_summary import format_agreement

__all__ = ["AGREEMENT_FILE", "AGREEMENT_SUMMARY", "AgreementResult", "compare_raters"]

AGREEMENT_FILE = "agreement.csv"
AGREEMENT_SUMMARY = "agreement.md"


@dataclass(frozen=True)
class AgreementResult:
    """What was compared: the tables of `agreement.csv` and of the human ceiling, and names in their order."""

    table: pd.DataFrame
    ceiling: pd.DataFrame
    raters: tuple[str, ...]
    behaviors: tuple[str, ...]

    def list_pooled(self, metrics: Sequence[str]) -> list[list[str | float]]:
        """Return behavior, rater, against and the pooled `metrics`: each pair once, and each of several raters against the others."""
        pooled = self.table[self.table["recording"] == POOLED]
        values = pooled.set_index(["behavior", "rater", "against", "metric"])["value"].to_dict()
        sides = list(combinations(self.raters, 2))
        if len(self.raters) > 2:
            sides += [(rater, OTHERS) for rater in self.raters]
        keys = [(behavior, *side) for behavior in self.behaviors for side in sides if (behavior, *side, metrics[0]) in values]
        return [[*key, *(float(values[*key, metric]) for metric in metrics)] for key in keys]


def compare_raters(
    paths: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    n_frames: int | None = None,
    fps: float | None = None,
    overwrite: bool = False,
) -> AgreementResult:
    """Compare the raters of the same recordings, and write the table and its summary to the folder `out`.

    Parameters
    ----------
    paths
        A study file, whose manifest has a column `labels_NAME` for each rater, or for each rater a folder of label files that are called
        like the recordings, or name them or their videos, as files of many recordings do.
    study
        Tells for folders what the recordings and behaviors are, and how many frames there are and when. Without it all recordings and
        behaviors are compared that are in the files.
    n_frames, fps
        Frames of every recording and frames per second, for folders without `study`: bout tables do not tell the first. Without `fps`
        there are no errors in seconds.

    Raises
    ------
    UsageError
        If there are fewer than two raters, or it is not known how many frames there are.
    LabelError
        If label files cannot be used: one sentence for each, so that all can be mended at once.
    OutputError
        If `out` holds results already and `overwrite` is not set.
    """
    if not paths:
        raise UsageError("agreement needs a study file, or a folder of label files for each rater; name them.")
    settings: LabelFiles | None = None
    videos: dict[str, Path | None] = {}
    make_folder(out)
    if (out / AGREEMENT_SUMMARY).exists() and not overwrite:
        raise OutputError(f"{out}: holds results already ({AGREEMENT_SUMMARY}); give another folder, or --overwrite to replace them.")
    require_writable(out)
    if len(paths) == 1 and not paths[0].is_dir():
        if study is not None or n_frames is not None or fps is not None:
            raise UsageError(f"{paths[0]}: is taken for a study file, which --study, --frames and --fps do not go with; leave them out.")
        opened, recordings = open_study(paths[0])
        settings, videos = opened.labels, {recording.id: recording.video for recording in recordings}
        behaviors = tuple(opened.behaviors)
        files = list_raters(recordings)
        if len(files) < 2:
            raise UsageError(
                f"{opened.recordings}: found labels by {' and '.join(files) or 'nobody'}, expected at least two raters; add a column "
                f"{RATER_PREFIX}NAME for each of them."
            )
        concerned = {name for found in files.values() for name in found}
        frames = _find_study_frames(opened, [recording for recording in recordings if recording.id in concerned])
    else:
        folders = name_raters(paths)
        if study is not None:
            if n_frames is not None or fps is not None:
                raise UsageError("--study tells how many frames there are and when; leave --frames and --fps out.")
            opened, recordings = open_study(study)
            settings, videos = opened.labels, {recording.id: recording.video for recording in recordings}
            behaviors = tuple(opened.behaviors)
            files = find_rater_files(folders, [recording.id for recording in recordings])
            concerned = {name for found in files.values() for name in found}
            frames = _find_study_frames(opened, [recording for recording in recordings if recording.id in concerned])
        else:
            videos = dict(list_recordings(list(folders.values())))
            files = find_rater_files(folders, list(videos))
            behaviors = tuple(dict.fromkeys(name for found in files.values() for path in found.values() for name in list_behaviors(path)))
            frames = _find_frames(files, behaviors, n_frames=n_frames, fps=fps)
        empty = [str(folders[rater]) for rater, found in files.items() if not found]
        if empty:
            raise UsageError(f"{', '.join(empty)}: {explain_no_labels(frames)}")
    if not behaviors:
        raise UsageError("the label files name no behavior; give --study to say which there are.")
    labels = read_raters(files, behaviors, frames, settings=settings, videos=videos)
    table = score_raters(labels, behaviors, {name: found.time_s for name, found in frames.items()})
    ceiling = summarize_raters(table)
    with replacing(out / AGREEMENT_FILE) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    notes = _describe(labels, frames)
    write_text(out / AGREEMENT_SUMMARY, format_agreement(table, ceiling, behaviors=behaviors, title="Agreement of raters", notes=notes))
    return AgreementResult(table, ceiling, tuple(labels), behaviors)


def _find_study_frames(study: Study, recordings: Sequence[Recording]) -> dict[str, Frames]:
    """Return the frames of `recordings` by their features in the cache; where there are none yet, by decoding the videos."""
    streams = make_study_streams(study)
    frames: dict[str, Frames] = {}
    with show_progress("looking up frames", total=len(recordings), unit="recordings") as advance:
        for recording in recordings:
            try:
                features = load_features(study, recording, streams)
                frames[recording.id] = Frames(len(features.values), features.time_s, features.broke_off)
            except CacheError as error:
                if recording.video is None:
                    raise
                announce(f"{recording.id}: decoding the video to count its frames, as its features cannot be used ({error})")
                video = summarize_video(recording.video)
                frames[recording.id] = Frames(video.n_frames, video.time_s, video.broke_off)
            advance(1)
    return frames


def _find_frames(
    files: Mapping[str, Mapping[str, Path]], behaviors: Sequence[str], *, n_frames: int | None, fps: float | None
) -> dict[str, Frames]:
    """Return the frames of every recording: `n_frames`, or as many as a frame table of it has."""
    frames: dict[str, Frames] = {}
    for name in list_names(files):
        paths = [found[name] for found in files.values() if name in found]
        n_found = n_frames if n_frames is not None else max(count_label_frames(path, behaviors) or 0 for path in paths)
        if not n_found:
            raise UsageError(
                f"{paths[0]}: a bout table does not tell how many frames {name} has; give --study STUDY, or --frames N and --fps F."
            )
        frames[name] = Frames(n_found, None if fps is None else np.arange(n_found) / fps)
    return frames


def _describe(labels: Mapping[str, Mapping[str, Labels]], frames: Mapping[str, Frames]) -> list[str]:
    names = list_names(labels)
    everybody = all(len(found) == len(names) for found in labels.values())
    notes = [f"{len(labels)} raters of {len(names)} recordings: {', '.join(labels)}."]
    if not everybody:
        notes.append("Not every rater has all: " + ", ".join(f"{rater} has {len(found)}" for rater, found in labels.items()) + ".")
    notes.append("In brackets: the 95 % interval from resampling recordings, unless a heading says otherwise.")
    notes.append("Precision of one rater against another is recall the other way round; errors change their sign.")
    if len(labels) > 2:
        notes.append(
            "Frames on which the others are split are left out of a comparison with their majority; they are the hardest ones, so it "
            "comes out better than that with one other."
        )
    if any(found.time_s is None for found in frames.values()):
        notes.append("The times of frames are not known, so there are no errors in seconds; --study or --fps tell them.")
    return notes
