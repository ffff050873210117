"""Whether a cross-validation is that of a study as it is now: what differs is named, and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from behavior.config import POSE, Study, list_views
from behavior.embedding.stream import FeatureStream
from behavior.errors import BehaviorError, CrossvalError, join_first
from behavior.files.feature_cache import MissingCacheError, cache_path, check_features
from behavior.files.feature_sources import Signature
from behavior.files.manifest import select_labels
from behavior.learning.crossval_digest import (
    FeatureDigest,
    RecordingDigest,
    describe_features,
    describe_recordings,
    hash_labels,
    hash_rater_files,
    list_feature_kinds,
    list_starts,
    stamp_cache_file,
)
from behavior.learning.crossval_folder import CrossvalResults
from behavior.learning.label_reading import read_labels_of
from behavior.learning.learning_data import LearningData, describe_lacked, load_features, make_study_streams
from behavior.learning.recording_features import RecordingFeatures
from behavior.recording import Frames, Recording

__all__ = [
    "compare_recordings",
    "compare_settings",
    "explain_differences",
    "find_differences",
    "refuse_differences",
    "require_same_data",
    "require_same_settings",
]

# What fits follow from.
_TRAINING_SECTIONS = (
    *(
        "behaviors",
        "labels",
        "crop",
        "backbone",
        "streams",
        "views",
        "arena",
        "sampling",
        "features",
        "windows",
        "head",
        "training",
        "crossval",
        "ensemble",
    ),
)
# What scores follow from besides.
_DECISION_SECTIONS = ("postprocess", "decisions")
_MOST_NAMED = 5


def require_same_settings(results: CrossvalResults, study: Study) -> None:
    """Raise CrossvalError, naming what differs, unless models of `study` are trained as those of the cross-validation were."""
    refuse_differences(results.folder, compare_settings(results.study, study, _TRAINING_SECTIONS))


def require_same_data(results: CrossvalResults, study: Study, data: LearningData) -> None:
    """Raise CrossvalError, naming what differs, unless `data`, which is that of `study`, are the cross-validation's features and labels."""
    # How well raters agree has no part in a model.
    refuse_differences(results.folder, compare_recordings(results.digest.recordings, describe_recordings(study, data), with_raters=False))


def find_differences(results: CrossvalResults, study: Study, recordings: Sequence[Recording]) -> list[str]:
    """Return what differs between a cross-validation and a study as it is now, by which its scores would be others; [] for nothing.

    Features are not read while their files in the cache are as they were, and not compared when these are gone.

    Parameters
    ----------
    recordings
        Those of the study's manifest.
    """
    sections = [*_TRAINING_SECTIONS, *_DECISION_SECTIONS]
    # Where the walls are is part of pose features alone; the statistics' use of the arena changes no score.
    if not any(POSE in kind.streams for settings in (results.study, study) for kind in list_feature_kinds(settings)):
        sections.remove("arena")
    differences = compare_settings(results.study, study, sections)
    if differences:
        # Labels and features follow from the settings.
        return differences
    labelled = [recording for recording in recordings if recording.split == "train" and recording.labels]
    before = {digest.recording: digest for digest in results.digest.recordings}
    kinds = [(kind, _make_streams(kind)) for kind in list_feature_kinds(study)]
    load = partial(_load_again, study, recordings)
    now = [
        _look_at(results, before[recording.id], recording, kinds, load)
        if recording.id in before
        else RecordingDigest(
            recording=recording.id, animal=recording.animal, n_frames=0, broke_off=False, labels="", raters={}, features=[]
        )
        for recording in labelled
    ]
    return compare_recordings(results.digest.recordings, now, with_raters=True)


def compare_settings(before: Study, now: Study, sections: Sequence[str]) -> list[str]:
    """Return the names of those of `sections` that differ, each with the keys that do.

    >>> sections = {"behaviors": ["rear"], "streams": ["imported"]}
    >>> before, now = (Study.model_validate({**sections, "training": {"seed": seed}}) for seed in (0, 1))
    >>> compare_settings(before, now, ["behaviors", "training"])
    ['training: seed']
    """
    first, second = _dump_settings(before), _dump_settings(now)
    return [_name_difference(name, first[name], second[name]) for name in sections if first[name] != second[name]]


def compare_recordings(before: Sequence[RecordingDigest], now: Sequence[RecordingDigest], *, with_raters: bool) -> list[str]:
    """Return what differs between the recordings of a cross-validation and those of a study as it is now.

    Parameters
    ----------
    with_raters
        Whether the labels of further raters count, on which the human ceiling depends.
    """
    names_before, names_now = [one.recording for one in before], [one.recording for one in now]
    differences = []
    if only_one := sorted(set(names_before) ^ set(names_now)):
        differences.append(f"recordings ({join_first(only_one, _MOST_NAMED)} in one of the two only)")
    elif names_before != names_now:
        differences.append("the order of the recordings")
    by_name = {one.recording: one for one in now}
    pairs = [(one, by_name[one.recording]) for one in before if one.recording in by_name]
    differences += _compare_starts(pairs)
    for what, differ in (
        ("animal of", [one.recording for one, other in pairs if one.animal != other.animal]),
        ("labels of", [one.recording for one, other in pairs if one.labels != other.labels]),
        ("further raters' labels of", [one.recording for one, other in pairs if with_raters and one.raters != other.raters]),
        ("features of", [one.recording for one, other in pairs if _have_other_features(one, other)]),
    ):
        if differ:
            differences.append(f"{what} {join_first(differ, _MOST_NAMED)}")
    return differences


def explain_differences(folder: Path, differences: Sequence[str]) -> str:
    """Return what is said of the cross-validation in `folder` if there are any: a sentence without its end, which is what to do."""
    return f"{folder}: the cross-validation there is not that of the study as it is now; what differs: {'; '.join(differences)}"


def refuse_differences(folder: Path, differences: Sequence[str]) -> None:
    """Raise CrossvalError if there are any."""
    if differences:
        raise CrossvalError(f"{explain_differences(folder, differences)}; cross-validate again, or leave out --crossval.")


def _dump_settings(study: Study) -> dict[str, Any]:
    settings = study.model_dump(mode="json")
    views = (settings["views"] or {"others": {}})["others"].values()
    for member in [settings, *settings["ensemble"]["members"], *views]:
        if member["backbone"] is not None:
            # A study may move with its weights, whose content is part of the features' signature.
            member["backbone"]["weights"] = Path(member["backbone"]["weights"]).name
    return settings


def _name_difference(section: str, before: Any, now: Any) -> str:
    if not isinstance(before, Mapping) or not isinstance(now, Mapping) or before.get("kind") != now.get("kind"):
        return section
    keys = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    return f"{section}: {', '.join(keys)}"


def _compare_starts(pairs: Sequence[tuple[RecordingDigest, RecordingDigest]]) -> list[str]:
    """Return by view in which recordings it starts at another time, or is there in one of the two only."""
    known = [(one.recording, one.starts, other.starts) for one, other in pairs if one.starts is not None and other.starts is not None]
    differences = []
    for view in sorted({view for _, before, now in known for view in (*before, *now)}):
        moved = [name for name, before, now in known if view in before and view in now and before[view] != now[view]]
        differences += [f"start_{view} of {join_first(moved, _MOST_NAMED)}"] if moved else []
        only_one = [name for name, before, now in known if (view in before) != (view in now)]
        differences += [f"the view {view!r} of {join_first(only_one, _MOST_NAMED)} (in one of the two only)"] if only_one else []
    return differences


def _have_other_features(before: RecordingDigest, now: RecordingDigest) -> bool:
    """Tell whether features differ that do not follow from another start of a view."""
    if before.starts is not None and now.starts is not None and before.starts != now.starts:
        return False
    return not _are_same_features(before.features, now.features)


def _are_same_features(before: Sequence[FeatureDigest], now: Sequence[FeatureDigest]) -> bool:
    def identify(digests: Sequence[FeatureDigest]) -> list[tuple[str, list[tuple[str, str]]]]:
        return [(digest.content, [(stream.name, stream.signature) for stream in digest.streams]) for digest in digests]

    return identify(before) == identify(now)


def _make_streams(kind: Study) -> dict[str, FeatureStream] | None:
    """Return what knows the streams of a kind of model; None if it cannot be known now, because weights are gone."""
    try:
        return make_study_streams(kind)
    except BehaviorError:
        return None


def _look_at(
    results: CrossvalResults,
    before: RecordingDigest,
    recording: Recording,
    kinds: Sequence[tuple[Study, dict[str, FeatureStream] | None]],
    load: Callable[[Study, Recording], RecordingFeatures],
) -> RecordingDigest:
    """Return the digest of `recording` as it is now; what cannot be read is not what it was."""
    features = [
        digest if streams is None else _look_at_features(digest, kind, recording, streams, load)
        for digest, (kind, streams) in zip(before.features, kinds, strict=True)
    ]
    try:
        labels = _hash_labels_now(results, before, recording)
    except BehaviorError:
        labels = ""
    raters = hash_rater_files(recording)
    # The settings are the same, and `results` has those of the study file.
    starts = list_starts(results.study, recording)
    return before.model_copy(
        update={"animal": recording.animal, "labels": labels, "raters": raters, "features": features, "starts": starts}
    )


def _hash_labels_now(results: CrossvalResults, before: RecordingDigest, recording: Recording) -> str:
    path = select_labels(recording)
    assert path is not None
    annotation = next(annotation for annotation in results.annotations if annotation.recording == recording.id)
    frames = Frames(before.n_frames, annotation.time_s, before.broke_off)
    # The user was told what is odd in the file when it was cross-validated.
    labels, _ = read_labels_of(recording, path, results.study.behaviors, frames, settings=results.study.labels)
    return hash_labels(labels)


def _load_again(study: Study, recordings: Sequence[Recording], kind: Study, recording: Recording) -> RecordingFeatures:
    """Return the features of one kind of model, whose rows are those of the first view, as `load_variant` does."""
    streams = make_study_streams(kind)
    onto = None
    if "" not in list_views(kind.streams):
        onto = load_features(study, recording, make_study_streams(study))
    return load_features(kind, recording, streams, onto=onto, lacked=describe_lacked(kind, recordings, streams))


def _look_at_features(
    before: FeatureDigest,
    kind: Study,
    recording: Recording,
    streams: Mapping[str, FeatureStream],
    load: Callable[[Study, Recording], RecordingFeatures],
) -> FeatureDigest:
    """Return the digest of the features that are in the cache now; `before` if there are none any more."""
    try:
        if kind.views is not None:
            # When views start is in no file of the cache.
            return describe_features(kind, recording, load(kind, recording))
        for stream in before.streams:
            signature = Signature.from_text(stream.signature)
            path = cache_path(kind.cache, recording.id, signature)
            if stamp_cache_file(path) != stream.stamp:
                return describe_features(kind, recording, load(kind, recording))
            if stream.name in streams:
                check_features(path, signature=signature, source=streams[stream.name].describe_source(recording))
    except MissingCacheError:
        return before
    except BehaviorError:
        return before.model_copy(update={"content": ""})
    return before
