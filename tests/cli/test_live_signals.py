"""Signals of a long run."""

import os
import signal
import time

import pytest

from consul_sniff.cli.live_signals import LiveSignals, meanwhile


@pytest.fixture
def signals():
    said = []
    with LiveSignals(lambda: said.append("stop"), lambda: said.append("counters"), lambda: said.append("reopen")) as made:
        made.said = said
        yield made


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_asks_to_stop(signals, number, code):
    os.kill(os.getpid(), number)
    assert (signals.said, signals.code) == (["stop"], code)


def test_the_second_ends_the_process(signals, monkeypatch):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    assert ended == [143]


def test_the_others_are_done_when_there_is_time_each_once(signals):
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGHUP):
        os.kill(os.getpid(), number)
    assert signals.said == []
    signals.attend()
    assert signals.said == ["reopen", "counters"]
    signals.attend()
    assert (len(signals.said), signals.code) == (2, 0)


def test_afterwards_signals_are_what_they_were():
    before = signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGINT)
    with LiveSignals(int, int, int):
        assert signal.getsignal(signal.SIGUSR1) != before[0]
    assert (signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGINT)) == before


def test_meanwhile_something_is_done_again_and_again():
    calls = []
    with meanwhile(lambda: calls.append(1)):
        begun = time.monotonic()
        while len(calls) < 3 and time.monotonic() < begun + 10:
            pass
    assert len(calls) == 3
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
