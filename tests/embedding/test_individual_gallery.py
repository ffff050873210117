"""A gallery as it is asked: what was fitted comes back from disk, sides apart, calibrated by what was left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gallery_samples import paint_individual

from behavior.embedding.individual_gallery import fit_gallery, open_side
from behavior.errors import InputError
from behavior.files.gallery_folder import EnrolledImage, StoredGallery, StoredLooks, hash_image, read_gallery, write_gallery

SIZE = 32


def make_stored(
    n_individuals: int, *, sides: tuple[str, ...] = ("",), days: tuple[str, ...] = ("1", "2"), n_each: int = 3
) -> StoredGallery:
    rng = np.random.default_rng(0)
    images, crops = [], []
    for number in range(n_individuals):
        for side in sides:
            for day in days:
                for _ in range(n_each):
                    crops.append(paint_individual(number + 50 * sides.index(side), rng, size=SIZE))
                    images.append(EnrolledImage(f"mouse {number}", side, day, "photo.png", hash_image(crops[-1])))
    settings = {"fingerprint": "correlogram", "weights": "", "seed": 0}
    return StoredGallery("photos", settings, 0.0, 0.0, tuple(images), np.stack(crops))


@pytest.fixture(scope="module")
def fitted() -> StoredGallery:
    return fit_gallery(make_stored(5, sides=("left", "right")))


def test_what_is_fitted_comes_back_from_disk(fitted: StoredGallery, tmp_path: Path) -> None:
    write_gallery(tmp_path, fitted)
    read = read_gallery(tmp_path)
    for side in ("left", "right"):
        first, second = open_side(fitted, side), open_side(read, side)
        assert first.gallery.names == second.gallery.names and len(first.gallery.names) == 5
        np.testing.assert_array_equal(first.gallery.vectors, second.gallery.vectors)
        assert first.calibrations == second.calibrations
        assert first.calibrations["image"].threshold is not None
        assert len(second.folds) == len(second.fold_vectors) == 3 and second.obstacle == ""
        asked = [one.ask("image") for one in (first, second)]
        np.testing.assert_array_equal(asked[0].truth, asked[1].truth)
        np.testing.assert_allclose(asked[0].similarities, asked[1].similarities, atol=1e-6)
        # Pictures of one side answer for that side alone.
        assert {read.images[row].side for row in second.rows.tolist()} == {side}


def test_pictures_of_unknown_days_may_all_be_of_one() -> None:
    opened = open_side(fit_gallery(make_stored(4, days=("",))), "")
    assert not opened.folds and "each individual has one recording" in opened.obstacle
    assert opened.calibrations["image"].threshold is None


def test_a_single_individual_can_be_opened() -> None:
    opened = open_side(fit_gallery(make_stored(1, n_each=1)), "")
    assert opened.gallery.names == ("mouse 0",) and "expected at least 2" in opened.obstacle


@pytest.mark.parametrize("change", ["missing", "short", "wrong", "window", "values"])
def test_looks_that_are_not_as_written_are_refused(fitted: StoredGallery, change: str) -> None:
    looks = fitted.looks["left"]
    arrays, values = dict(looks.arrays), dict(looks.values)
    if change == "missing":
        del arrays["vectors"]
    elif change == "short":
        arrays["fold_000"] = arrays["fold_000"][:3]
    elif change == "wrong":
        arrays["vectors"] = arrays["vectors"][:3]
    elif change == "window":
        arrays["window"] = arrays["window"][:5]
    else:
        values["n_folds"] = 2
    damaged = replace(fitted, looks={"left": StoredLooks(values, arrays)})
    with pytest.raises(InputError, match="its looks are not as they are written"):
        open_side(damaged, "left")
