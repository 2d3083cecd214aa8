"""The filter on a socket."""

import socket

import pytest

from consul_sniff.capture.socket_filter import NOT_TWICE, REJECT, attach, attached, not_twice_at


@pytest.fixture
def pair():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.setblocking(False)
    yield one, other
    one.close()
    other.close()


def test_what_is_attached_can_be_read(pair):
    _one, other = pair
    assert attached(other.fileno()) == b""
    attach(other.fileno(), NOT_TWICE + REJECT)
    assert attached(other.fileno()) == NOT_TWICE + REJECT
    assert len(attached(other.fileno())) == 4 * 8


def test_reject_lets_nothing_in_and_the_socket_stays_its_owners(pair):
    one, other = pair
    one.send(b"before")
    attach(other.fileno(), REJECT)
    one.send(b"after")
    assert other.recv(10) == b"before"
    with pytest.raises(BlockingIOError):
        other.recv(10)


def test_the_prefix_of_all_interfaces_names_the_loopbacks_number():
    assert not_twice_at(7)[3 * 8:4 * 8] == b"\x15\x00\x00\x01\x07\x00\x00\x00"
    assert len(not_twice_at(1)) == 5 * 8


def test_no_socket():
    with pytest.raises(OSError, match="cannot be read"):
        attached(2**20)
