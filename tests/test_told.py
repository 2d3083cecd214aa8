import pytest

from consul_sniff.told import CLIENT_HELLO, DNS, HELLO, opened


@pytest.mark.parametrize(("name", "alpn"), [(b"consul.example", b"\x00\x03\x02h2"), (b"", b""), (b"x", b""), (b"", b"\x00\x00")])
def test_a_hello_is_told_in_bytes_and_read_again(name, alpn):
    what = HELLO.pack(CLIENT_HELLO, 0x0304, len(alpn)) + alpn + name
    assert opened(what) == ("client-hello", 0x0304, name, alpn)


def test_a_query_is_told_by_its_own_bytes():
    packet = bytes.fromhex("beef 0100 0001 0000 0000 0000") + b"\x03web\x07service\x06consul\x00" + bytes.fromhex("0021 0001")
    question = packet[12:-2]
    assert opened(DNS + packet[2:8] + question) == ("dns", 0x0100, 33, 0, b"\x03web\x07service\x06consul")


def test_an_answer_for_the_root_of_all_names_likewise():
    assert opened(DNS + bytes.fromhex("8183 0001 0007") + b"\x00" + bytes.fromhex("0001")) == ("dns", 0x8183, 1, 7, b"")


def test_all_else_is_told_as_it_is():
    assert opened(("records",)) == ("records",)
