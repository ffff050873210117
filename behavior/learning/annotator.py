"""A trained model at work: recordings to ethograms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import APPEARANCE, MADE_STREAMS, Arena, Backbone
from behavior.embedding.crop_streams import AppearanceStream
from behavior.embedding.stream import FeatureStream
from behavior.embedding.streams import identify_stream, make_streams
from behavior.embedding.unmeasured import describe_unmeasured, warn_of_unmeasured
from behavior.errors import ModelError, OutputError, UsageError
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.files.feature_cache import FeatureSet, find_imported, read_features
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.model_bundle import BUNDLE_FILE, MemberDescription, member_path, read_bundle, read_preparation
from behavior.learning.decisions import FittedDecisions, decide
from behavior.learning.learning_data import RecordingFeatures, join_streams
from behavior.learning.seen_recordings import find_seen, list_weights_seen
from behavior.learning.variants import combine_members
from behavior.progress import warn
from behavior.recording import Probabilities, Recording, have_same_rate
from behavior.sequence.averaging import average_features, spread_rows
from behavior.sequence.heads import load_head
from behavior.sequence.inference import predict_recording, resample_rows
from behavior.sequence.preparation import Preparation
from behavior.versions import collect_versions

__all__ = ["Annotator"]


class Annotator:
    """A loaded model, and what the user allowed it to do."""

    def __init__(
        self,
        folder: Path,
        *,
        body_parts: Sequence[str],
        resample: bool,
        cache: Path,
        individual: str | None,
        overwrite: bool,
        imported: Path | None = None,
        arena: Arena | None = None,
    ) -> None:
        self.folder = folder
        self.description = read_bundle(folder)
        self._resample = resample
        self._overwrite = overwrite
        self._imported = imported
        self._streams: dict[str, FeatureStream] = {}
        bundle = self.description
        self.crop = bundle.crop
        if bundle.crop is not None:
            changes: dict[str, Any] = {}
            if body_parts:
                changes["body_part"] = list(body_parts)
            if individual is not None:
                changes["individual"] = individual
            self.crop = bundle.crop.model_copy(update=changes)
        elif body_parts:
            raise UsageError(f"{folder}: this model works on imported features; --body-part means nothing to it.")
        for member in bundle.members:
            made = make_streams(
                [stream.name for stream in member.streams],
                crop=self.crop,
                backbone=member.backbone or Backbone(),
                arena=arena or bundle.arena,
                cache=cache,
            )
            for name, stream in made.items():
                stream = self._streams.setdefault(identify_stream(name, member.backbone), stream)
                if isinstance(stream, AppearanceStream):
                    self._require_signature(member, stream)
        self._networks = [load_head(member_path(folder, member.file)) for member in bundle.members]
        self._preparations = [
            Preparation.from_arrays(read_preparation(member_path(folder, member.preparation))) if member.preparation else None
            for member in bundle.members
        ]
        self._decisions = (
            FittedDecisions.from_mapping(bundle.decisions, source=folder / BUNDLE_FILE) if bundle.decisions is not None else None
        )
        self._hash = hash_file(folder / BUNDLE_FILE)
        weights = dict.fromkeys(member.backbone.weights for member in bundle.members if member.backbone is not None)
        # What a fine-tuned backbone learned from counts like what the heads did.
        self._seen = [one for name in weights for one in list_weights_seen(name)]

    @property
    def streams(self) -> list[FeatureStream]:
        """What makes the features that the model works on; none if they are all imported."""
        return list(self._streams.values())

    @property
    def imported(self) -> list[str]:
        """Names of the imported streams that the model works on."""
        return sorted({stream.name for member in self.description.members for stream in member.streams if stream.name not in MADE_STREAMS})

    def _require_signature(self, member: MemberDescription, appearance: AppearanceStream) -> None:
        expected = next(Signature.from_text(stream.signature) for stream in member.streams if stream.name == APPEARANCE)
        # A precision that this machine does not reach is found out about with the first recording.
        differences = [signature.describe_difference(expected) for signature in appearance.list_signatures()]
        difference = differences[0] if all(differences) else ""
        if difference:
            raise ModelError(
                f"{self.folder}: was trained on features that its backbone does not give any more ({difference}); restore its weights "
                "file, or train again."
            )

    def has_seen(self, recording: Recording) -> bool:
        """Tell whether the heads learned from a recording, or the backbone was fine-tuned on it."""
        return recording.id in self.description.training.recordings or find_seen(recording, self._seen) is not None

    def require_place(self, recording: Recording, out: Path) -> None:
        """Raise OutputError if `out` holds an ethogram of this recording by another model or with other settings."""
        path = out / f"{recording.id}_ethogram.csv"
        if self._overwrite or not path.is_file():
            return
        before = read_annotation(path).provenance
        after = self._describe_model()
        if {key: before.get(key) for key in after} != after or not _is_same_file(before.get("video"), recording.video):
            raise OutputError(
                f"{path}: was made by another model, with other settings or from another video; give another --out, or --overwrite to "
                "replace it."
            )

    def annotate(self, recording: Recording, out: Path) -> int:
        """Write the annotation of one recording to `out` and return its number of frames."""
        bundle = self.description
        loaded: dict[str, RecordingFeatures] = {}
        measured: list[npt.NDArray[np.bool_]] = []
        said: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in bundle.behaviors}
        resampled = False
        for member, network, preparation in zip(bundle.members, self._networks, self._preparations, strict=True):
            key = "\n".join(stream.signature for stream in member.streams)
            if key not in loaded:
                loaded[key] = self._load(recording, member, measured)
            features = loaded[key]
            values, times = self._match_rate(recording, features)
            n_rows = len(values)
            values = average_features(values, member.average)
            if preparation is not None:
                values = preparation.apply(values)
            predicted = predict_recording(network.predict_on_batch, values, length=member.window_length)
            predicted = spread_rows(predicted, member.average, n_rows)
            if times is not None:
                resampled = True
                predicted = np.clip(resample_rows(predicted, times, features.time_s), 0.0, 1.0)
            for column, name in enumerate(member.behaviors):
                if name in said:
                    said[name].append(predicted[:, column])
        features = next(iter(loaded.values()))
        columns = [combine_members(np.stack(said[name]), bundle.combine) for name in bundle.behaviors]
        probabilities = Probabilities(np.column_stack(columns), tuple(bundle.behaviors), features.time_s)
        provenance = self._describe(recording, features, resampled)
        not_measured = describe_unmeasured(np.logical_and.reduce(measured) if measured else None)
        provenance["not_measured"] = not_measured
        if self._decisions is not None:
            annotation = self._decisions.decide(recording.id, probabilities, fps=features.fps, provenance=provenance)
        else:
            annotation = decide(recording.id, probabilities, fps=features.fps, postprocess=bundle.postprocess, provenance=provenance)
        write_annotation(out, annotation)
        warning = warn_of_unmeasured(recording.id, not_measured, n_frames=len(features.values), fps=features.fps)
        if warning:
            warn(warning)
        return len(features.values)

    def _load(self, recording: Recording, member: MemberDescription, measured: list[npt.NDArray[np.bool_]]) -> RecordingFeatures:
        """Return the features that a member works on, after checking that they mean what it learned from.

        Which frames were measured is added to `measured`, for each stream that is not imported.
        """
        sets: list[FeatureSet] = []
        for stream in member.streams:
            if stream.name in MADE_STREAMS:
                sets.append(self._streams[identify_stream(stream.name, member.backbone)].read(recording))
                measured.append(sets[-1].measured)
            else:
                assert self._imported is not None
                sets.append(read_features(find_imported(self._imported, recording.id, stream.name)))
        features = join_streams(recording.id, [stream.name for stream in member.streams], sets)
        for found, expected in zip(features.streams, member.streams, strict=True):
            difference = Signature.from_text(found.signature).describe_difference(Signature.from_text(expected.signature))
            if difference:
                raise ModelError(
                    f"{recording.id}: has other features than the model in {self.folder} was trained on ({difference}); embed or import "
                    "them as for the model, or train a model on these."
                )
        return features

    def _match_rate(
        self, recording: Recording, features: RecordingFeatures
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.float64] | None]:
        """Return the features at the model's frame rate, and the times of those rows where they are not the video's own."""
        if have_same_rate(features.fps, self.description.fps):
            return features.values, None
        if not self._resample:
            raise ModelError(
                f"{recording.video or recording.id}: has {features.fps:.4g} frames per second, but the model in {self.folder} learned from "
                f"{self.description.fps:.4g}; add --resample to bring the features to the model's rate and the result back to the video's."
            )
        step = 1.0 / self.description.fps
        times = np.arange(features.time_s[0], features.time_s[-1] + step / 2, step)
        return resample_rows(features.values, features.time_s, times), times

    def _describe_model(self) -> dict[str, Any]:
        bundle = self.description
        return {
            "model": {"folder": str(self.folder.resolve()), "hash": self._hash, "fps": bundle.fps},
            "body_parts": list(self.crop.body_parts) if self.crop else None,
            "postprocess": bundle.postprocess.model_dump(mode="json", exclude_none=True),
            "calibration": self._decisions.settings.calibration if self._decisions is not None else "none",
        }

    def _describe(self, recording: Recording, features: RecordingFeatures, resampled: bool) -> dict[str, Any]:
        bundle = self.description
        return {
            "fps": features.fps,
            "video": str(recording.video.resolve()) if recording.video else None,
            "pose": str(recording.pose.resolve()) if recording.pose else None,
            "learned_from": self.has_seen(recording),
            **self._describe_model(),
            "features": [stream.signature for stream in features.streams],
            "body_parts_of_model": list(bundle.crop.body_parts) if bundle.crop else None,
            "resampled": resampled,
            "broke_off": features.broke_off,
            "versions": collect_versions(),
        }


def _is_same_file(said: str | None, path: Path | None) -> bool:
    """Tell whether an ethogram is of the video at `path` by what it says; a path that is relative to nobody knows what may be any end."""
    if said is None or path is None:
        return said is None and path is None
    before = Path(said)
    if before.is_absolute():
        return before.resolve() == path.resolve()
    parts = [part for part in before.parts if part != ".."]
    return any(list(known.parts[-len(parts) :]) == parts for known in (path.resolve(), path.absolute()))
