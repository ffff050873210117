"""What a study file (configs/*.yaml) may say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from behavior.errors import UsageError, suggest_nearest

__all__ = [
    "APPEARANCE",
    "Backbone",
    "Crop",
    "CrossValidation",
    "Decisions",
    "FeatureSteps",
    "Head",
    "LstmHead",
    "Postprocess",
    "Pruning",
    "Search",
    "Section",
    "Study",
    "TcnHead",
    "Training",
    "Windows",
    "parse_section",
    "spread_over_behaviors",
]

APPEARANCE = "appearance"

Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """A part of a study file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(Section):
    """Where the animal is looked for in a frame."""

    body_part: str | list[str] | None = None
    size: Annotated[int, Field(ge=8)] = 160
    min_likelihood: Fraction = 0.6
    whole_frame: bool = False
    individual: str | None = None

    @model_validator(mode="after")
    def _needs_a_place(self) -> Crop:
        if not self.whole_frame and not self.body_parts:
            raise ValueError("body_part is missing; name the body part that a crop is centred on, or set whole_frame: true")
        return self

    @property
    def body_parts(self) -> tuple[str, ...]:
        """The body parts whose mean is the centre of a crop."""
        if self.body_part is None:
            return ()
        return (self.body_part,) if isinstance(self.body_part, str) else tuple(self.body_part)


class Backbone(Section):
    """The network that embeds a crop, and what runs it."""

    name: str = "resnet50v2"
    weights: str = "imagenet"
    engine: Literal["auto", "keras"] = "auto"
    precision: Literal["auto", "float32"] = "auto"
    batch_size: Positive = 32


class Windows(Section):
    """The stretches of a recording that a head sees at once."""

    length: Positive = 300


class _Head(Section):
    """What every kind of head has: dropout on the features, and whether one network answers for all behaviors."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    share: bool = False


class LstmHead(_Head):
    """LSTM layers whose units halve from layer to layer, a sigmoid per frame."""

    kind: Literal["lstm"] = "lstm"
    layers: Annotated[int, Field(ge=1, le=3)] = 3
    units: Positive = 64
    bidirectional: bool = False


class TcnHead(_Head):
    """Temporal convolutional layers whose filters halve from layer to layer, a sigmoid per frame."""

    kind: Literal["tcn"]
    layers: Annotated[int, Field(ge=1, le=3)] = 1
    filters: Positive = 256
    kernel_size: Annotated[int, Field(ge=2)] = 3
    normalization: Literal["batch", "layer", "weight", "none"] = "batch"
    causal: bool = True


class MstcnHead(_Head):
    """Stages of dilated residual convolutions, each refining the probabilities of the one before."""

    kind: Literal["mstcn"]
    stages: Annotated[int, Field(ge=1, le=8)] = 3
    layers: Annotated[int, Field(ge=1, le=12)] = 8
    filters: Positive = 64
    kernel_size: Annotated[int, Field(ge=3)] = 3
    smoothing: Annotated[float, Field(ge=0)] = 0.15


class TransformerHead(_Head):
    """A transformer encoder whose frames attend to `span` frames on either side."""

    kind: Literal["transformer"]
    layers: Annotated[int, Field(ge=1, le=8)] = 2
    units: Positive = 64
    heads: Positive = 4
    span: Positive = 32

    @model_validator(mode="after")
    def _heads_divide_units(self) -> TransformerHead:
        if self.units % self.heads:
            raise ValueError(f"units {self.units} cannot be divided among {self.heads} heads; make one a multiple of the other")
        return self


HeadSettings = LstmHead | TcnHead | MstcnHead | TransformerHead
Head = Annotated[HeadSettings, Field(discriminator="kind")]
HEAD_KINDS: Mapping[str, type[Section]] = {"lstm": LstmHead, "tcn": TcnHead, "mstcn": MstcnHead, "transformer": TransformerHead}


class Training(Section):
    """How a head is fitted."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    batch_size: Positive = 8
    epochs: Positive = 50
    patience: Positive = 5
    class_weights: Literal["balanced", "none"] = "balanced"
    seed: Count = 0
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    memory_gib: Annotated[float, Field(gt=0)] = 3.0


class CrossValidation(Section):
    """What a fold leaves out, and what its early stopping watches."""

    leave_out: Literal["recording", "animal"] = "recording"
    early_stopping_on: Literal["inner", "fold"] = "inner"


class Postprocess(Section):
    """From probabilities to an ethogram; every value is one for all behaviors, or one for each by name."""

    threshold: Fraction | dict[str, Fraction] = 0.5
    closing_frames: Count | dict[str, Count] | None = None
    closing_s: Seconds | dict[str, Seconds] | None = None
    min_bout_frames: Count | dict[str, Count] | None = None
    min_bout_s: Seconds | dict[str, Seconds] | None = None

    @model_validator(mode="after")
    def _frames_or_seconds(self) -> Postprocess:
        for frames, seconds in (("closing_frames", "closing_s"), ("min_bout_frames", "min_bout_s")):
            if getattr(self, frames) is not None and getattr(self, seconds) is not None:
                raise ValueError(f"{frames} and {seconds} are both given; keep one of them")
        return self

    def thresholds(self, behaviors: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the threshold of each behavior, float32 of shape (B,)."""
        return spread_over_behaviors(self.threshold, behaviors, default=0.5).astype(np.float32)

    def closing(self, behaviors: Sequence[str], fps: float) -> npt.NDArray[np.int64]:
        """Return the closing length of each behavior in frames, int64 of shape (B,)."""
        return _in_frames(self.closing_frames, self.closing_s, behaviors, fps)

    def min_bouts(self, behaviors: Sequence[str], fps: float) -> npt.NDArray[np.int64]:
        """Return the shortest bout of each behavior in frames, int64 of shape (B,)."""
        return _in_frames(self.min_bout_frames, self.min_bout_s, behaviors, fps)


class Decisions(Section):
    """What of the way from probabilities to an ethogram is fitted, on predictions of recordings that their models had not seen.

    Attributes
    ----------
    fit
        What is searched for; the rest is taken from the section `postprocess`.
    beta
        Recall counts beta times as much as precision in the F-beta that is maximised.
    threshold_for
        A threshold of its own for each behavior, or one for all that maximises the mean over behaviors.
    calibration
        How probabilities are turned into shares of positive frames before that.
    nested
        In cross-validation, `folds` fits on the out-of-fold predictions of the other recordings, whose models had seen the fold that
        is scored; `pairs` on predictions of models that had seen neither.
    """

    fit: list[Literal["threshold", "closing", "min_bout"]] = ["threshold", "closing", "min_bout"]
    beta: Annotated[float, Field(gt=0, le=100)] = 1.0
    threshold_for: Literal["behavior", "all"] = "behavior"
    calibration: Literal["none", "isotonic", "logistic"] = "none"
    nested: Literal["folds", "pairs"] = "folds"

    @field_validator("fit")
    @classmethod
    def _each_once(cls, fit: list[str]) -> list[str]:
        if len(set(fit)) < len(fit):
            raise ValueError(f"{', '.join(sorted({name for name in fit if fit.count(name) > 1}))} is named more than once")
        return fit

    @model_validator(mode="after")
    def _fits_something(self) -> Decisions:
        if not self.fit and self.calibration == "none":
            raise ValueError("fit is empty and calibration is none, so nothing is fitted; name something, or leave the section out")
        return self


class FeatureSteps(Section):
    """What is done to features before a head sees them, fitted on training recordings alone.

    Attributes
    ----------
    standardize
        Divides each feature by its standard deviation.
    pca
        Number of principal components that are kept, or the share of variance that they have to explain.
    """

    average: Positive = 1
    standardize: bool = False
    pca: int | float | None = None

    @field_validator("pca", mode="before")
    @classmethod
    def _number_or_share(cls, pca: Any) -> Any:
        is_number = isinstance(pca, int | float) and not isinstance(pca, bool)
        if pca is not None and not (is_number and (0 < pca < 1 or (isinstance(pca, int) and pca >= 1))):
            raise ValueError(
                f"found {pca!r}; give a whole number of components such as 64, or a share of variance between 0 and 1 such as 0.95"
            )
        return pca


class EnsembleMember(Section):
    """One kind of model in an ensemble; what is not said is as in the study."""

    head: Head | None = None
    windows: Windows | None = None
    streams: Annotated[list[str], Field(min_length=1)] | None = None
    backbone: Backbone | None = None
    features: FeatureSteps | None = None


class Ensemble(Section):
    """Several models that answer together.

    Attributes
    ----------
    members
        Kinds of models; the study's own where the list is empty.
    seeds
        Models of each kind, that differ by their seed.
    bagging
        Whether each learns from recordings drawn with replacement (Breiman 1996, Bagging predictors).
    combine
        The mean of their probabilities, or the share of them that says 0.5 or more.
    """

    members: list[EnsembleMember] = []
    seeds: Positive = 1
    bagging: Literal["none", "recordings"] = "none"
    combine: Literal["mean", "vote"] = "mean"


class Pruning(Section):
    """When a trial is given up: its best running score lies below the median (or percentile) of the finished trials at that epoch."""

    rule: Literal["median", "percentile", "none"] = "median"
    percentile: Annotated[float, Field(gt=0, lt=100)] = 25.0
    startup_trials: Count = 5
    warmup_epochs: Count = 5


class Search(Section):
    """What `behavior search` tries; `workflows.search_space` says what a space may hold.

    Attributes
    ----------
    space
        By dotted key of the study file, or name of a whole section, a list of values or a range `{low: 1, high: 3}`.
    objective
        Mean over behaviors of the pooled out-of-fold average precision, or of F-beta at the threshold that suits each best.
    """

    space: Annotated[dict[str, Any], Field(min_length=1)]
    sampler: Literal["tpe", "grid", "random"] = "tpe"
    objective: Literal["average_precision", "f1", "f2"] = "average_precision"
    pruning: Pruning = Pruning()
    seed: Count = 0

    @field_validator("pruning", mode="before")
    @classmethod
    def _rule_alone(cls, pruning: Any) -> Any:
        return {"rule": pruning or "none"} if pruning is None or isinstance(pruning, str) else pruning


class Study(Section):
    """A whole study file."""

    recordings: Path = Path("recordings.csv")
    behaviors: Annotated[list[str], Field(min_length=1)]
    crop: Crop | None = None
    backbone: Backbone = Backbone()
    streams: Annotated[list[str], Field(min_length=1)] = [APPEARANCE]
    features: FeatureSteps = FeatureSteps()
    cache: Path = Path("cache")
    windows: Windows = Windows()
    head: Head = LstmHead()
    training: Training = Training()
    crossval: CrossValidation = CrossValidation()
    postprocess: Postprocess = Postprocess()
    ensemble: Ensemble = Ensemble()
    decisions: Decisions | None = None
    search: Search | None = None

    @field_validator("behaviors")
    @classmethod
    def _columns_are_unique(cls, behaviors: list[str]) -> list[str]:
        taken = {"frame", "time_s", *(name + suffix for name in behaviors for suffix in ("_prob", "_raw", "_label"))}
        clashing = [name for name in behaviors if name in taken]
        if clashing:
            raise ValueError(f"{clashing[0]!r} is also the name of another column of an ethogram; rename it")
        return behaviors

    @field_validator("behaviors", "streams")
    @classmethod
    def _names_are_unique(cls, names: list[str]) -> list[str]:
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"{', '.join(repeated)} is named more than once")
        if any(not name.strip() or name == "observed" for name in names):
            raise ValueError("an empty name, or the reserved name 'observed'")
        # Names become file names, on systems that do not tell capitals apart too.
        if len({re.sub(r"[^\w-]", "_", name).casefold() for name in names}) < len(names):
            raise ValueError("two names differ only in capitals, spaces or punctuation; rename one")
        return names

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Study:
        streams = {name for names in (self.streams, *(member.streams or () for member in self.ensemble.members)) for name in names}
        if APPEARANCE in streams and self.crop is None:
            raise ValueError("crop is missing; say where the animal is, for example crop: {body_part: midbody, size: 160}")
        for field in ("threshold", "closing_frames", "closing_s", "min_bout_frames", "min_bout_s"):
            value = getattr(self.postprocess, field)
            for name in value if isinstance(value, Mapping) else ():
                if name not in self.behaviors:
                    raise ValueError(
                        f"postprocess.{field} names {name!r}, which is not among the behaviors{suggest_nearest(name, self.behaviors)}"
                    )
        return self


def spread_over_behaviors(
    value: float | Mapping[str, float] | None, behaviors: Sequence[str], *, default: float
) -> npt.NDArray[np.float64]:
    """Return one number per behavior, shape (B,), from one for all or one for each by name; `default` for those not named."""
    if isinstance(value, Mapping):
        return np.array([value.get(name, default) for name in behaviors], dtype=np.float64)
    return np.full(len(behaviors), default if value is None else value, dtype=np.float64)


def _in_frames(frames: Any, seconds: Any, behaviors: Sequence[str], fps: float) -> npt.NDArray[np.int64]:
    if seconds is not None:
        return np.rint(spread_over_behaviors(seconds, behaviors, default=0) * fps).astype(np.int64)
    return spread_over_behaviors(frames, behaviors, default=0).astype(np.int64)


SectionType = TypeVar("SectionType", bound=Section)


def parse_section(kind: type[SectionType], content: Any, *, source: Path) -> SectionType:
    """Return `content`, as read from the file `source`, as a section of the type `kind`.

    Raises
    ------
    UsageError
        Naming the file, and every key that is unknown (with the nearest known one), missing or has an unusable value.
    """
    if not isinstance(content, Mapping):
        raise UsageError(f"{source}: found {type(content).__name__} instead of keys and values; start from one of the files in configs/.")
    try:
        return kind.model_validate(dict(content))
    except ValidationError as error:
        # A value that may be a number or a mapping is reported once for each; the first says enough.
        problems = {_name_place(problem): problem for problem in reversed(error.errors())}
        raise UsageError(f"{source}: {'; '.join(_describe(kind, problem) for problem in reversed(problems.values()))}.") from None


def _name_place(problem: Any) -> str:
    """Return the key that a problem is about, without the names of types that pydantic puts in between."""
    parts = [str(part) for part in problem["loc"]]
    return ".".join(
        part for part in parts if part not in (*HEAD_KINDS, "float", "int", "str") and "[" not in part and "constrained" not in part
    )


def _describe(kind: type[BaseModel], problem: Any) -> str:
    name = _name_place(problem)
    if problem["type"] == "extra_forbidden":
        known = _known_keys(kind, problem["loc"][:-1])
        return f"unknown key {name!r}{suggest_nearest(str(problem['loc'][-1]), known)} (known here: {', '.join(known)})"
    if problem["type"] == "missing":
        return f"{name!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if not name:
        return message
    if problem["type"] == "value_error":
        return f"{name}: {message}"
    return f"{name} is {problem['input']!r}, but {message}"


def _known_keys(kind: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    if kind is Study and location and location[0] == "head":
        kind = next((HEAD_KINDS[str(part)] for part in location if part in HEAD_KINDS), LstmHead)
        return list(kind.model_fields)
    for part in location:
        annotation = kind.model_fields[str(part)].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        kind = next(option for option in options if isinstance(option, type) and issubclass(option, BaseModel))
    return list(kind.model_fields)
