"""An annotator returns an annotation, writes nothing, and says where it comes from."""

from dataclasses import dataclass

import numpy as np
import pytest

from behavior.compute.effort import Effort
from behavior.config import Crop, Decisions, Postprocess
from behavior.errors import ModelError
from behavior.files.feature_sources import Signature
from behavior.files.finetuned_weights import SeenRecording
from behavior.files.model_bundle import StreamDescription
from behavior.learning.annotator import Annotator, open_annotator
from behavior.learning.decisions import FittedDecisions
from behavior.learning.model_features import LoadedFeatures
from behavior.learning.recording_features import RecordingFeatures
from behavior.postprocess.calibration import Calibration
from behavior.provenance import AppliedPostprocess, ModelSource, Provenance, ViewSource
from behavior.recording import Recording
from behavior.versions import collect_versions

N_FRAMES = 30


@dataclass
class HeldFeatures:
    """Features that are there already, for every recording the same."""

    loaded: LoadedFeatures

    def load(self, recording, *, in_blocks):
        return self.loaded


def hold(values, *, fps=10.0, measured=None, broke_off=False):
    features = RecordingFeatures(np.asarray(values, dtype=np.float32), np.arange(len(values)) / fps, fps, (), broke_off)
    return HeldFeatures(LoadedFeatures((features,), measured, Effort(2.5, 4.0)))


def act():
    """Return probabilities of rear and jump: rear in frames 10 to 19."""
    values = np.full((N_FRAMES, 2), 0.1)
    values[10:20, 0] = 0.9
    return values


@pytest.fixture
def bundle(make_bundle):
    return make_bundle(("rear", "jump"), postprocess=Postprocess(threshold=0.5, min_bout_frames=2))


def test_probabilities_are_decided_as_the_bundle_says(bundle, make_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    annotation = Annotator(make_model(bundle), hold(act())).annotate(Recording("r0"))
    assert annotation.recording == "r0"
    assert np.flatnonzero(annotation.ethogram.values[:, 0]).tolist() == list(range(10, 20))
    assert not annotation.ethogram.values[:, 1].any()
    assert list(tmp_path.iterdir()) == []


def test_fitted_decisions_go_before_the_bundles(bundle, make_model):
    fitted = FittedDecisions(
        Decisions(calibration="logistic"),
        Postprocess(threshold=0.95),
        {"rear": Calibration("logistic", slope=1.0, intercept=1.0), "jump": Calibration()},
    )
    annotation = Annotator(make_model(bundle, decisions=fitted), hold(act())).annotate(Recording("r0"))
    # 0.9 is a logit of 2.197; one more gives 0.961.
    assert annotation.probabilities.values[15, 0] == pytest.approx(0.961, abs=1e-3)
    assert annotation.ethogram.values[10:20, 0].all()
    assert annotation.provenance.calibration == "logistic"


def test_the_provenance_says_everything(bundle, make_model, tmp_path):
    video, pose = tmp_path / "a.mp4", tmp_path / "a.csv"
    measured = np.ones(N_FRAMES, dtype=bool)
    measured[3:5] = False
    crop = Crop(body_part="midbody")
    model = make_model(bundle.model_copy(update={"crop": crop}), crop=Crop(body_part=["nose"]))
    annotation = Annotator(model, hold(act(), measured=measured, broke_off=True)).annotate(Recording("trained", video=video, pose=pose))
    said = annotation.provenance.as_mapping()
    took = said.pop("computing_time")
    assert took["embed"] == {"seconds": 2.5, "processor_seconds": 4.0}
    assert took["predict"]["seconds"] > 0
    assert said == {
        "fps": 10.0,
        "video": str(video),
        "pose": str(pose),
        "views": None,
        "learned_from": True,
        "model": {"folder": "/lab/model", "hash": "hash", "fps": 10.0},
        "individual": None,
        "others": None,
        "body_parts": ["nose"],
        "postprocess": {"threshold": 0.5, "min_bout_frames": 2},
        "calibration": "none",
        "features": [],
        "body_parts_of_model": ["midbody"],
        "resampled": False,
        "broke_off": True,
        "versions": collect_versions(),
        "not_measured": {"frames": 2, "spans": [[3, 5]]},
        # The bundle is one of an earlier version.
        "familiarity": {
            "verdict": None,
            "reasons": [f"Not known: {model.reference.explain_absence()}."],
            "measures": {"fps": {"median": 10.0}},
        },
    }


def test_another_frame_rate_is_said_or_refused(bundle, make_model):
    held = hold(act(), fps=25.0)
    with pytest.raises(ModelError, match="r0: has 25 frames per second"):
        Annotator(make_model(bundle), held).annotate(Recording("r0"))
    annotation = Annotator(make_model(bundle), held, may_resample=True).annotate(Recording("r0"))
    assert annotation.provenance.resampled is True
    assert len(annotation.time_s) == N_FRAMES


OWN = Provenance(
    video="/lab/a.mp4",
    model=ModelSource(folder="/lab/model", hash="hash", fps=10.0),
    postprocess=AppliedPostprocess(threshold=0.5, min_bout_frames=2),
    calibration="none",
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"versions": {"python": "2"}}, True),
        ({"video": "/lab/b.mp4"}, False),
        ({"body_parts": ("nose",)}, False),
        ({"calibration": "logistic"}, False),
        ({"model": ModelSource(folder="/lab/model", hash="other", fps=10.0)}, False),
        ({"postprocess": AppliedPostprocess(threshold=0.4, min_bout_frames=2)}, False),
        ({"postprocess": None}, False),
    ],
)
def test_an_ethogram_of_the_same_model_settings_and_video_is_known(bundle, make_model, tmp_path, changed, expected):
    annotator = Annotator(make_model(bundle), hold(act()))
    recording = Recording("r0", video=tmp_path.__class__("/lab/a.mp4"))
    assert annotator.would_repeat(OWN.model_copy(update=changed), recording) is expected


def test_the_same_video_is_known_by_an_end_of_its_path(bundle, make_model, tmp_path, monkeypatch):
    annotator = Annotator(make_model(bundle), hold(act()))

    def is_known(annotated, video):
        return annotator.would_repeat(OWN.model_copy(update={"video": annotated}), Recording("r0", video=video))

    video = tmp_path / "videos" / "a.mp4"
    for annotated in ("videos/a.mp4", "../videos/a.mp4", "a.mp4", str(video), str(tmp_path / "videos" / ".." / "videos" / "a.mp4")):
        assert is_known(annotated, video), annotated
    for annotated in ("b.mp4", "other/a.mp4", str(tmp_path / "a.mp4"), None):
        assert not is_known(annotated, video), annotated
    assert is_known(None, None)
    monkeypatch.chdir(tmp_path)
    assert is_known("videos/a.mp4", video.relative_to(tmp_path))


STREAMS = [StreamDescription(name=name, signature=Signature(name, {}).text, n_features=2) for name in ("motifs", "imu@side")]


def test_the_provenance_names_views_and_the_features_of_all_members(make_bundle, make_model, tmp_path):
    bundle = make_bundle(("rear", "jump"), ("rear", "jump"), streams=STREAMS)
    members = []
    for stream in STREAMS:
        values = RecordingFeatures(act().astype(np.float32), np.arange(N_FRAMES) / 10, 10.0, (stream,), False)
        members.append(values)
    side = Recording("r0@side", video=tmp_path / "side.mp4", start_s=2.5)
    annotator = Annotator(make_model(bundle), HeldFeatures(LoadedFeatures(tuple(members), None)))
    provenance = annotator.annotate(Recording("r0", views={"side": side, "unused": side})).provenance
    assert provenance.views == (ViewSource(name="side", video=str(tmp_path / "side.mp4"), pose=None, start_s=2.5),)
    assert provenance.features == tuple(stream.signature for stream in STREAMS)
    assert annotator.annotate(Recording("r0")).provenance.views == ()


VIEW = ViewSource(name="side", video="/lab/side.mp4", pose=None, start_s=2.0)


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ((VIEW,), True),
        ((VIEW.model_copy(update={"start_s": 2.5}),), False),
        ((VIEW.model_copy(update={"video": "/lab/other.mp4"}),), False),
        ((VIEW.model_copy(update={"pose": "/lab/other.csv"}),), True),
        ((VIEW.model_copy(update={"name": "back"}),), False),
        ((), False),
        (None, False),
    ],
)
def test_an_ethogram_of_other_views_or_starts_is_another(make_bundle, make_model, tmp_path, views, expected):
    bundle = make_bundle(("rear", "jump"), streams=STREAMS)
    annotator = Annotator(make_model(bundle), hold(act()))
    side = Recording("r0@side", video=tmp_path.__class__("/lab/side.mp4"), start_s=2.0)
    recording = Recording("r0", video=tmp_path.__class__("/lab/a.mp4"), views={"side": side})
    own = annotator.annotate(recording).provenance
    assert annotator.would_repeat(own, recording)
    assert annotator.would_repeat(own.model_copy(update={"views": views}), recording) is expected


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"found no bundle\.yaml"):
        open_annotator(tmp_path, cache=tmp_path / "cache")


def test_who_was_trained_on_is_said(make_bundle, make_model, caplog):
    seen = tuple(SeenRecording(name, "fitted", "hash", 5) for name in ("r0", "r1"))
    annotator = Annotator(make_model(make_bundle(("rear", "jump")), weights_seen=seen), hold(act()))
    annotator.warn_of_training([Recording("r0"), Recording("new")])
    annotator.warn_of_training([Recording("r0"), Recording("r1")])
    annotator.warn_of_training([Recording("new")])
    assert caplog.messages == [
        "r0 is a training recording of this model; results on it do not measure its accuracy.",
        "r0, r1 are training recordings of this model; results on them do not measure its accuracy.",
    ]
