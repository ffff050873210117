"""`behavior identify query`: who photos and tracks show, by a gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.embedding.gallery_sources import ReadSources, SourceScale, list_sources, read_sources
from behavior.embedding.identification import NEW, Identification, identify_pictured
from behavior.errors import BehaviorError
from behavior.files.atomic import require_makeable
from behavior.files.feature_sources import hash_file
from behavior.files.gallery_folder import GALLERY_FILE, read_gallery
from behavior.files.result_folders import is_unfinished, refuse_results, replace_results
from behavior.progress import warn
from behavior.reporting.identification_files import ANSWERS_RECORD, find_answers, write_answers, write_named_track
from behavior.reporting.track_opening import open_track

__all__ = ["QueryResult", "identify_sources"]


@dataclass
class QueryResult:
    """Who each query shows, in order; copies of tracks with names; a sentence for each source that could not be used."""

    found: list[Identification] = field(default_factory=list)
    tracks: list[Path] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def identify_sources(
    folder: Path,
    sources: Sequence[Path],
    out: Path,
    *,
    side: str = "",
    videos: Path | None = None,
    name_tracks: bool = False,
    overwrite: bool = False,
) -> QueryResult:
    """Write who photos and tracks show to `out`: up to five guesses with probabilities, or somebody new.

    Parameters
    ----------
    folder
        The gallery.
    sources
        Photos, tables with a column `image`, tracks, or folders of photos or tracks.
    side
        Of sources that say nothing of it.
    videos
        Folder of the videos of tracks; None where they are next to them.
    name_tracks
        Also write a copy of each track whose animals have the names of the individuals.
    overwrite
        Replace earlier answers in `out`.

    Raises
    ------
    InputError
        If there is no gallery in `folder`, or it is damaged.
    UsageError
        If a side is not in the gallery.
    OutputError
        If `out` holds answers already and `overwrite` is not set, or cannot be written to.
    WeightsError, ModelError
        If the gallery's network cannot be run.
    """
    stored = read_gallery(folder)
    if not overwrite and not is_unfinished(out):
        refuse_results(out, mark=ANSWERS_RECORD, what="answers", advice="give another folder, or --overwrite to replace them")
    require_makeable(out)
    read = ReadSources()
    listed = list_sources(sources, read)
    for kind, unfit in listed.items():
        if kind != stored.kind and unfit:
            read.fail(
                kind, f"{kind} are left out ({len(unfit)} found): {folder} is a gallery of {stored.kind}, and the two are never compared."
            )
    scale = SourceScale(stored.crops.shape[1], stored.length, stored.width)
    read_sources(listed[stored.kind], scale, read=read, open_track=open_track, videos=videos, side=side, day="")
    for note in read.notes:
        warn(note)
    result = QueryResult(failures=read.failures)
    if not read.pictured:
        return result
    result.found = identify_pictured(stored, read.pictured)
    about = {"gallery": str(folder), "gallery_hash": hash_file(folder / GALLERY_FILE)}
    with replace_results(out, mark=ANSWERS_RECORD, find_earlier=find_answers) as staging:
        write_answers(staging, result.found, stored, about)
        if name_tracks:
            for track in dict.fromkeys(one.track for one in read.pictured if one.track is not None):
                names = {one.animal: one.decision for one in result.found if one.source == track and one.decision != NEW}
                try:
                    result.tracks.append(out / write_named_track(staging, track, names).name)
                except BehaviorError as error:
                    read.fail(track, str(error))
    return result
