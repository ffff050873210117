"""The multi-stage TCN head: how far it sees, and its stages."""

import keras
import numpy as np
import pytest

from behavior.sequence.heads import build_head
from behavior.sequence.mstcn import MstcnKind

MSTCN = {"kind": "mstcn", "stages": 2, "layers": 3, "filters": 4, "kernel_size": 3}


@pytest.mark.parametrize(("stages", "layers"), [(1, 1), (1, 3), (2, 3)])
def test_a_multi_stage_tcn_sees_as_far_back_as_ahead(find_reach, stages, layers):
    reach = stages * (2**layers - 1)
    assert find_reach({**MSTCN, "stages": stages, "layers": layers}) == (reach, reach)


def test_a_multi_stage_tcn_with_its_kernels_turned_round_reads_time_backwards(draw, draw_weights):
    model = build_head(n_features=3, dropout=0.0, **MSTCN)
    weights = draw_weights(model, 0)
    model.set_weights(weights)
    windows = draw(2, 11, 3)
    forwards = np.asarray(model(windows))
    model.set_weights([weight[::-1] if weight.ndim == 3 else weight for weight in weights])
    np.testing.assert_allclose(np.asarray(model(windows[:, ::-1]))[:, ::-1], forwards, rtol=0, atol=1e-6)


def test_every_stage_has_logits_of_its_own():
    stages = MstcnKind.build(keras.Input((None, 3)), n_outputs=2, stages=3, layers=2, filters=4, kernel_size=3)
    assert [logits.shape for logits in stages] == [(None, None, 2)] * 3
