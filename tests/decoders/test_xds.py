"""xDS resources, walked without a schema."""

from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import xds
from consul_sniff.decoders.http_body import Finds

ANY = b"type.googleapis.com/envoy.config."


def number(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(key, value):
    """A protobuf field: bytes or a number."""
    if isinstance(value, int):
        return number(key << 3) + number(value)
    return number(key << 3 | 2) + number(len(value)) + value


def address(host, port):
    return field(1, field(2, host) + field(3, port))


def cluster(name, host, port):
    endpoint = field(1, field(1, address(host, port)))
    return field(1, name) + field(4, b"\x08\x05") + field(33, field(1, name) + field(2, field(2, endpoint)))


def any_(kind, resource):
    return field(1, ANY + kind) + field(2, resource)


CLUSTER = any_(b"cluster.v3.Cluster", cluster(b"local_app", b"127.0.0.1", 5432))
LISTENER = any_(b"listener.v3.Listener", field(1, b"public_listener:0.0.0.0:21000") + field(2, address(b"0.0.0.0", 21000)))


def said(data):
    finds = Finds()
    xds.read_response(data, finds)
    return [(c.kind, c.subject) for c in finds.claims]


def test_state_of_the_world_and_delta():
    sotw = field(1, b"v1") + field(2, CLUSTER) + field(2, LISTENER) + field(4, b"type")
    delta = field(1, b"1") + field(2, field(3, b"local_app") + field(1, b"v") + field(2, CLUSTER)) + field(2, field(2, LISTENER))
    for data in (sotw, delta):
        assert said(data) == [("service", ("", 5432)), ("listener", ("", 21000))]


def test_other_resources_say_nothing():
    upstream = any_(b"cluster.v3.Cluster", cluster(b"db.default.dc1", b"10.0.0.5", 21000))
    outbound = any_(b"listener.v3.Listener", field(1, b"db:127.0.0.1:9191") + field(2, address(b"127.0.0.1", 9191)))
    assert said(field(2, upstream) + field(2, outbound) + field(2, any_(b"route.v3.Route", b"x")) + field(2, 5)) == []


def test_ports_that_are_none():
    assert said(field(2, any_(b"cluster.v3.Cluster", cluster(b"local_app", b"127.0.0.1", 0)))) == []
    assert said(field(2, any_(b"cluster.v3.Cluster", cluster(b"local_app", b"127.0.0.1", 70_000)))) == []


def test_beginnings():
    response = field(1, b"v1") + field(2, CLUSTER)
    framed = b"\x00" + len(response).to_bytes(4, "big") + response
    assert xds.begins_message(framed)
    assert xds.begins_response(framed)
    assert not xds.begins_response(b"\x00\x00\x00\x00\x09" + field(1, b"node-id"))
    assert not xds.begins_response(response)
    assert not xds.begins_message(b"\x05" + framed[1:])
    assert not xds.begins_message(b"\x00\x00")


def test_fields_stop_at_nonsense():
    assert list(xds.fields(field(1, b"a") + b"\x00" + field(2, b"b"))) == [(1, b"a")]
    assert list(xds.fields(b"\x0d1234" + field(2, 7))) == [(2, 7)]
    assert list(xds.fields(b"\x0b")) == []
    assert list(xds.fields(b"\x0a\xff\xff\xff\xff\x0fab")) == [(1, b"ab")]
    assert len(list(xds.fields(b"\x08\x01" * 9000))) == xds.FIELDS


@given(st.binary(max_size=300))
def test_any_bytes(data):
    said(data)
    for cut in (data, CLUSTER[:40] + data, field(2, CLUSTER[:-9] + data)):
        for kind, subject in said(cut):
            assert kind in ("service", "listener")
            assert 0 < subject[1] < 65_536
