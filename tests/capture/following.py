"""A run that follows files, and what its tests write into them."""

from __future__ import annotations

import json
from contextlib import suppress

from consul_sniff.capture import Follow, follow
from consul_sniff.errors import Interrupted

from .made import enhanced, pcap_header, record
from .walker import walk

ROTATED = b"\0" * 40


def packet(number):
    return number.to_bytes(8, "big") + ROTATED


def records(*numbers):
    return b"".join(record(packet(number), seconds=1_000 + number) for number in numbers)


def capture(*numbers):
    return pcap_header() + records(*numbers)


class Run:
    """Follows, and does the next step of a script each time that it waited long enough for a look to see the last one."""

    def __init__(self, *paths, bpf=None, limit=0):
        self.follow = Follow([str(path) for path in paths], bpf=bpf)
        self.follow.limit, self.follow.poll = limit, 0
        self.got, self.happened, self.rows = [], [], []
        self.waits = 0

    def go(self, *steps, patience=2 * follow.LOOK_EVERY):
        """Every step is a function; after the last one it ends."""
        todo = iter(steps)

        def wait():
            self.waits += 1
            self.happened += self.follow.check()
            if self.waits % patience:
                return False
            step = next(todo, None)
            if step is None:
                return True
            step()
            return False

        self.follow.wait = wait
        with suppress(Interrupted):
            for one in self.follow:
                one.wait = wait
                self.read(one)
        self.follow.finish()
        self.happened += self.follow.check()
        return self

    def read(self, one):
        if all(row is not one.facts for row in self.rows):
            self.rows.append(one.facts)
        for block in one:
            for got in walk(block):
                self.got.append((one.path.rpartition("/")[2], int.from_bytes(got.data[:8], "big")))
                one.facts.packets += 1

    def saved(self):
        return json.loads(json.dumps(self.follow.saved(self.rows)))

    @property
    def numbers(self):
        return [number for _name, number in self.got]

    def kinds(self):
        return [one.what for one in self.happened]


def grow(path, data):
    """A step: so much more of the file."""

    def step():
        with path.open("ab") as file:
            file.write(data)

    return step


def ng(*numbers):
    return b"".join(enhanced(packet(number), number * 1_000_000) for number in numbers)


def again(run, *paths):
    """A run that goes on where that one was, as far as it had saved."""
    after = Run(*paths)
    saved = run.saved()
    after.rows = run.rows
    after.follow.restore(saved, after.rows)
    return after
