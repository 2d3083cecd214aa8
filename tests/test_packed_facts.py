"""Facts that went to another process are the same facts."""

import pickle

import pytest

from consul_sniff.facts import Facts
from consul_sniff.packed_facts import PLAIN, Packed, pack
from consul_sniff.pipeline import Options, read

NAMES = ["lab/plain-c1.pcap", "lab/secure-c1.pcap", "lab/ipv6-c1.pcap", "lab/rexec-c1.pcap", "memberlist/key-rotation.pcap", "vault/plaintext-ca.pcap"]
TABLES = ("conversations", "sightings", "claims", "exposures")


def told(one):
    return {slot: getattr(one, slot) for kind in type(one).__mro__ for slot in getattr(kind, "__slots__", ())}


def same(mine, theirs):
    for name in PLAIN:
        if name not in {"inputs", *TABLES}:
            assert getattr(mine, name) == getattr(theirs, name), name
    assert [told(one) for one in mine.inputs] == [told(one) for one in theirs.inputs]
    for table in TABLES:
        ours, others = getattr(mine, table), getattr(theirs, table)
        assert list(ours) == list(others)
        assert [type(key) for key in ours] == [type(key) for key in others]
        assert [told(one) for one in ours.values()] == [told(one) for one in others.values()]


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_the_same_afterwards(pcaps, name):
    facts = read([str(pcaps / name)], Options())
    facts.used["sightings", 3] = 7
    facts.met["claims", 2] = {("a", 1)}
    facts.apart = [1, 2]
    same(pickle.loads(pickle.dumps(facts)), facts)


def test_facts_of_nothing():
    same(pickle.loads(pickle.dumps(Facts())), Facts())


def test_what_many_tallies_share_goes_once(pcaps):
    packed = pack(read([str(pcaps / "lab/plain-c1.pcap")], Options()))
    assert isinstance(packed, Packed)
    assert len(packed.words) < len(packed.sightings) + len(packed.exposures)
    assert len(set(packed.keys)) == len(packed.keys)
