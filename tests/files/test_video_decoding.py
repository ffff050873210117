"""A damaged video gives the same pictures, whenever and however it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from behavior.files.frame_rows import Frame
from behavior.files.video import VideoReader, open_video, summarize_video
from behavior.files.video_decoding import CarefulDecoder, DamageError, QuickDecoder
from behavior.files.video_writer import write_video

N_FRAMES = 120
HEIGHT, WIDTH = 96, 128

Damage = Callable[[bytearray], None]


def put_noise(content: bytearray) -> None:
    place = len(content) // 2
    content[place : place + 400] = np.random.default_rng(1).integers(0, 256, 400, dtype=np.uint8).tobytes()


def put_zeros(content: bytearray) -> None:
    place = len(content) // 2
    content[place : place + 300] = bytes(300)


def change_bytes(content: bytearray) -> None:
    for share in (0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9):
        content[int(len(content) * share)] ^= 0x5A


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames over a scene that moves, with pictures that are stored before those that are shown before them."""
    path = tmp_path_factory.mktemp("video") / "sound.mp4"
    scene = np.random.default_rng(0).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    write_video(path, (np.roll(scene, 3 * index, axis=1) for index in range(N_FRAMES)), fps=25, preset="veryfast")
    return path


def read(path: Path, *, first_frame: int = 0) -> tuple[list[Frame], VideoReader]:
    with open_video(path) as reader:
        return list(reader.frames(first_frame=first_frame)), reader


def require_same(found: list[Frame], expected: list[Frame]) -> None:
    assert [(frame.index, frame.time_s) for frame in found] == [(frame.index, frame.time_s) for frame in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one.image is None) == (other.image is None), one.index
        if one.image is not None and other.image is not None:
            assert np.array_equal(one.image, other.image), one.index


@pytest.mark.parametrize("damage", [put_noise, put_zeros, change_bytes])
def test_a_damaged_video_is_the_same_on_every_read(sound: Path, tmp_path: Path, damage: Damage) -> None:
    content = bytearray(sound.read_bytes())
    damage(content)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    first, reader = read(path)
    assert len(first) == N_FRAMES
    assert reader.undecodable == tuple(frame.index for frame in first if frame.image is None) != ()
    for _ in range(4):
        again, _ = read(path)
        require_same(again, first)
    summary = summarize_video(path)
    assert (summary.n_frames, summary.undecodable, summary.broke_off) == (reader.n_frames, reader.undecodable, reader.broke_off)
    assert summary.time_s.tolist() == [frame.time_s for frame in first]
    for start in (reader.undecodable[0], N_FRAMES - 10):
        rest, resumed = read(path, first_frame=start)
        require_same(rest, first[start:])
        assert resumed.undecodable == reader.undecodable


@pytest.mark.parametrize("damage", [put_noise, put_zeros, change_bytes])
def test_what_is_out_before_damage_shows_is_what_a_careful_read_gives(
    sound: Path, tmp_path: Path, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(sound.read_bytes())
    damage(content)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    quick, _ = read(path)

    def give_up_at_once(self: QuickDecoder, packet: av.Packet | None) -> list[av.VideoFrame]:
        raise DamageError

    monkeypatch.setattr(QuickDecoder, "decode", give_up_at_once)
    careful, _ = read(path)
    assert len(quick) == N_FRAMES
    assert any(frame.image is None for frame in careful)
    require_same(quick, careful)


def test_a_sound_or_truncated_video_is_read_once(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CarefulDecoder, "decode", lambda *_: pytest.fail("it was read again"))
    frames, _ = read(sound)
    path = tmp_path / "cut.mp4"
    path.write_bytes(sound.read_bytes()[: sound.stat().st_size * 2 // 3])
    cut, reader = read(path)
    assert reader.broke_off
    # The last ones may lack what they were coded from.
    require_same(cut[:-20], frames[: len(cut) - 20])
