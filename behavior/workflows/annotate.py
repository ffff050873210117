"""`behavior annotate`: videos to ethograms, with a model that was trained before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.config import Crop
from behavior.embedding.recordings import embed_recordings
from behavior.embedding.unmeasured import warn_of_unmeasured
from behavior.errors import BehaviorError, EthogramError, OutputError, PoseError, UsageError, WeightsError
from behavior.files.atomic import make_folder
from behavior.files.ethograms import ETHOGRAM_SUFFIX, read_provenance, write_annotation
from behavior.files.name_matching import make_safe
from behavior.files.pairing import find_pose_for
from behavior.files.study import open_study
from behavior.files.video_packets import VIDEO_SUFFIXES
from behavior.learning.annotator import Annotator, open_annotator
from behavior.progress import announce, complain, warn
from behavior.recording import Recording

__all__ = ["AnnotateResult", "annotate_study", "annotate_videos"]


@dataclass
class AnnotateResult:
    """What was annotated, by recording id.

    Attributes
    ----------
    frames_per_second
        Frames of the video divided by the seconds that they took, embedding included.
    failures
        A sentence for each recording that could not be annotated.
    """

    frames_per_second: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def annotate_videos(
    model: Path,
    videos: Sequence[Path],
    out: Path,
    *,
    pose: Path | None = None,
    body_parts: Sequence[str] = (),
    individual: str | None = None,
    resample: bool = False,
    cache: Path | None = None,
    overwrite: bool = False,
) -> AnnotateResult:
    """Annotate `videos` with the bundle in the folder `model`; one bad video never stops the rest.

    Parameters
    ----------
    videos
        A folder stands for the videos in it, but for hidden ones, overlays and videos in which a tracker drew its points.
    pose
        Pose of the only video; without it each video's pose is looked for beside it, as `behavior init` does.
    body_parts, individual
        Centre the crops on these instead of those that the model learned with.
    resample
        Accept videos of another frame rate than the model's.
    cache
        Folder for the features, `out`/cache where None.
    overwrite
        Replace ethograms in `out` that another model, or this one with other settings, has made.

    Raises
    ------
    UsageError
        If `pose` is given for several videos, or the model works on imported features.
    ModelError
        If the bundle cannot be used.
    """
    result = AnnotateResult()
    videos = _find_videos(videos, result)
    n_given = len(videos) + len(result.failures)
    if pose is not None and n_given != 1:
        raise UsageError(f"--pose names one file, but {n_given} videos are given; annotate them one at a time or leave --pose out.")
    make_folder(out)
    annotator = open_annotator(model, body_parts=body_parts, individual=individual, may_resample=resample, cache=cache or out / "cache")
    crop, imported = annotator.model.crop, annotator.model.imported
    if imported or crop is None:
        raise UsageError(f"{model}: works on imported features ({', '.join(imported)}); bring them into a study and use --study.")
    for sentence in result.failures.values():
        complain(sentence)
    recordings: list[Recording] = []
    for video, name in zip(videos, _name_recordings(videos), strict=True):
        try:
            recordings.append(Recording(name, video=video, pose=pose or _find_pose(video, crop), animal=name))
        except BehaviorError as error:
            _fail(result, name, error)
    return _annotate(annotator, recordings, out, result, overwrite=overwrite)


def annotate_study(
    model: Path,
    study_path: Path,
    out: Path,
    *,
    body_parts: Sequence[str] = (),
    individual: str | None = None,
    resample: bool = False,
    cache: Path | None = None,
    overwrite: bool = False,
) -> AnnotateResult:
    """Annotate every recording of the study at `study_path` with the bundle in the folder `model`; arguments as for `annotate_videos`.

    The study's cache is used, unless other body parts are asked for: those features go to `out`/cache, so that the study keeps its own.
    """
    study, recordings = open_study(study_path)
    make_folder(out)
    if cache is None:
        cache = out / "cache" if body_parts or individual is not None else study.cache
    annotator = open_annotator(
        model,
        body_parts=body_parts,
        individual=individual,
        may_resample=resample,
        cache=cache,
        imported=study.cache,
        arena=study.arena,
    )
    crop = annotator.model.crop
    asked_for = bool(body_parts) or individual is not None
    if crop is not None and study.crop is not None and not asked_for and _fold(crop) != _fold(study.crop):
        raise UsageError(
            f"{study_path}: its crop ({_describe_crop(study.crop)}) is not that of the model ({_describe_crop(crop)}); "
            "name the body part to use with --body-part, or train on this study's crop."
        )
    return _annotate(annotator, recordings, out, AnnotateResult(), overwrite=overwrite)


def _annotate(
    annotator: Annotator, recordings: Sequence[Recording], out: Path, result: AnnotateResult, *, overwrite: bool
) -> AnnotateResult:
    seen = [recording.id for recording in recordings if annotator.model.has_seen(recording)]
    if seen:
        warn(f"{', '.join(seen)} are training recordings of this model; results on them do not measure its accuracy.")
    for recording in recordings:
        began = time.perf_counter()
        try:
            if not overwrite:
                _refuse_other_ethogram(annotator, recording, out)
            for stream in annotator.features.streams:
                result.failures |= embed_recordings(stream, [recording]).failures
            if recording.id in result.failures:
                continue
            annotation = annotator.annotate(recording)
            write_annotation(out, annotation)
            if warning := warn_of_unmeasured(annotation):
                warn(warning)
            n_frames = len(annotation.time_s)
        except WeightsError:
            raise
        except BehaviorError as error:
            _fail(result, recording.id, error)
            continue
        seconds = time.perf_counter() - began
        result.frames_per_second[recording.id] = n_frames / seconds
        announce(f"{recording.id}: {n_frames:,} frames in {seconds:.1f} s, {n_frames / seconds:,.1f} frames/s")
    return result


def _refuse_other_ethogram(annotator: Annotator, recording: Recording, out: Path) -> None:
    """Raise OutputError if `out` holds an ethogram of this recording by another model, with other settings or from another video."""
    path = out / f"{recording.id}{ETHOGRAM_SUFFIX}"
    if not path.is_file():
        return
    try:
        provenance = read_provenance(path)
    except EthogramError as error:
        raise OutputError(f"{str(error).rstrip('.')}; or give --overwrite to replace it.") from None
    if not annotator.would_repeat(provenance, recording):
        raise OutputError(
            f"{path}: was made by another model, with other settings or from another video; give another --out, or --overwrite to "
            "replace it."
        )


def _find_pose(video: Path, crop: Crop) -> Path | None:
    """Return the pose file of `video`, None where the model needs none; PoseError where there is none."""
    if crop.whole_frame:
        return None
    pose = find_pose_for(video)
    if pose is None:
        raise PoseError(f"{video}: found no pose beside it; put {video.stem}DLC... there, or name its file with --pose.")
    return pose


def _find_videos(paths: Sequence[Path], result: AnnotateResult) -> list[Path]:
    """Return the videos among `paths`, and in folders among them; what is none gets a sentence in `result`."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [video for video in sorted(path.iterdir()) if _is_to_be_annotated(video)]
            found += inside
            if not inside:
                suffixes = ", ".join(VIDEO_SUFFIXES)
                result.failures[str(path)] = f"{path}: holds no videos ({suffixes}), expected a folder of them; check the path."
        elif path.is_file():
            found.append(path)
        else:
            result.failures[str(path)] = f"{path}: no such video; check the path."
    return found


def _is_to_be_annotated(path: Path) -> bool:
    stem = path.stem.casefold()
    is_made = stem.endswith(("_overlay", "_labeled"))
    return path.suffix.casefold() in VIDEO_SUFFIXES and not path.name.startswith(".") and not is_made and path.is_file()


def _fail(result: AnnotateResult, name: str, error: BehaviorError) -> None:
    result.failures[name] = str(error)
    complain(f"{name}: {error}")


def _name_recordings(videos: Sequence[Path]) -> list[str]:
    """Return an id for each video: its stem, made safe as a file name, with the folder's name in front where stems are alike."""
    twice = [video for number, video in enumerate(videos) if video.resolve() in {other.resolve() for other in videos[:number]}]
    if twice:
        raise UsageError(f"{twice[0]}: is given twice; name each video once.")
    stems = [video.stem for video in videos]
    names = [f"{video.resolve().parent.name}_{video.stem}" if stems.count(video.stem) > 1 else video.stem for video in videos]
    names = [make_safe(name).lstrip(".-") or "video" for name in names]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise UsageError(f"several videos would be called {', '.join(sorted(repeated))}; annotate them into different folders.")
    return names


def _describe_crop(crop: Crop) -> str:
    if crop.whole_frame:
        return "whole frame"
    animal = f" of {crop.individual}" if crop.individual else ""
    return f"{' + '.join(crop.body_parts)}{animal}, {crop.size} pixels, likelihood {crop.min_likelihood:g}"


def _fold(crop: Crop) -> Crop:
    """Return `crop` with names as they are compared, without case."""
    parts = [name.casefold() for name in crop.body_parts]
    return crop.model_copy(update={"body_part": parts or None})
