"""`behavior finetune` on small videos of noise in which a bright square is the behavior, and who refuses its weights."""

import dataclasses
import shutil
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.errors import BehaviorError, OutputError, UsageError
from behavior.files.finetuned_weights import read_finetuning_record
from behavior.files.manifest import read_manifest, write_manifest
from behavior.files.video_writer import write_video
from behavior.recording import Recording
from behavior.vision.backbones import build_backbone, find_backbone
from behavior.workflows.crossval import cross_validate
from behavior.workflows.finetune import finetune_study
from behavior.workflows.search import search_study
from behavior.workflows.train import train_model

N_FRAMES = 40
SIDE = 32
SETTINGS = {
    "frames_per_recording": 24,
    "watched_frames": 30,
    "window": 2,
    "head_epochs": 1,
    "epochs": 1,
    "batch_size": 16,
    "unfreeze": "late",
    "augmentation": {"rotation": 90, "zoom": 0, "shear": 0, "shift": 0},
}


def write_recording(folder, number, *, is_labelled=True):
    """Noise with a square in 12 of 40 frames, labelled as `square`; `circle` is never seen, and 4 frames have no label."""
    rng = np.random.default_rng(number)
    frames = rng.integers(60, 120, (N_FRAMES, SIDE, SIDE, 3), dtype=np.uint8)
    start = 4 + 4 * number
    frames[start : start + 12, 8:20, 8:20] += 90
    video = folder / f"r{number}.mp4"
    write_video(video, frames, fps=10, preset="ultrafast")
    labels = folder / f"r{number}_labels.csv"
    rows = [(f, int(start <= f < start + 12), 0) if f >= 4 else (f, -1, -1) for f in range(N_FRAMES)]
    labels.write_text("frame,square,circle\n" + "".join(f"{frame},{square},{circle}\n" for frame, square, circle in rows))
    split = "test" if number == 4 else "train"
    return Recording(f"r{number}", video=video, labels={"": labels} if is_labelled else {}, animal=f"r{number}", split=split)


def write_study(folder, *, weights, recordings=None, backbone="keras_file", **sections):
    if recordings is not None:
        write_manifest(folder / "recordings.csv", recordings)
    content = {
        "recordings": "recordings.csv",
        "behaviors": ["square", "circle"],
        "crop": {"whole_frame": True},
        "backbone": {"name": backbone, "weights": str(weights)},
        "windows": {"length": 20},
        "head": {"kind": "lstm", "layers": 1, "units": 4},
        "training": {"epochs": 1},
        "finetune": SETTINGS,
        **sections,
    }
    study = folder / "study.yaml"
    study.write_text(yaml.safe_dump({name: value for name, value in content.items() if value is not None}))
    return study


def write_network(path):
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Rescaling(1 / 64, offset=-2),
            keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="early"),
            keras.layers.Conv2D(4, 3, activation="relu", name="late"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    network.save(path)
    return network.get_weights()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A study of five recordings, one without labels and one for testing, and what fine-tuning on it gave."""
    folder = tmp_path_factory.mktemp("tuned")
    recordings = [write_recording(folder, number, is_labelled=number != 3) for number in range(5)]
    weights = write_network(folder / "base.keras")
    study = write_study(folder, weights="base.keras", recordings=recordings)
    result = finetune_study(study, folder / "weights" / "tuned.keras")
    return {"folder": folder, "study": study, "weights": folder / "weights" / "tuned.keras", "base": weights, "result": result}


@pytest.fixture
def copied(tuned, tmp_path):
    """The same study with the fine-tuned weights, in a folder of its own, that a test may change; no features."""
    for path in tuned["folder"].glob("r*"):
        shutil.copy(path, tmp_path)
    return write_study(tmp_path, weights=tuned["weights"])


def test_it_learns_from_labelled_training_recordings_and_watches_one_of_them(tuned):
    result = tuned["result"]
    assert result.validation == ("r0",)
    assert result.fitted == ("r1", "r2")
    assert result.n_frames == {"square": 24, "circle": 0}
    assert 0 < result.finetuned["square"] <= 1
    assert np.isnan(result.finetuned["circle"])
    assert result.frozen.keys() == result.finetuned.keys() == {"square", "circle"}


def test_the_file_holds_the_network_and_what_it_has_seen(tuned):
    loaded = keras.models.load_model(tuned["weights"])
    assert [layer.name for layer in loaded.layers][1:3] == ["early", "late"]
    same = [np.array_equal(one, other) for one, other in zip(loaded.get_weights(), tuned["base"], strict=True)]
    assert same[:2] == [True, True]
    if any("improved nothing" in note for note in tuned["result"].notes):
        assert same == [True] * 4
    else:
        assert same[2:] == [False, False]
    record = read_finetuning_record(tuned["weights"])
    assert [(seen.recording, seen.role) for seen in record.recordings] == [("r1", "fitted"), ("r2", "fitted"), ("r0", "watched")]
    assert record.recordings[0].n_bytes == (tuned["folder"] / "r1.mp4").stat().st_size
    assert (record.backbone, record.behaviors) == ("keras_file", ("square", "circle"))
    assert record.settings["finetune"]["frames_per_recording"] == 24
    assert record.average_precision["head on the frozen backbone"]["circle"] is None
    assert "keras" in record.versions
    names = ["tuned.keras", "tuned_confusion.png", "tuned_training.csv", "tuned_training.png"]
    assert sorted(path.name for path in tuned["weights"].parent.iterdir()) == names
    assert sorted(path.name for path in tuned["result"].written) == names[1:]
    table = pd.read_csv(tuned["weights"].with_name("tuned_training.csv"))
    assert table[["stage", "metric"]].drop_duplicates().to_numpy().tolist() == [
        [stage, metric]
        for stage in ("head on the frozen backbone", "last stage unfrozen")
        for metric in ("loss", "learning_rate", "average_precision", "accuracy")
    ]


def test_the_weights_are_a_backbone(tuned):
    specification = find_backbone("keras_file", weights=str(tuned["weights"]))
    model = build_backbone(specification, str(tuned["weights"]))
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.float32)
    expected = keras.models.load_model(tuned["weights"])(images)
    np.testing.assert_allclose(model(images), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("command", ["crossval", "search", "train"])
def test_nothing_that_was_seen_is_scored_under_another_name(copied, tmp_path, command):
    recordings = read_manifest(tmp_path / "recordings.csv")
    (tmp_path / "r1.mp4").rename(tmp_path / "other.mp4")
    renamed = dataclasses.replace(recordings[1], id="other", video=tmp_path / "other.mp4", split="test" if command == "train" else "train")
    write_manifest(tmp_path / "recordings.csv", [renamed, dataclasses.replace(recordings[4], split="train")])
    with pytest.raises(UsageError, match=r"other \(there r1\).*--recordings") as caught:
        if command == "crossval":
            cross_validate(copied, tmp_path / "out")
        elif command == "train":
            train_model(copied, tmp_path / "out")
        else:
            content = yaml.safe_load(copied.read_text()) | {"search": {"space": {"windows.length": [10, 20]}}}
            copied.write_text(yaml.safe_dump(content))
            search_study(copied, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / "metrics.csv").exists()


def test_what_the_weights_began_with_has_seen_is_remembered_and_not_watched(copied, tmp_path, tuned):
    with pytest.raises(UsageError, match="'r1' would be the validation recording"):
        finetune_study(copied, tmp_path / "again.keras", recordings=["r1", "r2"])
    recordings = read_manifest(tmp_path / "recordings.csv")
    write_manifest(tmp_path / "recordings.csv", [recordings[0], dataclasses.replace(recordings[4], split="train")])
    result = finetune_study(copied, tmp_path / "again.keras")
    assert (result.validation, result.fitted) == (("r0",), ("r4",))
    seen = read_finetuning_record(tmp_path / "again.keras").recordings
    assert {(one.recording, one.role) for one in seen} == {("r0", "watched"), ("r1", "fitted"), ("r2", "fitted"), ("r4", "fitted")}


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["r11"], "no such recording; did you mean 'r1'"), (["r4"], "split=test"), (["r3"], "has no labels")],
)
def test_recordings_that_cannot_be_used_are_named(tuned, tmp_path, names, expected):
    with pytest.raises(UsageError, match=f"--recordings {names[0]}.*{expected}"):
        finetune_study(tuned["study"], tmp_path / "weights.keras", recordings=names)


def test_what_is_there_is_not_written_over(tuned):
    content = tuned["weights"].read_bytes()
    with pytest.raises(OutputError, match="is there already"):
        finetune_study(tuned["study"], tuned["weights"])
    assert tuned["weights"].read_bytes() == content


@pytest.mark.parametrize("ending", ["training.csv", "training.png", "confusion.png"])
def test_nothing_beside_the_weights_is_written_over(tuned, tmp_path, ending):
    (tmp_path / f"lab_{ending}").write_text("mine")
    with pytest.raises(OutputError, match=rf"lab_{ending}: is there already"):
        finetune_study(tuned["study"], tmp_path / "lab.keras")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(f"lab_{ending}", "mine")]


def test_a_study_without_crops_or_with_bad_labels_is_refused_at_once(tuned, copied, tmp_path):
    study = write_study(tmp_path, weights="base.keras", crop=None, streams=["motifs"])
    with pytest.raises(UsageError, match="no section 'crop'"):
        finetune_study(study, tmp_path / "weights.keras")
    study = write_study(tmp_path, weights=tuned["weights"])
    for number in (0, 1):
        (tmp_path / f"r{number}_labels.csv").write_text("frame,square,circle\n0,2,0\n")
    with pytest.raises(BehaviorError) as caught:
        finetune_study(study, tmp_path / "weights.keras")
    assert len(str(caught.value).splitlines()) == 2


def test_one_recording_alone_is_learned_from_for_all_epochs(copied, tmp_path, caplog, monkeypatch):
    study = write_study(tmp_path, weights=tmp_path / "base.keras")
    write_network(tmp_path / "base.keras")
    # What a run that is stopped leaves behind: nothing.
    with monkeypatch.context() as patch:
        patch.setattr(
            "behavior.learning.backbone_finetuning.Finetuner.fit_backbone", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        before = sorted(tmp_path.iterdir())
        with pytest.raises(KeyboardInterrupt):
            finetune_study(study, tmp_path / "weights.keras", recordings=["r2"])
    assert sorted(tmp_path.iterdir()) == before
    assert "all epochs are run, and nothing is scored" in caplog.text


@pytest.mark.slow
def test_the_command_takes_openfield_from_packaged_weights_to_a_model(run, study_copy, tmp_path, change):
    change(study_copy, finetune={"frames_per_recording": 60, "watched_frames": 60, "head_epochs": 2, "epochs": 2})
    ran = run("finetune", study_copy, "--out", tmp_path / "lab.keras", "--recordings", "mouse_01, mouse_02")
    assert ran.status == 0, ran.err
    assert "fine-tuned" in ran.out
    assert "average precision on mouse_01" in ran.err
    with zipfile.ZipFile(tmp_path / "lab.keras") as archive:
        assert "behavior.json" in archive.namelist()
    change(study_copy, backbone={"weights": str(tmp_path / "lab.keras")})
    assert run("embed", study_copy).status == 0
    refused = run("crossval", study_copy, "--out", tmp_path / "crossval")
    assert refused.status == 2
    assert "was fine-tuned on mouse_01, mouse_02" in refused.err
    # The test recording was never seen.
    trained = run("train", study_copy, "--out", tmp_path / "model")
    assert trained.status == 0, trained.err
    again = run("finetune", study_copy, "--out", tmp_path / "lab.keras")
    assert (again.status, "is there already" in again.err) == (1, True)


def test_a_network_is_trained_from_scratch(tuned, tmp_path):
    for path in tuned["folder"].glob("r*"):
        shutil.copy(path, tmp_path)
    settings = {**SETTINGS, "unfreeze": "auto", "epochs": 6, "learning_rate": 0.01, "window": 1}
    sizes = {"name": "convnet", "convnet": {"filters": [4, 8]}, "input_size": 16}
    shutil.copy(tuned["folder"] / "recordings.csv", tmp_path)
    study = write_study(tmp_path, weights="", finetune=settings)
    content = yaml.safe_load(study.read_text())
    study.write_text(yaml.safe_dump({**content, "backbone": sizes}))
    result = finetune_study(study, tmp_path / "lab.keras")
    assert result.frozen == {}
    assert result.finetuned["square"] > 0.9
    assert result.notes[0].startswith("from scratch: ")
    assert find_backbone("convnet", weights=str(tmp_path / "lab.keras")).input_size == 16
