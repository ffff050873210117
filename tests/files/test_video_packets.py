"""Packets of each kind of container: their stamps, the ones that are missing, and whether the file ends too early."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import VideoError
from behavior.files.frame_rows import CountedRows, StampedRows
from behavior.files.video_packets import OpenedVideo, StampedPacket, choose_source, open_stream
from behavior.files.video_writer import write_video

N_FRAMES = 50


def render() -> Iterator[np.ndarray]:
    scene = np.random.default_rng(0).integers(0, 256, (6, 12, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    for index in range(N_FRAMES):
        yield np.roll(scene, 3 * index, axis=1)


def read(video: OpenedVideo) -> tuple[list[StampedPacket], bool]:
    """Return all packets, and whether the file ends early, or within the last one."""
    source = choose_source(video)
    packets = list(source)
    end = max(packet.stamp for packet in packets) + video.interval
    last = packets[-1].packet
    return packets, source.broke_off or source.ends_early(len(packets), end) or (last is not None and last.is_corrupt)


@pytest.fixture(
    params=[("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "libx264"), ("b.avi", "mjpeg")], ids=lambda kind: "-".join(kind)
)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, codec = request.param
    write_video(tmp_path / name, render(), fps=25, codec=codec, preset="veryfast")
    return tmp_path / name


def test_a_sound_file_has_a_packet_for_each_frame(path: Path) -> None:
    video = open_stream(path)
    with video.container:
        packets, ends_early = read(video)
        assert len(packets) == N_FRAMES
        assert not ends_early
        assert not any(packet.is_after_hole or packet.packet is None for packet in packets)
        stamps = sorted(packet.stamp for packet in packets)
        np.testing.assert_allclose(np.diff(stamps), video.interval, atol=1)
    assert (video.nominal_fps, video.declared_frames) == (25.0, None if path.suffix == ".mkv" else N_FRAMES)


def test_a_file_that_was_cut_off_ends_early(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    video = open_stream(path)
    with video.container:
        packets, ends_early = read(video)
    assert len(packets) < N_FRAMES
    assert ends_early


def test_bytes_that_are_missing_in_matroska_are_a_hole(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", render(), fps=25, codec="mjpeg")
    content = bytearray((tmp_path / "a.mkv").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    (tmp_path / "a.mkv").write_bytes(content)
    video = open_stream(tmp_path / "a.mkv")
    with video.container:
        packets, _ = read(video)
    assert len(packets) < N_FRAMES
    assert sum(packet.is_after_hole for packet in packets) == 1


def test_what_an_index_lists_and_damage_hides_keeps_its_place(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", render(), fps=25, codec="mjpeg")
    content = bytearray((tmp_path / "a.avi").read_bytes())
    first = content.index(b"movi")
    frames = [place for place in range(first, len(content) - 4) if content[place : place + 4] == b"00dc"]
    # A chunk whose name is gone is none, and the demuxer looks for the next.
    content[frames[20] : frames[20] + 4] = b"xxxx"
    (tmp_path / "a.avi").write_bytes(content)
    video = open_stream(tmp_path / "a.avi")
    with video.container:
        packets, ends_early = read(video)
    assert [packet.stamp for packet in packets] == list(range(N_FRAMES))
    assert [packet.stamp for packet in packets if packet.packet is None] == [20]
    assert not ends_early


@pytest.mark.parametrize(
    ("name", "codec", "kind"), [("a.avi", "libx264", CountedRows), ("b.avi", "mjpeg", StampedRows), ("c.mp4", "libx264", StampedRows)]
)
def test_rows_are_counted_where_numbers_are_not_in_the_order_of_showing(tmp_path: Path, name: str, codec: str, kind: type) -> None:
    write_video(tmp_path / name, render(), fps=25, codec=codec)
    video = open_stream(tmp_path / name)
    with video.container:
        assert type(choose_source(video).open_rows()) is kind


def test_a_file_without_times_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", render(), fps=25)
    import av

    with av.open(str(tmp_path / "a.mp4")) as source, av.open(str(tmp_path / "a.h264"), "w", format="h264") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with pytest.raises(VideoError, match=r"holds pictures without times; put it into \.mp4"):
        open_stream(tmp_path / "a.h264")
