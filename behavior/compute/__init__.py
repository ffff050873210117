"""Where work runs: this process, worker processes, a cluster; the only room that knows Dask."""
