"""Who queries show: known ones by name, new ones as new, animals of one track as different individuals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from gallery_samples import paint_individual

from behavior.embedding.gallery_sources import Pictured
from behavior.embedding.identification import NEW, identify_pictured
from behavior.embedding.individual_gallery import fit_gallery
from behavior.errors import InputError, UsageError
from behavior.files.gallery_folder import EnrolledImage, StoredGallery, hash_image

SIZE = 32


@pytest.fixture(scope="module")
def stored() -> StoredGallery:
    rng = np.random.default_rng(0)
    crops = [paint_individual(number, rng, size=SIZE) for number in range(6) for _ in range(8)]
    images = [
        EnrolledImage(f"mouse {row // 8}", "", f"day {row // 4 % 2}", "photo.png", hash_image(crop)) for row, crop in enumerate(crops)
    ]
    settings = {"fingerprint": "correlogram", "weights": "", "seed": 0}
    return fit_gallery(StoredGallery("photos", settings, 0.0, 0.0, tuple(images), np.stack(crops)))


def picture(number: int, n_images: int = 1, *, seed: int = 9, side: str = "", track: Path | None = None) -> Pictured:
    rng = np.random.default_rng((seed, number))
    images: npt.NDArray[np.uint8] = np.stack([paint_individual(number, rng, size=SIZE) for _ in range(n_images)])
    return Pictured(track or Path(f"{number}.png"), "", side, "", images, ("",) * n_images, track)


def test_known_individuals_are_found_and_strangers_are_new(stored: StoredGallery) -> None:
    found = identify_pictured(stored, [picture(number) for number in range(12)])
    assert [one.decision for one in found[:6]] == [f"mouse {number}" for number in range(6)]
    assert sum(one.decision == NEW for one in found[6:]) >= 4
    for one in found:
        assert len(one.guesses) == 5 and len({guess.individual for guess in one.guesses}) == 5
        total = sum(guess.probability for guess in one.guesses)
        assert 0 <= one.new_probability <= 1 and total <= 1 - one.new_probability + 1e-9
        # The picture of a guess is of the individual that is guessed.
        assert all(stored.images[guess.row].individual == guess.individual for guess in one.guesses)


def test_answers_come_in_the_order_of_the_questions_and_do_not_depend_on_others(stored: StoredGallery) -> None:
    together = identify_pictured(stored, [picture(4), picture(1)])
    (alone,) = identify_pictured(stored, [picture(1)])
    assert together[0].source == Path("4.png") and together[1].decision == alone.decision
    assert together[1].similarity == pytest.approx(alone.similarity)


def test_sides_that_are_not_there_and_other_sizes_are_refused(stored: StoredGallery) -> None:
    with pytest.raises(UsageError, match="side 'left' is not in the gallery, which has ''"):
        identify_pictured(stored, [picture(0, side="left")])
    other = Pictured(Path("a"), "", "", "", np.zeros((1, 16, 16, 3), dtype=np.uint8), ("",))
    with pytest.raises(InputError, match="expected"):
        identify_pictured(stored, [other])
