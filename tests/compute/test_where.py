"""Where work runs, and what cannot be asked for."""

import pytest

from behavior.compute.where import HERE, Where
from behavior.errors import UsageError


def test_one_process_is_this_one():
    assert HERE.is_here and Where(1).is_here
    assert not Where(2).is_here
    assert not Where(cluster="tcp://10.0.0.5:8786").is_here


@pytest.mark.parametrize("workers", [0, -1])
def test_there_is_at_least_one_worker(workers):
    with pytest.raises(UsageError, match="expected 1 or more"):
        Where(workers)


def test_this_machine_and_a_cluster_exclude_each_other():
    with pytest.raises(UsageError, match="--workers is for this machine and --cluster for others; give one of them"):
        Where(2, "tcp://10.0.0.5:8786")
