"""Clocks that are set, machines that sleep."""

import pytest

from consul_sniff.clockwatch import ClockWatch


class Clocks:
    def __init__(self):
        self.awake, self.asleep, self.moved = 100.0, 0.0, 0.0

    def monotonic(self):
        return self.awake

    def boot(self):
        return self.awake + self.asleep

    def wall(self):
        return int((1_700_000_000 + self.awake + self.asleep + self.moved) * 1e9)


@pytest.mark.parametrize(("asleep", "moved", "seen"), [
    (0.0, 0.0, []), (0.0, 0.4, []), (0.0, -0.4, []),
    (0.0, -3600.0, [("clock-set-back", 3600)]), (0.0, 60.0, [("clock-set-forward", 60)]),
    (900.0, 0.0, [("suspended", 900)]), (900.0, -5.0, [("suspended", 900), ("clock-set-back", 5)]),
])
def test_what_happened_is_told_once(asleep, moved, seen):
    clocks = Clocks()
    watch = ClockWatch(clocks)
    clocks.awake += 1
    assert list(watch.look()) == []
    clocks.awake += 1
    clocks.asleep += asleep
    clocks.moved += moved
    assert [(kind, round(seconds)) for kind, seconds in watch.look()] == seen
    clocks.awake += 1
    assert list(watch.look()) == []
