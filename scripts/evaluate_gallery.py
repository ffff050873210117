"""Measure a gallery of individuals on rendered videos whose animals are known: who is found again, who is new, and with how few images.

    python scripts/evaluate_gallery.py
    python scripts/evaluate_gallery.py --coats alike --fingerprints cnn --individuals 12

Two thirds of the individuals are enrolled from two videos each, as `behavior identify enrol` does with tracks. Printed first (`left out`):
what `behavior identify evaluate` prints of it, on videos and individuals of the gallery that were left out. Then (`third video`): all
individuals, the last third never enrolled, are asked about in a third video of theirs, image by image, and whole tracks at once. Videos are
of one box; no image is ever compared with one of its own video.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import numpy.typing as npt

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmark_identity import watch

from behavior.embedding.individual_gallery import SideGallery, fit_gallery, open_side
from behavior.embedding.individual_looks import embed_images
from behavior.files.gallery_folder import EnrolledImage, StoredGallery, hash_image
from behavior.identity.gallery import average_rows
from behavior.metrics.retrieval import score_guesses
from behavior.reporting.gallery_scores import score_side
from behavior.synthetic import act_group, draw_individuals

IN_A_VIDEO, MOST_IMAGES = 6, 40
METRICS = ("map_at_5", "top_1", "top_5", "auroc_of_new")


def main() -> None:
    """Render, enrol, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--individuals", type=int, default=18)
    parser.add_argument("--coats", nargs="+", choices=("alike", "unlike"), default=["alike", "unlike"])
    parser.add_argument("--fingerprints", nargs="+", default=["correlogram", "cnn"])
    parser.add_argument("--frames", type=int, default=750, help="Of each video.")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(
        f"{'coats':7s} {'compared by':12s} {'measured on':34s} " + " ".join(f"{name:>12s}" for name in METRICS) + "  queries      s",
        flush=True,
    )
    for coats in arguments.coats:
        crops = render(coats, arguments)
        for fingerprint in arguments.fingerprints:
            measure(coats, fingerprint, *crops, arguments)


def render(coats: str, arguments: argparse.Namespace) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64], float]:
    """Return crops of all individuals in three videos each, their individuals and videos, and the length of an animal in pixels."""
    animals = draw_individuals(arguments.individuals, seed=arguments.seed, alike=coats == "alike")
    images, owners, videos = [], [], []
    for video in range(3):
        for start in range(0, len(animals), IN_A_VIDEO):
            seed = 1000 * video + start + arguments.seed
            group = act_group(
                animals[start : start + IN_A_VIDEO], n_frames=arguments.frames, seed=seed, box_seed=arguments.seed, roof=False
            )
            seen = watch(group, every=10)
            shown = seen.truth[seen.owners]
            for animal in range(len(group.individuals)):
                rows = np.flatnonzero(seen.usable & (shown == animal))
                rows = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_IMAGES).round().astype(int))] if len(rows) else rows
                images.append(seen.images[rows])
                owners.append(np.full(len(rows), start + animal))
                videos.append(np.full(len(rows), video))
    length = float(np.median([one.build.length for one in animals]))
    return np.concatenate(images), np.concatenate(owners), np.concatenate(videos), length


def measure(
    coats: str,
    fingerprint: str,
    images: npt.NDArray[np.uint8],
    owners: npt.NDArray[np.int64],
    videos: npt.NDArray[np.int64],
    length: float,
    arguments: argparse.Namespace,
) -> None:
    """Enrol two thirds of the individuals by two videos, and print the scores."""
    began = time.process_time() + sum(os.times()[2:4])
    n_enrolled = 2 * arguments.individuals // 3
    rows = np.flatnonzero((owners < n_enrolled) & (videos < 2))
    # Mice are a good quarter as wide as long.
    enrolled = tuple(
        EnrolledImage(f"animal {owners[row]}", "", f"video {videos[row]}", "rendered", hash_image(images[row])) for row in rows.tolist()
    )
    weights = "packaged" if fingerprint == "openfield" else ""
    settings = {"fingerprint": fingerprint, "weights": weights, "seed": arguments.seed}
    stored = fit_gallery(StoredGallery("tracks", settings, length, 0.28 * length, enrolled, images[rows]))
    seconds = time.process_time() + sum(os.times()[2:4]) - began
    opened = open_side(stored, "")
    scores = score_side(opened, "", ["image", "track"])
    for question in ("image", "track"):
        part = scores.metrics[scores.metrics["question"] == question].set_index("metric")
        say(coats, fingerprint, f"left out, {question}s", part["value"].to_dict(), int(part["queries"].max()), seconds)
    for shots, part in scores.few_shot.groupby("images"):
        say(coats, fingerprint, f"left out, {shots} images enrolled", part.set_index("metric")["value"].to_dict(), None, None)
    ask_third_video(coats, fingerprint, opened, images[videos == 2], owners[videos == 2], n_enrolled)


def ask_third_video(
    coats: str, fingerprint: str, opened: SideGallery, images: npt.NDArray[np.uint8], owners: npt.NDArray[np.int64], n_enrolled: int
) -> None:
    """Print who is found in a third video, in which the last third of the individuals are strangers."""
    similarities = opened.gallery.compare(embed_images(opened.looks, images))
    numbers = np.array([int(name.removeprefix("animal ")) for name in opened.gallery.names])
    for question, asked, truth in (
        ("image", similarities, owners),
        ("track", average_rows(similarities, np.unique(owners, return_inverse=True)[1]), np.unique(owners)),
    ):
        answer = opened.gallery.answer(asked, calibration=opened.calibrations[question])
        named = np.append(numbers, -1)[answer.guesses]
        found = score_guesses(named, np.where(truth < n_enrolled, truth, -1), answer.new_probability)
        known = truth < n_enrolled
        right = np.where(known, ~answer.is_new & (named[:, 0] == truth), answer.is_new)
        say(coats, fingerprint, f"third video, {question}s", found, len(truth), None)
        print(f"{'':20s} decided right: {right[known].mean():.3f} of known, {right[~known].mean():.3f} of new {question}s", flush=True)


def say(coats: str, fingerprint: str, what: str, scores: dict[str, float], n_queries: int | None, seconds: float | None) -> None:
    """Print a row."""
    values = " ".join(f"{scores.get(name, float('nan')):12.3f}" for name in METRICS)
    ends = f"{'' if n_queries is None else n_queries:>8}  {'' if seconds is None else f'{seconds:5.0f}':>5}"
    print(f"{coats:7s} {fingerprint:12s} {what:34s} {values} {ends}", flush=True)


if __name__ == "__main__":
    main()
