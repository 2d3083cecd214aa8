"""Facts by hand, in the words of tests: who talked with whom, and what was said."""

from consul_sniff.attribution import Profile, attribute
from consul_sniff.facts import (
    ClaimKey,
    ClaimTally,
    Conversation,
    ConversationKey,
    ExposureKey,
    Facts,
    SightingKey,
    Tally,
)
from consul_sniff.model import Claim, Evidence, Protection, Secret

SECOND = 1_000_000_000
CLEAR, SEALED = Protection.PLAINTEXT, Protection.ENCRYPTED
S1, S2, S3, C1, API, X = "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.21", "10.0.0.31", "10.0.0.99"
UUID = "11111111-2222-3333-4444-555555555555"


class Made:
    """A run's facts in the making."""

    def __init__(self):
        self.facts = Facts()
        self.frame = 0

    def talk(self, source, destination, port, transport="tcp", *, payloads=(2, 2), own=None, **counters):
        """A conversation; ``own`` is the source's port where it was always the same."""
        key = ConversationKey(source, destination, port, transport)
        one = Conversation()
        self.frame += 2
        one.flows = counters.pop("flows", 1)
        one.certain = counters.pop("certain", True)
        one.source_port = one.first_source_port = own if own is not None else 40000 + self.frame % 20000
        one.payloads = tuple(payloads)
        one.packets = tuple(counters.pop("packets", [n + 1 for n in payloads]))
        one.bytes = tuple(100 * n for n in one.packets)
        one.first, one.last = self.frame * SECOND, (self.frame + 1) * SECOND
        one.evidence = ((Evidence(0, self.frame, ""),), (Evidence(0, self.frame + 1, ""),))
        for name, value in counters.items():
            setattr(one, name, value)
        self.facts.conversations[key] = one
        return key

    def gossip(self, source, destination, port=8301, *, own=None, plain=(0, 0), sealed=(0, 0), **counters):
        sent = [plain[side] + sealed[side] for side in (0, 1)]
        return self.talk(source, destination, port, "udp", own=port if own is None else own, payloads=sent,
                         packets=sent, plain=plain, sealed1=sealed, **counters)

    def say(self, key, protocol, kind, protection=CLEAR, /, *, side=0, decrypted=False, count=1, at=None, **fields):
        self.frame += 1
        tally = Tally()
        tally.add(at or self.frame * SECOND, 0, self.frame, f"{protocol} {kind}", count)
        sighting = SightingKey(key, side, protocol, kind, protection, tuple(sorted(fields.items())), decrypted)
        if sighting in self.facts.sightings:
            self.facts.sightings[sighting].merge(tally)
        else:
            self.facts.sightings[sighting] = tally
        return self

    def claim(self, key, kind, subject, *, side=0, decrypted=False, at=None, **value):
        self.frame += 1
        tally = ClaimTally()
        tally.add(at or self.frame * SECOND, 0, self.frame, kind)
        tally.conversation, tally.side = key, side
        self.facts.claims[ClaimKey(Claim(kind, subject, tuple(sorted(value.items()))), key.port, decrypted)] = tally
        return self

    def member(self, key, name, address, *, role="node", state="alive", incarnation=1, port=8301, **more):
        """A Consul agent as an alive message introduces it."""
        tags = {"dc": "dc1", "vsn": "2", "build": "1.13.9:abc", "tags": "serf", **({"role": role} if role else {})}
        tags.update({name: more.pop(name) for name in list(more) if name not in ("decrypted", "side", "at")})
        return self.claim(key, "member", (name, address), port=port, state=state, incarnation=incarnation,
                          **{name: value for name, value in tags.items() if value is not None}, **more)

    def expose(self, key, kind="acl-token", fingerprint="sha256:00000000", where="HTTP header X-Consul-Token",
               path="/v1/kv/*", *, side=0):
        self.frame += 1
        tally = Tally()
        tally.add(self.frame * SECOND, 0, self.frame, kind)
        self.facts.exposures[ExposureKey(Secret(kind, fingerprint, where, path, 36), key, side)] = tally
        return self

    def rpc(self, source, destination, port=8300, method="KVS.Get", **talk):
        """A plaintext call of the server port that was answered."""
        key = self.talk(source, destination, port, **talk)
        self.say(key, "consul-rpc", "request", method=method)
        self.say(key, "consul-rpc", "response", side=1, method=method, error="")
        return key

    def tls(self, source, destination, port, *, mode=None, **talk):
        """Established TLS."""
        key = self.talk(source, destination, port, **talk)
        self.say(key, "tls", "records", SEALED, mode=mode)
        self.say(key, "tls", "records", SEALED, side=1, mode=mode)
        return key

    def attributed(self, **profile):
        return attribute(self.facts, Profile.of(profile.pop("ports", {}), **profile))


def of(attributed, protocol, kind=None, **fields):
    """Observations by name, and by attributes or fields."""
    found = [one for one in attributed.observations
             if one.protocol == protocol and kind in (None, one.kind)
             and all(getattr(one, name, one.fields.get(name)) == value for name, value in fields.items())]
    return sorted(found, key=lambda one: (one.source, one.destination, one.protocol, one.kind, one.protection.value))


def node(attributed, address):
    return next((one for one in attributed.nodes if one.address == address), None)


def row(attributed, key):
    return next(one for one in attributed.conversations if one[:4] == tuple(key))
