"""The features that a model works on: where they are cached, and whether they mean what the model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.compute.effort import Effort
from behavior.config import MADE_STREAMS, Arena, Backbone, split_stream
from behavior.embedding.crop_streams import AppearanceStream
from behavior.embedding.stream import FeatureStream, find_effort
from behavior.embedding.streams import identify_stream, make_streams
from behavior.errors import ModelError
from behavior.files.feature_cache import FeatureSet, find_imported, read_features
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import MemberDescription
from behavior.files.view_cells import find_view
from behavior.frame_sampling import SampledRows
from behavior.learning.computing_time import add_efforts
from behavior.learning.opened_model import OpenedModel
from behavior.learning.recording_features import RecordingFeatures, join_streams
from behavior.learning.view_alignment import align_view
from behavior.recording import Recording

__all__ = ["LoadedFeatures", "ModelFeatures"]


@dataclass(frozen=True)
class LoadedFeatures:
    """The features of one recording for a model of M members.

    Attributes
    ----------
    by_member
        M entries; members that work on the same streams share one.
    measured
        Bool of shape (T,), whether a frame was measured in every stream of some view that is not imported; None where all are imported.
    effort
        What computing them took, whenever that was; None where it is not known of all streams.
    """

    by_member: tuple[RecordingFeatures, ...]
    measured: npt.NDArray[np.bool_] | None
    effort: Effort | None = None


class ModelFeatures:
    """The streams of a model's features.

    Parameters
    ----------
    model
        What the features are for.
    cache
        Folder of the streams that are computed from the video and the pose.
    imported
        Folder of the imported streams; None where the model has none.
    arena
        What the pose stream measures distances to; the model's own where None.

    Raises
    ------
    ModelError
        If the backbone no longer gives the features that the model was trained on.
    """

    def __init__(self, model: OpenedModel, *, cache: Path, imported: Path | None = None, arena: Arena | None = None) -> None:
        self._model = model
        self._imported = imported
        self._streams: dict[str, FeatureStream] = {}
        for member in model.description.members:
            made = make_streams(
                [stream.name for stream in member.streams],
                crop=model.crop,
                backbone=member.backbone or Backbone(),
                arena=arena or model.description.arena,
                cache=cache,
                sampling=model.description.sampling_fps,
                pose=model.pose,
                views=model.description.views,
            )
            for name, stream in made.items():
                stream = self._streams.setdefault(identify_stream(name, member.backbone), stream)
                if isinstance(stream, AppearanceStream):
                    self._require_signature(member, name, stream)

    @property
    def streams(self) -> list[FeatureStream]:
        """The streams that are computed from the video and the pose; none if all are imported."""
        return list(self._streams.values())

    def find_streams(self, member: MemberDescription) -> list[tuple[str, FeatureStream | None]]:
        """Return the streams of one member in order, each with what tells it from those of other members; None where it is imported."""
        keys = [identify_stream(stream.name, member.backbone) for stream in member.streams]
        return [(key, self._streams.get(key)) for key in keys]

    def load(self, recording: Recording, *, in_blocks: bool = False) -> LoadedFeatures:
        """Return the features of `recording` from the caches, which have to hold them.

        Parameters
        ----------
        in_blocks
            As for `feature_cache.read_features`: what is enough for `prediction`.

        Raises
        ------
        CacheError
            If a stream is missing, damaged or out of date.
        ModelError
            If the features mean something else than those that the model was trained on.
        """
        by_streams: dict[str, RecordingFeatures] = {}
        measured: dict[str, list[npt.NDArray[np.bool_]]] = {}
        efforts: dict[str, Effort | None] = {}
        members = self._model.description.members
        keys = ["\n".join(f"{stream.name} {stream.signature}" for stream in member.streams) for member in members]
        # A member without a stream of the first view has its rows from one that has some.
        onto: RecordingFeatures | None = None
        for key, member in sorted(zip(keys, members, strict=True), key=lambda one: not _is_of_first_view(one[1])):
            if key not in by_streams:
                by_streams[key] = self._load_member(recording, member, measured, efforts, in_blocks, onto)
                onto = onto or by_streams[key]
        shown = [np.logical_and.reduce(of_view) for of_view in measured.values()]
        measured_frames = np.logical_or.reduce(shown) if shown else None
        return LoadedFeatures(tuple(by_streams[key] for key in keys), measured_frames, add_efforts(efforts.values()))

    def _load_member(
        self,
        recording: Recording,
        member: MemberDescription,
        measured: dict[str, list[npt.NDArray[np.bool_]]],
        efforts: dict[str, Effort | None],
        in_blocks: bool,
        onto: RecordingFeatures | None,
    ) -> RecordingFeatures:
        """Return the features of a member; add to `measured` what was measured, bool of shape (T,), by view, and to `efforts` by stream."""
        sets: list[FeatureSet | None] = []
        shown = [find_view(recording, split_stream(stream.name)[1]) for stream in member.streams]
        for stream, own in zip(member.streams, shown, strict=True):
            name = split_stream(stream.name)[0]
            if own is None:
                sets.append(None)
            elif name in MADE_STREAMS:
                sets.append(self._streams[identify_stream(stream.name, member.backbone)].read(own, in_blocks=in_blocks))
            else:
                assert self._imported is not None
                sets.append(read_features(find_imported(self._imported, own.id, name), in_blocks=in_blocks))
        names = [stream.name for stream in member.streams]
        features = join_streams(
            recording.id,
            names,
            sets,
            sampling=self._model.description.sampling_fps,
            starts=[0.0 if own is None else own.start_s for own in shown],
            onto=onto,
            lacked={stream.name: stream for stream in member.streams},
        )
        for name, one, own in zip(names, sets, shown, strict=True):
            stream_name, view = split_stream(name)
            if stream_name in MADE_STREAMS and one is not None and own is not None:
                found = _find_measured(one)
                if view:
                    rows = align_view(own.id, one.time_s, own.start_s, features.time_s)
                    found = found[rows.places] & rows.is_shown
                measured.setdefault(view, []).append(found)
            if one is not None:
                efforts[identify_stream(name, member.backbone)] = find_effort(one.attributes)
        for loaded, expected in zip(features.streams, member.streams, strict=True):
            difference = Signature.from_text(loaded.signature).describe_difference(Signature.from_text(expected.signature))
            if difference:
                raise ModelError(
                    f"{recording.id}: has other features than the model in {self._model.folder} was trained on ({difference}); embed or "
                    "import them as for the model, or train a model on these."
                )
        return features

    def _require_signature(self, member: MemberDescription, name: str, appearance: AppearanceStream) -> None:
        expected = next(Signature.from_text(stream.signature) for stream in member.streams if stream.name == name)
        # A precision that this machine does not reach shows with the first recording.
        differences = [signature.describe_difference(expected) for signature in appearance.signatures]
        difference = differences[0] if all(differences) else ""
        if difference:
            raise ModelError(
                f"{self._model.folder}: was trained on features that its backbone does not give any more ({difference}); restore its "
                "weights file, or train again."
            )


def _is_of_first_view(member: MemberDescription) -> bool:
    return any(not split_stream(stream.name)[1] for stream in member.streams)


def _find_measured(features: FeatureSet) -> npt.NDArray[np.bool_]:
    """Return for each frame of the video whether it, or the nearest one with features, was measured, shape (T,)."""
    if features.frames is None:
        return features.measured
    # No other rate than that of the rows in the file has a part in this.
    return features.measured[SampledRows(features.frames, features.fps, features.time_s).find_nearest()]
