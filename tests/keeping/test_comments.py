from consul_sniff.keeping.comments import MOST, comments

from .kept import finding, report


def test_each_proving_packet_says_which_finding_and_what_it_says():
    said = comments(report(finding("gossip-1", 3, 4), finding("members-2", 4, says="")))
    assert said == {3: {"gossip-1": "gossip-1 (high) Plaintext: ping"},
                    4: {"gossip-1": "gossip-1 (high) Plaintext: ping", "members-2": "members-2 (high) Plaintext"}}


def test_one_packet_has_a_bounded_number_of_them():
    assert len(comments(report(*(finding(f"f-{number}", 1) for number in range(100))))[1]) == MOST
