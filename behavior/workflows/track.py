"""`behavior track`: videos of animals without pose to tracks, as DeepLabCut would have written them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from behavior.embedding.animal_detection import choose_detection, detect_animals
from behavior.embedding.tracklet_identities import Fingerprint, TrackletIdentities, resolve_animals
from behavior.errors import BehaviorError, OutputError, PoseError, TrainingError, UsageError, VideoError
from behavior.figures.film_strips import render_jpeg
from behavior.figures.tracked_animals import FoundAnimals, draw_found
from behavior.files.arena_mask import read_arena_mask
from behavior.files.atomic import make_folder, require_writable, write_bytes
from behavior.files.new_videos import list_videos, name_recordings
from behavior.files.tracklets import TRACK_SUFFIX, TRACKLETS_SUFFIX, read_tracklets
from behavior.files.video_samples import sample_grey
from behavior.frame_times import frame_edges
from behavior.progress import announce, complain, warn
from behavior.reporting.corrected_tracks import CorrectedTrack, name_track_file, store_animals
from behavior.reporting.track_files import rewrite_track, write_track
from behavior.reporting.track_notes import describe_track
from behavior.tracking.animals import gather_animals
from behavior.tracking.association import associate, choose_association
from behavior.tracking.background import BackgroundKind, Polarity
from behavior.tracking.background_detector import BackgroundDetector, MotionKind
from behavior.tracking.detections import Detections
from behavior.tracking.motion_models import Motion
from behavior.versions import collect_versions

__all__ = ["TrackRequest", "TrackResult", "TrackedVideo", "preview_tracking", "track_videos"]

PREVIEW_SUFFIX = "_track_preview.jpg"

_N_PREVIEWED = 12


@dataclass(frozen=True)
class TrackRequest:
    """How to track; None is found from each video. Areas in pixels, thresholds in grey levels, memory in frames.

    `identity` None is the correlogram where the number of animals is given and they are several, else none.
    """

    animals: int | None = None
    background: BackgroundKind | None = None
    polarity: Polarity | None = None
    threshold: float | None = None
    area: float | None = None
    mask: Path | None = None
    colors: float | None = None
    adaptive: bool = False
    moving: MotionKind | None = None
    motion: Motion = "acceleration"
    method: Literal["optimal", "greedy"] = "optimal"
    memory: int = 50
    fastest: float | None = None
    process_noise: float | None = None
    identity: Literal["none", "correlogram", "dense", "cnn"] | None = None
    seed: int = 0
    per_animal: bool = False

    @property
    def fingerprint(self) -> Fingerprint | None:
        """What animals are told apart by; None if nothing, or one animal, or nobody knows how many."""
        # The correlogram is not trained: seconds where a network takes half a minute, and nearly as good.
        usual: Fingerprint | None = "correlogram" if (self.animals or 0) > 1 else None
        return usual if self.identity is None else None if self.identity == "none" else self.identity

    def require_usable(self) -> None:
        """Raise UsageError if a number is out of range, or two options contradict each other."""
        if self.fingerprint is not None and (self.animals or 0) < 2:
            raise UsageError(f"--identity {self.identity} tells several animals apart; give --animals with their number, 2 or more.")
        for name, value, least in (("animals", self.animals, 1), ("threshold", self.threshold, 1), ("area", self.area, 1)):
            if value is not None and not value >= least:
                raise UsageError(f"--{name} {value:g}: expected {least} or more.")
        if self.background == "extreme" and self.polarity == "both":
            raise UsageError("--background extreme needs animals that are all dark or all light; give --polarity dark or light, or median.")


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


def track_videos(videos: Sequence[Path], request: TrackRequest, *, out: Path | None = None, overwrite: bool = False) -> TrackResult:
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

    Raises
    ------
    UsageError
        If the request cannot be used, or videos have the same name.
    OutputError
        If `out` cannot be written to.
    """

    def track(video: Path, stem: Path, result: TrackResult) -> None:
        origin = _describe_origin(video, request)
        target = name_track_file(stem, TRACK_SUFFIX)
        if target.exists() and not overwrite:
            if _is_made_with(stem, origin):
                announce(f"{video.name} is tracked already with these settings")
                _tell_corrections(video, rewrite_track(stem, per_animal=request.per_animal))
                result.kept[stem.name] = target
                return
            raise OutputError(f"{target} exists already, made with other settings or by hand; give another --out, or --overwrite.")
        result.videos[stem.name] = _track_video(video, stem, request, origin)

    return _for_each(videos, request, out, track)


def preview_tracking(videos: Sequence[Path], request: TrackRequest, *, out: Path | None = None) -> TrackResult:
    """Write `NAME_track_preview.jpg` for each video: sample frames with what would be found in them; raises as `track_videos` does."""

    def preview(video: Path, stem: Path, result: TrackResult) -> None:
        samples, frames = sample_grey(video)
        detector = _open_detector(video, samples, request)
        shown = np.unique(np.linspace(0, len(samples) - 1, _N_PREVIEWED).round().astype(np.intp))
        found = [_take_found(detector.detect(samples[sample])) for sample in shown]
        target = stem.with_name(stem.name + PREVIEW_SUFFIX)
        write_bytes(target, render_jpeg(draw_found(list(samples[shown]), found, frames[shown].tolist())))
        result.previews[stem.name] = target

    return _for_each(videos, request, out, preview)


def _for_each(paths: Sequence[Path], request: TrackRequest, out: Path | None, do: Callable[[Path, Path, TrackResult], None]) -> TrackResult:
    request.require_usable()
    videos, problems = list_videos(paths)
    result = TrackResult(failures=problems)
    for problem in problems.values():
        complain(problem)
    if out is not None:
        make_folder(out)
        require_writable(out)
    names = [video.stem for video in videos] if out is None else name_recordings(videos)
    for video, name in zip(videos, names, strict=True):
        try:
            do(video, (video.parent if out is None else out) / name, result)
        except BehaviorError as error:
            result.failures[str(video)] = str(error)
            complain(str(error))
    return result


def _track_video(video: Path, stem: Path, request: TrackRequest, origin: dict[str, Any]) -> TrackedVideo:
    began = time.perf_counter()
    samples, _ = sample_grey(video)
    detector = _open_detector(video, samples, request)
    found, time_s = detect_animals(video, detector, in_color=request.colors is not None)
    chosen = choose_association(
        found,
        length=detector.settings.size.length,
        motion=request.motion,
        method=request.method,
        n_animals=request.animals,
        fastest=request.fastest,
        memory=request.memory,
        process_noise=request.process_noise,
    )
    associated = associate(found, chosen)
    animals = gather_animals(found, associated, chosen)
    if not animals.seen.any():
        raise VideoError(f"{video}: no animal was found in any of its {len(found)} frames; see what is found with --preview.")
    for note in describe_track(animals, n_flooded=detector.n_flooded, n_expected=request.animals):
        warn(f"{video}: {note}")
    identities: TrackletIdentities | None = None
    if request.fingerprint is not None:
        announce(f"{video.name}: telling the animals apart by appearance")
        given: dict[str, Any] = {"fingerprint": request.fingerprint, "arena": samples[0].size, "seed": request.seed}
        try:
            animals, identities = resolve_animals(video, found, associated, chosen, **given)
        except TrainingError as error:
            warn(f"{video}: {error} The track follows motion alone.")
    stored = store_animals(animals, identities, chosen, origin)
    edges_s = frame_edges(time_s)
    corrected = write_track(stem, stored, identities, picture=samples[-1], time_s=edges_s, per_animal=request.per_animal)
    _tell_corrections(video, corrected)
    rate = len(found) / (time.perf_counter() - began)
    identified = None if identities is None else identities.measure_sure(stored.tracklets)
    counts = (len(corrected.names), len(found), float(animals.seen.mean()), len(stored.tracklets))
    return TrackedVideo(name_track_file(stem, TRACK_SUFFIX), *counts, rate, identified)


def _tell_corrections(video: Path, corrected: CorrectedTrack | None) -> None:
    for number, sentence in enumerate([] if corrected is None else corrected.describe()):
        (warn if number else announce)(f"{video.name}: {sentence}")


def _open_detector(video: Path, samples: npt.NDArray[np.uint8], request: TrackRequest) -> BackgroundDetector:
    height, width = samples.shape[1:]
    mask = None if request.mask is None else read_arena_mask(request.mask, width=width, height=height)
    given = {"background": request.background, "polarity": request.polarity, "threshold": request.threshold, "area": request.area}
    settings = choose_detection(video, samples, mask, n_animals=request.animals, **given)
    return BackgroundDetector(samples, settings, mask=mask, colors=request.colors, adaptive=request.adaptive, motion=request.moving)


def _take_found(found: Detections) -> FoundAnimals:
    return FoundAnimals(found.positions, found.angles, found.lengths, found.widths, found.touching)


def _describe_origin(video: Path, request: TrackRequest) -> dict[str, Any]:
    """Return what a track is made with: the same again makes the same track."""
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(request).items()}
    return {"video": video.name, "bytes": video.stat().st_size, "settings": settings, "versions": collect_versions()}


def _is_made_with(stem: Path, origin: dict[str, Any]) -> bool:
    try:
        return read_tracklets(name_track_file(stem, TRACKLETS_SUFFIX)).origin == origin
    except PoseError:
        return False
