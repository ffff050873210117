"""Which recordings are of one video, as those of several animals in it are: they show the same moments, and are read together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from behavior.recording import Recording

__all__ = ["group_by_video", "identify_video", "introduce_companions", "name_groups"]


def identify_video(recording: Recording) -> str:
    """Return what all recordings of one video share: the video's path, else its pose's, else the recording's own id.

    >>> identify_video(Recording("m1"))
    'm1'
    """
    source = recording.video or recording.pose
    return recording.id if source is None else str(source.resolve())


def group_by_video(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """Return the recordings of each video, in order of first appearance.

    >>> [[one.id for one in group] for group in group_by_video([Recording("m1"), Recording("m2")])]
    [['m1'], ['m2']]
    """
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(identify_video(recording), []).append(recording)
    return list(groups.values())


def name_groups(groups: Iterable[Sequence[Recording]]) -> str:
    """Return what groups of recordings are called together, as `group_by_video` gives them: videos, or recordings where one has no video.

    >>> from pathlib import Path
    >>> name_groups([[Recording("m1", video=Path("m1.mp4"))]]), name_groups([[Recording("m1")]])
    ('videos', 'recordings')
    """
    return "videos" if all(group[0].video is not None for group in groups) else "recordings"


def introduce_companions(recordings: Sequence[Recording]) -> list[Recording]:
    """Return the same recordings, each with the others of its video as its `companions`, and the label files that they share."""
    introduced: dict[str, Recording] = {}
    for group in group_by_video(recordings):
        for one in group:
            others = [other for other in group if other is not one]
            shared = {path for other in others for path in other.labels.values()} & set(one.labels.values())
            introduced[one.id] = replace(one, companions={other.id: other.individual for other in others}, shared_labels=frozenset(shared))
            # Its views show the same animals.
            views = {
                name: replace(view, companions={other.views[name].id: other.individual for other in others if name in other.views})
                for name, view in one.views.items()
            }
            introduced[one.id] = replace(introduced[one.id], views=views)
    return [introduced[one.id] for one in recordings]
