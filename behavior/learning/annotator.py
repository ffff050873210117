"""A trained model at work: recordings to annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from behavior.compute.effort import measure_effort
from behavior.config import Arena
from behavior.embedding.unmeasured import find_unmeasured, warn_of_unmeasured
from behavior.errors import UsageError
from behavior.files.opening import locate
from behavior.files.view_cells import refuse_misspelled_views
from behavior.learning.decisions import decide, record_postprocess
from behavior.learning.familiarity import warn_of_unfamiliar
from behavior.learning.model_features import LoadedFeatures, ModelFeatures
from behavior.learning.opened_model import OpenedModel, open_model
from behavior.learning.prediction import predict_probabilities, require_rate
from behavior.progress import warn
from behavior.provenance import Familiarity, ModelSource, Provenance, StepTime, ViewSource
from behavior.recording import Annotation, Recording
from behavior.versions import collect_versions

__all__ = ["Annotator", "open_annotator"]


@dataclass(frozen=True)
class Annotator:
    """An opened model with the streams of its features.

    Attributes
    ----------
    model
        The networks and decisions.
    features
        Where the features of a recording are computed and cached.
    may_resample
        Whether recordings of another frame rate than the model's are accepted.
    """

    model: OpenedModel
    features: ModelFeatures
    may_resample: bool = False

    def annotate(self, recording: Recording) -> Annotation:
        """Return the annotation of one recording, whose features are in the caches; no file is written.

        Raises
        ------
        CacheError
            If features are missing, damaged or out of date.
        ModelError
            If the features mean something else than those that the model was trained on, or have another frame rate.
        """
        loaded = self.features.load(recording, in_blocks=True)
        name = str(recording.video or recording.id)
        resampled = [require_rate(self.model, own, name=name, may_resample=self.may_resample) for own in loaded.by_member]
        with measure_effort() as predicting:
            probabilities = predict_probabilities(self.model, loaded.by_member)
        judged = self.model.reference.judge(loaded.by_member, probabilities.values)
        efforts = {"embed": loaded.effort, "predict": predicting.effort}
        provenance = self._describe(recording, loaded, judged.familiarity, resampled=any(resampled)).model_copy(
            update={"computing_time": {name: StepTime(**one.as_mapping()) for name, one in efforts.items() if one is not None}}
        )
        fps, decisions = loaded.by_member[0].fps, self.model.decisions
        if decisions is not None:
            decided = decisions.decide(recording.id, probabilities, fps=fps, provenance=provenance)
        else:
            postprocess = self.model.description.postprocess
            decided = decide(recording.id, probabilities, fps=fps, postprocess=postprocess, provenance=provenance)
        return replace(decided, distances=judged.distances)

    def annotate_with_warning(self, recording: Recording) -> Annotation:
        """Do as `annotate`, and warn of a recording unlike the training recordings, and of many frames that were not measured."""
        annotation = self.annotate(recording)
        if warning := warn_of_unfamiliar(annotation):
            warn(warning)
        if warning := warn_of_unmeasured(annotation):
            warn(warning)
        return annotation

    def require_videos(self) -> None:
        """Raise UsageError if the model works on imported features, which no video gives, or on several views, which one video does not."""
        views = ", ".join(f"video_{view}" for view in self.model.views)
        self.model.require_one_view(f"name the videos of all of them in a manifest, in the columns video and {views}, and use --manifest")
        self.require_made_features()

    def require_made_features(self) -> None:
        """Raise UsageError if the model works on imported features, which are in the cache of a study alone."""
        if self.model.imported or self.model.crop is None:
            names = ", ".join(self.model.imported)
            raise UsageError(f"{self.model.folder}: works on imported features ({names}); bring them into a study and use --study.")

    def require_views(self, recordings: Sequence[Recording], source: Path) -> None:
        """Raise UsageError if all recordings of the study or manifest at `source` lack a view of the model, or a column is misspelled.

        Where only some lack one, a warning says so.
        """
        refuse_misspelled_views(source, recordings, self.model.views)
        for view in self.model.views:
            lacking = [recording.id for recording in recordings if view not in recording.views]
            if len(lacking) == len(recordings):
                raise UsageError(
                    f"{source}: none of its recordings has the view {view!r}, which the model in {self.model.folder} works on; name its "
                    f"videos in the manifest's column video_{view}, or take a model without it."
                )
            if lacking:
                warn(f"{', '.join(lacking)}: has no view {view!r}; the model goes by the other views there.")

    def warn_of_no_reference(self) -> None:
        """Warn if the model cannot tell whether recordings are like its training recordings."""
        if absence := self.model.reference.explain_absence():
            warn(f"{self.model.folder}: whether videos are like the training recordings is not known: {absence}.")

    def warn_of_training(self, recordings: Sequence[Recording]) -> None:
        """Warn if the model was trained on some of the recordings, or on other individuals of their videos."""
        seen = [recording.id for recording in recordings if self.model.has_seen(recording)]
        if seen:
            are, them = ("is a training recording", "it") if len(seen) == 1 else ("are training recordings", "them")
            warn(f"{', '.join(seen)} {are} of this model; results on {them} do not measure its accuracy.")

    def would_repeat(self, provenance: Provenance, recording: Recording) -> bool:
        """Tell whether `provenance` is of an ethogram of the same animal in the same videos or pose by this model and its settings."""
        own = self._describe_model()
        # Ethograms of earlier versions do not name the animal.
        if provenance.individual is not None and provenance.individual != self._find_individual(recording):
            return False
        settings, own_settings = (
            (known.model, known.others, known.body_parts, known.postprocess, known.calibration) for known in (provenance, own)
        )
        is_same_pose = recording.video is not None or _is_same_file(provenance.pose, recording.pose)
        is_same_video = is_same_pose and _is_same_file(provenance.video, recording.video)
        return settings == own_settings and is_same_video and self._are_same_views(provenance, recording)

    def _list_views(self, recording: Recording) -> list[tuple[str, Recording]]:
        """Return the views besides the first that the model works on and the recording has, by name."""
        return [(name, recording.views[name]) for name in self.model.views if name in recording.views]

    def _are_same_views(self, provenance: Provenance, recording: Recording) -> bool:
        before, now = provenance.views or (), self._list_views(recording)
        if [known.name for known in before] != [name for name, _ in now]:
            return False
        return all(
            known.start_s == view.start_s
            and _is_same_file(known.video, view.video)
            and (view.video is not None or _is_same_file(known.pose, view.pose))
            for known, (_, view) in zip(before, now, strict=True)
        )

    def _describe_model(self) -> Provenance:
        bundle, crop, decisions = self.model.description, self.model.crop, self.model.decisions
        return Provenance(
            model=ModelSource(folder=str(self.model.folder.resolve()), hash=self.model.hash, fps=bundle.fps),
            others=self.model.pose.other_names or None,
            body_parts=crop.body_parts if crop else None,
            postprocess=record_postprocess(bundle.postprocess),
            calibration=decisions.settings.calibration if decisions is not None else "none",
        )

    def _find_individual(self, recording: Recording) -> str | None:
        return recording.individual or (self.model.crop.individual if self.model.crop is not None else None)

    def _describe_views(self, recording: Recording) -> tuple[ViewSource, ...]:
        return tuple(
            ViewSource(name=name, video=_show_path(view.video), pose=_show_path(view.pose), start_s=view.start_s)
            for name, view in self._list_views(recording)
        )

    def _describe(self, recording: Recording, loaded: LoadedFeatures, familiarity: Familiarity, *, resampled: bool) -> Provenance:
        own, features, crop = self._describe_model(), loaded.by_member[0], self.model.description.crop
        streams = dict.fromkeys((stream.name, stream.signature) for member in loaded.by_member for stream in member.streams)
        return Provenance(
            fps=features.fps,
            video=_show_path(recording.video),
            pose=_show_path(recording.pose),
            views=self._describe_views(recording) if self.model.views else None,
            learned_from=self.model.has_seen(recording),
            model=own.model,
            individual=self._find_individual(recording),
            others=own.others,
            body_parts=own.body_parts,
            postprocess=own.postprocess,
            calibration=own.calibration,
            features=tuple(signature for _, signature in streams),
            body_parts_of_model=crop.body_parts if crop else None,
            resampled=resampled,
            broke_off=features.broke_off,
            versions=collect_versions(),
            not_measured=None if loaded.measured is None else find_unmeasured(loaded.measured),
            familiarity=familiarity,
        )


def open_annotator(
    folder: Path,
    *,
    cache: Path,
    imported: Path | None = None,
    arena: Arena | None = None,
    body_parts: Sequence[str] = (),
    individual: str | None = None,
    others: Sequence[str] = (),
    may_resample: bool = False,
) -> Annotator:
    """Open the model in `folder` for annotating.

    Parameters
    ----------
    cache, imported, arena
        As for `ModelFeatures`.
    body_parts, individual, others
        As for `open_model`.
    may_resample
        As for `Annotator`.

    Raises
    ------
    ModelError
        If the model cannot be used, or its backbone no longer gives the features that it was trained on.
    UsageError
        If body parts are named although the model works on imported features, or not the other animals that it needs.
    WeightsError
        If the weights of a backbone are missing.
    """
    model = open_model(folder, body_parts=body_parts, individual=individual, others=others)
    return Annotator(model, ModelFeatures(model, cache=cache, imported=imported, arena=arena), may_resample)


def _show_path(path: Path | None) -> str | None:
    return None if path is None else str(locate(path))


def _is_same_file(annotated: str | None, video: Path | None) -> bool:
    """Tell whether the file that an ethogram names is that at `video`; a relative path matches if it equals the end of the video's."""
    if annotated is None or video is None:
        return annotated is None and video is None
    before = Path(annotated)
    if before.is_absolute():
        return before.resolve() == video.resolve()
    parts = [part for part in before.parts if part != ".."]
    return any(list(known.parts[-len(parts) :]) == parts for known in (video.resolve(), video.absolute()))
