"""What cross-validation and training ask of a study: they refuse one sentence after the other, and `check` collects them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from behavior.config import Study
from behavior.errors import BehaviorError, UsageError
from behavior.files.shared_videos import identify_video
from behavior.learning.fitting import explain_no_complete
from behavior.learning.learning_data import LearningData, describe_lacked, load_features, make_study_streams
from behavior.learning.planning import fold_of_everything, list_folds, plan_fits
from behavior.learning.variants import list_variants
from behavior.recording import Labels, Recording
from behavior.sequence.averaging import average_features
from behavior.sequence.folds import Fold
from behavior.sequence.preparation import Moments, SpreadOfMany, measure_moments, require_components

__all__ = ["list_refusals", "require_apart", "require_folds", "require_learned", "require_positives"]


def require_folds(study: Study, folds: Sequence[Fold]) -> None:
    """Raise UsageError if there are too few folds to cross-validate."""
    left_out = study.crossval.leave_out
    if len(folds) < 2:
        together = " (those of one video together)" if folds and len(folds[0].left_out) > 1 else ""
        raise UsageError(
            f"{study.recordings}: cross-validation leaves out one {left_out} after the other{together} and found {len(folds)} with labels; "
            f"label at least one more{' video' if together else ''}."
        )
    if not any(fold.training for fold in folds):
        raise UsageError(
            f"{study.recordings}: cross-validation leaves out one animal after the other, with all that shares a video with it, and then "
            "nothing is left to train on; label videos of other animals, or set crossval: {leave_out: recording}."
        )
    if study.decisions is not None and study.decisions.nested == "pairs" and len(folds) < 3:
        raise UsageError(
            f"{study.recordings}: decisions.nested: pairs leaves out two {left_out}s at once and found {len(folds)} with labels; label at "
            "least one more, or use nested: folds."
        )


def require_apart(source: Path, training: Sequence[Recording], tested: Sequence[Recording]) -> None:
    """Raise UsageError, naming the manifest `source`, if a test recording is of a video that is trained on too, by another individual."""
    trained = {identify_video(recording): recording for recording in training}
    for recording in tested:
        if (other := trained.get(identify_video(recording))) is not None:
            raise UsageError(
                f"{source}: {recording.id!r} has split=test, and {other.id!r}, of the same video, is trained on; the score would be of a "
                "video that the model knows: give all recordings of a video the same split."
            )


def require_learned(source: Path, behaviors: Sequence[str], skipped: Mapping[str, str]) -> None:
    """Raise UsageError, naming the study file `source`, if all of its behaviors are skipped, each for a reason."""
    if set(behaviors) <= set(skipped):
        raise UsageError(
            f"{source}: none of its behaviors can be learned ({'; '.join(skipped.values())}); label recordings that show them."
        )


def require_positives(study: Study, labels: Iterable[Labels]) -> None:
    """Raise UsageError if no frame is labelled with a behavior, so that nothing can be scored."""
    if not any((one.values == 1).any() for one in labels):
        raise UsageError(f"{study.recordings}: no frame of any training recording is labelled with a behavior; label some that show them.")


def list_refusals(study: Study, data: LearningData, *, source: Path, is_cached: bool) -> list[str]:
    """Return why `crossval` or `train` would refuse the labelled training recordings of a study, before anything is trained.

    Parameters
    ----------
    data
        Their labels; of the features, only the frame rates and their number are used.
    source
        The study file.
    is_cached
        Whether all of their features are in the cache; those that a reduction of dimensions is fitted on are then looked at.
    """
    refusals: list[str] = []
    folds = list_folds(study, data)
    with _noting(refusals):
        require_folds(study, folds)
    skipped: dict[int, str] = {}
    learned: set[int] = set()
    for number, variant in enumerate(list_variants(study)):
        averaged = data.to_vectors(variant.features.average)
        everything = fold_of_everything(averaged)
        for fit in plan_fits(study, number, averaged, {len(everything.training): everything}):
            skipped |= fit.reasons
            learned |= set(fit.trained_outputs)
        if is_cached and (variant.features.standardize or variant.features.pca is not None):
            refusals += _list_unprepared(variant, data, folds if len(folds) > 1 else [], everything)
    with _noting(refusals):
        missed = {study.behaviors[output]: reason for output, reason in sorted(skipped.items()) if output not in learned}
        require_learned(source, study.behaviors, missed)
    return list(dict.fromkeys(refusals))


def _list_unprepared(variant: Study, data: LearningData, folds: Sequence[Fold], everything: Fold) -> list[str]:
    """Return why dimensions cannot be reduced as one kind of model asks, in a fold or with all recordings; features are read in turn."""
    refusals: list[str] = []
    streams = make_study_streams(variant)
    with _noting(refusals):
        lacked = describe_lacked(variant, data.recordings, streams)
        moments: list[Moments] = []
        places: dict[int, int] = {}
        for number, (recording, known) in enumerate(zip(data.recordings, data.features, strict=True)):
            values = load_features(variant, recording, streams, onto=known, lacked=lacked).complete_values
            if len(values):
                places[number] = len(moments)
                moments.append(measure_moments(average_features(values, variant.features.average), covariance=False))
        spreads = SpreadOfMany(moments) if moments else None
        for group in (folds, [everything]):
            with _noting(refusals):
                for fold in group:
                    training = [places[number] for number in fold.training if number in places]
                    if spreads is None or not training:
                        names = ", ".join(data.recordings[number].id for number in fold.training)
                        raise UsageError(explain_no_complete(names, variant.streams))
                    require_components(spreads.combine(training), pca=variant.features.pca)
    return refusals


@contextmanager
def _noting(refusals: list[str]) -> Iterator[None]:
    try:
        yield
    except BehaviorError as error:
        refusals.append(str(error))
