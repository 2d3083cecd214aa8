"""Paths to routes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.consul_routes import DULL, TAIL, Route, route


@pytest.mark.parametrize(("path", "name", "tail", "sure"), [
    ("/v1/kv/app/config/db", "/v1/kv/*", "app/config/db", False),
    ("/v1/kv/", "/v1/kv", "", False),
    ("/v1/kv/_rexec/4f/job", "/v1/kv/*", "_rexec/4f/job", True),
    ("/v1/kv/a%20b", "/v1/kv/*", "a b", False),
    ("/v1/agent/self", "/v1/agent/self", "", False),  # Nomad has it, too
    ("/v1/agent/services", "/v1/agent/services", "", True),
    ("/v1/agent/service/db-sidecar-proxy", "/v1/agent/service/*", "db-sidecar-proxy", True),
    ("/v1/agent/service/register", "/v1/agent/service/register", "", True),
    ("/v1/agent/connect/ca/leaf/web", "/v1/agent/connect/ca/leaf/*", "web", True),
    ("/v1/catalog/nodes", "/v1/catalog/nodes", "", True),
    ("/v1/health/service/web", "/v1/health/service/*", "web", True),
    ("/v1/acl/token/self", "/v1/acl/token/self", "", False),
    ("/v1/acl/token/6a1253d2-1785-24fd-91c2-f8e78c745511", "/v1/acl/token/*", "6a1253d2-1785-24fd-91c2-f8e78c745511", False),
    ("/v1/acl/info/abc", "/v1/acl/info/*", "abc", False),
    ("/v1/event/fire/_rexec", "/v1/event/fire/*", "_rexec", True),
    ("/v1/query/x/execute", "/v1/query/*/execute", "x", False),
    ("/v1/txn", "/v1/txn", "", False),
    ("/v1/config/service-intentions/db", "/v1/config/service-intentions/*", "db", True),
    ("/v1/connect/intentions/exact", "/v1/connect/intentions/exact", "", True),
])
def test_routes(path, name, tail, sure):
    assert route(path) == Route(name, tail, sure)


@pytest.mark.parametrize("path", [
    "/", "/v1/", "/v1/jobs", "/v1/regions", "/v1/sys/health", "/v1/auth/token/lookup-self", "/v1/catalog", "/v1/catalog/items",
    "/v2/kv/x", "/v1/health", "/v1/health/live", "/v1/agent/health", "/v1/chat/completions", "/v1/session", "/v1/event/stream",
    "/v1/acl", "v1/kv/x", "/v1/containers/json",
])
def test_other_peoples_paths(path):
    assert route(path) is None


def test_dull_routes_exist():
    assert all(route(path) == Route(path, "", sure=False) for path in DULL)


@given(st.text(max_size=80))
def test_route_names_are_few(tail):
    for first in ("kv", "acl/info", "agent/service", "health/service"):
        found = route(f"/v1/{first}/x{tail}")
        assert found is not None
        assert found.name in {"/v1/kv/*", "/v1/acl/info/*", "/v1/agent/service/*", "/v1/health/service/*"}
        assert len(found.tail) <= TAIL
    route("/v1/" + tail)
