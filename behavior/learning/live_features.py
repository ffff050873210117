"""The features of pictures as they come, for each member of a model: what embedding the whole video would have cached."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.crop_streams import AppearanceStream, CropStream
from behavior.embedding.live_positions import Positions
from behavior.errors import ModelError
from behavior.files.feature_cache import exceeds_float16
from behavior.files.feature_measures import LIVE_MEASURES
from behavior.files.feature_sources import Signature
from behavior.learning.model_features import ModelFeatures
from behavior.learning.opened_model import OpenedModel
from behavior.vision.crops import take_crop, take_whole_frame
from behavior.vision.frame_measures import measure_pictures

__all__ = ["CropPlace", "LiveFeatures", "View", "ViewFeatures"]

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class CropPlace:
    """Where in a picture a model looked: the square around `center`, x and y in pixels, of `size` pixels; around the middle where NaN."""

    center: npt.NDArray[np.float64]
    size: int


@dataclass(frozen=True)
class View:
    """A picture in which the animal was looked for.

    Attributes
    ----------
    image, before
        The picture, RGB, uint8 of shape (H, W, 3), and the one before it; None where there is none.
    center
        Where the animal is, x and y in pixels; NaN for the middle of the picture.
    is_found
        Whether it was found there.
    """

    image: Image
    before: Image | None
    center: npt.NDArray[np.float64]
    is_found: bool


@dataclass(frozen=True)
class ViewFeatures:
    """What a model works on of one picture.

    Attributes
    ----------
    vectors
        Features (D,) for each member.
    details
        The distance of the picture from the training frames for each stream of `LiveFeatures.limits`, then brightness, contrast and
        sharpness of its crop.
    """

    vectors: list[npt.NDArray[np.floating]]
    details: tuple[float, ...]


class LiveFeatures:
    """Crops and embeds picture after picture; to be used by one thread.

    Parameters
    ----------
    model
        One that `live_prediction.find_obstacle` says nothing against.
    cache
        Folder of converted networks.
    positions
        Where the animal is; None for a model of whole frames.
    fps
        Pictures a second.
    sample
        Returns so many pictures, or as many as there are; called where the precision of a network is checked for the first time.

    Raises
    ------
    ModelError
        If a backbone looks at clips, or does not give the features that the model was trained on.
    WeightsError
        If the weights of a backbone are missing.

    Attributes
    ----------
    limits
        What tells whether the recording is like the training recordings.
    fps
        Pictures a second.
    place
        Where in the last picture the model looked; None for whole frames, and before the first picture.
    """

    def __init__(
        self, model: OpenedModel, *, cache: Path, positions: Positions | None, fps: float, sample: Callable[[int], Sequence[Image]]
    ) -> None:
        assert model.crop is not None
        self._crop, self._positions, self.fps = model.crop, positions, fps
        # Pictures come one at a time; a batch of more would be filled up with black ones.
        members = [
            member
            if member.backbone is None
            else member.model_copy(update={"backbone": member.backbone.model_copy(update={"batch_size": 1})})
            for member in model.description.members
        ]
        single = replace(model, description=model.description.model_copy(update={"members": members}))
        features = ModelFeatures(single, cache=cache)
        self._by_member: list[list[str]] = []
        self._streams: dict[str, CropStream] = {}
        for member in members:
            keys = []
            for (key, stream), described in zip(features.find_streams(member), member.streams, strict=True):
                assert isinstance(stream, CropStream)
                keys.append(key)
                if key not in self._streams:
                    self._streams[key] = stream
                    self._prepare(stream, Signature.from_text(described.signature), sample, model.folder)
            self._by_member.append(keys)
        # Members may share streams.
        own = {
            one.signature: (key, one)
            for keys, member in zip(self._by_member, members, strict=True)
            for key, one in zip(keys, member.streams, strict=True)
        }
        known = [(key, model.reference.find_reference(one)) for key, one in own.values()]
        self._references = [(key, reference) for key, reference in known if reference is not None]
        self.limits = model.reference.describe_limits([one for _, one in own.values()])
        self._before: Image | None = None
        self.place: CropPlace | None = None

    def share(self, positions: Positions | None, *, fps: float) -> LiveFeatures:
        """Return features of another source, by the same networks, which are not to be used at the same time."""
        other = copy.copy(self)
        other.fps = fps
        other._positions, other._before, other.place = positions, None, None
        return other

    def _prepare(self, stream: CropStream, expected: Signature, sample: Callable[[int], Sequence[Image]], folder: Path) -> None:
        if not isinstance(stream, AppearanceStream):
            return
        if stream.looks_at_clips:
            raise ModelError(
                f"{folder}: its backbone looks at clips of frames before and after each one, which cannot be done while they are taken; "
                "train with a backbone of single images."
            )
        prepared = stream.prepare_on(lambda count: np.stack([self._cut(image, stream, np.full(2, np.nan)) for image in sample(count)]))
        precision = prepared.engine.precision
        differences = [
            signature.describe_difference(expected) for signature in stream.signatures if signature.settings["precision"] == precision
        ]
        if all(differences):
            raise ModelError(
                f"{folder}: was trained on other features than its backbone gives here ({(differences or [precision])[0]}); annotate the "
                "recording afterwards on the machine that it was trained on, or train again."
            )

    def _cut(self, image: Image, stream: CropStream, center: npt.NDArray[np.float64]) -> Image:
        if self._crop.whole_frame:
            return take_whole_frame(image, input_size=stream.input_size)
        return take_crop(image, center, crop_size=self._crop.size, input_size=stream.input_size)

    def look(self, image: Image, time_s: float) -> View | None:
        """Look for the animal in the next picture, RGB (H, W, 3), `time_s` seconds after the first; None while it cannot be told yet."""
        found = (np.full(2, np.nan), True) if self._positions is None else self._positions.find(image, time_s)
        before, self._before = self._before, image
        if found is None:
            return None
        view = View(image, before, *found)
        if not self._crop.whole_frame:
            self.place = CropPlace(view.center, self._crop.size)
        return view

    def describe(self, view: View) -> ViewFeatures:
        """Return the features of a picture."""
        vectors: dict[str, npt.NDArray[np.floating]] = {}
        crops: dict[str, Image] = {}
        for key, stream in self._streams.items():
            crop = self._cut(view.image, stream, view.center)
            before = crop if not stream.with_previous or view.before is None else self._cut(view.before, stream, view.center)
            (vector,) = stream.describe_crops(crop[None], before[None], fps=self.fps)
            # As the cache keeps it.
            vectors[key] = vector if exceeds_float16(vector) else vector.astype(np.float16)
            crops[key] = crop
        distances = [float(reference.measure(vectors[key][None])[0]) for key, reference in self._references]
        measures = measure_pictures(crops[self._by_member[0][0]][None])[0, : len(LIVE_MEASURES)]
        return ViewFeatures([np.concatenate([vectors[key] for key in keys]) for keys in self._by_member], (*distances, *measures.tolist()))

    def forget(self) -> None:
        """Take the next picture as one without a picture before."""
        self._before = None
