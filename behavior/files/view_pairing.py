"""Which videos of a folder are other views of a recording, by the ends of their names: `mouse_01_side.mp4` beside `mouse_01.mp4`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from behavior.errors import UsageError
from behavior.files.paired_files import Pairing

__all__ = ["ViewVideos", "find_view_videos", "join_views"]

_SEPARATORS = "_-. "


@dataclass(frozen=True)
class ViewVideos:
    """The videos of a folder that are views besides the first.

    Attributes
    ----------
    first
        For each of them the video of the first view and its own view's name.
    notes
        Sentences on those that are named as a view and have no first one.
    """

    first: Mapping[Path, tuple[Path, str]]
    notes: Sequence[str] = ()


def find_view_videos(videos: Sequence[Path], views: Sequence[str]) -> ViewVideos:
    """Return which of the `videos` are of other views, whose names end in those of `views`.

    The first view is the video in the same folder whose name lacks that end, or the only one that has another end there.

    Raises
    ------
    UsageError
        If no video is of a view.

    Examples
    --------
    >>> for first in ("m1.mp4", "m1_top.mp4"):
    ...     found = find_view_videos([Path(first), Path("m1_side.mp4")], ["side"]).first
    ...     print([(video.name, of.name, view) for video, (of, view) in found.items()])
    [('m1_side.mp4', 'm1.mp4', 'side')]
    [('m1_side.mp4', 'm1_top.mp4', 'side')]
    """
    stems = {video: (view, stem) for video in videos for view in views if (stem := _take_off(video.stem, view))}
    for view in views:
        if not any(of_view == view for of_view, _ in stems.values()):
            raise UsageError(
                f"--views {view}: no video has a name that ends in {view!r}, such as mouse_01_{view}.mp4 beside mouse_01.mp4; rename the "
                "videos, or name them in the manifest by hand."
            )
    first: dict[Path, tuple[Path, str]] = {}
    notes = []
    for video, (view, stem) in stems.items():
        beside = [other for other in videos if other.parent == video.parent and other not in stems]
        found = [other for other in beside if other.stem.casefold() == stem.casefold()]
        found = found or [other for other in beside if any(other.stem.casefold().startswith(stem.casefold() + one) for one in _SEPARATORS)]
        if len(found) == 1:
            first[video] = found[0], view
        else:
            what = "no other video" if not found else f"{len(found)} videos"
            notes.append(
                f"{video.name}: is named as a view {view!r}, and {what} beside it may be the first one ({stem}); enter it in the column "
                f"video_{view} by hand."
            )
    return ViewVideos(first, notes)


def join_views(pairings: Sequence[Pairing], videos: ViewVideos) -> list[Pairing]:
    """Return the pairings of first views, each with those of its other views: of the same individual, or of the only one in the video."""
    views: dict[tuple[Path, str], dict[str, Pairing]] = {}
    for pairing in pairings:
        if pairing.video is not None and pairing.video in videos.first:
            first, view = videos.first[pairing.video]
            views.setdefault((first, pairing.individual), {})[view] = pairing
    joined = []
    for pairing in pairings:
        if pairing.video is None or pairing.video not in videos.first:
            own = {} if pairing.video is None else views.get((pairing.video, ""), {}) | views.get((pairing.video, pairing.individual), {})
            joined.append(replace(pairing, views=own))
    return joined


def _take_off(stem: str, view: str) -> str:
    """Return the name of a video without that of its view and what separates the two; "" for one of another view."""
    rest = stem[: -len(view)]
    return rest[:-1] if stem.casefold().endswith(view.casefold()) and rest[-1:] and rest[-1] in _SEPARATORS else ""
