"""Nothing is printed before it is asked for."""

import logging

import behavior as bh
from behavior import progress


def test_messages_are_printed_from_when_they_are_asked_for(capsys):
    progress.announce("unheard")
    bh.show_progress()
    try:
        progress.announce("a step")
        progress.warn("a worry")
    finally:
        bh.show_progress(False)
    progress.announce("unheard again")
    assert capsys.readouterr().err == "a step\nwarning: a worry\n"


def test_it_is_switched_off_without_a_trace():
    logger = logging.getLogger("behavior")
    before = (logger.level, logger.propagate, list(logger.handlers))
    bh.show_progress(False)
    bh.show_progress()
    bh.show_progress()
    bh.show_progress(False)
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
