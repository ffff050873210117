"""A model bundle, loaded: its networks, what is done to features before them, and what is decided after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from behavior.config import APPEARANCE, MADE_STREAMS, MOTION, Crop, PoseFiles, split_stream
from behavior.errors import ModelError, UsageError
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import SeenRecording
from behavior.files.model_bundle import BUNDLE_FILE, BundleDescription, MemberDescription, member_path, read_bundle, read_preparation
from behavior.files.opening import explain_damage
from behavior.learning.decisions import FittedDecisions
from behavior.learning.familiarity import TrainingReference
from behavior.learning.familiarity_files import open_reference
from behavior.learning.head_files import open_head
from behavior.learning.seen_recordings import find_seen, list_weights_seen
from behavior.recording import Recording
from behavior.sequence.contracts import FrameModel
from behavior.sequence.preparation import Preparation

__all__ = ["OpenedMember", "OpenedModel", "open_model"]


_ADVICE = "copy the whole folder of the model again"


@dataclass(frozen=True)
class OpenedMember:
    """One of the models that answer together.

    Attributes
    ----------
    description
        What the bundle says about it.
    model
        From prepared features (T, D) to probabilities (T, K).
    preparation
        What is done to features first; None for nothing.
    """

    description: MemberDescription
    model: FrameModel
    preparation: Preparation | None


@dataclass(frozen=True)
class OpenedModel:
    """A model bundle, loaded.

    Attributes
    ----------
    folder
        Where it is.
    description
        Its `bundle.yaml`.
    hash
        Of its `bundle.yaml`, which has the hashes of its other files.
    crop
        Where the animal is looked for: as the model was trained, but for what the user asked for; None where it works without crops.
    members
        Its networks.
    decisions
        What was fitted on out-of-fold predictions; None where the study's own settings decide.
    weights_seen
        Recordings that its backbones were fine-tuned on.
    pose
        Which other animals its pose stream describes: as the model was trained, but for what the user asked for.
    reference
        What it keeps of its training recordings, to tell whether others are like them.
    """

    folder: Path
    description: BundleDescription
    hash: str
    crop: Crop | None
    members: tuple[OpenedMember, ...]
    decisions: FittedDecisions | None
    weights_seen: tuple[SeenRecording, ...]
    pose: PoseFiles = field(default_factory=PoseFiles)
    reference: TrainingReference = field(default_factory=TrainingReference)

    @property
    def imported(self) -> list[str]:
        """Names of the imported streams that the model works on."""
        streams = {stream.name for member in self.description.members for stream in member.streams}
        return sorted(name for name in streams if split_stream(name)[0] not in MADE_STREAMS)

    @property
    def streams_of_pictures(self) -> list[str]:
        """Names of the streams that the model works on and that need a video."""
        streams = {stream.name for member in self.description.members for stream in member.streams}
        return sorted(name for name in streams if split_stream(name)[0] in (APPEARANCE, MOTION))

    @property
    def views(self) -> list[str]:
        """Names of the views besides the first that the model works on."""
        streams = {stream.name for member in self.description.members for stream in member.streams}
        return sorted({view for name in streams if (view := split_stream(name)[1])})

    def require_one_view(self, advice: str) -> None:
        """Raise UsageError if the model works on several views; `advice` says what to do then."""
        if self.views:
            raise UsageError(f"{self.folder}: works on the views {', '.join(self.views)} besides the first; {advice}.")

    def has_seen(self, recording: Recording) -> bool:
        """Tell whether the heads were trained on a recording, or another individual of its video, or a backbone was fine-tuned on it."""
        trained_on = self.description.training.recordings
        return (
            any(name in trained_on for name in (recording.id, *recording.companions)) or find_seen(recording, self.weights_seen) is not None
        )


def open_model(folder: Path, *, body_parts: Sequence[str] = (), individual: str | None = None, others: Sequence[str] = ()) -> OpenedModel:
    """Load the model bundle in `folder`.

    Parameters
    ----------
    body_parts, individual
        Centre the crops on these instead of those that the model was trained with.
    others
        What the other animals are called, in the order of those that the model was trained with; as there if empty.

    Raises
    ------
    ModelError
        If the bundle, or one of its files, cannot be used.
    UsageError
        If body parts are named although the model works on imported features, or other animals although it uses none by name.
    WeightsError
        If the record of what a backbone was fine-tuned on cannot be read.
    """
    description = read_bundle(folder)
    crop = description.crop
    if crop is not None:
        changes: dict[str, Any] = {}
        if body_parts:
            changes["body_part"] = list(body_parts)
        if individual is not None:
            changes["individual"] = individual
        crop = crop.model_copy(update=changes)
    elif body_parts:
        raise UsageError(f"{folder}: this model works on imported features; --body-part has no effect on it; leave it out.")
    pose = description.pose or PoseFiles()
    if others:
        if len(others) != len(pose.other_names):
            used = ", ".join(pose.other_names) or ("the nearest, whatever it is called" if pose.others else "none")
            raise UsageError(
                f"{folder}: {len(others)} other animals are named ({', '.join(others)}), expected one for each that the model was trained "
                f"with: {used}."
            )
        pose = pose.model_copy(update={"others": list(others)})
    backbones = [member.backbone for member in description.members]
    backbones += [] if description.views is None else [view.backbone for view in description.views.others.values()]
    weights = dict.fromkeys(backbone.weights for backbone in backbones if backbone is not None)
    return OpenedModel(
        folder=folder,
        description=description,
        hash=hash_file(folder / BUNDLE_FILE),
        crop=crop,
        members=tuple(_open_member(folder, member) for member in description.members),
        decisions=FittedDecisions.from_record(description.decisions, source=folder / BUNDLE_FILE) if description.decisions else None,
        weights_seen=tuple(seen for name in weights for seen in list_weights_seen(name)),
        pose=pose,
        reference=open_reference(folder, description),
    )


def _open_member(folder: Path, member: MemberDescription) -> OpenedMember:
    preparation = None
    if member.preparation is not None:
        path = member_path(folder, member.preparation)
        with explain_damage(path, error=ModelError, expected="the preparation of a model's features", advice=_ADVICE):
            preparation = Preparation.from_arrays(read_preparation(path))
    path = member_path(folder, member.file)
    opened = OpenedMember(member, open_head(member, path), preparation)
    _require_fitting(path, opened)
    return opened


def _require_fitting(path: Path, opened: OpenedMember) -> None:
    """Raise ModelError unless a network takes what its description and its preparation give, and answers for the behaviors there."""
    n_features, preparation = sum(stream.n_features for stream in opened.description.streams), opened.preparation
    n_prepared = n_features if preparation is None else preparation.n_features
    if n_prepared != n_features:
        raise ModelError(
            f"{path.parent}: {opened.description.preparation} is for {n_prepared} features, expected the {n_features} that {BUNDLE_FILE} "
            f"lists; {_ADVICE}."
        )
    expected = (n_features if preparation is None else preparation.n_outputs, len(opened.description.behaviors))
    found = (opened.model.n_features, opened.model.n_outputs)
    if found != expected:
        raise ModelError(
            f"{path}: is a model from {found[0]} features to {found[1]} behaviors, expected one from {expected[0]} to {expected[1]}, as "
            f"{BUNDLE_FILE} says; {_ADVICE}."
        )
