"""The section `finetune`."""

import pytest

from behavior.config import Finetune


@pytest.mark.parametrize("nothing", [None, False, "none", "off"])
def test_augmentation_can_be_switched_off_as_a_whole(parse, nothing):
    augmentation = parse(finetune={"augmentation": nothing}).finetune.augmentation
    assert augmentation.model_dump() == {"rotation": 0, "flip": False, "shift": 0, "zoom": 0, "brightness": 0, "shear": 0}


def test_a_part_of_the_augmentation_leaves_the_rest_as_it_is(parse):
    augmentation = parse(finetune={"augmentation": {"flip": False}}).finetune.augmentation
    assert (augmentation.flip, augmentation.zoom, augmentation.rotation) == (False, 0.1, None)


@pytest.mark.parametrize("unfreeze", ["auto", "all", 1, 20, "conv5"])
def test_what_is_unfrozen_is_a_number_or_a_name(unfreeze):
    assert Finetune(unfreeze=unfreeze).unfreeze == unfreeze


@pytest.mark.parametrize(
    ("finetune", "expected"),
    [
        *(({"unfreeze": value}, "finetune.unfreeze: found") for value in (0, -1, True, " ", 1.5)),
        ({"augmentation": {"rotation": 181}}, "finetune.augmentation.rotation is 181, expected at most 180"),
        ({"pooling": "max"}, "finetune.pooling is 'max', expected 'mean' or 'concatenate'"),
        ({"learning_rate": 0}, "finetune.learning_rate is 0, expected more than 0"),
        ({"epoch": 3}, "unknown key 'finetune.epoch'; did you mean 'epochs'?"),
    ],
)
def test_a_fine_tuning_that_cannot_be_is_refused(refuse, finetune, expected):
    assert expected in refuse(finetune=finetune)
