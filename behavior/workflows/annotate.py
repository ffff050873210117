"""`behavior annotate`: videos to ethograms, with a model that was trained before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import APPEARANCE, MADE_STREAMS, Arena, Backbone, Crop
from behavior.errors import BehaviorError, ModelError, OutputError, PoseError, UsageError, WeightsError
from behavior.files.atomic import make_folder
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.files.feature_cache import FeatureSet, find_imported, read_features
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.model_bundle import BUNDLE_FILE, MemberDescription, member_path, read_bundle, read_preparation
from behavior.files.pairing import find_pose_for, make_safe
from behavior.files.video import VIDEO_SUFFIXES
from behavior.recording import Probabilities, Recording, have_same_rate
from behavior.sequence.averaging import average_features, spread_rows
from behavior.sequence.heads import load_head
from behavior.sequence.inference import predict_recording, resample_rows
from behavior.sequence.preparation import Preparation
from behavior.workflows.crop_streams import AppearanceStream
from behavior.workflows.decisions import FittedDecisions
from behavior.workflows.embed import embed_recordings
from behavior.workflows.feature_streams import FeatureStream
from behavior.workflows.learning_data import RecordingFeatures, join_streams
from behavior.workflows.progress import announce, complain, warn
from behavior.workflows.provenance import collect_versions
from behavior.workflows.results import decide
from behavior.workflows.seen_recordings import find_seen, list_weights_seen
from behavior.workflows.streams import identify_stream, make_streams
from behavior.workflows.studies import open_study
from behavior.workflows.unmeasured import describe_unmeasured, warn_of_unmeasured
from behavior.workflows.variants import combine_members

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


class _Annotator:
    """A loaded model, and what the user allowed it to do."""

    def __init__(
        self,
        folder: Path,
        *,
        body_parts: Sequence[str],
        resample: bool,
        cache: Path,
        individual: str | None,
        overwrite: bool,
        imported: Path | None = None,
        arena: Arena | None = None,
    ) -> None:
        self.folder = folder
        self.description = read_bundle(folder)
        self._resample = resample
        self._overwrite = overwrite
        self._imported = imported
        self._streams: dict[str, FeatureStream] = {}
        bundle = self.description
        self.crop = bundle.crop
        if bundle.crop is not None:
            changes: dict[str, Any] = {}
            if body_parts:
                changes["body_part"] = list(body_parts)
            if individual is not None:
                changes["individual"] = individual
            self.crop = bundle.crop.model_copy(update=changes)
        elif body_parts:
            raise UsageError(f"{folder}: this model works on imported features; --body-part means nothing to it.")
        for member in bundle.members:
            made = make_streams(
                [stream.name for stream in member.streams],
                crop=self.crop,
                backbone=member.backbone or Backbone(),
                arena=arena or bundle.arena,
                cache=cache,
            )
            for name, stream in made.items():
                stream = self._streams.setdefault(identify_stream(name, member.backbone), stream)
                if isinstance(stream, AppearanceStream):
                    self._require_signature(member, stream)
        self._networks = [load_head(member_path(folder, member.file)) for member in bundle.members]
        self._preparations = [
            Preparation.from_arrays(read_preparation(member_path(folder, member.preparation))) if member.preparation else None
            for member in bundle.members
        ]
        self._decisions = (
            FittedDecisions.from_mapping(bundle.decisions, source=folder / BUNDLE_FILE) if bundle.decisions is not None else None
        )
        self._hash = hash_file(folder / BUNDLE_FILE)
        weights = dict.fromkeys(member.backbone.weights for member in bundle.members if member.backbone is not None)
        # What a fine-tuned backbone learned from counts like what the heads did.
        self._seen = [one for name in weights for one in list_weights_seen(name)]

    @property
    def streams(self) -> list[FeatureStream]:
        """What makes the features that the model works on; none if they are all imported."""
        return list(self._streams.values())

    @property
    def imported(self) -> list[str]:
        """Names of the imported streams that the model works on."""
        return sorted({stream.name for member in self.description.members for stream in member.streams if stream.name not in MADE_STREAMS})

    def _require_signature(self, member: MemberDescription, appearance: AppearanceStream) -> None:
        expected = next(Signature.from_text(stream.signature) for stream in member.streams if stream.name == APPEARANCE)
        # A precision that this machine does not reach is found out about with the first recording.
        differences = [signature.describe_difference(expected) for signature in appearance.list_signatures()]
        difference = differences[0] if all(differences) else ""
        if difference:
            raise ModelError(
                f"{self.folder}: was trained on features that its backbone does not give any more ({difference}); restore its weights "
                "file, or train again."
            )

    def has_seen(self, recording: Recording) -> bool:
        """Tell whether the heads learned from a recording, or the backbone was fine-tuned on it."""
        return recording.id in self.description.training.recordings or find_seen(recording, self._seen) is not None

    def require_place(self, recording: Recording, out: Path) -> None:
        """Raise OutputError if `out` holds an ethogram of this recording by another model or with other settings."""
        path = out / f"{recording.id}_ethogram.csv"
        if self._overwrite or not path.is_file():
            return
        before = read_annotation(path).provenance
        after = self._describe_model()
        if {key: before.get(key) for key in after} != after or not _is_same_file(before.get("video"), recording.video):
            raise OutputError(
                f"{path}: was made by another model, with other settings or from another video; give another --out, or --overwrite to "
                "replace it."
            )

    def annotate(self, recording: Recording, out: Path) -> int:
        """Write the annotation of one recording to `out` and return its number of frames."""
        bundle = self.description
        loaded: dict[str, RecordingFeatures] = {}
        measured: list[npt.NDArray[np.bool_]] = []
        said: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in bundle.behaviors}
        resampled = False
        for member, network, preparation in zip(bundle.members, self._networks, self._preparations, strict=True):
            key = "\n".join(stream.signature for stream in member.streams)
            if key not in loaded:
                loaded[key] = self._load(recording, member, measured)
            features = loaded[key]
            values, times = self._match_rate(recording, features)
            n_rows = len(values)
            values = average_features(values, member.average)
            if preparation is not None:
                values = preparation.apply(values)
            predicted = predict_recording(network.predict_on_batch, values, length=member.window_length)
            predicted = spread_rows(predicted, member.average, n_rows)
            if times is not None:
                resampled = True
                predicted = np.clip(resample_rows(predicted, times, features.time_s), 0.0, 1.0)
            for column, name in enumerate(member.behaviors):
                if name in said:
                    said[name].append(predicted[:, column])
        features = next(iter(loaded.values()))
        columns = [combine_members(np.stack(said[name]), bundle.combine) for name in bundle.behaviors]
        probabilities = Probabilities(np.column_stack(columns), tuple(bundle.behaviors), features.time_s)
        provenance = self._describe(recording, features, resampled)
        not_measured = describe_unmeasured(np.logical_and.reduce(measured) if measured else None)
        provenance["not_measured"] = not_measured
        if self._decisions is not None:
            annotation = self._decisions.decide(recording.id, probabilities, fps=features.fps, provenance=provenance)
        else:
            annotation = decide(recording.id, probabilities, fps=features.fps, postprocess=bundle.postprocess, provenance=provenance)
        write_annotation(out, annotation)
        warning = warn_of_unmeasured(recording.id, not_measured, n_frames=len(features.values), fps=features.fps)
        if warning:
            warn(warning)
        return len(features.values)

    def _load(self, recording: Recording, member: MemberDescription, measured: list[npt.NDArray[np.bool_]]) -> RecordingFeatures:
        """Return the features that a member works on, after checking that they mean what it learned from.

        Which frames were measured is added to `measured`, for each stream that is not imported.
        """
        sets: list[FeatureSet] = []
        for stream in member.streams:
            if stream.name in MADE_STREAMS:
                sets.append(self._streams[identify_stream(stream.name, member.backbone)].read(recording))
                measured.append(sets[-1].measured)
            else:
                assert self._imported is not None
                sets.append(read_features(find_imported(self._imported, recording.id, stream.name)))
        features = join_streams(recording.id, [stream.name for stream in member.streams], sets)
        for found, expected in zip(features.streams, member.streams, strict=True):
            difference = Signature.from_text(found.signature).describe_difference(Signature.from_text(expected.signature))
            if difference:
                raise ModelError(
                    f"{recording.id}: has other features than the model in {self.folder} was trained on ({difference}); embed or import "
                    "them as for the model, or train a model on these."
                )
        return features

    def _match_rate(
        self, recording: Recording, features: RecordingFeatures
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.float64] | None]:
        """Return the features at the model's frame rate, and the times of those rows where they are not the video's own."""
        if have_same_rate(features.fps, self.description.fps):
            return features.values, None
        if not self._resample:
            raise ModelError(
                f"{recording.video or recording.id}: has {features.fps:.4g} frames per second, but the model in {self.folder} learned from "
                f"{self.description.fps:.4g}; add --resample to bring the features to the model's rate and the result back to the video's."
            )
        step = 1.0 / self.description.fps
        times = np.arange(features.time_s[0], features.time_s[-1] + step / 2, step)
        return resample_rows(features.values, features.time_s, times), times

    def _describe_model(self) -> dict[str, Any]:
        bundle = self.description
        return {
            "model": {"folder": str(self.folder.resolve()), "hash": self._hash, "fps": bundle.fps},
            "body_parts": list(self.crop.body_parts) if self.crop else None,
            "postprocess": bundle.postprocess.model_dump(mode="json", exclude_none=True),
            "calibration": self._decisions.settings.calibration if self._decisions is not None else "none",
        }

    def _describe(self, recording: Recording, features: RecordingFeatures, resampled: bool) -> dict[str, Any]:
        bundle = self.description
        return {
            "fps": features.fps,
            "video": str(recording.video.resolve()) if recording.video else None,
            "pose": str(recording.pose.resolve()) if recording.pose else None,
            "learned_from": self.has_seen(recording),
            **self._describe_model(),
            "features": [stream.signature for stream in features.streams],
            "body_parts_of_model": list(bundle.crop.body_parts) if bundle.crop else None,
            "resampled": resampled,
            "broke_off": features.broke_off,
            "versions": collect_versions(),
        }


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
    annotator = _Annotator(
        model, body_parts=body_parts, resample=resample, cache=cache or out / "cache", individual=individual, overwrite=overwrite
    )
    if annotator.imported or annotator.crop is None:
        raise UsageError(f"{model}: works on imported features ({', '.join(annotator.imported)}); bring them into a study and use --study.")
    for sentence in result.failures.values():
        complain(sentence)
    recordings: list[Recording] = []
    for video, name in zip(videos, _name_recordings(videos), strict=True):
        try:
            found = pose
            if found is None and not annotator.crop.whole_frame:
                found = find_pose_for(video)
                if found is None:
                    raise PoseError(f"{video}: found no pose beside it; put {video.stem}DLC... there, or name its file with --pose.")
            recordings.append(Recording(name, video=video, pose=found, animal=name))
        except BehaviorError as error:
            _fail(result, name, error)
    return _annotate(annotator, recordings, out, result)


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
    annotator = _Annotator(
        model,
        body_parts=body_parts,
        resample=resample,
        cache=cache,
        individual=individual,
        overwrite=overwrite,
        imported=study.cache,
        arena=study.arena,
    )
    asked_for = bool(body_parts) or individual is not None
    if annotator.crop is not None and study.crop is not None and not asked_for and _fold(annotator.crop) != _fold(study.crop):
        raise UsageError(
            f"{study_path}: its crop ({_describe_crop(study.crop)}) is not that of the model ({_describe_crop(annotator.crop)}); "
            "name the body part to use with --body-part, or train on this study's crop."
        )
    return _annotate(annotator, recordings, out, AnnotateResult())


def _annotate(annotator: _Annotator, recordings: Sequence[Recording], out: Path, result: AnnotateResult) -> AnnotateResult:
    seen = [recording.id for recording in recordings if annotator.has_seen(recording)]
    if seen:
        warn(f"the model learned from {', '.join(seen)}; what it says about them is no measure of how good it is.")
    for recording in recordings:
        began = time.perf_counter()
        try:
            annotator.require_place(recording, out)
            for stream in annotator.streams:
                result.failures |= embed_recordings(stream, [recording]).failures
            if recording.id in result.failures:
                continue
            n_frames = annotator.annotate(recording, out)
        except WeightsError:
            raise
        except BehaviorError as error:
            _fail(result, recording.id, error)
            continue
        seconds = time.perf_counter() - began
        result.frames_per_second[recording.id] = n_frames / seconds
        announce(f"{recording.id}: {n_frames:,} frames in {seconds:.1f} s, {n_frames / seconds:,.1f} frames/s")
    return result


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


def _is_same_file(said: str | None, path: Path | None) -> bool:
    """Tell whether an ethogram is of the video at `path` by what it says; a path that is relative to nobody knows what may be any end."""
    if said is None or path is None:
        return said is None and path is None
    before = Path(said)
    if before.is_absolute():
        return before.resolve() == path.resolve()
    parts = [part for part in before.parts if part != ".."]
    return any(list(known.parts[-len(parts) :]) == parts for known in (path.resolve(), path.absolute()))


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
