"""What several processes added up is what one would have."""

from consul_sniff import pipeline
from consul_sniff.rows import unrolled
from consul_sniff.screen import together

from ..conftest import PCAPS
from ..test_rows import shown

NAMES = ("lab/plain-c1.pcap", "lab/ipv6-c1.pcap", "tls/rpc-tls13.pcap", "dns/consul-dns.pcap")


def test_parts_of_flows_together_are_all_flows():
    paths = [str(PCAPS / name) for name in NAMES] * 2
    whole = pipeline.read(paths, pipeline.Options())
    parts = [pipeline._read(enumerate(pipeline.sources(paths)), pipeline.Options(), shares=shares) for shares in (0x0F, 0xF0)]
    one = parts[0].joined(parts[1])
    assert len(one.rows) == 2
    one.rows = [together(one.rows)]
    assert one.rows[0].talked == whole.rows[0].talked
    assert shown(unrolled(one)) == shown(unrolled(whole))


def test_one_part_stays_what_it_is():
    facts = pipeline.read([str(PCAPS / NAMES[0])], pipeline.Options())
    before = shown(unrolled(facts))
    facts.rows = [together(facts.rows)]
    assert shown(unrolled(facts)) == before
