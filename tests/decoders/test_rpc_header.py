"""Headers of calls and answers: any order, cut, hostile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.rpc_header import Header, cut_header, header_at, header_from_method
from consul_sniff.errors import DecodeError, NeedMoreData

from .rpc_bytes import ANSWERER, CALLER, Raw, answer, call, pack


def test_real_headers():
    assert header_at(CALLER, 25) == (Header("Status.RaftStats", None), 62)
    assert header_at(ANSWERER, 24) == (Header("Status.RaftStats", ""), 68)


def test_any_order_and_any_size_of_seq():
    for seq in (0, 127, 128, 65_535, 2**40):
        for header in ({"ServiceMethod": "KVS.Get", "Seq": seq}, {"Seq": seq, "ServiceMethod": "KVS.Get"}):
            data = pack(header) + b"trailing"
            assert header_at(data, 0) == (Header("KVS.Get", None), len(data) - 8)
    assert header_at(pack({"ServiceMethod": "KVS.Get", "Seq": 3, "Error": ""}), 0)[0] == Header("KVS.Get", "")


@pytest.mark.parametrize(("text", "error"), [
    ("rpc error making call: Permission denied: token lacks x", "permission-denied"), ("ACL not found", "permission-denied"),
    ("ACL support disabled", "acl-disabled"), ("No cluster leader", "other"), (None, ""), ("", ""), ("x" * 300, "other"),
])
def test_what_errors_mean(text, error):
    assert header_at(answer("ACL.TokenRead", {}, text), 0)[0] == Header("ACL.TokenRead", error)


@pytest.mark.parametrize("method", ["KVS", "kvs.get", "KVS.Get\n", "K.G", "A" * 60 + ".Get", "KVS.Gét", "../..", "", "KVS.Get.More"])
def test_text_that_is_no_method_is_other(method):
    assert header_at(call(method, {}), 0)[0] == Header("other", None)


@pytest.mark.parametrize("header", [
    {"Seq": 1, "Other": 2}, {"Seq": "1", "ServiceMethod": "KVS.Get"}, {"Seq": [], "ServiceMethod": "KVS.Get"}, {"Error": "", "Seq": 1},
    {"Error": 5, "Seq": 1, "ServiceMethod": "KVS.Get"}, {"Error": Raw(b"\x83\xa5Error\x83\xa5Error"), "Seq": 1}, {"Seq": 1, "ServiceMethod": 7},
])
def test_maps_that_are_no_header(header):
    with pytest.raises(DecodeError):
        header_at(pack(header), 0)


def test_every_cut_asks_for_more():
    data = pack({"Error": "", "Seq": 70_000, "ServiceMethod": "KVS.Get"})
    for stop in range(1, len(data)):
        with pytest.raises(NeedMoreData):
            header_at(data[:stop], 0)


def test_from_the_method_on_and_cut():
    assert header_from_method(call("KVS.Get", {})[6:], 0)[0] == Header("KVS.Get", None)
    assert cut_header(call("Status.RaftStats", {})[:30], 0) == (Header("Status.*", None), 20)
    assert cut_header(answer("Status.RaftStats", {})[:30], 0) == (Header("*", ""), 27)
    assert cut_header(pack({"Seq": 1, "ServiceMethod": "A" * 40 + ".Get"})[:30], 0) == (Header("*", None), 20)
    assert cut_header(b"\x82\xa3Seq", 0) is None


@given(st.binary(max_size=60))
def test_only_the_two_errors_come_out(data):
    for start in (b"\x82\xa3Seq", b"\x83\xa5Error", b"\x82\xadServiceMethod"):
        try:
            header_at(start + data, 0)
        except (NeedMoreData, DecodeError):
            continue
        finally:
            cut_header(start + data, 0)
