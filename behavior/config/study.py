"""The study file as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from behavior.config.arena import Arena
from behavior.config.clock import Clock
from behavior.config.decisions import Decisions, Postprocess
from behavior.config.ensembles import Ensemble
from behavior.config.finetuning import Finetune
from behavior.config.heads import BoostingHead, Head, LstmHead
from behavior.config.labels import LabelFiles
from behavior.config.search import Search
from behavior.config.sections import Backbone, Crop, CrossValidation, FeatureSteps, PoseFiles, Sampling, Section, Training, Windows
from behavior.config.views import Views, list_views, split_stream
from behavior.errors import show_plainly, suggest_nearest

__all__ = ["APPEARANCE", "MADE_STREAMS", "MOTION", "POSE", "Study"]

APPEARANCE, MOTION, POSE = "appearance", "motion", "pose"
# Streams that are computed from video and pose; all others are imported.
MADE_STREAMS = (APPEARANCE, MOTION, POSE)


class Study(Section):
    """A whole study file."""

    recordings: Path = Field(default=Path("recordings.csv"), description="The manifest.", examples=["recordings.csv"])
    behaviors: Annotated[list[str], Field(min_length=1)] = Field(
        description="Names of the behaviors. Each is a binary problem of its own, so that they may overlap; everything keeps this order.",
        examples=[["grooming", "mid_rearing", "wall_rearing"]],
    )
    labels: LabelFiles = Field(default=LabelFiles(), description="How label files are read.", examples=[{"ignore": ["Sniffing"]}])
    pose: PoseFiles = Field(default=PoseFiles(), description="How pose files are read.", examples=[{"coordinates": "stored"}])
    crop: Crop | None = Field(
        default=None,
        description="The part of each frame that is used. Required unless all streams are imported.",
        examples=[{"body_part": "midbody", "size": 160}],
    )
    backbone: Backbone = Field(
        default=Backbone(),
        description="The network that embeds a crop.",
        examples=[{"name": "openfield", "weights": "packaged"}],
    )
    sampling: Sampling | None = Field(
        default=None,
        description="How many frames a second are used; every frame where it is left out. With it, videos of different rates go together.",
        examples=[{"fps": 10}],
    )
    streams: list[str] = Field(
        default=[APPEARANCE],
        min_length=1,
        description="Features side by side: `appearance` (the backbone's), `motion` (optical flow within the crop), `pose` (body parts "
        "relative to the animal, their speeds and angles, the distance to the walls), or names of imported features. Each stream has "
        "its own cache, so that adding one computes no other again. `appearance@side` is that of the view `side` (section `views`).",
        examples=[["appearance", "motion"]],
    )
    views: Views | None = Field(
        default=None,
        description="Cameras besides the first that record the same animal. Without it, a recording is one video.",
        examples=[{"combine": "features", "others": {"side": {}}}],
    )
    features: FeatureSteps = Field(
        default=FeatureSteps(), description="What is done to features before a head reads them.", examples=[{"standardize": "quantiles"}]
    )
    cache: Path = Field(default=Path("cache"), description="Folder of the feature cache.", examples=["cache"])
    windows: Windows = Field(default=Windows(), description="What a head reads at once.", examples=[{"length": 600}])
    head: Head = Field(
        default=LstmHead(),
        description="The network that turns features into probabilities.",
        examples=[{"kind": "lstm", "layers": 2, "units": 128}],
    )
    training: Training = Field(default=Training(), description="How heads are trained.", examples=[{"epochs": 30}])
    crossval: CrossValidation = Field(
        default=CrossValidation(), description="What a fold leaves out, and what stops its training.", examples=[{"leave_out": "animal"}]
    )
    postprocess: Postprocess = Field(
        default=Postprocess(), description="From probabilities to an ethogram.", examples=[{"threshold": 0.5, "closing_s": 0.5}]
    )
    ensemble: Ensemble = Field(default=Ensemble(), description="Several models whose predictions are combined.", examples=[{"seeds": 3}])
    decisions: Decisions | None = Field(
        default=None, description="Thresholds, closing, shortest bouts and calibration fitted to your labels.", examples=[{"beta": 2}]
    )
    search: Search | None = Field(default=None, description="What `behavior search` tries.", examples=[{"space": {"head.units": [32, 64]}}])
    arena: Arena | None = Field(
        default=None,
        description="Where the animal can go: for the stream `pose` and for `behavior stats`.",
        examples=[{"rectangle": [40, 30, 600, 450]}],
    )
    clock: Clock | None = Field(
        default=None,
        description="When recordings began and when the lights are on: `behavior stats` then describes days.",
        examples=[{"lights_on": "07:00", "lights_off": "19:00", "time_zone": "Europe/Berlin"}],
    )
    finetune: Finetune | None = Field(default=None, description="How `behavior finetune` trains a backbone.", examples=[{"epochs": 5}])

    @property
    def sampling_fps(self) -> float | None:
        """How many frames a second are used; None for every frame."""
        return None if self.sampling is None else self.sampling.fps

    @property
    def most_epochs(self) -> int:
        """Largest number of epochs of the head; one of boosted trees is a tree."""
        return self.head.trees if isinstance(self.head, BoostingHead) else self.training.epochs

    @property
    def patience(self) -> int:
        """Epochs without a better validation score after which training stops."""
        return self.head.patience if isinstance(self.head, BoostingHead) else self.training.patience

    @field_validator("behaviors")
    @classmethod
    def _columns_are_unique(cls, behaviors: list[str]) -> list[str]:
        taken = {"frame", "time_s", "training_distance", *(name + suffix for name in behaviors for suffix in ("_prob", "_raw", "_label"))}
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
        odd = next((name for name in names if show_plainly(name) != name), None)
        if odd is not None:
            raise ValueError(f"'{show_plainly(odd)}' has a control character or a line break in it; write it again")
        # Names become file names, on systems that do not tell capitals apart too.
        if len({re.sub(r"[^\w-]", "_", name).casefold() for name in names}) < len(names):
            raise ValueError("two names differ only in capitals, spaces or punctuation; rename one")
        return names

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Study:
        used = {name for names in (self.streams, *(member.streams or () for member in self.ensemble.members)) for name in names}
        self._require_views(used)
        streams = {split_stream(name)[0] for name in used}
        if streams & set(MADE_STREAMS) and self.crop is None:
            raise ValueError("crop is missing; say where the animal is, for example crop: {body_part: midbody, size: 160}")
        if POSE in used and self.crop is not None and not self.crop.body_parts:
            raise ValueError("the stream 'pose' needs crop.body_part: name the body part, or parts, that are the middle of the animal")
        if self.pose.others is not None and POSE not in streams:
            raise ValueError("pose.others describes other animals in the stream 'pose', which is not among the streams; add it there")
        for name, meant in self.labels.map.items():
            if meant not in self.behaviors:
                raise ValueError(
                    f"labels.map: {name!r} is {meant!r}, which is not among the behaviors{suggest_nearest(meant, self.behaviors)}; names "
                    "in label files come before the colon, behaviors after it"
                )
        for field in ("threshold", "closing_frames", "closing_s", "min_bout_frames", "min_bout_s"):
            value = getattr(self.postprocess, field)
            for name in value if isinstance(value, Mapping) else ():
                if name not in self.behaviors:
                    raise ValueError(
                        f"postprocess.{field} names {name!r}, which is not among the behaviors{suggest_nearest(name, self.behaviors)}"
                    )
        return self

    def _require_views(self, used: set[str]) -> None:
        """Raise ValueError unless the streams are of views that the study names, and all of these have some."""
        if "" not in list_views(self.streams):
            raise ValueError(
                f"streams: none of {', '.join(self.streams)} is of the first view, by whose frames labels and ethograms go; add one, such "
                f"as {APPEARANCE}"
            )
        others = {} if self.views is None else self.views.others
        for name in sorted(used):
            stream, view = split_stream(name)
            if "@" in name and view not in others:
                near = suggest_nearest(view, others)
                raise ValueError(f"the stream {name!r} is of a view {view!r} that is not among views.others{near}; name that view there")
            if "@" in name and stream == POSE:
                crop = others[view].crop or self.crop
                if crop is not None and not crop.body_parts:
                    raise ValueError(f"the stream {name!r} needs a body_part in views.others.{view}.crop: the middle of the animal")
        unused = [view for view in others if not any(split_stream(name)[1] == view for name in self.streams)]
        if unused:
            raise ValueError(f"no stream is of the view {unused[0]!r}; add {APPEARANCE}@{unused[0]} to streams, or take the view out")
