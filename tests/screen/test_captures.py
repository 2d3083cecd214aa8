"""The screen against the oracle, on captures of real clusters."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from .drive import capture
from .oracle import Oracle

CAPTURES = pathlib.Path(__file__).resolve().parents[3] / "shared" / "captures"
FILES = sorted(CAPTURES.glob("*.pcap"))

pytestmark = pytest.mark.skipif(not FILES, reason="the labelled captures (../shared/captures) are not here")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_equals_the_oracle(path: pathlib.Path) -> None:
    run = capture(str(path), understand=False)  # or what others say is not handed on
    oracle = Oracle(str(path))
    assert run.screen.packets == oracle.packets
    assert run.screen.counters == dict(oracle.counters)
    assert sum(run.screen.counters.values()) == run.screen.packets
    mine = sorted(run.flows, key=lambda flow: flow.number)
    assert len(mine) == len(oracle.flows)
    for flow, other in zip(mine, oracle.flows, strict=True):
        assert (flow.transport, tuple(zip(flow.addresses, flow.ports, strict=True))) == (other.transport, other.ends)
        for side in (0, 1):
            way, truth = flow.ways[side], other.sides[side]
            assert (way.packets, way.bytes, way.payloads) == (truth.packets, truth.bytes, truth.payloads)
            kinds = {name: getattr(way, name) for name in ("plain", "sealed1", "sealed0", "other", "crc_good", "crc_bad")}
            assert kinds == {name: truth.kinds[name] for name in kinds}
            if flow.transport == "tcp":
                got = run.stream(flow, side)
                truth_bytes = other.stream(side)
                assert len(got) <= len(truth_bytes)
                assert got == truth_bytes[:len(got)]
                assert len(truth_bytes) - len(got) <= way.lost


@pytest.mark.parametrize("name", ["plain-s1", "ipv6-s1", "mesh_lo-c2-any"])
def test_streams_equal_wireshark(name: str) -> None:
    path = CAPTURES / f"{name}.pcap"
    run = capture(str(path), understand=False)  # or what others say is not handed on
    flows = [flow for flow in sorted(run.flows, key=lambda flow: flow.number) if flow.transport == "tcp"]
    for index, flow in enumerate(flows):
        try:
            text = subprocess.run(["tshark", "-r", path, "-q", "-z", f"follow,tcp,raw,{index}"], check=True,
                                  capture_output=True, text=True).stdout
        except FileNotFoundError:
            pytest.skip("no tshark here")
        head = [line for line in text.splitlines() if line.startswith("Node ")]
        lines = [line for line in text.splitlines() if line and set(line.strip()) <= set("0123456789abcdef")]
        there = [bytes.fromhex(line) for line in lines if not line.startswith("\t")], \
                [bytes.fromhex(line.strip()) for line in lines if line.startswith("\t")]
        node = f"{flow.addresses[0]}:{flow.ports[0]}"
        flip = 0 if head and head[0].split()[-1].replace("[", "").replace("]", "") == node else 1
        for side in (0, 1):
            assert run.stream(flow, side) == b"".join(there[side ^ flip]), (index, side)
