"""The captures that are measured: how each is made, and where it lies once it is."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import make_adversarial, make_consul, make_longer, make_mixed
from .make_consul import Changes, Made
from .pcapfile import Writer, cut, read
from .seeds import SEED, seeded
from .templates import PLAIN, RPC, SEALED, TLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

PCAPS = Path(__file__).resolve().parent.parent / "pcaps"
LONG_BYTES = 5_000_000_000
STEP = 20  # microseconds between packets: a big capture is over before a repeated ping would be a replay (a minute)
TINY = 100  # packets: what start-up alone costs


class Recipe(NamedTuple):
    """A capture: ``make(writer, packets, name)``."""

    about: str
    packets: int
    make: Callable[[Kitchen, Writer, int, str], Made]
    adversarial: bool = False
    wanted: bool = True  # False: only where it is named


class Kept(NamedTuple):
    """A capture that is there."""

    name: str
    path: Path
    packets: int
    bytes: int
    made: Made


class Kitchen:
    """Makes captures into a folder, once: what is there from the same recipe stays."""

    def __init__(self, folder: Path, scale: float = 1.0, more: Sequence[Path] = (), seed: int = SEED) -> None:
        """``more``: folders of real captures beside the shipped ones; ``scale``: of the number of packets."""
        self.folder = folder
        self.scale = scale
        self.folders = (PCAPS / "lab", *more)
        self.seed = seed
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, share: float = 1.0) -> Kept:
        """A capture of the catalogue, or *share* of it."""
        recipe = RECIPES[name]
        packets = max(int(recipe.packets * self.scale * share), 1_000)
        key = self._key(name, packets)
        path = self.folder / f"{name}-{packets}-{key}.pcap"
        note = path.with_suffix(".json")
        if not (path.exists() and note.exists()):
            with Writer(path, STEP) as writer:
                made = recipe.make(self, writer, packets, name)
            note.write_text(json.dumps(made._asdict()))
        made = Made(**json.loads(note.read_text()))
        return Kept(name, path, made.packets, path.stat().st_size, made)

    def slice(self, kept: Kept, packets: int) -> Kept:
        """The first packets of a capture."""
        if kept.packets <= packets:
            return kept
        path = kept.path.with_name(f"{kept.path.stem}-first-{packets}.pcap")
        if not path.exists():
            cut(kept.path, path, packets)
        return Kept(kept.name, path, packets, path.stat().st_size, kept.made)

    def _key(self, name: str, packets: int) -> str:
        """Changes with all that the bytes come from: the seed, the makers, the captures."""
        digest = hashlib.sha256(f"{self.seed} {name} {packets} {sources(self.folders)}".encode())
        return digest.hexdigest()[:8]


@cache
def sources(folders: tuple[Path, ...]) -> str:
    """A digest of the makers and of the real captures."""
    digest = hashlib.sha256()
    here = sorted(Path(__file__).parent.glob("*.py"))
    makers = [one for one in here if one.stem.startswith("make_") or one.stem in _MAKERS]
    for path in [*makers, *(one for folder in folders for one in sorted(folder.glob("*.pcap")))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


_MAKERS = {"checksums", "frames", "gossip", "lzw", "pcapfile", "seeds", "speech", "templates"}


def _consul(changes: Changes) -> Callable[[Kitchen, Writer, int, str], Made]:
    def make(kitchen: Kitchen, writer: Writer, packets: int, _name: str) -> Made:
        # one generator for all variants: they differ in what was changed, and in nothing else
        found = make_consul.long_ones(make_consul.captures(kitchen.folders), packets)
        return make_consul.make(writer, found, packets, seeded("consul", kitchen.seed), changes)
    return make


def _only(kind: str) -> Callable[[Kitchen, Writer, int, str], Made]:
    def make(kitchen: Kitchen, writer: Writer, packets: int, name: str) -> Made:
        found = make_consul.long_ones(make_consul.captures(kitchen.folders, kind), packets)
        return make_consul.make(writer, found, packets, seeded(name, kitchen.seed))
    return make


def _mixed(kitchen: Kitchen, writer: Writer, packets: int, name: str) -> Made:
    return make_mixed.make(writer, make_consul.captures(kitchen.folders), packets, seeded(name, kitchen.seed))


def _long(kitchen: Kitchen, writer: Writer, packets: int, _name: str) -> Made:
    one = kitchen.get("mixed")
    size = LONG_BYTES * packets // RECIPES["mixed-5gb"].packets
    return make_longer.repeat(writer, one.path, size, one.made)


def _middle(kitchen: Kitchen, writer: Writer, packets: int, _name: str) -> Made:
    """What follows of it where somebody begins to listen late."""
    one = kitchen.get("mixed")
    for record in islice(read(one.path), one.packets - packets, None):
        writer.add(record.data, record.wire)
    return Made(writer.packets, 0, 0, one.made.copies)  # how many flows are left nobody counted


def _hostile(made_by: Callable[[Writer, int, Random], Made]) -> Callable[[Kitchen, Writer, int, str], Made]:
    def make(kitchen: Kitchen, writer: Writer, packets: int, name: str) -> Made:
        return made_by(writer, packets, seeded(name, kitchen.seed))
    return make


RECIPES: dict[str, Recipe] = {
    "mixed": Recipe("TLS, QUIC, HTTP, DNS, SSH, calls, noise; 3 % Consul", 2_200_000, _mixed),
    "mixed-middle": Recipe("mixed less its first third: thousands of conversations of which no beginning is seen", 1_466_000, _middle),
    "consul": Recipe("real Consul captures under other addresses, merged in random order", 2_000_000, _consul(Changes())),
    "consul-new": Recipe("the same, every host says something new", 2_000_000, _consul(Changes(retold=True))),
    "gossip": Recipe("all plaintext gossip", 2_000_000, _only(PLAIN)),
    "sealed": Recipe("all encrypted gossip", 2_000_000, _only(SEALED)),
    "rpc": Recipe("RPC and Raft, plaintext", 2_000_000, _only(RPC)),
    "tls": Recipe("RPC and API over TLS", 2_000_000, _only(TLS)),
    "consul-swapped": Recipe("consul, 1 % of segments swapped, 1 % repeated", 2_000_000,
                             _consul(Changes(swapped=0.01, repeated=0.01))),
    "consul-lost": Recipe("consul, 0.5 % of segments lost", 2_000_000, _consul(Changes(lost=0.005))),
    "spoofed": Recipe("a new flow every packet", 10_000_000, _hostile(make_adversarial.spoofed), adversarial=True),
    "disordered": Recipe("one flow, all segments out of order", 10_000_000, _hostile(make_adversarial.disordered),
                         adversarial=True),
    "fragments": Recipe("IP fragments, a quarter never whole", 2_000_000, _hostile(make_adversarial.fragments),
                        adversarial=True),
    "tunnels": Recipe("gossip in 1 to 12 tunnels", 2_000_000, _hostile(make_adversarial.tunnels), adversarial=True),
    "mixed-5gb": Recipe("mixed, until there are 5 GB of it", 14_500_000, _long, wanted=False),
}
