"""Room for a file is reserved, or said not to be there."""

import errno
import re

import pytest

from behavior.errors import OutputError
from behavior.files import disk_space
from behavior.files.disk_space import require_space


def test_where_there_is_room_nothing_stays_of_the_question(tmp_path):
    require_space(tmp_path / "a.h5", 1000)
    assert list(tmp_path.iterdir()) == []


def test_without_room_the_folder_and_the_size_are_named(tmp_path):
    with pytest.raises(OutputError, match=re.escape(f"{tmp_path}: has no room for ") + r"[\d,.]+ MB of features \(.*\); free some space"):
        require_space(tmp_path / "a.h5", 2**60)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", [errno.EINVAL, errno.ENOTSUP, None])
def test_a_drive_that_reserves_nothing_is_asked_for_its_free_space(tmp_path, monkeypatch, answer):
    def refuse(*_):
        raise OSError(answer, "cannot")

    if answer is None:
        monkeypatch.delattr(disk_space.os, "posix_fallocate", raising=False)
    else:
        monkeypatch.setattr(disk_space.os, "posix_fallocate", refuse, raising=False)
    require_space(tmp_path / "a.h5", 1000)
    with pytest.raises(OutputError, match="No space left on device"):
        require_space(tmp_path / "a.h5", 2**60)
