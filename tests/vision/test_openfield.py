"""Whether the packaged weights fit the network and tell postures apart."""

from __future__ import annotations

from typing import get_args

import cv2
import keras
import numpy as np
import numpy.typing as npt
import pytest

from behavior.synthetic import BEHAVIORS, RenderedRecording, act_recording
from behavior.synthetic.acting import Renderer
from behavior.vision.openfield import EMBEDDING_SIZE, INPUT_SIZE, build_openfield, openfield_weights_path


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    model = build_openfield()
    model.load_weights(openfield_weights_path())
    return model


def embed(model: keras.Model, recording: RenderedRecording, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    part = recording.track.body_parts.index("midbody")
    crops = []
    for frame in frames:
        x, y = np.clip(np.rint(recording.track.positions[frame, part] - 80).astype(int), 0, 320)
        crops.append(
            cv2.resize(recording.frame(int(frame))[y : y + 160, x : x + 160], (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)
        )
    return model.predict(np.stack(crops).astype(np.float32), batch_size=64, verbose=0)


def test_packaged_weights_are_small() -> None:
    assert openfield_weights_path().stat().st_size < 2_000_000


def test_embeddings_have_the_promised_shape_and_type(backbone: keras.Model) -> None:
    crops = np.random.default_rng(0).uniform(0, 255, (5, INPUT_SIZE, INPUT_SIZE, 3)).astype(np.float32)
    embedded = backbone.predict(crops, verbose=0)
    assert embedded.shape == (5, EMBEDDING_SIZE)
    assert embedded.dtype == np.float32
    assert np.isfinite(embedded).all()


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_an_even_crop_gives_finite_embeddings(backbone: keras.Model, level: float) -> None:
    embedded = backbone.predict(np.full((1, INPUT_SIZE, INPUT_SIZE, 3), level, dtype=np.float32), verbose=0)
    assert np.isfinite(embedded).all()


@pytest.mark.parametrize("renderer", get_args(Renderer))
def test_embeddings_tell_postures_of_an_animal_never_seen_in_training_apart(backbone: keras.Model, renderer: Renderer) -> None:
    recording = act_recording(n_frames=1200, seed=987_654, renderer=renderer)
    labels = recording.labels.values
    groups = [np.flatnonzero(labels[:, column] == 1) for column in range(len(BEHAVIORS))]
    groups.append(np.flatnonzero(labels.sum(axis=1) == 0))
    embedded = [embed(backbone, recording, group[:: max(1, len(group) // 24)][:24]) for group in groups]
    spread = np.concatenate(embedded).std(axis=0)
    assert 0.3 < np.median(spread) < 3
    # The even frames' means classify the odd frames: chance would be a quarter.
    means = np.stack([group[::2].mean(axis=0) for group in embedded])
    right = [
        float(np.mean(np.linalg.norm((group[1::2, None] - means[None]) / spread, axis=2).argmin(axis=1) == column))
        for column, group in enumerate(embedded)
    ]
    assert np.mean(right) > 0.6


def test_brightness_and_contrast_hardly_matter(backbone: keras.Model) -> None:
    recording = act_recording(n_frames=300, seed=5, coat="grey")
    part = recording.track.body_parts.index("midbody")
    x, y = np.clip(np.rint(recording.track.positions[100, part] - 80).astype(int), 0, 320)
    crop = cv2.resize(recording.frame(100)[y : y + 160, x : x + 160], (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA).astype(
        np.float32
    )
    embedded = backbone.predict(np.stack([crop, 0.6 * crop, crop[::-1]]), verbose=0)
    assert np.linalg.norm(embedded[1] - embedded[0]) < 0.05 * np.linalg.norm(embedded[2] - embedded[0])


def test_random_weights_embed_otherwise(backbone: keras.Model) -> None:
    crops = np.random.default_rng(1).uniform(0, 255, (2, INPUT_SIZE, INPUT_SIZE, 3)).astype(np.float32)
    assert not np.allclose(build_openfield().predict(crops, verbose=0), backbone.predict(crops, verbose=0), atol=0.1)
