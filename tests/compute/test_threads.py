"""How many cores a process is told to use."""

from behavior.compute.threads import count_threads, limit_threads


def test_a_process_knows_what_it_was_told(monkeypatch):
    monkeypatch.delenv("BEHAVIOR_THREADS", raising=False)
    assert count_threads() is None
    for name, value in limit_threads(3).items():
        monkeypatch.setenv(name, value)
    assert count_threads() == 3


def test_what_is_no_number_counts_for_nothing(monkeypatch):
    for value in ("", "0", "-1", "many"):
        monkeypatch.setenv("BEHAVIOR_THREADS", value)
        assert count_threads() is None
