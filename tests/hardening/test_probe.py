import os

import pytest

from consul_sniff.hardening import probe
from consul_sniff.hardening.status import APPLIED, process_status

# a child made by fork confines itself; test runners have threads, of which Python warns then
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def test_the_child_tells_and_this_process_stays_as_it_is():
    before = process_status()
    probed = probe.probe()
    after = process_status()
    assert probed.error == ""
    assert {"user", "capabilities", "landlock", "seccomp"} <= {one.name for one in probed.confinement.mechanisms}
    if not probed.confinement.missing:
        assert probed.tried
        assert all(probed.tried.values()), probed.tried
    assert [before[name] for name in ("Uid", "CapEff", "Seccomp", "NoNewPrivs")] == [after[name] for name in ("Uid", "CapEff", "Seccomp", "NoNewPrivs")]


def test_without_confinement_the_attempts_come_through(inside):
    """Else `all refused` would say nothing."""
    said = inside("from consul_sniff.hardening import probe\nsaid['tried'] = probe.attempts()")
    through = {"read another file", "write another file", "open a socket", "start a process", "run a program", "trace a process"}
    assert {name for name, refused in said["tried"].items() if not refused} >= through


def test_an_error_in_the_child_is_told(monkeypatch):
    def broken(user):
        raise ZeroDivisionError(user)

    monkeypatch.setattr(probe, "confine", broken)
    assert probe.probe("me") == (None, {}, "ZeroDivisionError: me")


def test_a_child_that_dies_is_told(monkeypatch):
    monkeypatch.setattr(probe, "confine", lambda user: os.kill(os.getpid(), 9))
    assert probe.probe().error == "the confined child ended by SIGKILL"
    monkeypatch.setattr(probe, "confine", lambda user: os._exit(0))
    assert probe.probe().error == "the confined child ended without a word"


@pytest.mark.skipif(os.geteuid() != 0, reason="a user is become by root only: run as root")
def test_a_user_that_is_not_there_is_told():
    assert "no such user" in probe.probe("no-such-user-here").error
    assert probe.probe("nobody").confinement.of("user").state == APPLIED
