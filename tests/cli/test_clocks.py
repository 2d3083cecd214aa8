"""This machine's clocks."""

import time

from consul_sniff.cli.clocks import SystemClocks


def test_they_are_the_systems():
    clocks = SystemClocks()
    assert abs(clocks.monotonic() - time.monotonic()) < 5
    assert clocks.boot() >= clocks.monotonic() - 0.001
    assert abs(clocks.wall() / 1e9 - time.time()) < 5
