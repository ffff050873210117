"""Features of single pictures are those that embedding the whole video has cached."""

from dataclasses import replace

import numpy as np
import pytest

from behavior.config import Backbone
from behavior.errors import ModelError
from behavior.files.study import open_study
from behavior.files.video import open_video
from behavior.learning.learning_data import make_study_streams
from behavior.learning.live_features import LiveFeatures
from behavior.learning.opened_model import open_model

N_FRAMES = 30


class KnownPositions:
    """Where the animal is known to be."""

    def __init__(self, centers):
        self.centers = iter(centers)

    def find(self, image, time_s):
        return next(self.centers), True


def test_pictures_get_the_features_of_their_frames(demo):
    study, recordings = open_study(demo.study)
    stored = make_study_streams(study)["appearance"].read(recordings[0])
    features = LiveFeatures(
        open_model(demo.model),
        cache=demo.study.parent / "cache",
        positions=KnownPositions(stored.centers),
        fps=10,
        sample=lambda count: [np.zeros((480, 640, 3), dtype=np.uint8)] * count,
    )
    assert features.place is None
    # Another source by the same networks, in between.
    other = features.share(KnownPositions(np.tile([50.0, 40.0], (N_FRAMES, 1))), fps=10)
    with open_video(recordings[0].video) as video:
        for frame in video.frames():
            if frame.index == N_FRAMES:
                break
            view = features.look(frame.image, frame.time_s)
            members = features.describe(view).vectors
            other.look(frame.image[:, ::-1], frame.time_s)
            assert features.place.size == study.crop.size and other.place.center.tolist() == [50.0, 40.0]
            np.testing.assert_array_equal(features.place.center, stored.centers[frame.index])
            assert view.is_found and len(members) == len(study.behaviors)
            for vector in members:
                assert vector.dtype == np.float16
                # Batches of another size may round the last bit otherwise.
                np.testing.assert_allclose(vector, stored.features[frame.index], rtol=2e-3, atol=2e-3)


def test_a_backbone_that_gives_other_features_is_refused(demo):
    model = open_model(demo.model)
    other = {"backbone": Backbone(name="openfield", weights="random")}
    members = [member.model_copy(update=other) for member in model.description.members]
    model = replace(model, description=model.description.model_copy(update={"members": members}))
    with pytest.raises(ModelError, match="does not give any more"):
        LiveFeatures(model, cache=demo.study.parent / "cache", positions=None, fps=10, sample=lambda count: [])
