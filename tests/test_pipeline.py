import dpkt
import pytest

from consul_sniff.facts import Facts
from consul_sniff.pipeline import LOSSES, Options, analyze, losses, read

from .conftest import PCAPS

PLAIN = str(PCAPS / "lab/plain-c1.pcap")


def test_facts_of_a_capture():
    facts = read([PLAIN], Options())
    assert sum(facts.counters.values()) == facts.inputs[0].packets == 530
    assert {key.protocol for key in facts.sightings} >= {"memberlist", "consul-rpc", "http"}
    assert not facts.reasons


def test_a_listener_hears_every_message_in_order_of_its_packets():
    heard = []
    read([PLAIN], Options(), listener=lambda flow, side, time, frame, message: heard.append((frame, message.protocol)))
    assert len(heard) > 200
    assert {protocol for _, protocol in heard} >= {"memberlist", "consul-rpc", "http"}


def test_progress_is_told():
    told = []
    read([PLAIN], Options(progress=lambda path, position: told.append((path, position))))
    assert told[-1] == (PLAIN, (PCAPS / "lab/plain-c1.pcap").stat().st_size)


def test_who_wants_to_stop_gets_what_there_is():
    class Now:
        code = 130
        waiting = False

    report = analyze([PLAIN], Options(stopping=Now()))
    assert report.exit_code == 130
    assert not report.complete
    assert report.inputs[0].packets == 0


def test_every_loss_has_its_sentence():
    facts = Facts()
    for name in LOSSES:
        facts.notes[name] = 2
    losses(facts)
    assert len(facts.reasons) == len(LOSSES)
    assert all(reason.startswith("2 ") for reason in facts.reasons)


@pytest.mark.parametrize("name", ["rpc/plaintext-midstream", "raft/plaintext-servers"])
def test_the_second_segment_first_changes_nothing_where_a_capture_begins_midway(tmp_path, name):
    """As where a card's queues mix up packets: the first segment of every side that has no SYN comes right after the one behind it."""
    path, other = PCAPS / f"{name}.pcap", tmp_path / "other.pcap"
    raw = path.read_bytes()
    moved = 0
    with path.open("rb") as file, other.open("wb") as to:
        records = list(dpkt.pcap.Reader(file))
        writer = dpkt.pcap.Writer(to, snaplen=262_144, nano=raw[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"))
        first: dict[tuple[bytes, bytes, int, int], tuple[float, bytes] | None] = {}
        for time, data in records:
            tcp, side = segment(data)
            if tcp is None or (side in first and first[side] is None):
                writer.writepkt(data, time)
            elif tcp.flags & dpkt.tcp.TH_SYN or not tcp.data:
                first.update({side: None} if tcp.flags & dpkt.tcp.TH_SYN else {})
                writer.writepkt(data, time)
            elif side not in first:
                first[side] = time, data
            else:
                writer.writepkt(data, time)
                writer.writepkt(first[side][1], time)
                first[side] = None
                moved += 1
        for left in filter(None, first.values()):
            writer.writepkt(left[1], records[-1][0])
    assert moved > 1
    reports = [analyze([str(one)], Options()) for one in (path, other)]
    assert [[(one.id, one.count) for one in report.findings] for report in reports[:1]] == [
        [(one.id, one.count) for one in report.findings] for report in reports[1:]]
    assert reports[0].notes == reports[1].notes


def segment(data):
    """The TCP header of an Ethernet frame, and which side of which flow sent it."""
    packet = dpkt.ethernet.Ethernet(data).data
    if not isinstance(packet, (dpkt.ip.IP, dpkt.ip6.IP6)) or not isinstance(packet.data, dpkt.tcp.TCP):
        return None, None
    return packet.data, (packet.src, packet.dst, packet.data.sport, packet.data.dport)
