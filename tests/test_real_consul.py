"""``live`` on a host of a real Consul datacenter.

CONSUL_BINARY=/path/to/consul .venv/bin/python -m pytest tests/test_real_consul.py    # as root; half a minute
"""

import json
import os
import time

import pytest

from . import consul_cluster, live_lab

SECONDS = 10
WANTED = ("gossip-encryption", "rpc-tls")
REFUSAL = consul_cluster.refusal() or live_lab.refusal()

pytestmark = [pytest.mark.consul, pytest.mark.slow, pytest.mark.skipif(bool(REFUSAL), reason=REFUSAL)]


@pytest.fixture(params=[False, True], ids=["default", "secure"])
def cluster(request, tmp_path):
    made = None
    try:
        made = consul_cluster.Cluster(tmp_path, secure=request.param)
        assert made.settled(), consul_cluster.log(tmp_path)
        made.wanted = "pass" if request.param else "fail"
        yield made
    finally:
        if made is not None:
            made.close()


def statuses(run):
    return {line["id"]: line["status"] for line in run.lines() if line["event"] == "control-changed"}


def test_a_running_datacenter_is_judged_in_ten_seconds(cluster):
    run = cluster.live("c1", "--format", "ndjson")
    begun = time.monotonic()

    def judged():
        cluster.ask("PUT", "/v1/kv/app/config", os.urandom(200))  # the client's agent asks a server by RPC
        said = statuses(run)
        return all(said.get(one) == cluster.wanted for one in WANTED)

    assert run.until(judged, 2 * SECONDS), run.out.read_text()
    took = time.monotonic() - begun
    assert took < SECONDS
    time.sleep(SECONDS - took)
    assert run.end()[0] == 130
    report = run.lines()[-1]["report"]
    assert {one["status"] for one in report["controls"] if one["id"] in WANTED} == {cluster.wanted}
    assert {one["address"] for one in report["nodes"]} == set(consul_cluster.HOSTS.values())
    assert report["complete"], json.dumps(report["reasons"])
    if cluster.wanted == "pass":
        assert [one["id"] for one in report["controls"] if one["status"] == "fail"] == []
