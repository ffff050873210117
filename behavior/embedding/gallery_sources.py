"""Photos and tracks as a gallery takes them: pictures of one size, with what is known of who they show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.track_individuals import OpenedTrack, read_track_individuals
from behavior.errors import BehaviorError, advise_on_missing
from behavior.files.gallery_folder import GalleryKind
from behavior.files.photos import PHOTO_SUFFIXES, Photo, is_photo_table, list_folder_photos, list_table_photos, read_photo
from behavior.files.pose import is_pose
from behavior.identity.quality import measure_contrast
from behavior.identity.subject import cut_to_subject, make_square
from behavior.progress import complain, report_progress

__all__ = ["Pictured", "ReadSources", "SourceScale", "is_unnamed", "list_sources", "name_pictured", "read_sources"]

# Grey levels by which the darkest and the brightest parts of a photo of an animal differ at least.
_LEAST_CONTRAST = 10.0
# Names that `behavior track` gives to whoever it finds.
_NUMBERED = re.compile(r"(?:animal|individual|ind|track)_?\d*")


@dataclass(frozen=True)
class SourceScale:
    """How pictures are made: their side in pixels, and for tracks the length and width of an animal in the video, 0 if not known yet."""

    size: int
    length: float = 0.0
    width: float = 0.0


@dataclass(frozen=True)
class Pictured:
    """Pictures of one animal: a photo, or crops along a track.

    Attributes
    ----------
    source
        The file.
    animal
        Name in the source: of the folder, the table's cell, the track's animal; "" for none.
    side, recording
        "" where not known.
    images
        RGB, uint8 of shape (K, S, S, 3).
    marks
        Where each is in the source: the frame of a video, "" for a photo.
    track
        The track that it is of; None for a photo.
    """

    source: Path
    animal: str
    side: str
    recording: str
    images: npt.NDArray[np.uint8]
    marks: tuple[str, ...]
    track: Path | None = None


@dataclass
class ReadSources:
    """What was read, and a sentence for each source that could not be; `failures` are printed already."""

    pictured: list[Pictured] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    scale: SourceScale = SourceScale(0)

    def fail(self, source: object, sentence: str) -> None:
        """Note and print why a source is left out."""
        self.failures[str(source)] = sentence
        complain(sentence)


def is_unnamed(animal: str) -> bool:
    """Tell whether an animal of a track has no name but the number that a tracker gave it.

    >>> is_unnamed("animal2"), is_unnamed(""), is_unnamed("Bella")
    (True, True, False)
    """
    return not animal or _NUMBERED.fullmatch(animal.casefold()) is not None


def list_sources(paths: Sequence[Path], read: ReadSources) -> dict[GalleryKind, list[Photo | Path]]:
    """Return the photos and the tracks that paths stand for: files, tables, folders; what is neither is noted in `read`."""
    found: dict[GalleryKind, list[Photo | Path]] = {"photos": [], "tracks": []}
    for path in paths:
        if path.is_dir():
            photos, problems = list_folder_photos(path)
            tracks = [] if photos else sorted(path.glob("*_track.csv"))
            if not photos and not tracks and not problems:
                kinds = ", ".join(PHOTO_SUFFIXES)
                problems[str(path)] = f"{path}: holds no photos ({kinds}) and no tracks (NAME_track.csv), expected some; check the path."
            found["tracks"] += tracks
        elif not path.is_file():
            photos, problems = [], {str(path): f"{path}: no such photo, table, track or folder; {advise_on_missing(path)}."}
        elif path.suffix.casefold() in PHOTO_SUFFIXES:
            photos, problems = [Photo(path)], {}
        elif is_photo_table(path):
            try:
                photos, problems = list_table_photos(path)
            except BehaviorError as error:
                photos, problems = [], {str(path): str(error)}
        elif path.name.endswith("_track.csv") and is_pose(path):
            photos, problems = [], {}
            found["tracks"].append(path)
        else:
            photos = []
            problems = {str(path): f"{path}: is no photo, no table image,individual and no track NAME_track.csv; give one of these."}
        found["photos"] += photos
        for source, sentence in problems.items():
            read.fail(source, sentence)
    return found


def read_sources(
    sources: Sequence[Photo | Path],
    scale: SourceScale,
    *,
    read: ReadSources,
    open_track: Callable[[Path], OpenedTrack],
    videos: Path | None,
    side: str,
    day: str,
) -> None:
    """Read photos or tracks into `read`; one bad source never stops the rest.

    Parameters
    ----------
    scale
        The pictures of the gallery; what tracks tell of an animal's size is added to it.
    open_track
        Reads what is known of a track.
    videos
        Folder of the videos of tracks; None where they are next to them.
    side, day
        For sources that say nothing of it.
    """
    read.scale = scale
    with report_progress("pictures", total=len(sources), unit="sources") as advance:
        for source in sources:
            try:
                if isinstance(source, Photo):
                    _read_photo(source, read, side=side, day=day)
                else:
                    _read_track(open_track(source), read, videos=videos, side=side, day=day)
            except BehaviorError as error:
                read.fail(source.path if isinstance(source, Photo) else source, str(error))
            advance(1)


def _read_photo(photo: Photo, read: ReadSources, *, side: str, day: str) -> None:
    image = make_square(cut_to_subject(read_photo(photo.path)), read.scale.size)
    contrast = float(measure_contrast(image[None])[0])
    if contrast < _LEAST_CONTRAST:
        read.fail(
            photo.path,
            f"{photo.path}: shows no animal: its darkest and brightest parts differ by {contrast:.0f} grey levels, expected "
            f"{_LEAST_CONTRAST:.0f} or more; leave it out.",
        )
        return
    read.pictured.append(Pictured(photo.path, photo.individual, photo.side or side, photo.day or day, image[None], ("",)))


def _read_track(track: OpenedTrack, read: ReadSources, *, videos: Path | None, side: str, day: str) -> None:
    scale = read.scale
    tracked = read_track_individuals(track, videos=videos, crop_size=scale.size, length=scale.length, width=scale.width)
    read.scale = replace(scale, length=tracked.length, width=tracked.width)
    if tracked.rescaled:
        read.notes.append(f"{track.path}: its animals have another size in the video than those of the gallery, so sizes are not compared.")
    for animal in tracked.animals:
        if not len(animal.images):
            name = animal.name or "its animal"
            read.fail(
                f"{track.path} {animal.name}",
                f"{track.path}: {name} is nowhere alone, whole and sharp, expected some frames; leave it out.",
            )
            continue
        marks = tuple(f"frame {frame}" for frame in animal.frames.tolist())
        read.pictured.append(Pictured(track.path, animal.name, side, day or tracked.recording, animal.images, marks, track.path))


def name_pictured(pictured: Pictured, names: Mapping[str, str]) -> str:
    """Return who is pictured by the names that were given, or by the source's own name; "" if neither says."""
    given = names.get(pictured.animal, "")
    if given:
        return given
    return "" if pictured.track is not None and is_unnamed(pictured.animal) else pictured.animal
