"""`behavior track`: videos of animals without pose to tracks, as DeepLabCut would have written them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from behavior.compute.units import Work, run_units
from behavior.compute.where import HERE, Where
from behavior.embedding.joined_animals import join_animals
from behavior.embedding.opened_detector import open_detector, read_given
from behavior.embedding.track_request import TrackRequest, describe_origin
from behavior.embedding.tracklet_identities import resolve_animals
from behavior.errors import BehaviorError, OutputError, PoseError, TrainingError, VideoError
from behavior.figures.frame_strips import render_jpeg
from behavior.figures.tracked_animals import FoundAnimals, draw_found
from behavior.files.atomic import make_folder, require_writable, write_bytes
from behavior.files.claims import claim_file, explain_claim
from behavior.files.detection_files import find_detections
from behavior.files.detection_parts import remove_parts
from behavior.files.new_videos import list_videos, name_recordings
from behavior.files.tracklets import TRACK_SUFFIX, TRACKLETS_SUFFIX, read_tracklets
from behavior.files.video_samples import sample_grey
from behavior.frame_times import frame_edges
from behavior.progress import announce, complain, warn
from behavior.reporting.corrected_tracks import CorrectedTrack, name_track_file, store_animals
from behavior.reporting.track_files import rewrite_track, write_track
from behavior.reporting.track_notes import describe_track
from behavior.tracking.detections import Detections
from behavior.tracking.reflections import find_reflections

__all__ = ["TrackRequest", "TrackResult", "TrackedVideo", "preview_tracking", "track_videos"]

PREVIEW_SUFFIX, _N_PREVIEWED = "_track_preview.jpg", 12


@dataclass(frozen=True)
class TrackedVideo:
    """What came of one video; `found` is the share of positions seen, `identified` of those whose animal is sure, if it can be told."""

    track: Path
    animals: int
    frames: int
    found: float
    tracklets: int
    frames_per_second: float
    identified: float | None = None


@dataclass
class TrackResult:
    """What was tracked, by recording; those that are tracked already are in `kept`, and `failures` has a sentence for each other one."""

    videos: dict[str, TrackedVideo] = field(default_factory=dict)
    kept: dict[str, Path] = field(default_factory=dict)
    previews: dict[str, Path] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def fail(self, video: Path, error: BehaviorError) -> None:
        """Record, and say, why a video has no track."""
        self.failures[str(video)] = str(error)
        complain(str(error))

    def add(self, other: TrackResult) -> None:
        """Take in what came of other videos."""
        for name in ("videos", "kept", "previews", "failures"):
            getattr(self, name).update(getattr(other, name))


_Do = Callable[[Path, Path, TrackRequest, TrackResult], None]


def track_videos(
    videos: Sequence[Path], request: TrackRequest, *, out: Path | None = None, overwrite: bool = False, where: Where = HERE
) -> TrackResult:
    """Write `NAME_track.csv`, `NAME_tracklets.npz` and `NAME_track.jpg` for each video; one bad video never stops the rest.

    Where several animals are told apart by appearance, `NAME_identity.csv` and `NAME_identity.png` too.

    Parameters
    ----------
    videos
        Videos, or folders of them.
    out
        Folder for the files; next to each video where None, where `init` and `annotate` find them.
    overwrite
        Replace tracks that were made with other settings. Those that were made with the same ones are kept in any case.
    where
        Where work runs; a unit is a video.

    A run that was killed goes on where it stopped, to the same files.

    Raises
    ------
    UsageError
        If the request cannot be used, or videos have the same name.
    OutputError
        If `out` cannot be written to.
    """
    return _for_each(videos, request, out, partial(_track_unless_done, overwrite), where)


def preview_tracking(videos: Sequence[Path], request: TrackRequest, *, out: Path | None = None) -> TrackResult:
    """Write `NAME_track_preview.jpg` for each video: sample frames with what would be found in them; raises as `track_videos` does."""
    return _for_each(videos, request, out, _preview, HERE)


def _for_each(paths: Sequence[Path], request: TrackRequest, out: Path | None, do: _Do, where: Where) -> TrackResult:
    request.require_usable()
    videos, problems = list_videos(paths)
    result = TrackResult(failures=problems)
    for problem in problems.values():
        complain(problem)
    if out is not None:
        require_writable(make_folder(out))
    names = [video.stem for video in videos] if out is None else name_recordings(videos)
    given = dict.fromkeys(videos) if request.detections is None else find_detections(request.detections, videos)
    units: list[tuple[Path, Path, TrackRequest]] = []
    for video, name in zip(videos, names, strict=True):
        source = given[video]
        if isinstance(source, str):
            result.fail(video, PoseError(source))
        else:
            units.append((video, (video.parent if out is None else out) / name, replace(request, detections=source)))
    folder = out or (units[0][0].parent if units else Path())
    work = Work(partial(_try, do), units, [unit[1].name for unit in units], folder, title="tracking", noun="videos")
    for unit, outcome in zip(units, run_units(work, where), strict=True):
        result.add(TrackResult(failures={str(unit[0]): str(outcome)}) if isinstance(outcome, BehaviorError) else outcome)
    return result


def _try(do: _Do, unit: tuple[Path, Path, TrackRequest]) -> TrackResult:
    """Return what came of one video."""
    result = TrackResult()
    try:
        do(*unit, result)
    except BehaviorError as error:
        result.fail(unit[0], error)
    return result


def _preview(video: Path, stem: Path, request: TrackRequest, result: TrackResult) -> None:
    samples, frames = sample_grey(video)
    shown = np.unique(np.linspace(0, len(samples) - 1, _N_PREVIEWED).round().astype(np.intp))
    if request.detections is not None:
        given = read_given(video, samples, request)
        found = [_take_found(given.frames[frame]) for frame in frames[shown].tolist()]
    else:
        detector = open_detector(video, samples, frames, request)
        found = [_take_found(detector.detect(samples[sample])) for sample in shown]
    target = stem.with_name(stem.name + PREVIEW_SUFFIX)
    write_bytes(target, render_jpeg(draw_found(list(samples[shown]), found, frames[shown].tolist())))
    result.previews[stem.name] = target


def _track_unless_done(overwrite: bool, video: Path, stem: Path, request: TrackRequest, result: TrackResult) -> None:
    origin = describe_origin(video, request)
    target = name_track_file(stem, TRACK_SUFFIX)
    if target.exists() and not overwrite:
        if _is_made_with(stem, origin):
            announce(f"{video.name} is tracked already with these settings")
            _tell_corrections(video, rewrite_track(stem, video=video, per_animal=request.per_animal))
            result.kept[stem.name] = target
            return
        raise OutputError(f"{target} exists already, made with other settings or by hand; give another --out, or --overwrite.")
    with claim_file(target) as mine:
        if not mine:
            raise OutputError(f"{target}: {explain_claim(target)} is making this track; wait until it has ended.")
        result.videos[stem.name] = _track_video(video, stem, request, origin)


def _track_video(video: Path, stem: Path, request: TrackRequest, origin: dict[str, Any]) -> TrackedVideo:
    began = time.perf_counter()
    samples, frames = sample_grey(video)
    target = name_track_file(stem, TRACK_SUFFIX)
    given = None if request.detections is None else read_given(video, samples, request)
    joined = join_animals(video, samples, frames, request, given=given, parts=target, origin=origin)
    animals, identities = joined.animals, None
    if not animals.seen.any():
        raise VideoError(f"{video}: no animal was found in any of its frames; see what is found with --preview.")
    for note in describe_track(
        animals,
        n_found=np.array([len(one) for one in joined.found]),
        n_flooded=joined.n_flooded,
        n_expected=request.animals,
        memory=request.memory,
        equipment=joined.equipment,
        reflections=find_reflections(joined.found, joined.associated, joined.settings),
    ):
        warn(f"{video}: {note}")
    if request.fingerprint is not None:
        announce(f"{video.name}: telling the animals apart by appearance")
        try:
            animals, identities = resolve_animals(
                video,
                joined.found,
                joined.associated,
                joined.settings,
                fingerprint=request.fingerprint,
                arena=samples[0].size,
                seed=request.seed,
                backbone=request.looks,
            )
        except TrainingError as error:
            warn(f"{video}: {error} The track follows motion alone.")
    stored = store_animals(animals, identities, joined.settings, origin, given)
    seen, edges_s = float(animals.seen.mean()), frame_edges(joined.time_s)
    # All that follows is in `stored`; of a long video there is no room for more.
    del joined, animals
    corrected = write_track(stem, stored, identities, picture=samples[-1], time_s=edges_s, per_animal=request.per_animal)
    remove_parts(target)
    _tell_corrections(video, corrected)
    rate = stored.n_frames / (time.perf_counter() - began)
    identified = None if identities is None else identities.measure_sure(stored.tracklets)
    return TrackedVideo(target, len(corrected.names), stored.n_frames, seen, len(stored.tracklets), rate, identified)


def _tell_corrections(video: Path, corrected: CorrectedTrack | None) -> None:
    for number, sentence in enumerate([] if corrected is None else corrected.describe()):
        (warn if number else announce)(f"{video.name}: {sentence}")


def _take_found(found: Detections) -> FoundAnimals:
    return FoundAnimals(found.positions, found.angles, found.lengths, found.widths, found.touching)


def _is_made_with(stem: Path, origin: dict[str, Any]) -> bool:
    try:
        return read_tracklets(name_track_file(stem, TRACKLETS_SUFFIX)).origin == origin
    except PoseError:
        return False
