"""`behavior identify enrol`: photos and tracks of named individuals into a gallery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from behavior.embedding.gallery_sources import Pictured, ReadSources, SourceScale, list_sources, name_pictured, read_sources
from behavior.embedding.individual_gallery import fit_gallery, open_side
from behavior.embedding.individual_looks import CNN, CORRELOGRAM, TRAINING_RULE
from behavior.errors import UsageError, count_noun
from behavior.files.atomic import make_folder, remove_files, require_writable
from behavior.files.claims import hold_claim
from behavior.files.gallery_folder import (
    GALLERY_FILE,
    EnrolledImage,
    GalleryKind,
    StoredGallery,
    find_name_problem,
    hash_image,
    read_gallery,
    write_gallery,
)
from behavior.progress import announce, warn
from behavior.reporting.identification_files import GALLERY_PICTURE, draw_gallery
from behavior.reporting.track_opening import open_track
from behavior.vision.backbones import find_backbone, require_keras

__all__ = ["EnrolRequest", "EnrolResult", "enrol_individuals"]

_PATIENCE_S = 60.0
_SIZES: Mapping[GalleryKind, int] = {"photos": 64, "tracks": 64}


@dataclass(frozen=True)
class EnrolRequest:
    """What is known of the sources, and what individuals are compared by.

    Attributes
    ----------
    names
        Who animals of a track are, by their names in it; "" for the only one, and for photos without a folder of their own.
    side, day
        For sources that say nothing of it.
    videos
        Folder of the videos of tracks.
    backbone, weights, seed
        As in `LookSettings`; None for the gallery's own, or a CNN that is trained on it.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    side: str = ""
    day: str = ""
    videos: Path | None = None
    backbone: str | None = None
    weights: str | None = None
    seed: int | None = None


@dataclass
class EnrolResult:
    """What came of it.

    Attributes
    ----------
    added, known
        By individual: pictures that are new, and pictures that were there already.
    gallery
        As it is now; None where nothing could be enrolled.
    failures
        A sentence by source.
    """

    added: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    gallery: StoredGallery | None = None
    failures: dict[str, str] = field(default_factory=dict)

    def list_rows(self) -> list[tuple[str, int, int, int, int]]:
        """Return for each individual its name, images and days, and how many images were added or known already."""
        images = self.gallery.images if self.gallery is not None else ()
        days = Counter(name for name, _ in {(one.individual, one.recording) for one in images})
        counts = Counter(one.individual for one in images)
        return [(name, number, days[name], self.added[name], self.known[name]) for name, number in counts.items()]


def enrol_individuals(folder: Path, sources: Sequence[Path], request: EnrolRequest) -> EnrolResult:
    """Add pictures of named individuals to the gallery in `folder`, which is begun where there is none, and fit it again.

    Raises
    ------
    UsageError
        If names or settings cannot be used.
    InputError
        If the gallery that is there is damaged.
    WeightsError, TrainingError
        If the looks cannot be fitted.
    OutputError
        If the folder cannot be written to.
    """
    _require_usable(request)
    make_folder(folder)
    require_writable(folder)
    with hold_claim(folder / GALLERY_FILE, what=f"the gallery in {folder}", patience_s=_PATIENCE_S):
        earlier = read_gallery(folder) if (folder / GALLERY_FILE).exists() else None
        read = ReadSources()
        listed = list_sources(sources, read)
        kind: GalleryKind = earlier.kind if earlier is not None else "tracks" if listed["tracks"] else "photos"
        for other, unfit in listed.items():
            if other != kind and unfit:
                read.fail(
                    other,
                    f"{other} are left out ({len(unfit)} found): {folder} is a gallery of {kind}; enrol {other} into one of their own.",
                )
        settings = _choose_settings(request, earlier)
        size = earlier.crops.shape[1] if earlier is not None else _choose_size(kind, settings)
        scale = SourceScale(size) if earlier is None else SourceScale(size, earlier.length, earlier.width)
        read_sources(listed[kind], scale, read=read, open_track=open_track, videos=request.videos, side=request.side, day=request.day)
        for note in read.notes:
            warn(note)
        result = EnrolResult(failures=read.failures)
        empty = np.zeros((0, size, size, 3), dtype=np.uint8)
        gallery = earlier or StoredGallery(kind, settings, read.scale.length, read.scale.width, (), empty)
        gallery = replace(gallery, settings=settings, length=read.scale.length, width=read.scale.width)
        gallery = _add(gallery, read, request, result)
        if not gallery.images:
            return result
        if earlier is None or result.added.total() or settings != earlier.settings:
            announce(
                f"fitting {count_noun(len(gallery.images), 'picture')} of {count_noun(len(gallery.individuals), 'individual')}, "
                "which may take minutes"
            )
            gallery = fit_gallery(gallery)
            # The picture goes first and comes last: where it is, it is of this gallery.
            remove_files([folder / GALLERY_PICTURE])
            gallery = write_gallery(folder, gallery)
            draw_gallery(folder, gallery)
        _tell_limits(gallery)
        result.gallery = gallery
        return result


def _require_usable(request: EnrolRequest) -> None:
    for name in request.names.values():
        if problem := find_name_problem(name):
            raise UsageError(f"--name {name!r}: expected {problem}.")
    if request.backbone not in (None, CNN, CORRELOGRAM):
        require_keras(find_backbone(str(request.backbone), weights=request.weights), user="comparing individuals")
        if request.weights is None:
            raise UsageError(
                f"--backbone {request.backbone} needs --weights: imagenet, packaged (openfield), or the path of a weights file."
            )


def _choose_settings(request: EnrolRequest, earlier: StoredGallery | None) -> dict[str, object]:
    settings: dict[str, object] = dict(earlier.settings) if earlier is not None else {"fingerprint": CNN, "weights": "", "seed": 0}
    given = {"fingerprint": request.backbone, "weights": request.weights, "seed": request.seed}
    if request.backbone in (CNN, CORRELOGRAM):
        given["weights"] = ""
    return {**settings, **{name: value for name, value in given.items() if value is not None}}


def _choose_size(kind: GalleryKind, settings: Mapping[str, object]) -> int:
    fingerprint = str(settings["fingerprint"])
    if fingerprint in (CNN, CORRELOGRAM):
        return _SIZES[kind]
    return find_backbone(fingerprint, weights=str(settings["weights"])).input_size


def _add(gallery: StoredGallery, read: ReadSources, request: EnrolRequest, result: EnrolResult) -> StoredGallery:
    """Return the gallery with the pictures that it does not have yet."""
    known = {(one.digest, one.side): one.individual for one in gallery.images}
    images, crops = list(gallery.images), []
    for pictured in read.pictured:
        name = name_pictured(pictured, request.names)
        problem = find_name_problem(name) if name else None
        if not name or problem:
            expected = problem or _advise_on_name(pictured)
            read.fail(
                f"{pictured.source} {pictured.animal}".strip(),
                f"{pictured.source}: found {pictured.animal or 'no name'!r}, expected {expected}.",
            )
            continue
        for image, mark in zip(pictured.images, pictured.marks, strict=True):
            key = hash_image(image), pictured.side
            owner = known.get(key)
            if owner == name:
                result.known[name] += 1
            elif owner is not None:
                sentence = f"{pictured.source}: shows {name}, and the same picture is enrolled as {owner}; enrol it for one of the two."
                read.fail(f"{pictured.source} {mark}".strip(), sentence)
            else:
                known[key] = name
                result.added[name] += 1
                source = f"{pictured.source.name} {mark}".strip()
                images.append(EnrolledImage(name, pictured.side, pictured.recording, source, key[0]))
                crops.append(image)
    return replace(gallery, images=tuple(images), crops=np.concatenate([gallery.crops, np.stack(crops)]) if crops else gallery.crops)


def _advise_on_name(pictured: Pictured) -> str:
    if pictured.track is not None:
        return f"the name of an individual; give --name {pictured.animal + '=' if pictured.animal else ''}NAME"
    return "the name of an individual; put the photo into a folder NAME, or give --name NAME"


def _tell_limits(gallery: StoredGallery) -> None:
    """Say what a gallery of so few pictures cannot do."""
    for side in gallery.sides:
        opened = open_side(gallery, side)
        where = f"side {side}: " if side else ""
        if gallery.settings["fingerprint"] == CNN and not opened.looks.is_trained:
            announce(f"{where}compared by the colour correlogram, which is not trained; a network is trained on {TRAINING_RULE}")
        if opened.obstacle or opened.calibrations["image"].threshold is None:
            reason = opened.obstacle or "too few individuals have two recordings"
            warn(f"{where}new individuals cannot be told from known ones yet ({reason}); enrol individuals on several days.")
