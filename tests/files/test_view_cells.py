"""The views of recordings in a manifest."""

import pytest

from behavior.errors import UsageError
from behavior.files.manifest import read_manifest, write_manifest
from behavior.files.view_cells import find_view, refuse_misspelled_views

TEXT = """recording,video,pose,video_side,pose_side,start_side,start_back
m1,m1.mp4,m1.csv,m1_side.mp4,side.csv,2.5,
m2,m2.mp4,m2.csv,,,,0
"""


@pytest.fixture
def write(tmp_path):
    def put(text):
        path = tmp_path / "recordings.csv"
        path.write_text(text)
        return path

    return put


def test_views_are_recordings_with_a_start(write, tmp_path):
    first, second = read_manifest(write(TEXT))
    side = find_view(first, "side")
    assert (side.id, side.video, side.pose, side.start_s) == ("m1@side", tmp_path / "m1_side.mp4", tmp_path / "side.csv", 2.5)
    assert find_view(first, "") is first and find_view(first, "back") is None
    # Imported features have no video; that they are there, the start says.
    assert (second.line, side.line) == (3, 2)
    assert find_view(second, "side") is None and find_view(second, "back").video is None


def test_views_are_written_as_they_are_read(write, tmp_path):
    before = read_manifest(write(TEXT))
    write_manifest(tmp_path / "again.csv", before)
    assert read_manifest(tmp_path / "again.csv") == before


def test_animals_of_one_video_are_companions_in_each_view(write):
    rows = "recording,video,pose,individual,video_side\na,m.mp4,m.csv,x,s.mp4\nb,m.mp4,m.csv,y,s.mp4\n"
    first, _ = read_manifest(write(rows))
    assert find_view(first, "side").companions == {"b@side": "y"}


@pytest.mark.parametrize(
    ("row", "named", "expected"),
    [
        ("video_side,start_sied\nm1,m1.mp4,s.mp4,2\n", ["side"], ("start_sied", "start_side")),
        ("video_side,pose_sied\nm1,m1.mp4,s.mp4,s.csv\n", [], ("pose_sied", "pose_side")),
        ("video_sied,start_side\nm1,m1.mp4,s.mp4,2\n", ["side"], ("video_sied", "video_side")),
        # Two cameras, of which the study names one, or features that were imported.
        ("video_side1,video_side2\nm1,m1.mp4,s.mp4,t.mp4\n", ["side1"], None),
        ("start_side1,start_side2\nm1,m1.mp4,0,0\n", ["side1"], None),
        ("video_side1,start_side2\nm1,m1.mp4,s.mp4,0\n", ["side1", "side2"], None),
        ("video_side,start_imu\nm1,m1.mp4,s.mp4,0\n", ["side"], None),
    ],
)
def test_a_column_of_a_misspelled_view_is_refused(write, row, named, expected):
    path = write(f"recording,video,{row}")
    recordings = read_manifest(path)
    if expected is None:
        assert refuse_misspelled_views(path, recordings, named) is None
        return
    column, meant = expected
    with pytest.raises(UsageError, match=f"the column '{column}' is of a view that has nothing else; did you mean '{meant}'"):
        refuse_misspelled_views(path, recordings, named)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "recording,video,video_side,start_side\nm1,m1.mp4,s.mp4,soon\n",
            "line 2: start_side of 'm1' is 'soon', expected how many seconds",
        ),
        ("recording,video,video_side,start_side\nm1,m1.mp4,s.mp4,nan\n", "line 2: start_side of 'm1' is 'nan'"),
        ("recording,video,video_side\nm1,,s.mp4\n", "line 2: recording 'm1' has the view 'side' and no first one"),
        ("recording,video,video_\nm1,m1.mp4,s.mp4\n", "unknown column 'video_'"),
        ("recording,video,video_first\nm1,m1.mp4,s.mp4\n", "unknown column 'video_first'"),
    ],
)
def test_what_cannot_be_used_is_named(write, text, expected):
    with pytest.raises(UsageError, match=expected):
        read_manifest(write(text))
