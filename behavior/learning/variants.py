"""The kinds of models in a study's ensemble, and how their predictions are combined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from behavior.config import APPEARANCE, BoostingHead, Ensemble, Study, list_views, split_stream

__all__ = ["combine_members", "describe_epochs", "describe_model", "find_log_odds", "list_members", "list_variants", "select_view"]

VOTE_THRESHOLD = 0.5
# A member that is surer than this counts as if it were this sure, so that it does not decide alone.
SUREST = 0.9999
_COMBINED = {"mean": "mean", "log_odds": "mean log-odds", "vote": "vote", "any": "highest probability"}


def list_members(study: Study) -> list[Study]:
    """Return a study without ensemble for each member of that of `study`, with all of its views: at least one.

    >>> study = Study.model_validate({"behaviors": ["rear"], "streams": ["a"], "ensemble": {"members": [{"streams": ["b"]}]}})
    >>> [one.streams for one in list_members(study)]
    [['b']]
    """
    alone = {"ensemble": Ensemble()}
    if not study.ensemble.members:
        return [study.model_copy(update=alone)]
    return [
        study.model_copy(
            update=alone | {name: getattr(member, name) for name in type(member).model_fields if getattr(member, name) is not None}
        )
        for member in study.ensemble.members
    ]


def list_variants(study: Study) -> list[Study]:
    """Return a study without ensemble for each kind of model in that of `study`: at least one."""
    kinds = list_members(study)
    if study.views is None or study.views.combine == "features":
        return kinds
    # A model for each view, as a member of an ensemble.
    return [kind.model_copy(update={"streams": streams}) for kind in kinds for streams in list_views(kind.streams).values()]


def select_view(study: Study, view: str) -> Study:
    """Return a study that works on the streams of one view alone, "" for the first; members of its ensemble without any are left out.

    >>> study = Study.model_validate({"behaviors": ["rear"], "streams": ["a", "b@side"], "views": {"others": {"side": {}}}})
    >>> select_view(study, "side").streams
    ['b@side']
    """
    members = []
    for member in study.ensemble.members:
        streams = None if member.streams is None else list_views(member.streams).get(view, [])
        if streams is None or streams:
            members.append(member.model_copy(update={"streams": streams}))
    ensemble = study.ensemble.model_copy(update={"members": members})
    return study.model_copy(update={"streams": list_views(study.streams).get(view, []), "ensemble": ensemble})


def combine_members(probabilities: npt.NDArray[np.float32], combine: str) -> npt.NDArray[np.float32]:
    """Return the probabilities (T, K) of an ensemble from those of its members (M, T, K).

    Parameters
    ----------
    probabilities
        Float32; NaN where a member has no prediction, which is then left out. Where no member has one, the result is NaN.
    combine
        "mean"; "log_odds" for the probability of the mean of the members' log-odds, each from 0.0001 to 0.9999 (a logarithmic opinion pool:
        Genest and Zidek 1986, Combining probability distributions, Statistical Science 1, 114-135); "vote" for the share of members that
        predict 0.5 or more; or "any" for the highest probability of a member.

    >>> combine_members(np.array([[[0.25]], [[0.75]], [[np.nan]]], dtype=np.float32), "mean")
    array([[0.5]], dtype=float32)
    >>> combine_members(np.array([[[0.5]], [[0.9]]], dtype=np.float32), "log_odds")
    array([[0.75]], dtype=float32)
    """
    known = ~np.isnan(probabilities)
    if combine == "any":
        return np.where(known.any(axis=0), np.where(known, probabilities, 0.0).max(axis=0), np.nan).astype(np.float32)
    votes = probabilities
    if combine == "log_odds":
        votes = find_log_odds(probabilities)
    elif combine == "vote":
        votes = (probabilities >= VOTE_THRESHOLD).astype(np.float32)
    total = np.where(known, votes, 0.0).sum(axis=0)
    number = known.sum(axis=0)
    means = total / np.maximum(number, 1)
    return np.where(number > 0, expit(means) if combine == "log_odds" else means, np.nan).astype(np.float32)


def find_log_odds(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the log-odds by which probabilities of any shape are averaged: of 0.0001 where they are lower, of 0.9999 where higher."""
    return np.asarray(logit(np.clip(probabilities, 1 - SUREST, SUREST)))


def describe_epochs(study: Study) -> str:
    """Return how long the study's models are trained where nothing stops them, such as "50 epochs"."""
    counts = [f"{one.most_epochs} {'trees' if isinstance(one.head, BoostingHead) else 'epochs'}" for one in list_variants(study)]
    return " or ".join(dict.fromkeys(counts))


def _describe_stream(study: Study, name: str) -> str:
    stream, view = split_stream(name)
    if stream != APPEARANCE:
        return name
    other = study.views.others.get(view) if study.views is not None else None
    backbone = study.backbone if other is None or other.backbone is None else other.backbone
    return f"{backbone.name} ({backbone.weights}){f' of the view {view}' if view else ''}"


def describe_model(study: Study) -> str:
    """Return a sentence on the features, networks and settings that turn frames into decisions."""
    kinds = []
    for variant in list_variants(study):
        names = [_describe_stream(variant, name) for name in variant.streams]
        steps = ", ".join(
            word
            for word in (
                f"sampled at {study.sampling_fps:g} frames/s" if study.sampling_fps else "",
                f"mean of {variant.features.average} frames" if variant.features.average > 1 else "",
                {True: "standardised", "quantiles": "normal scores, standardised"}.get(variant.features.standardize, ""),
                f"PCA to {variant.features.pca:g}" if variant.features.pca else "",
            )
            if word
        )
        if isinstance(variant.head, BoostingHead):
            lengths = ", ".join(f"{length:g}" for length in variant.head.windows_s)
            around = f" and of the {lengths} s around them" if lengths else ""
            kinds.append(f"{', '.join(names)}{f' ({steps})' if steps else ''}; boosted trees on statistics of frames{around}")
            continue
        direction = "bidirectional " if getattr(variant.head, "bidirectional", False) else ""
        shared = ", one network for all behaviors" if variant.head.share else ""
        kinds.append(
            f"{', '.join(names)}{f' ({steps})' if steps else ''}; {direction}{variant.head.kind} head{shared} on windows of "
            + (f"{variant.windows.length} frames" if variant.windows.length_s is None else f"{variant.windows.length_s:g} s")
        )
    ensemble = study.ensemble
    number = len(kinds) * ensemble.seeds
    together = "" if number == 1 else f"{_COMBINED[ensemble.combine]} of {number} models per behavior; "
    if ensemble.bagging != "none":
        together += "each from recordings drawn with replacement; "
    given = study.postprocess if study.decisions is None else study.decisions.keep_given(study.postprocess)
    decisions = ", ".join(
        f"{name} {value}" for name, value in given.model_dump(exclude_none=True, exclude_unset=study.decisions is not None).items()
    )
    return f"Features and head: {together}{' + '.join(kinds)}{f'; decisions: {decisions}' if decisions else ''}."
