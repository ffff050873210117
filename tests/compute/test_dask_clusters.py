"""Clusters that cannot be used are named within seconds."""

import gc
import socket
import time

import distributed
import pytest
from dask_processes import DaskProcesses

from behavior.compute import dask_clusters
from behavior.compute.dask_clusters import connect
from behavior.compute.where import Where
from behavior.errors import UsageError


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{port}", "127.0.0.1:{port}", "tcp://", "nonsense://127.0.0.1:1", "tcp://host.invalid:8786"]
)
def test_a_scheduler_that_does_not_answer_is_named_within_seconds(address, tmp_path):
    with socket.socket() as taken:
        # Bound and not listening, so that nothing else takes it.
        taken.bind(("127.0.0.1", 0))
        address = address.format(port=taken.getsockname()[1])
        began = time.monotonic()
        with pytest.raises(UsageError) as caught, connect(Where(cluster=address), most_workers=1, folder=tmp_path):
            pass
    assert str(caught.value).startswith(f"--cluster {address}: no Dask scheduler answers there (")
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began < 20
    # One that the garbage collector closes while another one starts waits for ever.
    assert not [one for one in gc.get_objects() if isinstance(one, distributed.Client) and one.status not in ("closed", "newly-created")]


def test_a_scheduler_without_workers_says_how_to_start_some(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_clusters, "SECONDS_FOR_FIRST_WORKER", 1)
    with (
        DaskProcesses(tmp_path, n_workers=0) as dask,
        pytest.raises(UsageError, match=f"dask worker {dask.address}"),
        connect(Where(cluster=dask.address), most_workers=1, folder=tmp_path),
    ):
        pass


def test_there_are_no_more_workers_on_this_machine_than_units(tmp_path):
    with connect(Where(5), most_workers=2, folder=tmp_path) as place:
        assert len(place.client.nthreads()) == 2
        assert place.is_local
        assert place.dashboard.startswith("http://127.0.0.1:")
