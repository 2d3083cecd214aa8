import importlib
import pkgutil

import consul_sniff.decoders
from consul_sniff.decoders.base import DatagramDecoder, StreamDecoder
from consul_sniff.vocabulary import ATTRIBUTED, DECODED, PROTOCOLS


def decoders():
    for module in pkgutil.iter_modules(consul_sniff.decoders.__path__):
        for value in vars(importlib.import_module(f"consul_sniff.decoders.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, DatagramDecoder | StreamDecoder) and hasattr(value, "kinds"):
                yield value


def test_what_decoders_say_can_be_named_in_signatures():
    unknown = set()
    for decoder in decoders():
        known = DECODED.get(decoder.protocol)
        assert known is not None, f"{decoder.protocol} is missing in DECODED"
        for kind, fields in decoder.kinds.items():
            if kind not in known:
                unknown.add((decoder.protocol, kind))
            unknown |= {(decoder.protocol, kind, field) for field in set(fields) - set(known.get(kind, ()))}
    assert unknown == set()


def test_protocols_join_both_tables():
    assert set(PROTOCOLS) == {*DECODED, *ATTRIBUTED}
    assert {"sealed", "gossip"} <= set(PROTOCOLS["memberlist"])
