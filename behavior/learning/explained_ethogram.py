"""An ethogram with the model that made it, opened to ask why the model predicts what it predicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from behavior.config import Arena
from behavior.embedding.recordings import require_features
from behavior.errors import CacheError, EthogramError, ModelError, UsageError, suggest_nearest
from behavior.files.ethograms import read_annotation, recall_recording
from behavior.files.study import open_study
from behavior.learning.explainer import Explainer
from behavior.learning.explanation import Explanation, choose_frames
from behavior.learning.model_features import ModelFeatures
from behavior.learning.opened_model import OpenedModel, open_model
from behavior.provenance import Provenance
from behavior.recording import Annotation, Recording, find_bouts

__all__ = ["ExplainedEthogram", "open_explained"]

_CACHE = "cache"


@dataclass(frozen=True)
class ExplainedEthogram:
    """An ethogram, opened with the model that made it.

    Attributes
    ----------
    path
        The ethogram.
    annotation
        What it holds.
    explainer
        Explains it; to be closed.
    """

    path: Path
    annotation: Annotation
    explainer: Explainer

    def explain(
        self, frame: int, behavior: str | None = None, *, is_bout: bool = False, advance: Callable[[float], None] = lambda share: None
    ) -> Explanation:
        """Explain what the model predicts about a frame.

        Parameters
        ----------
        behavior
            Which behavior; None for the one predicted there, or else the most probable one.
        is_bout
            Explain the bout of the behavior that the frame is in: the mean over a few of its frames.
        advance
            Called with the share of the work that is done.

        Raises
        ------
        UsageError
            If there is no such frame or behavior, or no bout.
        BehaviorError
            As `Explainer.explain`.
        """
        annotation = self.annotation
        n_frames = len(annotation.time_s)
        if not 0 <= frame < n_frames:
            raise UsageError(f"{self.path}: has no frame {frame}, but frames 0 to {n_frames - 1}; name one of them.")
        if behavior is None:
            shown = annotation.probabilities.values[frame] + annotation.ethogram.values[frame]
            behavior = annotation.behaviors[int(np.argmax(shown))]
        elif behavior not in annotation.behaviors:
            advice = suggest_nearest(behavior, annotation.behaviors) or "; name one of them."
            raise UsageError(f"{self.path}: has no behavior {behavior!r}, but {', '.join(annotation.behaviors)}{advice}")
        frames = [frame]
        if is_bout:
            bouts = find_bouts(annotation.ethogram.values[:, annotation.behaviors.index(behavior)]).tolist()
            bout = next(((start, stop) for start, stop in bouts if start <= frame < stop), None)
            if bout is None:
                raise UsageError(
                    f"{self.path}: frame {frame} is not in a bout of {behavior}; name a frame of a bout, or ask about the frame alone."
                )
            frames = choose_frames(*bout)
        return self.explainer.explain(behavior, frames, advance=advance)


def open_explained(
    path: Path, *, model: Path | None = None, study: Path | None = None, cache: Path | None = None, may_embed: bool = True
) -> ExplainedEthogram:
    """Open the ethogram at `path` with the model that made it.

    Parameters
    ----------
    model
        Folder of the model; by default the one that the ethogram names.
    study
        The study of the recording: it names the recording's files and has the cache.
    cache
        Folder of the features; the study's, or `cache` in or next to the ethogram's folder, if not given.
    may_embed
        Whether to compute features that the cache lacks instead of raising an error.

    Raises
    ------
    EthogramError
        If the ethogram cannot be used, or does not name its model.
    ModelError
        If the model is gone, or is not the one that made the ethogram.
    CacheError
        If features are missing and may not be computed.
    """
    annotation = read_annotation(path)
    provenance = annotation.provenance
    opened = _open_model(path, provenance, model)
    opened.require_one_view("what moved such a model cannot be explained yet")
    recording, arena, study_cache = _find_recording(path, annotation, study)
    caches = [folder for folder in (cache or study_cache,) if folder is not None] or [path.parent / _CACHE, path.parent.parent / _CACHE]
    problem: CacheError | None = None
    for folder in caches:
        sources = ModelFeatures(opened, cache=folder, imported=study_cache or folder, arena=arena)
        try:
            return ExplainedEthogram(path, annotation, Explainer(opened, sources, recording))
        except CacheError as error:
            problem = problem or error
    if not may_embed or opened.imported:
        assert problem is not None
        raise problem
    sources = ModelFeatures(opened, cache=caches[0], imported=study_cache, arena=arena)
    require_features(sources.streams, recording)
    return ExplainedEthogram(path, annotation, Explainer(opened, sources, recording))


def _open_model(path: Path, provenance: Provenance, model: Path | None) -> OpenedModel:
    source = provenance.model
    if model is None and (source is None or source.folder is None):
        raise EthogramError(f"{path}: does not say which model made it; name the model's folder with --model.")
    folder = model if model is not None else Path(str(source.folder if source else ""))
    if not folder.is_dir():
        raise ModelError(f"{folder}: is not there, but {path.name} was made with it; name the folder where the model is now with --model.")
    body_parts = provenance.body_parts if provenance.body_parts != provenance.body_parts_of_model else None
    opened = open_model(folder, body_parts=body_parts or (), others=provenance.others or ())
    if source is not None and source.hash is not None and source.hash != opened.hash:
        raise ModelError(
            f"{folder}: is not the model that made {path.name}, or was changed since; name that model with --model, or annotate the "
            "recording again with this one."
        )
    return opened


def _find_recording(path: Path, annotation: Annotation, study: Path | None) -> tuple[Recording, Arena | None, Path | None]:
    """Return the recording, with the arena and the cache of its study."""
    if study is None:
        return recall_recording(annotation.recording, annotation.provenance), None, None
    settings, recordings = open_study(study)
    for recording in recordings:
        if recording.id == annotation.recording:
            return recording, settings.arena, settings.cache
    raise UsageError(f"{study}: has no recording {annotation.recording!r}, which {path.name} is about; name another study, or none.")
