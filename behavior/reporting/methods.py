"""The paragraph of a report that can go into a paper, and what it refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from behavior import __version__
from behavior.config import (
    APPEARANCE,
    MOTION,
    POSE,
    BoostingHead,
    HeadSettings,
    Postprocess,
    Study,
    Training,
    list_views,
    split_stream,
    spread_over_behaviors,
)
from behavior.errors import count_noun
from behavior.files.model_bundle import BundleDescription
from behavior.files.shared_videos import group_by_video
from behavior.learning.crossval_folder import CrossvalResults
from behavior.learning.decisions import describe_fitting
from behavior.learning.variants import list_variants
from behavior.metrics.bootstrap import N_RESAMPLES
from behavior.reporting.description import Description
from behavior.reporting.html_page import Block, Listing, Paragraph, Section
from behavior.reporting.score_summary import format_value
from behavior.reporting.scores_section import Scores
from behavior.reporting.sources import ReportSources
from behavior.statistics.groups import ASSUMPTIONS
from behavior.vision.backbone_weights import PACKAGED

__all__ = ["make_methods_section"]

REFERENCES = {
    "adam": "Kingma DP, Ba J (2015). Adam: a method for stochastic optimization. International Conference on Learning Representations.",
    "average precision": "Saito T, Rehmsmeier M (2015). The precision-recall plot is more informative than the ROC plot when evaluating "
    "binary classifiers on imbalanced datasets. PLoS ONE 10:e0118432.",
    "boosting": "Ke G, Meng Q, Finley T, et al. (2017). LightGBM: a highly efficient gradient boosting decision tree. Advances in Neural "
    "Information Processing Systems 30.",
    "bootstrap": "Efron B, Tibshirani RJ (1993). An Introduction to the Bootstrap. Chapman & Hall.",
    "flow": "Kroeger T, Timofte R, Dai D, Van Gool L (2016). Fast optical flow using dense inverse search. European Conference on "
    "Computer Vision.",
    "log-odds": "Genest C, Zidek JV (1986). Combining probability distributions: a critique and an annotated bibliography. Statistical "
    "Science 1:114-135.",
    "lstm": "Hochreiter S, Schmidhuber J (1997). Long short-term memory. Neural Computation 9:1735-1780.",
    "mstcn": "Abu Farha Y, Gall J (2019). MS-TCN: multi-stage temporal convolutional network for action segmentation. IEEE Conference on "
    "Computer Vision and Pattern Recognition.",
    "normal scores": "van der Waerden BL (1952). Order tests for the two-sample problem and their power. Indagationes Mathematicae "
    "14:453-458.",
    "segments": "Lea C, Flynn MD, Vidal R, Reiter A, Hager GD (2017). Temporal convolutional networks for action segmentation and "
    "detection. IEEE Conference on Computer Vision and Pattern Recognition.",
    "tcn": "Bai S, Kolter JZ, Koltun V (2018). An empirical evaluation of generic convolutional and recurrent networks for sequence "
    "modeling. arXiv:1803.01271.",
    "transformer": "Vaswani A, Shazeer N, Parmar N, et al. (2017). Attention is all you need. Advances in Neural Information Processing "
    "Systems 30.",
    "convnexttiny": "Liu Z, Mao H, Wu CY, et al. (2022). A ConvNet for the 2020s. IEEE Conference on Computer Vision and Pattern "
    "Recognition.",
    "efficientnetv2b0": "Tan M, Le Q (2021). EfficientNetV2: smaller models and faster training. International Conference on Machine "
    "Learning.",
    "inceptionresnetv2": "Szegedy C, Ioffe S, Vanhoucke V, Alemi A (2017). Inception-v4, Inception-ResNet and the impact of residual "
    "connections on learning. AAAI Conference on Artificial Intelligence.",
    "inceptionv3": "Szegedy C, Vanhoucke V, Ioffe S, Shlens J, Wojna Z (2016). Rethinking the Inception architecture for computer vision. "
    "IEEE Conference on Computer Vision and Pattern Recognition.",
    "mobilenetv3": "Howard A, Sandler M, Chu G, et al. (2019). Searching for MobileNetV3. IEEE International Conference on Computer "
    "Vision.",
    "resnet50": "He K, Zhang X, Ren S, Sun J (2016). Deep residual learning for image recognition. IEEE Conference on Computer Vision and "
    "Pattern Recognition.",
    "resnet50v2": "He K, Zhang X, Ren S, Sun J (2016). Identity mappings in deep residual networks. European Conference on "
    "Computer Vision.",
    "squeezenet": "Iandola FN, Han S, Moskewicz MW, et al. (2016). SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and "
    "<0.5MB model size. arXiv:1602.07360.",
    "vgg16": "Simonyan K, Zisserman A (2015). Very deep convolutional networks for large-scale image recognition. International "
    "Conference on Learning Representations.",
}
_PACKAGES = {"tensorflow": "TensorFlow", "keras": "Keras", "openvino": "OpenVINO"}


class _Text:
    """Sentences, and the works that they refer to in the order of their mention."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.cited: list[str] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def cite(self, key: str) -> str:
        """Return the mark of a reference, with a space before it; nothing for what has none."""
        known = key if key in REFERENCES else next((name for name in REFERENCES if key.startswith(name)), None)
        if known is None:
            return ""
        if known not in self.cited:
            self.cited.append(known)
        return f" [{self.cited.index(known) + 1}]"


def make_methods_section(
    sources: ReportSources, held_out: Scores | None, description: Description | None, versions: Mapping[str, str]
) -> Section:
    """Return the methods paragraph as far as it is known what was done, and its references."""
    text = _Text()
    bundle = sources.model.description if sources.model else None
    study = sources.study or (sources.crossval.study if sources.crossval else None)
    _describe_recordings(text, sources, description)
    text.say(f"Behavior was annotated with behavior {__version__}{_list_packages(versions)}.")
    if study is not None:
        _describe_learning(text, study, sources.crossval)
    elif bundle is not None:
        _describe_bundle(text, bundle)
    if sources.crossval is not None:
        _describe_crossval(text, sources.crossval)
    if bundle is not None:
        _describe_model(text, bundle)
    if study is not None and study.decisions is not None:
        text.say(describe_fitting(study.decisions, cross_validated=sources.crossval is not None))
    postprocess = bundle.postprocess if bundle is not None else study.postprocess if study is not None else None
    if postprocess is not None:
        # A model that samples decides about every frame of videos of any rate.
        fps = bundle.fps if bundle is not None and bundle.sampling is None else None
        _describe_decisions(text, postprocess, study.behaviors if study is not None else list(bundle.behaviors if bundle else ()), fps)
    if held_out is not None:
        text.say(
            f"On {count_noun(len(held_out.annotations), 'recording')} that the final model was not trained on, {_list_scores(held_out)}."
        )
    if description is not None and description.tables.groups is not None:
        text.say(f"Groups were compared by what was decided. {ASSUMPTIONS} Corrected after {_correction(description)}.")
    blocks: list[Block] = [
        Paragraph("To copy, and to complete: how the animals were kept and recorded, who labelled, and how pose was tracked.", "note"),
        Paragraph(" ".join(text.sentences)),
    ]
    if text.cited:
        blocks.append(Listing([f"[{number}] {REFERENCES[key]}" for number, key in enumerate(text.cited, start=1)]))
    return Section("Methods paragraph", blocks)


def _describe_recordings(text: _Text, sources: ReportSources, description: Description | None) -> None:
    if description is not None:
        minutes = [recording.recorded_s / 60 for recording in description.recordings if len(recording.annotation.time_s)]
        n_animals = len(set(description.animals.values()))
        rates = sorted({f"{recording.annotation.fps:.4g}" for recording in description.recordings if recording.annotation.fps})
        # Individuals of one video are recordings of their own.
        n_videos = len({recording.annotation.provenance.video or recording.name for recording in description.recordings})
        verb = "was" if n_videos == 1 else "were"
        text.say(
            f"{count_noun(n_videos, 'video')} of {count_noun(n_animals, 'animal')} "
            f"({', '.join(rates)} frames per second, {np.sum(minutes):,.1f} minutes in all) {verb} annotated "
            f"for {_join(description.behaviors)}."
        )
    elif sources.study is not None:
        animals = {recording.animal or recording.id for recording in sources.recordings}
        text.say(
            f"{count_noun(len(group_by_video(sources.recordings)), 'video')} of {count_noun(len(animals), 'animal')} were used, and "
            f"{_join(sources.study.behaviors)} were learned."
        )


def _describe_learning(text: _Text, study: Study, crossval: CrossvalResults | None) -> None:
    variants = list_variants(study)
    for number, variant in enumerate(variants, start=1):
        if len(variants) > 1:
            text.say(f"Kind of model {number} of {len(variants)}:")
        _describe_streams(text, variant)
        _describe_steps(text, variant)
        text.say(f"{_describe_head(text, variant.head, _measure_window(variant))}.")
    training = study.training
    weights = "weighted by the inverse frequency of the behavior, " if training.class_weights == "balanced" else ""
    has_trees = any(isinstance(variant.head, BoostingHead) for variant in variants)
    has_networks = not all(isinstance(variant.head, BoostingHead) for variant in variants)
    if has_networks:
        _describe_networks(text, training, weights, crossval)
    if has_trees:
        text.say(f"Trees were grown on the binary cross-entropy, {weights}and stopped early by average precision (seed {training.seed}).")
    number = len(variants) * study.ensemble.seeds
    if number > 1:
        models = f"{number} {'models' if has_trees else 'networks'}"
        cited = text.cite("log-odds") if study.ensemble.combine == "log_odds" else ""
        how = {
            "mean": f"The probabilities of {models} were averaged.",
            "log_odds": f"The log-odds of the probabilities of {models} were averaged{cited}.",
            "vote": f"The probabilities of {models} were put to a vote.",
            "any": f"Of the probabilities of {models}, the highest counted.",
        }
        text.say(how[study.ensemble.combine])


def _describe_networks(text: _Text, training: Training, weights: str, crossval: CrossvalResults | None) -> None:
    text.say(
        f"Networks were trained with Adam{text.cite('adam')} (learning rate {training.learning_rate:g}, batches of {training.batch_size} "
        f"windows) on the binary cross-entropy, {weights}{_describe_length(training, crossval)} (seed {training.seed})."
    )


def _describe_length(training: Training, crossval: CrossvalResults | None) -> str:
    length = f"for at most {training.epochs} epochs, stopping early after {training.patience} without improvement"
    if crossval is None:
        return length
    fitted = crossval.folds[crossval.folds["best_epoch"].notna()]
    if fitted["watched"].isna().all():
        return f"for {training.epochs} epochs, because no recording could be spared for early stopping"
    return f"{length} where a validation recording could be spared" if fitted["watched"].isna().any() else length


def _describe_streams(text: _Text, study: Study) -> None:
    if study.sampling is not None:
        text.say(
            f"Of each video, the frames nearest to a grid of {study.sampling.fps:g} frames per second were used; the probabilities of all "
            "frames were interpolated in time."
        )
    views = list_views(study.streams)
    if study.views is not None and "" in views:
        how = "read side by side by one model" if study.views.combine == "features" else "read by a model each"
        text.say(
            f"Animals were recorded from {len(study.views.others) + 1} sides; features of other views ({_join(list(study.views.others))}) "
            f"were laid onto the frames of the first by the nearest frame in time, and views were {how}."
        )
    for view, streams in views.items():
        _describe_view(text, study, view, [split_stream(name)[0] for name in streams])


def _describe_view(text: _Text, study: Study, view: str, streams: Sequence[str]) -> None:
    """Say what is made of the videos of one view, "" for the first."""
    other = study.views.others.get(view) if study.views is not None else None
    crop = study.crop if other is None or other.crop is None else other.crop
    backbone = study.backbone if other is None or other.backbone is None else other.backbone
    of_view = f" of the view {view}" if view else ""
    if crop is not None and set(streams) & {APPEARANCE, MOTION}:
        if crop.whole_frame:
            text.say(f"Whole frames{of_view} were used.")
        else:
            frames = f"Every frame{of_view}" if study.sampling is None else f"Each of these frames{of_view}"
            turned = (
                f", turned so that the body axis ({' to '.join(crop.body_axis)}) points up" if crop.egocentric and crop.body_axis else ""
            )
            text.say(
                f"{frames} was cropped to a square of {crop.size} x {crop.size} pixels around {_join(crop.body_parts)}{turned}; "
                f"positions with a likelihood below {crop.min_likelihood:g} were interpolated in time."
            )
    for name in streams:
        if name == APPEARANCE:
            what = f"{backbone.name}{text.cite(backbone.name)} (weights: {backbone.weights})"
            if backbone.weights == PACKAGED:
                what = f"{backbone.name}, a small convolutional network that comes with behavior and was trained on rendered scenes"
            text.say(f"Each crop{of_view} was embedded by {what}.")
        elif name == MOTION:
            text.say(f"Motion{of_view} was described by statistics of the dense optical flow{text.cite('flow')} within the crop.")
        elif name == POSE:
            text.say(f"Pose{of_view} was described by the positions of all body parts in the animal's own frame, their speeds and angles.")
        else:
            text.say(f"Features {name!r}{of_view} were computed by other means and imported.")


def _describe_steps(text: _Text, study: Study) -> None:
    steps = []
    if study.features.average > 1:
        steps.append(f"averaged over {study.features.average} frames")
    if study.features.standardize == "quantiles":
        steps.append(f"replaced by their normal scores{text.cite('normal scores')}")
    if study.features.standardize:
        steps.append("standardised")
    if study.features.pca:
        steps.append(f"reduced by principal component analysis ({study.features.pca:g})")
    if steps:
        fitted = ", fitted on training recordings alone" if study.features.standardize or study.features.pca else ""
        text.say(f"Features were {_join(steps)}{fitted}.")


def _describe_head(text: _Text, head: HeadSettings, window: str) -> str:
    if isinstance(head, BoostingHead):
        lengths = _join([f"{length:g}" for length in head.windows_s])
        around = f", and their means, deviations and differences in windows of {lengths} s around it" if lengths else ""
        return (
            f"For each behavior, histogram-based gradient-boosted trees{text.cite('boosting')} (at most {head.trees} of {head.leaves} "
            f"leaves) on the features of a frame{around}, gave a probability per frame"
        )
    share = "One network for all behaviors" if head.share else "For each behavior a network"
    if head.kind == "lstm":
        kind = "bidirectional " if head.bidirectional else ""
        what = f"{count_noun(head.layers, f'{kind}LSTM layer')}{text.cite('lstm')} of {head.units} units, halved from layer to layer"
        what = what if head.layers > 1 else f"one {kind}LSTM layer{text.cite('lstm')} of {head.units} units"
    elif head.kind == "tcn":
        what = f"a temporal convolutional network{text.cite('tcn')} ({count_noun(head.layers, 'layer')}, {head.filters} filters)"
    elif head.kind == "mstcn":
        what = f"a multi-stage temporal convolutional network{text.cite('mstcn')} ({head.stages} stages of {head.layers} layers)"
    else:
        what = f"a transformer encoder{text.cite('transformer')} ({head.layers} layers, {head.heads} heads, {head.units} units)"
    return f"{share}, {what}, with a dropout of {head.dropout:g}, gave a probability per frame on windows of {window}"


def _describe_bundle(text: _Text, bundle: BundleDescription) -> None:
    heads = list(dict.fromkeys(member.head.kind for member in bundle.members))
    kind = "model" if "boosting" in heads else "network"
    text.say(f"{count_noun(len(bundle.members), kind)} ({', '.join(heads)}) gave a probability per frame and behavior.")


def _describe_crossval(text: _Text, crossval: CrossvalResults) -> None:
    scores = Scores(crossval.metrics, crossval.annotations, crossval.labels, crossval.ceiling)
    n_folds = crossval.folds["fold"].nunique()
    study = crossval.study
    watched = (
        "the recording left out was the validation recording of early stopping, which makes scores optimistic"
        if study.crossval.early_stopping_on == "fold"
        else "everything was fitted on the other recordings alone"
    )
    text.say(
        f"Performance was estimated by leaving out one {study.crossval.leave_out} after the other ({count_noun(n_folds, 'fold')}); "
        f"{watched}. "
        "Average "
        f"precision{text.cite('average precision')} is the area under the precision-recall curve, segment F1 counts bouts that overlap by "
        f"at least half{text.cite('segments')}. Out of fold, {_list_scores(scores)}."
    )
    if not np.isnan([scores.metrics.find(name, "average_precision").low for name in scores.behaviors]).all():
        text.say(f"Intervals are percentiles of {N_RESAMPLES:,} resamples of recordings{text.cite('bootstrap')}.")


def _describe_model(text: _Text, bundle: BundleDescription) -> None:
    training = bundle.training
    counts = sorted({len(training.recordings) - len(watched) for watched in training.watched.values()} or {len(training.recordings)})
    epochs = sorted({count for counts in training.epochs.values() for count in counts})
    length = f" for {' to '.join(map(str, dict.fromkeys([epochs[0], epochs[-1]])))} epochs" if epochs else ""
    watched = sorted({name for names in training.watched.values() for name in names})
    others = f"; {count_noun(len(watched), 'validation recording')} for early stopping" if watched else ""
    number = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    noun = "recording" if counts == [1] else "recordings"
    text.say(f"The final model was trained on {number} {noun}{length}{others} (seed {training.seed}).")


def _describe_decisions(text: _Text, postprocess: Postprocess, behaviors: Sequence[str], fps: float | None) -> None:
    thresholds = postprocess.thresholds(behaviors)
    words = f"Frames count as a behavior from a probability of {_spread(thresholds.tolist(), behaviors, '{:.3g}')} on"
    if fps is not None:
        closing, shortest = postprocess.closing(behaviors, fps), postprocess.min_bouts(behaviors, fps)
        if (closing > 1).any():
            words += f"; gaps of up to {_spread((np.maximum(closing - 1, 0)).tolist(), behaviors, '{:d}')} frames within a bout were closed"
        if (shortest > 1).any():
            words += f"; bouts of fewer than {_spread(shortest.tolist(), behaviors, '{:d}')} frames were dropped"
        words += f" ({fps:.4g} frames per second)"
    else:
        for start, name, end in (
            ("gaps shorter than", "closing", "within a bout were closed"),
            ("bouts shorter than", "min_bout", "were dropped"),
        ):
            for unit, least in (("frames", 1), ("s", 0)):
                values = spread_over_behaviors(getattr(postprocess, f"{name}_{unit}"), behaviors, default=0)
                if (values > least).any():
                    words += f"; {start} {_spread(values.tolist(), behaviors, '{:g}')} {unit} {end}"
    text.say(f"{words}.")


def _list_scores(scores: Scores) -> str:
    parts = []
    for behavior in scores.behaviors:
        value, low, high = scores.metrics.find(behavior, "average_precision")
        interval = "" if np.isnan(low) else f" (95 % interval {low:.3f} to {high:.3f})"
        f1, segment = scores.metrics.find(behavior, "f1").value, scores.metrics.find(behavior, "segment_f1_50").value
        parts.append(
            f"average precision was {format_value('average_precision', value) or 'undefined'}{interval}, frame F1 "
            f"{format_value('f1', f1) or 'undefined'} and segment F1 {format_value('segment_f1_50', segment) or 'undefined'} for {behavior}"
        )
    return "; ".join(parts)


def _list_packages(versions: Mapping[str, str]) -> str:
    known = [f"{name} {versions[package]}" for package, name in _PACKAGES.items() if package in versions]
    return f" ({', '.join(['Python ' + versions['python'], *known])})" if "python" in versions else ""


def _correction(description: Description) -> str:
    return "Benjamini and Hochberg" if description.correction == "fdr" else "Holm"


def _spread(values: Sequence[float], behaviors: Sequence[str], pattern: str) -> str:
    if len(set(values)) == 1:
        return pattern.format(values[0])
    return ", ".join(f"{pattern.format(value)} ({name})" for value, name in zip(values, behaviors, strict=True))


def _measure_window(study: Study) -> str:
    windows, average = study.windows, study.features.average
    length = f"{windows.length} frames" if windows.length_s is None else f"{windows.length_s:g} s"
    return length if average == 1 else f"{length}, a vector for every {average} frames"


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
