"""Animals without pose: tracks from videos."""

from __future__ import annotations

from typing import Any, Literal

from behavior.api.arguments import PathLike, Paths, as_path, choose_where, list_paths
from behavior.api.results import Outcome
from behavior.progress import collect_warnings

__all__ = ["track_videos"]


def track_videos(
    videos: Paths,
    *,
    animals: int | None = None,
    out: PathLike | None = None,
    mask: PathLike | None = None,
    detections: PathLike | None = None,
    heads: PathLike | None = None,
    preview: bool = False,
    identity: Literal["none", "correlogram", "dense", "cnn", "backbone"] | None = None,
    seed: int = 0,
    overwrite: bool = False,
    workers: int | None = None,
    cluster: PathLike | None = None,
    **settings: Any,
) -> Outcome:
    """Track animals in videos without pose, as `behavior track` does: centre, head and tail of each in every frame.

    Parameters
    ----------
    videos
        Videos, or folders of them.
    animals
        How many animals there are; found from the video where None.
    out
        Folder for `NAME_track.csv` and the files beside it; next to each video where None.
    mask
        Picture of the video's size, white where animals can be.
    detections
        What another program found, in place of looking for animals in the pictures: a file, or a folder with one named after each video.
        `behavior track --help` lists the formats. Identities in the file are ignored unless `keep_identities` is set.
    heads
        Pose with nose and tail base of some frames, of this video or of one that lies beside it and is named alike: examples of what heads
        look like, used together with movement.
    preview
        Only draw what would be found in sample frames.
    identity
        What several animals are told apart by: their colour correlogram, or a network that is trained on the video (`dense` on
        correlograms, `cnn` on pictures, `backbone` on a backbone's vectors); `none` for motion alone. None is the correlogram where
        `animals` is 2 or more.
    seed
        Of the network's training.
    overwrite
        Replace tracks that were made with other settings.
    workers, cluster
        As for `Study.embed`.
    **settings
        What else the command has options for: `background`, `polarity`, `threshold`, `area`, `colors`, `adaptive`, `moving`, `motion`,
        `method`, `backbone`, `weights`, `memory`, `fastest`, `process_noise`, `per_animal`, `least_score`, `keep_identities`.

    Raises
    ------
    UsageError
        If a setting cannot be used, or videos have the same name.
    OutputError
        If `out` cannot be written to.
    """
    import pandas as pd

    from behavior.workflows.track import TrackRequest, preview_tracking
    from behavior.workflows.track import track_videos as track

    request = TrackRequest(
        animals=animals, mask=as_path(mask), detections=as_path(detections), heads=as_path(heads), identity=identity, seed=seed, **settings
    )
    with collect_warnings() as notes:
        if preview:
            result = preview_tracking(list_paths(videos), request, out=as_path(out))
            table = pd.DataFrame([(name, str(path)) for name, path in result.previews.items()], columns=["recording", "preview"])
        else:
            result = track(list_paths(videos), request, out=as_path(out), overwrite=overwrite, where=choose_where(workers, cluster))
            rows: list[tuple[Any, ...]] = [
                (name, str(video.track), video.animals, video.frames, video.found, video.tracklets, video.identified)
                for name, video in result.videos.items()
            ]
            rows += [(name, str(path), None, None, None, None, None) for name, path in result.kept.items()]
            table = pd.DataFrame(rows, columns=["recording", "track", "animals", "frames", "found", "tracklets", "identified"])
    return Outcome("Previews" if preview else "Tracks", table, dict(result.failures), tuple(notes))
