"""The section `head`."""

import pytest

from behavior.config import HEAD_KINDS, LstmHead


def test_every_kind_of_head_is_made_from_its_name_alone(parse):
    for kind, settings in HEAD_KINDS.items():
        head = parse(head={"kind": kind}).head
        assert type(head) is settings
        assert head.kind == kind
        assert not head.share
        assert getattr(head, "dropout", 0.5) == 0.5


def test_an_lstm_needs_no_name():
    assert LstmHead().kind == "lstm"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ({"kind": "lstm", "unts": 3}, "unknown key 'head.unts'; did you mean 'units'?"),
        ({"kind": "lstm", "layers": 4}, "head.layers is 4, expected at most 3"),
        ({"kind": "tcn", "filter": 3}, "unknown key 'head.filter'; did you mean 'filters'?"),
        ({"kind": "tcn", "bidirectional": True}, "unknown key 'head.bidirectional'"),
        ({"kind": "mstcn", "stage": 3}, "unknown key 'head.stage'; did you mean 'stages'?"),
        ({"kind": "mstcn", "kernel_size": 2}, "head.kernel_size is 2"),
        ({"kind": "mstcn", "smoothing": -1}, "head.smoothing is -1"),
        ({"kind": "transformer", "units": 30}, "head: units 30 cannot be divided among 4 heads"),
        ({"kind": "transformer", "span": 0}, "head.span is 0"),
        ({"kind": "gru"}, "head.kind is 'gru', expected 'lstm', 'tcn', 'mstcn', 'transformer' or 'boosting'"),
    ],
)
def test_a_head_that_cannot_be_is_refused(refuse, head, expected):
    assert expected in refuse(head=head)
