"""The command that tracks animals in videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from behavior.cli.options import AsJson, Cluster, Overwrite, Workers, choose_where
from behavior.cli.printing import exit_on, hint, print_table

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior track videos --animals 2")
def track(
    videos: Annotated[list[Path], typer.Argument(metavar="VIDEO...", readable=False, help="Videos, or folders of them.")],
    animals: Annotated[int | None, typer.Option(help="How many animals there are; found from the video if not given.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tracks; next to each video if not given.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only draw what would be found in sample frames.")] = False,
    background: Annotated[
        Literal["median", "extreme", "flat", "moving"] | None,
        typer.Option(
            help="median: animals move. extreme: they sit for long. flat: they never leave an even floor. moving: by motion alone "
            "(--moving chooses the model), where no picture stands for the floor; who sits for long is lost."
        ),
    ] = None,
    polarity: Annotated[
        Literal["dark", "light", "both"] | None, typer.Option(help="Whether animals are darker than the floor, lighter, or either.")
    ] = None,
    threshold: Annotated[float | None, typer.Option(help="By how many grey levels an animal differs from the background.")] = None,
    area: Annotated[float | None, typer.Option(help="Area of one animal in pixels.")] = None,
    mask: Annotated[Path | None, typer.Option(help="Picture of the video's size, white where animals can be.")] = None,
    colors: Annotated[
        float | None, typer.Option(help="Take pixels whose color channels differ by more than this for equipment, such as 60.")
    ] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="Let the background follow slow changes of light.")] = False,
    moving: Annotated[
        Literal["mog2", "knn"] | None,
        typer.Option(
            help="Model of motion. With another background than moving: what is found there has to move, too. A run that was killed "
            "starts from frame 0."
        ),
    ] = None,
    motion: Annotated[
        Literal["still", "velocity", "acceleration"], typer.Option(help="What an animal is expected to keep from one frame to the next.")
    ] = "acceleration",
    method: Annotated[
        Literal["optimal", "greedy"], typer.Option(help="Optimal assignment of detections, or the nearest first.")
    ] = "optimal",
    memory: Annotated[int, typer.Option(min=0, help="For how many frames an animal that is not found is expected near where it was.")] = 50,
    fastest: Annotated[float | None, typer.Option(help="How many pixels an animal moves from one frame to the next, at most.")] = None,
    process_noise: Annotated[
        float | None, typer.Option(min=0, help="How much motion changes from one frame to the next, in pixels.")
    ] = None,
    identity: Annotated[
        Literal["none", "correlogram", "dense", "cnn", "backbone"] | None,
        typer.Option(
            help="What several animals are told apart by: colour correlogram (usual with --animals 2 or more), or a network trained on "
            "this video: on correlograms (dense), pictures (cnn) or a backbone's vectors. None: by motion alone."
        ),
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="For --identity backbone: its name; openfield if not given.")] = None,
    weights: Annotated[str | None, typer.Option(help="Weights of --backbone: imagenet, packaged, or the path of a weights file.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the network's training.")] = 0,
    detections: Annotated[
        Path | None,
        typer.Option(
            help="What another program found: CSV (frame,x,y[,width,height,angle,score] or frame,x1,y1,x2,y2), COCO JSON, SLEAP or "
            "DeepLabCut; a file, or a folder with one named after each video. Identities in the file are ignored, unless "
            "--keep-identities is given."
        ),
    ] = None,
    least_score: Annotated[float, typer.Option(help="Detections of the file with a lower score are left out.")] = 0.0,
    keep_identities: Annotated[bool, typer.Option("--keep-identities", help="Take which animal is which from the file, too.")] = False,
    heads: Annotated[
        Path | None,
        typer.Option(
            help="Pose with nose and tail base of some frames, of this video or of one beside it that is named alike: examples of what "
            "heads look like, used together with movement."
        ),
    ] = None,
    per_animal: Annotated[bool, typer.Option("--per-animal", help="Write a file for each of several animals, too.")] = False,
    overwrite: Overwrite = False,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
) -> None:
    """Track animals in videos without pose: centre, head and tail of each in every frame."""
    from behavior.workflows.track import TrackRequest, preview_tracking, track_videos

    request = TrackRequest(
        animals=animals,
        background=background,
        polarity=polarity,
        threshold=threshold,
        area=area,
        mask=mask,
        colors=colors,
        adaptive=adaptive,
        moving=moving,
        motion=motion,
        method=method,
        memory=memory,
        fastest=fastest,
        process_noise=process_noise,
        identity=identity,
        backbone=backbone,
        weights=weights,
        seed=seed,
        per_animal=per_animal,
        detections=detections,
        least_score=least_score,
        keep_identities=keep_identities,
        heads=heads,
    )
    if preview:
        result = preview_tracking(videos, request, out=out)
        print_table(
            ["recording", "preview"],
            [[name, str(path)] for name, path in result.previews.items()],
            as_json=as_json,
            extra={"failures": result.failures},
        )
        if result.previews:
            hint("green: an animal that is alone; red: animals that touch and were taken apart")
    else:
        result = track_videos(videos, request, out=out, overwrite=overwrite, where=choose_where(workers, cluster))
        rows = [
            [name, video.animals, video.frames, video.found, video.tracklets, video.identified, video.frames_per_second]
            for name, video in result.videos.items()
        ]
        rows += [[name, None, None, None, None, None, None] for name in result.kept]
        formats = {"found": "{:.1%}", "identified": "{:.1%}", "frames/s": "{:,.1f}"}
        header = ["recording", "animals", "frames", "found", "tracklets", "identified", "frames/s"]
        print_table(header, rows, as_json=as_json, formats=formats, extra={"failures": result.failures})
        if result.videos:
            hint("wrote NAME_track.csv (pose in DeepLabCut's layout), NAME_track.jpg and NAME_tracklets.npz")
        if animals is None and not keep_identities and any(video.animals > 1 for video in result.videos.values()):
            hint("several animals were told apart by motion alone; with --animals and their number, by what they look like, too")
        if any(video.identified is not None for video in result.videos.values()):
            hint("wrote NAME_identity.png and NAME_identity.csv; identified is the share of positions that are named surely, right or not")
            hint("look in the picture for animals that were exchanged: those that a person cannot tell apart may be, and sure all the same")
    exit_on(result.failures, others=bool(result.videos or result.kept or result.previews))
