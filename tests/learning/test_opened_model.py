"""A bundle is opened with everything in it, and refused in one sentence where it cannot be used."""

from functools import partial

import numpy as np
import pytest

from behavior.config import Crop, Decisions, Postprocess
from behavior.errors import ModelError, UsageError
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import SeenRecording
from behavior.files.model_bundle import (
    BUNDLE_FILE,
    CalibrationRecord,
    DecisionsRecord,
    read_bundle,
    write_bundle,
    write_description,
    write_preparation,
)
from behavior.learning.opened_model import open_model
from behavior.recording import Recording
from behavior.sequence.heads import build_head, save_head

ARRAYS = {"mean": np.zeros(2), "scale": np.full(2, 2.0)}


@pytest.fixture
def write_model(make_bundle, tmp_path):
    """Write a bundle of one small network, prepared features and further sections to a folder, and return it."""

    def write(**sections):
        bundle = make_bundle(("rear", "jump"), member_0={"preparation": "0.npz"}, **sections)
        network = build_head(n_features=2, kind="lstm", dropout=0.0, n_outputs=2, layers=1, units=4, bidirectional=False)
        members = {"0.keras": partial(save_head, network), "0.npz": partial(write_preparation, preparation=ARRAYS)}
        (tmp_path / "model").mkdir()
        write_bundle(tmp_path / "model", bundle, members)
        return tmp_path / "model"

    return write


def test_networks_and_preparations_are_loaded(write_model):
    folder = write_model()
    model = open_model(folder)
    (member,) = model.members
    assert member.model.predict(np.zeros((50, 2), dtype=np.float32)).shape == (50, 2)
    np.testing.assert_array_equal(member.preparation.scale, [2.0, 2.0])
    assert model.hash == hash_file(folder / BUNDLE_FILE)
    assert (model.imported, model.crop, model.decisions) == (["motifs"], None, None)


def test_the_crop_is_the_models_but_for_what_was_asked_for(write_model):
    folder = write_model(crop=Crop(body_part="midbody", individual="mouse1", size=96))
    assert open_model(folder).crop == Crop(body_part="midbody", individual="mouse1", size=96)
    asked = open_model(folder, body_parts=["nose", "neck"], individual="mouse2").crop
    assert asked == Crop(body_part=["nose", "neck"], individual="mouse2", size=96)


def test_body_parts_mean_nothing_to_imported_features(write_model):
    with pytest.raises(UsageError, match="works on imported features"):
        open_model(write_model(), body_parts=["nose"])


def test_what_a_model_was_trained_on_is_known(write_model):
    folder = write_model()
    assert open_model(folder).has_seen(Recording("trained"))
    assert not open_model(folder).has_seen(Recording("new"))


def test_what_a_backbone_was_fine_tuned_on_counts_too(make_bundle, make_model):
    model = make_model(make_bundle(("rear", "jump")), weights_seen=(SeenRecording("seen", "fitted", "hash", 5),))
    assert model.has_seen(Recording("seen"))
    assert not model.has_seen(Recording("new"))


def record(**calibration):
    return DecisionsRecord(
        settings=Decisions(calibration="logistic"),
        postprocess=Postprocess(threshold=0.3),
        calibrations={"rear": CalibrationRecord(method="logistic", **calibration)},
        training_scores={},
        reasons={},
    )


def test_fitted_decisions_are_read(write_model):
    decisions = open_model(write_model(decisions=record(slope=2.0, intercept=-1.0))).decisions
    assert decisions.postprocess.threshold == 0.3
    assert (decisions.calibrations["rear"].slope, decisions.calibrations["rear"].intercept) == (2.0, -1.0)


def test_fitted_decisions_that_cannot_be_are_refused(write_model):
    with pytest.raises(ModelError, match=r"bundle\.yaml: the calibration of 'rear' cannot be used"):
        open_model(write_model(decisions=record(slope=-2.0)))


def test_a_damaged_network_is_refused(write_model):
    folder = write_model()
    description = read_bundle(folder)
    (folder / "0.keras").write_bytes(b"PK")
    with pytest.raises(ModelError, match=r"0\.keras: is not the file that bundle\.yaml was written with"):
        open_model(folder)
    # Of a hostile one, the hash may be right.
    write_description(folder, description.model_copy(update={"files": description.files | {"0.keras": hash_file(folder / "0.keras")}}))
    with pytest.raises(ModelError, match=r"0\.keras: cannot be read as a"):
        open_model(folder)


def test_a_network_that_does_not_fit_its_description_is_refused(write_model):
    folder = write_model()
    description = read_bundle(folder)
    (member, *others) = description.members
    stream = member.streams[0].model_copy(update={"n_features": 77})
    changed = member.model_copy(update={"streams": [stream, *member.streams[1:]]})
    write_description(folder, description.model_copy(update={"members": [changed, *others]}))
    with pytest.raises(ModelError, match="expected"):
        open_model(folder)
