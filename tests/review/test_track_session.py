from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tracked_pair import write_pair

from behavior.errors import OutputError, PoseError, UsageError
from behavior.files.pose import list_individuals, read_pose
from behavior.files.track_corrections import CORRECTIONS_SUFFIX
from behavior.review.label_session import EditConflictError
from behavior.review.track_edits import TrackEdit
from behavior.review.track_session import TrackRequest, TrackSession

SWAP = TrackEdit("swap", 0, 1, frame=30)


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    (tmp_path / "pair.mp4").write_bytes(b"pictures")
    return write_pair(tmp_path / "pair.mp4")


def correct(session: TrackSession, edit: TrackEdit | None, viewer: str = "anna", base: int | None = None, **more: object) -> None:
    base = session.revision if base is None else base
    session.edit(TrackRequest(f"{viewer}-{session.revision}-{edit}", viewer, base, edit, **more))


def read_rows(stem: Path) -> list[float]:
    """Return in which row the first animal is in the first frame and in the last one."""
    positions = read_pose(stem.with_name("pair_track.csv"), individual="animal1").positions
    return [float(positions[frame, 0, 1]) for frame in (0, -1)]


def test_a_correction_is_on_disk_at_once_and_the_track_follows(stem: Path) -> None:
    before = stem.with_name("pair_track.csv").read_bytes()
    session = TrackSession(stem, 60)
    assert not session.is_pending and session.describe("anna")["corrections"] == []
    correct(session, SWAP)
    corrections = stem.with_name("pair" + CORRECTIONS_SUFFIX)
    assert corrections.read_text().count("swap") == 1 and session.is_pending
    assert stem.with_name("pair_track.csv").read_bytes() == before
    session.write()
    assert session.is_pending
    session.write(now=True)
    assert not session.is_pending and read_rows(stem) == [30, 66]
    # Taken back and written again, it is the track that was found, byte by byte.
    correct(session, None)
    session.write(now=True)
    assert stem.with_name("pair_track.csv").read_bytes() == before and corrections.read_text().count("\n") == 1
    correct(session, None, is_redo=True)
    correct(session, TrackEdit("name", 0, name="anna"))
    session.write(now=True)
    assert list(list_individuals(stem.with_name("pair_track.csv"))) == ["anna", "animal2", "animal3"]


def test_a_session_that_was_killed_is_made_good(stem: Path) -> None:
    first = TrackSession(stem, 60)
    correct(first, SWAP)
    second = TrackSession(stem, 60)
    assert second.is_pending and len(second.describe("")["corrections"]) == 1
    second.write(now=True)
    assert read_rows(stem) == [30, 66]
    # What an earlier session did can be taken back.
    correct(second, None)
    assert second.describe("")["corrections"] == []


def test_the_second_of_two_people_is_told(stem: Path) -> None:
    session = TrackSession(stem, 60)
    correct(session, SWAP, "anna")
    with pytest.raises(EditConflictError, match="somebody else has corrected this track meanwhile"):
        correct(session, TrackEdit("remove", tracklet=4), "berta", base=0)
    correct(session, TrackEdit("remove", tracklet=4), "berta")
    with pytest.raises(EditConflictError, match="somebody else's"):
        correct(session, None, "anna")
    correct(session, None, "anna", drop=0)
    assert [one["text"] for one in session.describe("anna")["corrections"]] == ["frames 40 to 49: no animal"]


def test_an_edit_that_is_sent_twice_is_made_once(stem: Path) -> None:
    session = TrackSession(stem, 60)
    request = TrackRequest("one", "anna", 0, SWAP)
    session.edit(request)
    session.edit(request)
    assert session.revision == 1


def test_what_contradicts_the_track_is_refused_and_nothing_is_written(stem: Path) -> None:
    session = TrackSession(stem, 60)
    with pytest.raises(UsageError, match="This cannot be done: animal1 and animal2 are seen together in 60 frames"):
        correct(session, TrackEdit("merge", 0, 1))
    with pytest.raises(UsageError, match="taken back"):
        correct(session, None, is_redo=True)
    assert session.revision == 0 and not stem.with_name("pair" + CORRECTIONS_SUFFIX).exists()


def test_what_another_program_changes_is_read_again(stem: Path) -> None:
    session, other = TrackSession(stem, 60), TrackSession(stem, 60)
    correct(other, SWAP)
    with pytest.raises(EditConflictError):
        correct(session, TrackEdit("remove", tracklet=4))
    assert len(session.describe("")["corrections"]) == 1 and session.revision == 1
    correct(session, TrackEdit("remove", tracklet=4))
    other.look_outside()
    assert len(other.describe("")["corrections"]) == 2
    corrections = stem.with_name("pair" + CORRECTIONS_SUFFIX)
    corrections.write_text("nonsense\n")
    with pytest.raises(PoseError, match="line 1"):
        session.look_outside()
    # Until it is put right, nothing is written over it.
    with pytest.raises((PoseError, EditConflictError)):
        correct(session, TrackEdit("remove", tracklet=0), base=0)
    assert corrections.read_text() == "nonsense\n"


def test_a_drive_that_takes_nothing_loses_nothing(stem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = TrackSession(stem, 60)

    def fail(*_: object, **__: object) -> None:
        raise OutputError("pair_track: cannot be written (no space left on device); make room.")

    with monkeypatch.context() as patched:
        patched.setattr("behavior.review.track_session.write_corrections", fail)
        with pytest.raises(OutputError, match="no space"):
            correct(session, SWAP)
    assert session.describe("")["corrections"] == [] and session.revision == 0
    correct(session, SWAP)
    with monkeypatch.context() as patched:
        patched.setattr("behavior.reporting.track_files.write_corrected", fail)
        with pytest.raises(OutputError, match="no space"):
            session.write(now=True)
    assert session.is_pending
    session.write(now=True)
    assert read_rows(stem) == [30, 66]


def test_files_that_cannot_be_used_get_a_sentence(stem: Path, tmp_path: Path) -> None:
    with pytest.raises(PoseError, match="video of 60 frames, found one of 61"):
        TrackSession(stem, 61)
    # Corrections of another video, copied here by mistake.
    session = TrackSession(stem, 60)
    correct(session, SWAP)
    (tmp_path / "other.mp4").write_bytes(b"other pictures")
    other = write_pair(tmp_path / "other.mp4")
    shutil.copy(stem.with_name("pair" + CORRECTIONS_SUFFIX), other.with_name("other" + CORRECTIONS_SUFFIX))
    with pytest.raises(PoseError, match=r"corrects the track of pair\.mp4"):
        TrackSession(other, 60)
    stem.with_name("pair_tracklets.npz").write_bytes(b"damaged")
    with pytest.raises(PoseError, match="run `behavior track` on the video again"):
        TrackSession(stem, 60)


def test_positions_are_cut_by_frames(stem: Path) -> None:
    revision, values = TrackSession(stem, 60).cut_positions(39, 42)
    assert revision == 0 and values.shape == (3, 3, 5)
    np.testing.assert_allclose(values[1, 2], [48, 90, 0, 1, 4])
    assert np.isnan(values[0, 2, 0]) and values[0, 2, 3] == 0
