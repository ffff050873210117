"""What the file of `--cluster` may say."""

from pathlib import Path

import pytest

from behavior.config import Cluster, parse_section
from behavior.errors import UsageError

LEAST = {"kind": "slurm", "jobs": 4, "memory": "16 GB"}


def read(**content):
    return parse_section(Cluster, {**LEAST, **content}, source=Path("cluster.yaml"))


def test_a_few_keys_are_enough():
    cluster = read()
    assert (cluster.cores, cluster.workers_per_job, cluster.gpus, cluster.walltime, cluster.modules) == (1, 1, 0, "04:00:00", [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"wall_time": "1:00:00"}, "unknown key 'wall_time'; did you mean 'walltime'?"),
        ({"kind": "slrm"}, "kind is 'slrm'; did you mean 'slurm'? (known: slurm, pbs, sge, lsf)"),
        ({"walltime": "soon"}, "walltime: found 'soon', expected a time such as 12:00:00"),
        # What YAML makes of 12:00:00 without quotes.
        ({"walltime": 43200}, "walltime is 43200, expected text; put it in quotes"),
        ({"memory": "much"}, "memory: found 'much', expected a number with its unit, such as 16 GB"),
        ({"jobs": 0}, "jobs is 0, expected at least 1"),
        ({"environment": {"A;rm": "x"}}, "environment: found 'A;rm', expected names of variables"),
        ({"directives": ["--qos=long\nrm"]}, "expected text of one line"),
    ],
)
def test_what_it_may_not_say_is_named(content, expected):
    with pytest.raises(UsageError) as caught:
        read(**content)
    assert str(caught.value).startswith("cluster.yaml: ")
    assert expected in str(caught.value)
