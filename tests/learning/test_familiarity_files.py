"""References in a bundle's folder: written as they were fitted, read back, and refused when they are another's."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.errors import ModelError
from behavior.files.feature_sources import Signature
from behavior.files.model_arrays import write_model_arrays
from behavior.files.model_bundle import FamiliarityRecord, StreamDescription
from behavior.learning.familiarity_files import describe_familiarity, open_reference
from behavior.learning.familiarity_reference import FIRST_REFERENCE_DTYPES

NAMES = ("a", "b", "c")
PREDICTED = np.zeros((50, 2), dtype=np.float32)


@pytest.fixture
def described(make_study, make_data, make_bundle):
    """The study, its data, and the description of a bundle on its only stream."""
    rng = np.random.default_rng(0)
    labels = {name: np.zeros((50, 2)) for name in NAMES}
    data = make_data(labels, features={name: rng.normal(size=(50, 3)).astype(np.float32) for name in NAMES})
    return make_study(), data, make_bundle(["rear", "jump"], streams=data.features[0].streams)


def test_what_is_written_is_opened(described, tmp_path):
    study, data, description = described
    record, writers = describe_familiarity(study, data, description, [PREDICTED] * 3)
    assert (record.recordings, len(record.streams)) == (3, 1)
    assert record.streams[0].stream == data.features[0].streams[0]
    assert record.measures["fps"].low == data.features[0].fps
    for name, write in writers.items():
        write(tmp_path / name)
    opened = open_reference(tmp_path, description.model_copy(update={"familiarity": record}))
    judged = opened.judge([data.features[0]], PREDICTED)
    assert judged.familiarity.streams[0].stream == data.features[0].streams[0].name
    assert judged.distances is not None
    # Its own frames are among the reference frames.
    assert judged.distances.max() < 1

    arrays = dict(np.load(tmp_path / "reference.0.npz"))
    arrays.pop("header.json", None)
    write_model_arrays(tmp_path / "reference.0.npz", {**arrays, "limit": np.array([-1.0])})
    with pytest.raises(ModelError, match=r"reference\.0\.npz: cannot be read as the reference of a model's training recordings"):
        open_reference(tmp_path, description.model_copy(update={"familiarity": record}))


def test_references_of_the_first_version_are_opened(described, tmp_path):
    study, data, description = described
    record, writers = describe_familiarity(study, data, description, [PREDICTED] * 3)
    assert record.version == 3
    for name, write in writers.items():
        write(tmp_path / name)
    arrays = dict(np.load(tmp_path / "reference.0.npz"))
    write_model_arrays(tmp_path / "reference.0.npz", {name: arrays[name] for name in FIRST_REFERENCE_DTYPES})
    with pytest.raises(ModelError, match=r"reference\.0\.npz"):
        open_reference(tmp_path, description.model_copy(update={"familiarity": record}))
    # Bundles of then do not name a version.
    first = FamiliarityRecord.model_validate(record.model_dump(exclude={"version"}))
    judged = open_reference(tmp_path, description.model_copy(update={"familiarity": first})).judge([data.features[0]], PREDICTED)
    assert judged.familiarity.verdict == "familiar"
    assert judged.familiarity.streams[0].shift is None


def test_a_reference_for_another_stream_is_refused(described, tmp_path):
    study, data, description = described
    record, writers = describe_familiarity(study, data, description, [PREDICTED] * 3)
    for name, write in writers.items():
        write(tmp_path / name)
    other = StreamDescription(name="other", signature=Signature("other", {}).text, n_features=7)
    exchanged = record.model_copy(update={"streams": [record.streams[0].model_copy(update={"stream": other})]})
    with pytest.raises(ModelError, match="for 3 features, expected 7"):
        open_reference(tmp_path, description.model_copy(update={"familiarity": exchanged}))


@pytest.fixture
def labelled(make_study, make_data, make_bundle):
    """A study whose first behavior is when the first feature is above 0, so that models predict it; the second has one frame."""
    rng = np.random.default_rng(1)
    features = {name: rng.normal(size=(200, 3)).astype(np.float32) for name in NAMES}
    labels = {name: np.column_stack([values[:, 0] > 0, np.arange(200) == 0]).astype(np.int8) for name, values in features.items()}
    labels["a"][:50, 0] = -1
    data = make_data(labels, features=features)
    predicted = [np.column_stack([values[:, 0] > 0, values[:, 1] * 0]).astype(np.float32) for values in features.values()]
    return make_study(), data, make_bundle(["rear", "jump"], streams=data.features[0].streams), predicted


def test_a_plain_model_is_fitted_on_labels_and_opened(labelled, tmp_path):
    study, data, description, predicted = labelled
    record, writers = describe_familiarity(study, data, description, predicted)
    assert record.plain_model in writers
    for name, write in writers.items():
        write(tmp_path / name)
    opened = open_reference(tmp_path, description.model_copy(update={"familiarity": record}))
    # A line through the sign of a normal feature has a correlation of the square root of 2 / pi.
    right = opened.judge([data.features[1]], predicted[1]).familiarity.disagreement
    assert right == pytest.approx(1 - np.sqrt(2 / np.pi), abs=0.04)
    assert opened.judge([data.features[1]], 1 - predicted[1]).familiarity.disagreement > 1.3
    for arrays, said in (
        ({"weights": np.zeros((3, 1))}, "for 1 behaviors, expected 2"),
        ({"weights": np.zeros((7, 2))}, "for 7 components, expected 3"),
        ({"products": np.zeros(2)}, "products have shape"),
        ({"disagreements": np.array([0.1, 3.0])}, "above 2"),
        ({"weights": np.full((3, 2), np.inf)}, "not finite"),
        ({"disagreements": np.array([0.1])}, "are no plain model"),
    ):
        write_model_arrays(tmp_path / record.plain_model, {**opened.plain_model.to_arrays(), **arrays})
        with pytest.raises(ModelError, match=rf"plain_model\.npz: .*{said}"):
            open_reference(tmp_path, description.model_copy(update={"familiarity": record}))


def test_a_model_that_predicts_nothing_has_no_plain_model_beside_it(labelled):
    study, data, description, predicted = labelled
    record, writers = describe_familiarity(study, data, description, [values * 0 for values in predicted])
    assert record.plain_model is None
    assert set(writers) == {one.file for one in record.streams}


def test_references_of_the_second_version_have_no_plain_model(labelled, tmp_path):
    study, data, description, predicted = labelled
    record, writers = describe_familiarity(study, data, description, predicted)
    for name, write in writers.items():
        write(tmp_path / name)
    second = FamiliarityRecord.model_validate(record.model_dump(exclude={"plain_model"}) | {"version": 2})
    judged = open_reference(tmp_path, description.model_copy(update={"familiarity": second})).judge([data.features[0]], predicted[0])
    assert judged.familiarity.verdict == "familiar"
    assert judged.familiarity.disagreement is None
    assert judged.familiarity.distance is not None


def test_streams_that_the_model_does_not_work_on_are_left_out(described, make_bundle):
    study, data, _ = described
    other = StreamDescription(name="other", signature=Signature("other", {}).text, n_features=7)
    record, writers = describe_familiarity(study, data, make_bundle(["rear", "jump"], streams=[other]), [PREDICTED] * 3)
    assert (record.streams, writers) == ([], {})


def test_a_bundle_of_an_earlier_version_has_no_reference(make_bundle, tmp_path):
    opened = open_reference(tmp_path, make_bundle(["rear", "jump"]))
    assert opened.record is None
    assert "an earlier version" in opened.explain_absence()
