"""The commands that recognise individuals across recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from behavior.cli.options import AsJson, OutFolder, Overwrite
from behavior.cli.printing import exit_on, hint, print_table
from behavior.errors import UsageError, count_noun

__all__ = ["app"]

app = typer.Typer()
identify = typer.Typer(
    name="identify",
    help="Recognise individuals across recordings: a gallery of named ones, and who is new.",
    epilog="Example: behavior identify query gallery new_photos --out answers",
    no_args_is_help=True,
)
app.add_typer(identify)

GalleryFolder = Annotated[Path, typer.Argument(metavar="GALLERY", help="The gallery's folder.")]
Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="SOURCES...", readable=False, help="Photos, folders NAME/photo.jpg, tables image,individual,side,day, NAME_track.csv."
    ),
]
Side = Annotated[str, typer.Option("--side", help="Side of the animals, where sources do not say; sides are never compared.")]
Videos = Annotated[Path | None, typer.Option("--videos", help="Folder of the tracks' videos; next to the tracks if not given.")]


@identify.command(epilog="Example: behavior identify enrol gallery photos")
def enrol(
    gallery: GalleryFolder,
    sources: Sources,
    name: Annotated[
        list[str] | None, typer.Option("--name", metavar="[ANIMAL=]NAME", help="Who an animal of a track is, such as animal1=Bella.")
    ] = None,
    side: Side = "",
    day: Annotated[str, typer.Option("--day", help="Day of the photos, where sources do not say; photos of one day are near copies.")] = "",
    videos: Videos = None,
    backbone: Annotated[
        str | None, typer.Option(help="What is compared: cnn (usual), correlogram, or a backbone, as `behavior backbones` lists them.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Weights of a backbone: imagenet, packaged, or the path of a weights file.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of training.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add named individuals to a gallery, from photos or from tracks; a second run adds what is new."""
    from behavior.workflows.identify_enrol import EnrolRequest, enrol_individuals

    request = EnrolRequest(_parse_names(name), side, day, videos, backbone, weights, seed)
    result = enrol_individuals(gallery, sources, request)
    header = ["individual", "images", "days", "added", "known"]
    print_table(header, result.list_rows(), as_json=as_json, extra={"failures": result.failures})
    if result.added:
        hint(f"look at {gallery / 'gallery.jpg'}: each row is to show one individual")
    exit_on(result.failures)


@identify.command(epilog="Example: behavior identify query gallery new_photos --out answers")
def query(
    gallery: GalleryFolder,
    sources: Sources,
    out: OutFolder,
    side: Side = "",
    videos: Videos = None,
    name_tracks: Annotated[
        bool, typer.Option("--name-tracks", help="Also write a copy of each track, its animals named after the individuals.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Tell who photos or tracks show: up to five guesses with probabilities, or somebody new."""
    from behavior.workflows.identify_query import identify_sources

    result = identify_sources(gallery, sources, out, side=side, videos=videos, name_tracks=name_tracks, overwrite=overwrite)
    rows = [
        [
            str(one.source),
            one.animal,
            one.n_images,
            one.decision,
            one.new_probability,
            ", ".join(f"{guess.individual} {guess.probability:.2f}" for guess in one.guesses),
        ]
        for one in result.found
    ]
    header = ["source", "animal", "images", "individual", "new", "guesses"]
    print_table(header, rows, as_json=as_json, formats={"new": "{:.2f}"}, extra={"failures": result.failures})
    if result.found:
        hint(f"wrote individuals.csv, individuals.json and individuals.jpg to {out}; look at the picture")
    if result.tracks:
        hint(f"wrote {count_noun(len(result.tracks), 'track')} with names to {out}")
    exit_on(result.failures)


@identify.command(epilog="Example: behavior identify evaluate gallery --out scores")
def evaluate(gallery: GalleryFolder, out: OutFolder, overwrite: Overwrite = False, as_json: AsJson = False) -> None:
    """Score a gallery on recordings and individuals that were left out: MAP@5, top-1, top-5, AUROC of new, few images."""
    from behavior.workflows.identify_evaluate import evaluate_gallery

    result = evaluate_gallery(gallery, out, overwrite=overwrite)
    rows = result.metrics.to_numpy().tolist()
    rows += [[side, f"{images} enrolled", metric, value, None] for side, images, metric, value in result.few_shot.to_numpy().tolist()]
    print_table(["side", "question", "metric", "value", "queries"], rows, as_json=as_json, formats={"value": "{:.3f}"})
    hint(f"wrote summary.md, tables and pictures to {out}")


def _parse_names(words: list[str] | None) -> dict[str, str]:
    """Return individuals by the names of animals in a track; "" for NAME alone."""
    names: dict[str, str] = {}
    for word in words or ():
        animal, _, name = word.rpartition("=")
        if animal in names:
            raise UsageError(f"--name {word}: {animal or 'an animal'} is given two names; keep one of the two.")
        names[animal] = name
    return names
