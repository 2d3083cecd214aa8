from consul_sniff.tally import Tally

from .made_facts import C1, S1, S2, Made, of


def test_gossip_goes_from_who_said_it_to_who_heard_it():
    made = Made()
    key = made.gossip(S1, S2, plain=(3, 3), own=8302)
    made.say(key, "memberlist", "ping").say(key, "memberlist", "ack", side=1)
    attributed = made.attributed()
    assert [one.ends for one in of(attributed, "memberlist", "ping")] == [(S1, S2, 8301)]
    assert [one.ends for one in of(attributed, "memberlist", "ack")] == [(S2, S1, 8302)]


def test_what_a_server_says_stands_under_who_asked_it():
    made = Made()
    key = made.talk(C1, S1, 8300)
    made.say(key, "consul-rpc", "response", side=1)
    (one,) = of(made.attributed(), "consul-rpc", "response", said_by="responder")
    assert (one.source, one.destination, one.port) == one.ends == (C1, S1, 8300)
    assert one.summary == "consul-rpc response"
    assert (one.tally.count, one.tally.evidence[0].summary) == (1, "consul-rpc response")


def test_without_packets_it_is_called_what_it_is():
    made = Made()
    key = made.talk(C1, S1, 8300)
    made.say(key, "consul-rpc", "response", side=1)
    (sighting,) = [one for one in made.facts.sightings if one.kind == "response"]
    made.facts.sightings[sighting] = Tally(3, 5, 6, ())
    (one,) = of(made.attributed(), "consul-rpc", "response", said_by="responder")
    assert (one.summary, one.tally.count, one.tally.evidence) == ("consul-rpc response", 3, ())
