"""What the screen added up becomes objects when somebody asks."""

from consul_sniff.facts import Conversation
from consul_sniff.pipeline import Options, read
from consul_sniff.rows import SumTallies, address, name, spelt, unrolled
from consul_sniff.tally import Tally, joined

from .rolled import rolled

SLOTS = Conversation.__slots__


def shown(facts):
    return ({key: [getattr(one, slot) for slot in SLOTS] for key, one in facts.conversations.items()},
            {key: (one.count, one.first, one.last, one.evidence) for key, one in facts.sightings.items()})


def test_there_and_back(pcaps):
    for path in sorted(pcaps.glob("lab/*.pcap")):
        whole = unrolled(read([str(path)], Options()))
        again = rolled(whole)
        assert again.rows[0].talked > 0, path
        assert len(again.conversations) + again.rows[0].talked == len(whole.conversations)
        assert shown(unrolled(again)) == shown(whole)


def test_neither_is_changed(pcaps):
    facts = read([str(pcaps / "lab/plain-c1.pcap")], Options())
    before = shown(facts), bytes(facts.rows[0].talks), bytes(facts.rows[0].sums)
    first = shown(unrolled(facts))
    assert shown(unrolled(facts)) == first
    assert (shown(facts), bytes(facts.rows[0].talks), bytes(facts.rows[0].sums)) == before


def test_all_packets_that_it_rests_on_are_named(pcaps):
    facts = rolled(unrolled(read([str(pcaps / "lab/plain-c1.pcap")], Options())))
    rows, (whole,) = unrolled(facts), facts.rows
    left = set(facts.conversations)
    expected = {one.frame for key, talk in rows.conversations.items() if key not in left for side in talk.evidence for one in side}
    expected |= {one.frame for key, tally in rows.sightings.items() if key.conversation not in left for one in tally.evidence}
    assert set(whole.frames()) == expected


def test_sums_are_tallies_whoever_asks_for_what(pcaps):
    (rows,) = rolled(unrolled(read([str(pcaps / "lab/plain-c1.pcap")], Options()))).rows
    ones = [one for t in range(rows.talked) for _, _, one in rows.said(t)]
    tallies = SumTallies(rows, ones)
    assert len(tallies) == len(ones) > 10
    for one, tally in zip(ones, tallies, strict=True):
        whole = rows.tally(one)
        assert (tally.count, tally.first, tally.last, tally.evidence) == (whole.count, whole.first, whole.last, whole.evidence)
        assert tally.words == whole.words == whole.evidence[0].summary
        assert isinstance(tally, Tally)
        assert (type(tally.whole), whole.whole) == (Tally, whole)
    assert [one.count for one in tallies[2:4]] == [rows.tally(one).count for one in ones[2:4]]
    both = joined(tallies[:2])
    assert both.count == tallies[0].count + tallies[1].count


def test_addresses_are_written_as_the_standard_library_writes_them():
    assert address(4, 0x0A000001, 0) == "10.0.0.1"
    low = int.from_bytes(bytes(2) + b"\xff\xff\x01\x02\x03\x04", "little")
    assert address(6, 0, low) == "::ffff:102:304"


def test_who_is_not_kept_apart_is_others():
    assert name(0x0A000002, 1 << 48 | 4 << 40 | 6 << 32 | 80, 0, 0, 0) == ("others", "10.0.0.2", 80, "tcp")
    assert name(0, 2 << 48 | 4 << 40 | 17 << 32, 0, 0, 0) == ("others", "others", 0, "udp")


def test_words_are_made_when_they_are_asked_for():
    assert spelt("as it is", None) == "as it is"
    assert spelt(("query", 3), lambda what: f"{what[0]} {what[1]}") == "query 3"
