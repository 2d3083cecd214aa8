"""Envoy's admin interface: path and body."""

import gzip

import pytest

from consul_sniff.decoders.http1 import Http1

from .http_feed import PRINT, TOKEN, claims_of, drive, exchange, fields, request, response, secrets_of

# the headers of every admin answer in mesh-observer.pcap
OWN = ("cache-control: no-cache, max-age=0", "x-content-type-options: nosniff", "server: envoy")
# parts of mesh-observer.pcap, flow 1 (frames 155 to 262), token replaced, the 3,300 lines between them left out
CONFIG_DUMP = b"""{
 "configs": [
  {
   "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
   "bootstrap": {
    "node": {
     "id": "web-sidecar-proxy",
     "cluster": "web",
%b         "initial_metadata": [
          {
           "key": "x-consul-token",
           "value": "%b"
          }
         ],
     "cluster": {
      "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
      "name": "local_app",
      "type": "STATIC",
      "connect_timeout": "5s",
      "load_assignment": {
       "cluster_name": "local_app",
       "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {
              "address": "127.0.0.1",
              "port_value": 8080
             }}}}]}]
      }
     },
     "listener": {
      "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
      "name": "public_listener:0.0.0.0:21000",
      "cluster": "local_app"
     }}}]}
""" % (b'     "extensions": [],\n' * 7000, TOKEN.encode())
CLUSTERS = (b"local_app::observability_name::local_app\nlocal_app::default_priority::max_connections::1024\n"
            b"local_app::127.0.0.1:5432::cx_active::0\nlocal_app::127.0.0.1:5432::cx_total::2\n")
BODIES = {
    "/clusters": CLUSTERS,
    "/certs": b'{\n "certificates": [\n  {\n   "ca_cert": [\n    {\n     "path": "\\u003cinline\\u003e"',
    "/stats": b'cluster_manager.cds.version_text: ""\ncluster.local_agent.assignment_stale: 0\n',
    "/stats/prometheus": b"# TYPE envoy_cluster_assignment_stale counter\nenvoy_cluster_assignment_stale{} 0\n",
    "/server_info": b'{\n "version": "9e55/1.40.0/Clean/RELEASE/BoringSSL",\n "state": "LIVE",\n "uptime_all_epochs": "8s"',
    "/listeners": b"public_listener:0.0.0.0:21000::0.0.0.0:21000\n",
    "/help": b"admin commands are:\n  /: Admin home page\n",
    "/logging": b"active loggers:\n  a2a: info\n",
    "/ready": b"LIVE\n", "/memory": b'{\n "allocated": "13",\n "heap_size": "4"}', "/hot_restart_version": b"11.104",
    "/quitquitquit": b"OK\n", "/": b"<head>\n  <title>Envoy Admin</title>", "/init_dump": b"{}", "/runtime": b'{\n "layers": [',
}


@pytest.mark.parametrize("size", [1, 1448, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_what_stands_behind_the_first_100_kilobytes_is_found(size, packed):
    assert CONFIG_DUMP.index(TOKEN.encode()) > 100_000
    body = gzip.compress(CONFIG_DUMP) if packed else CONFIG_DUMP
    headers = (*OWN, "content-encoding: gzip") if packed else OWN
    messages = exchange(request("GET /config_dump"), response(200, body, *headers), size)
    assert [(m.protocol, m.kind, fields(m)) for m in messages] == [
        ("envoy-admin", "request", {"path": "/config_dump", "method": "GET"}),
        ("envoy-admin", "response", {"path": "/config_dump", "status": 200, "admin": True})]
    [secret] = secrets_of(messages)
    assert (secret.kind, secret.fingerprint, secret.where) == ("acl-token", PRINT, "Envoy config_dump")
    assert [(c.kind, c.subject, dict(c.value)["service"]) for c in claims_of(messages)] == [
        ("service", ("", 8080), "web"), ("listener", ("", 21000), "web")]
    assert TOKEN not in repr(messages)


@pytest.mark.parametrize("path", BODIES)
def test_every_page(path):
    messages = exchange(request(f"GET {path}?format=text"), response(200, BODIES[path], *OWN))
    assert (messages[1].protocol, fields(messages[1])["admin"]) == ("envoy-admin", True)
    assert fields(messages[1])["path"] == path


def test_ports_in_text_pages():
    assert [c.subject for c in claims_of(exchange(request("GET /clusters"), response(200, CLUSTERS)))] == [("", 5432)]
    listeners = exchange(request("GET /listeners"), response(200, BODIES["/listeners"], *OWN))
    assert [(c.kind, c.subject) for c in claims_of(listeners)] == [("listener", ("", 21000))]


@pytest.mark.parametrize(("path", "body", "headers"), [
    ("/stats", b"<html>stats</html>", OWN), ("/ready", b"LIVE\n", ()), ("/ready", b"OK", OWN), ("/", b"<html>", OWN),
    ("/help", b"how to admin commands are:", ()), ("/listeners", b"a::b:80\n", OWN), ("/runtime", b'{"layers":[]}', ("server: envoy",)),
    ("/clusters", b'[{"name":"a"}]', OWN), ("/certs", b'{"certificates":[{"id":1}]}', ()), ("/memory", b"{}", OWN),
    ("/server_info", b'{"version":"1"}', ()),
])
def test_the_path_alone_is_http_of_nobody(path, body, headers):
    messages = exchange(request(f"GET {path}"), response(200, body, *headers))
    assert [(m.protocol, fields(m).get("api")) for m in messages] == [("http", "other"), ("http", "other")]


def test_the_body_alone_is_nothing_either():
    messages = exchange(request("GET /backup/dump.json"), response(200, CONFIG_DUMP, *OWN))
    assert [(m.protocol, m.secrets) for m in messages] == [("http", ()), ("http", ())]


@pytest.mark.parametrize(("status", "body"), [(404, b"404 page not found"), (200, b"<html>login</html>"), (403, b"")])
def test_a_scan_that_finds_no_envoy(status, body):
    messages = exchange(request("GET /config_dump"), response(status, body, "server: nginx"))
    assert [(m.protocol, fields(m).get("admin")) for m in messages] == [("envoy-admin", None), ("envoy-admin", False)]


def test_a_state_changing_page_that_wants_post():
    messages = exchange(request("GET /quitquitquit"), response(405, b"Method GET not allowed, POST required.", *OWN))
    assert fields(messages[1])["admin"] is True


def test_a_config_dump_whose_request_was_not_captured():
    [message] = [m for _, m in drive(Http1(), [(1, response(200, CONFIG_DUMP, *OWN))])]
    assert fields(message) == {"path": "/config_dump", "status": 200, "admin": True}
    [message] = [m for _, m in drive(Http1(), [(1, response(200, b"LIVE\n", *OWN))])]
    assert message.protocol == "http"


def test_consul_has_pages_of_such_names():
    messages = exchange(request("GET /"), response(301, b"", "X-Consul-Default-Acl-Policy: deny"))
    assert fields(messages[1])["api"] == "consul"


def test_a_flood_of_cluster_names_is_read_in_time():
    hostile = b'{"@type": "type.googleapis.com/envoy.admin.v3.X",' + b'"name": "local_app" ' * 100_000
    messages = exchange(request("GET /config_dump"), response(200, hostile, *OWN))
    assert fields(messages[1])["admin"] is True
    assert claims_of(messages) == []
