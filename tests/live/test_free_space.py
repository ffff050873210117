"""A drive is looked at once a second, and said to be too full before it is."""

from types import SimpleNamespace

from behavior.live import free_space
from behavior.live.free_space import FreeSpace


def test_a_shortage_is_told_and_the_drive_is_looked_at_once_for_all(tmp_path, monkeypatch):
    free, looks = [3 * 2**30, 2**29], []

    def look(folder):
        looks.append(folder)
        return SimpleNamespace(free=free[min(len(looks), 2) - 1])

    monkeypatch.setattr(free_space.shutil, "disk_usage", look)
    space = FreeSpace(tmp_path, 2**30)
    assert [space.find_shortage() for _ in range(5)] == [""] * 5 and looks == [tmp_path]
    monkeypatch.setattr(free_space, "_SECONDS_BETWEEN_LOOKS", 0.0)
    space._next_look_s = 0.0
    assert space.find_shortage() == f"{tmp_path} has 0.50 GiB left, and 1 GiB stay free"
    assert space.measure() == 2**29
