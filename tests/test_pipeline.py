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
