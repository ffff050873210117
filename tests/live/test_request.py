"""A request asks for one recording at the pace of its source, if nothing else is said."""

from behavior.live.request import LiveRequest


def test_what_is_not_said_is_usual():
    request = LiveRequest(("0",))
    assert (request.pace, request.roll_s, request.keep_free_gib, request.waits) == ("real", None, 1.0, False)
