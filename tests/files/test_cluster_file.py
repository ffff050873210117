"""What `--cluster` names."""

import pytest

from behavior.errors import UsageError
from behavior.files.cluster_file import read_cluster


def test_a_file_is_read_and_an_address_is_taken_as_it_is(tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text("kind: slurm\njobs: 3\nmemory: 4 GB\nwalltime: 12:00:00\n".replace("12:00:00", '"12:00:00"'))
    assert read_cluster(str(path))["jobs"] == 3
    assert read_cluster("tls://host:8786") == "tls://host:8786"


def test_anything_else_is_refused(tmp_path):
    with pytest.raises(UsageError, match="neither the address"):
        read_cluster("host")
    with pytest.raises(UsageError, match=r"gone\.yaml"):
        read_cluster(str(tmp_path / "gone.yaml"))
    (tmp_path / "list.yaml").write_text("[1]")
    with pytest.raises(UsageError, match="expected keys and values"):
        read_cluster(str(tmp_path / "list.yaml"))
