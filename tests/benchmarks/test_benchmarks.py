import itertools
import json
import shutil
import struct
import subprocess
import sys
import zlib

import dpkt
import pytest

from benchmarks import agree, gate, gossip, live, lzw, make_consul, readme, signatures
from benchmarks.catalogue import PCAPS, RECIPES, Kitchen
from benchmarks.make_consul import Changes
from benchmarks.make_longer import moved
from benchmarks.measure import Failed, run
from benchmarks.pcapfile import Writer, read
from benchmarks.programs import OURS, READ
from benchmarks.results import Capture, Doubling, Results, Series, to_json
from benchmarks.seeds import seeded
from benchmarks.tables import markdown
from benchmarks.templates import PLAIN, load
from consul_sniff.matching import load as rules_of
from consul_sniff.pipeline import Options
from consul_sniff.pipeline import read as facts_of
from tests.live_lab import refusal

PACKETS = 1_000
SUMMED = sorted(set(RECIPES) - {"fragments"})  # a fragment has no checksum of its own to look at
FIXED_LENGTH = {"consul-swapped", "consul-lost", "mixed-5gb"}  # those have other numbers of packets than asked for


@pytest.fixture(scope="session")
def kitchen(tmp_path_factory):
    return Kitchen(tmp_path_factory.mktemp("bench"), 1e-6)  # that is the least: 1,000 packets


@pytest.fixture(scope="session")
def merged(tmp_path_factory):
    """Two captures in random order, with changes: the file, and what was made of it."""
    folder = tmp_path_factory.mktemp("merged")
    found = [load(PCAPS / "lab" / f"{name}.pcap") for name in ("plain-c1", "secure-c1")]

    def make(**changes):
        path = folder / f"{sorted(changes)}.pcap"
        with Writer(path) as writer:
            made = make_consul.make(writer, found, 8_000, seeded("test"), Changes(**changes))
        return [record.data for record in read(path)], made

    return make


def checksums(frame):
    """The IPv4 header's and the transport's check; each is 0 where it is right."""
    ethernet = dpkt.ethernet.Ethernet(frame)
    at = 18 if frame[12:14] == b"\x81\x00" else 14
    packet = frame[at:]
    if isinstance(ethernet.data, dpkt.ip.IP):
        start, end = 4 * (packet[0] & 15), struct.unpack(">H", packet[2:4])[0]
        yield dpkt.in_cksum(packet[:start])
        transport, addresses = packet[9], packet[12:20]
    elif isinstance(ethernet.data, dpkt.ip6.IP6):
        start, end = 40, 40 + struct.unpack(">H", packet[4:6])[0]
        transport, addresses = packet[6], packet[8:40]
    else:
        return
    body = packet[start:end]
    if transport in {6, 17}:
        yield dpkt.in_cksum(addresses + struct.pack(">HH", transport, len(body)) + body)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_captures_are_read_by_the_program_whole(kitchen, name):
    kept = kitchen.get(name)
    facts = facts_of([str(kept.path)], Options())
    assert facts.inputs[0].error is None
    assert sum(facts.counters.values()) == facts.inputs[0].packets == kept.packets
    assert "malformed" not in facts.counters
    assert "evicted-flows" not in facts.notes
    if name not in FIXED_LENGTH:
        assert PACKETS <= kept.packets < 2 * PACKETS


@pytest.mark.parametrize("name", SUMMED)
def test_checksums_are_right(kitchen, name):
    checks = [check for record in read(kitchen.get(name).path) for check in checksums(record.data)]
    assert len(checks) > PACKETS // 3
    assert set(checks) <= {0, 0xFFFF}


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("name", ["mixed", "fragments"])
def test_tshark_finds_nothing_malformed_in_the_layers(kitchen, name):
    checks = [part for layer in ("ip", "tcp", "udp") for part in ("-o", f"{layer}.check_checksum:TRUE")]
    wrong = "ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || _ws.malformed && !tcp && !udp"
    said = subprocess.run(["tshark", "-n", "-r", str(kitchen.get(name).path), *checks, "-Y", wrong], capture_output=True,
                          text=True, check=True)
    assert said.stdout == ""


def test_the_same_seed_makes_the_same_bytes(kitchen, tmp_path):
    other = Kitchen(tmp_path / "again", 1e-6)
    another = Kitchen(tmp_path / "another", 1e-6, seed=1)
    for name in ("mixed", "consul-new", "tunnels"):
        first = kitchen.get(name).path
        assert other.get(name).path.name == first.name
        assert other.get(name).path.read_bytes() == first.read_bytes()
        assert another.get(name).path.name != first.name
        assert another.get(name).path.read_bytes() != first.read_bytes()


def test_a_capture_that_is_there_is_not_made_again(kitchen):
    path = kitchen.get("spoofed").path
    path.write_bytes(path.read_bytes())
    before = path.stat().st_mtime_ns
    assert kitchen.get("spoofed").path.stat().st_mtime_ns == before


def flows(frames):
    """Flow -> the numbers of its first and last frame."""
    seen = {}
    for number, frame in enumerate(frames):
        packet = dpkt.ethernet.Ethernet(frame).data
        if isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6) and isinstance(packet.data, dpkt.tcp.TCP | dpkt.udp.UDP):
            ends = sorted([(packet.src, packet.data.sport), (packet.dst, packet.data.dport)])
            key = (*ends, type(packet.data))
            seen[key] = (seen.get(key, (number, 0))[0], number)
    return seen


def test_so_many_flows_are_live_as_is_said(merged):
    frames, made = merged()
    seen = flows(frames)
    assert len(seen) == made.flows
    steps = sorted([(first, 1) for first, _ in seen.values()] + [(last + 1, -1) for _, last in seen.values()])
    live = most = 0
    for _, step in steps:
        live += step
        most = max(most, live)
    assert abs(most - made.live) <= 1  # a flow that ends leaves before or after the next one's first packet
    assert most > 20


def test_copies_are_merged_in_random_order_and_keep_their_own(merged):
    frames, _ = merged()
    lanes = [frame[27:29] for frame in frames if frame[12:14] == b"\x08\x00" and frame[26] == 10]
    assert sum(a != b for a, b in itertools.pairwise(lanes)) > len(lanes) / 3
    before = {}
    for frame in frames:
        packet = dpkt.ethernet.Ethernet(frame).data
        if isinstance(packet, dpkt.ip.IP) and isinstance(packet.data, dpkt.tcp.TCP) and packet.data.data:
            key = (packet.src, packet.data.sport, packet.dst, packet.data.dport)
            at, step = before.get(key, packet.data.seq), 1 << 31
            assert (packet.data.seq - at) % (1 << 32) < step
            before[key] = packet.data.seq


def test_what_was_changed_is_counted(merged):
    frames, made = merged()
    swapped_frames, swapped = merged(swapped=0.05)
    assert sorted(map(len, swapped_frames)) == sorted(map(len, frames))
    assert 0 < swapped.swapped < 0.05 * len(frames)
    repeated_frames, repeated = merged(repeated=0.05)
    assert len(repeated_frames) == len(frames) + repeated.repeated
    lost_frames, lost = merged(lost=0.05)
    assert len(lost_frames) == len(frames) - lost.lost
    assert min(repeated.repeated, lost.lost) > 0.02 * len(frames)
    assert (made.swapped, made.repeated, made.lost) == (0, 0, 0)


def test_who_says_something_new_says_it_in_gossip_that_checks(merged):
    frames, _ = merged()
    new, _ = merged(retold=True)
    said, told = ({gossip.opened(packet.data.data)[0] for frame in some
                   if isinstance((packet := dpkt.ethernet.Ethernet(frame).data), dpkt.ip.IP)
                   and isinstance(packet.data, dpkt.udp.UDP) and gossip.plain(packet.data.data)} for some in (frames, new))
    assert len(told) >= len(said)
    # the messages that name nobody (acks) stay as they are
    assert len({one for one in said & told if b"Node" in one}) == 0 < len(told - said)
    assert {message[0] for message in told} == {message[0] for message in said}


@pytest.mark.parametrize("data", [b"", b"a", b"abababababab" * 9, bytes(range(256)) * 40, seeded("lzw").randbytes(9_000)])
def test_lzw_there_and_back(data):
    assert lzw.unpack(lzw.pack(data)) == data


def test_lzw_is_as_go_writes_it():
    packed = [(payload, *gossip.opened(payload)) for one in load(PCAPS / "lab" / "plain-c1.pcap").templates
              if one.kind == PLAIN for payload in [one.tail]]
    assert sum(was for _, _, was in packed) > 5
    for payload, message, was in packed:
        assert gossip.closed(message, packed=was) == payload
        assert zlib.crc32(payload[5:]).to_bytes(4, "big") == payload[1:5]


def test_moved_addresses_leave_checksums_as_they_were(kitchen):
    for record in read(kitchen.get("mixed").path):
        once = moved(record.data, 3)
        assert set(checksums(once)) <= {0, 0xFFFF}
        assert len(once) == len(record.data)


def test_a_run_is_measured(tmp_path):
    made = run([sys.executable, "-c", "x = bytearray(50_000_000); print('told')"], {}, output=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "told\n"
    assert 50_000_000 < made.rss < 90_000_000
    assert 0 < made.cpu < 10 * made.wall
    run([sys.executable, "-c", "import os; print(os.getcwd())"], {}, output=tmp_path / "where", folder=tmp_path)
    assert (tmp_path / "where").read_text().strip() == str(tmp_path.resolve())
    small = run([sys.executable, "-I", "-S", "-c", ""], {})
    assert small.rss < 30_000_000  # and not this test's own
    with pytest.raises(Failed, match="ended with 3: because"):
        run([sys.executable, "-c", "import sys; print('because', file=sys.stderr); sys.exit(3)"], {})


def results(ours, reading, ndpi, doubled=2.0):
    series = {name: Series(packets, [wall] * 3, [0.1] * 3, [wall] * 3, 50_000_000)
              for name, wall, packets in ((OURS, ours, 2_000_000), (READ, reading, 2_000_000), ("ndpiReader", ndpi, 2_000_000),
                                          ("tshark", 10.1, 200_000))}
    made = {"packets": 2_000_000, "flows": 24_000, "live": 20_000}
    return Results("2026-01-01", {"cores": "2"}, {"rounds": 3, "seed": 1, "scale": 1}, {OURS: "1"},
                   [Capture("consul", "real", 2_000_000, 1, made, series)], [Doubling("spoofed", 10, 1.0, doubled)], [], {})


def test_times_of_a_part_are_scaled_up_without_start_up():
    capture = results(0.5, 0.2, 3.0).captures[0]
    assert capture.wall("tshark") == pytest.approx(0.1 + 10 * 10)
    assert capture.net(OURS) == pytest.approx(0.4)
    assert "~100.10" in markdown(results(0.5, 0.2, 3.0), "x")


@pytest.mark.parametrize(("figures", "missed"), [
    ((0.5, 0.2, 3.0), []),
    ((0.5, 0.2, 1.9), ["consul: ndpiReader / consul-sniff"]),
    ((2.0, 0.2, 9.0), ["consul: consul-sniff / read, without start-up", "consul: tshark / consul-sniff"]),
    ((0.5, 0.2, 3.0, 2.2), ["spoofed: twice the packets"]),
])
def test_the_gate_is_missed_where_a_ratio_is(figures, missed):
    assert [one.what for one in gate.ratios(results(*figures)) if one.met is False] == missed


def test_results_are_json():
    figures = json.loads(json.dumps(to_json(results(0.5, 0.2, 3.0))))["captures"][0]["series"][OURS]
    assert figures["packets_per_second"] == 4_000_000
    assert figures["to_read"] == 2.5


def test_reports_that_differ_in_a_count_do_not_agree():
    report = {"counters": {"terminal": {"tcp": 5, "udp": 3}}, "controls": [], "nodes": [], "exposures": [], "conversations": [],
              "findings": [{"id": "a", "severity": "high", "count": 4}]}
    again = {**report, "counters": {"terminal": {"tcp": 6, "duplicate": 1, "udp": 3}}}
    assert agree.compare(report, again) == (2, [])
    fewer = {**report, "findings": [{"id": "a", "severity": "high", "count": 3}]}
    assert agree.compare(report, fewer)[1] == ["findings: a: ('high', 4) and ('high', 3)"]


@pytest.mark.slow
def test_what_is_sent_live_is_decoded_or_reported_lost():
    if refusal():
        pytest.skip(refusal())
    one = live.once(PCAPS / "lab" / "plain-c1.pcap", 20_000, 1)
    assert one.sent == 20_000
    assert one.exact, live.sentence(one)


def test_a_live_run_is_good_or_not():
    fine = live.Seen(50_000, 10, 1.0, 10, 0, 0, 0.5, 90.0, 0.1)
    assert fine.good
    assert not fine._replace(decoded=9).good
    assert not fine._replace(decoded=9, dropped=1).good
    assert not fine._replace(cores=1.1).good
    assert not fine._replace(megabytes=201.0).good
    assert fine._replace(rate=100_000, decoded=8, dropped=1, unread=1, cores=1.0, megabytes=400.0).good
    assert not fine._replace(rate=100_000, decoded=8, dropped=1).good


def test_the_table_of_the_readme_is_that_of_the_results():
    said = readme.README.read_text()
    assert readme.written(said, json.loads(readme.RESULTS.read_text())) == said
    assert "| mixed: " in said


def test_a_thousand_signatures_are_the_shipped_ones_and_others_of_one_site(tmp_path):
    signatures.write(tmp_path, 300)
    own = [one for one in rules_of(tmp_path).signatures if one.path.startswith(str(tmp_path))]
    shipped = {one.id: one for one in rules_of().signatures}
    assert len(own) == 300
    assert {one.id.removeprefix("all-") for one in own if one.id.startswith("all-")} == set(shipped)
    for one in own:
        words = repr((one.match, one.unless))
        assert one.id.startswith("all-") or "cidr" in words or "contains" in words
