import shutil
import subprocess

import pytest

from consul_sniff.capture import pcapng_writer as pcapng
from consul_sniff.capture import sources
from consul_sniff.hardening import OutputDir
from consul_sniff.keeping.files import Files, Ring
from consul_sniff.keeping.section import Section
from consul_sniff.keeping.traffic import Traffic
from consul_sniff.keeping.window import Window
from consul_sniff.model import Dialect, Interface

from ..capture import made
from ..capture.walker import read
from .kept import Clocks, block, finding, node, report


class Run:
    """Blocks in, judgements between them."""

    def __init__(self, folder, ring=None):
        section = Section(Clocks())
        self.folder = OutputDir.open(folder)
        self.traffic = Traffic(Files(self.folder, "all.pcapng", ring, lambda _: section.begin(), lambda: section.end(None), Clocks().wall), section)
        self.window, self.next = Window(1 << 20), 1

    def block(self, one, count):
        self.window.add(one, self.next, count)
        self.next += count

    def judged(self, *findings, nodes=()):
        self.traffic.report(report(*findings, nodes=nodes))
        self.window.close()
        while (chunk := self.window.pop()) is not None:
            self.traffic.write(chunk)

    def end(self):
        self.traffic.close()
        self.folder.close()


@pytest.fixture
def run(tmp_path):
    made_run = Run(tmp_path)
    yield made_run
    made_run.end()


def shown(path, *names):
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    words = [word for name in names for word in ("-e", name)]
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", "-E", "aggregator=|", *words], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_every_packet_in_order_and_comments_where_they_belong(run, tmp_path):
    run.block(block(made.FRAME, made.FRAME + b"2", made.FRAME + b"3"), 3)
    run.judged(finding("f", 2, 3), finding("g", 3))
    run.block(block(made.FRAME), 1)
    run.judged(finding("f", 2, 3), finding("g", 3))
    run.end()
    assert shown(tmp_path / "all.pcapng", "frame.number", "frame.len", "frame.comment") == [
        ["1", "60", ""], ["2", "61", "f (high) Plaintext: ping"], ["3", "61", "f (high) Plaintext: ping|g (high) Plaintext: ping"], ["4", "60", ""]]
    assert (run.traffic.commented, run.traffic.late) == (2, 0)


def test_what_is_understood_later_is_said_at_the_end(run, tmp_path):
    run.block(block(made.FRAME, made.FRAME), 2)
    run.judged(finding("f", 1))
    run.judged(finding("f", 1, 2), finding("g", 1))
    run.judged(finding("f", 1, 2, title="Another title"), finding("g", 1))
    assert run.traffic.late == 2
    run.end()
    data = (tmp_path / "all.pcapng").read_bytes()
    assert data.endswith(pcapng.section(*_writer(data), ["Understood after the packet was written:", "packet 1: g (high) Plaintext: ping",
                                                         "packet 2: f (high) Another title: ping"]))
    assert [row[0] for row in shown(tmp_path / "all.pcapng", "frame.comment")] == ["f (high) Plaintext: ping", ""]


def _writer(_data):
    import platform

    from consul_sniff import __version__

    return f"consul-sniff {__version__}", platform.platform()


def test_in_a_ring_it_is_said_in_which_file_and_not_of_removed_ones(tmp_path):
    run = Run(tmp_path, Ring(2, 1 << 20))
    for _ in range(30):
        run.block(block(*[bytes(1_000)] * 100), 100)
        run.judged()
    run.judged(finding("f", 1, 2_999))
    run.end()
    names = sorted(path.name for path in tmp_path.iterdir())
    last = (tmp_path / names[-1]).read_bytes()
    place = run.traffic.files.place(2_999)
    assert place.endswith(f" of {names[-1]}")
    assert f"{place}: f (high) Plaintext: ping".encode() in last
    assert b"packet 1:" not in last
    for name in names:  # each can be read alone
        (source,) = sources([str(tmp_path / name)])
        assert read(source)
        assert source.facts.error is None


def test_names_come_before_the_packets_of_the_same_judgement(run, tmp_path):
    run.block(block(made.FRAME), 1)
    run.judged(nodes=[node("10.0.0.1", "s1")])
    data = (tmp_path / "all.pcapng").read_bytes()
    assert data.index(pcapng.names([(bytes([10, 0, 0, 1]), "s1")])) < data.index(made.FRAME)


def test_a_pcapng_stream_keeps_its_interfaces_and_times(run, tmp_path):
    dialect = Dialect("pcapng", big_endian=False)
    dialect.interfaces += [Interface(1, 1_000_000, 0, 0, "eth0"), Interface(276, 10**9, 5, 0, "eth1")]
    raw = made.enhanced(b"abcd", 7, 1) + made.enhanced(b"efg", 1, 0, length=9) + made.enhanced(b"", 2, 1)
    one = block(dialect=dialect)
    one.buffer[:0] = raw
    one.consumed = len(raw)
    run.block(one, 3)
    run.judged(finding("f", 2))
    run.end()
    (source,) = sources([str(tmp_path / "all.pcapng")])
    assert [(packet.data, packet.time, packet.length, packet.link_type) for packet in read(source)] == [
        (b"abcd", 5 * 10**9 + 7, 4, 276), (b"efg", 1_000, 9, 1), (b"", 5 * 10**9 + 2, 0, 276)]


def test_without_a_judgement_they_are_written_all_the_same(run, tmp_path):
    run.block(block(made.FRAME, made.FRAME), 2)
    run.traffic.write(run.window.pop())
    run.end()
    (source,) = sources([str(tmp_path / "all.pcapng")])
    assert len(read(source)) == 2
