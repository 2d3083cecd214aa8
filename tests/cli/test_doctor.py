import json
import os
import re
from pathlib import Path

import pytest

from consul_sniff import limits
from consul_sniff.cli import doctor
from consul_sniff.errors import SignatureError

# a child made by fork confines itself; test runners have threads, of which Python warns then
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


@pytest.fixture(scope="module")
def checks():
    return {one.name: one for one in doctor.examined()}


def test_every_check_is_there_with_a_state(checks):
    assert {"consul-sniff", "python", "kernel", "screen", "libpcap", "capture", "signatures"} <= set(checks)
    assert {one.state for one in checks.values()} <= {doctor.OK, doctor.LIMITED, doctor.BROKEN}
    assert [name for name in checks if name.startswith("sandbox")]


def test_what_is_told_of_the_sandbox_was_tried(checks):
    seccomp = Path("/proc/self/status").read_text()
    assert "Seccomp:\t0" in seccomp or os.environ.get("CI") != "true"  # this process is not confined by asking
    tried = checks.get("sandbox: tried from inside")
    if tried and tried.state == doctor.OK:
        assert tried.detail.startswith("all refused: read another file")


def test_as_a_command_it_ends_well_and_gives_json(run):
    done = run("doctor", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert set(document) == {"checks"}
    assert all(set(one) == {"name", "state", "detail", "remedies"} for one in document["checks"])


def test_the_page(run):
    page = run("doctor").stdout.decode()
    assert page.splitlines()[0].split() == ["check", "state", "detail"]
    assert re.search(r"^signatures +ok +\d+ for \d+ controls$", page, re.MULTILINE)


def test_missing_rights_come_with_the_commands(monkeypatch, capsys):
    monkeypatch.setattr(doctor.rights, "refusal", lambda *_: "the right to capture (CAP_NET_RAW) is missing")
    check = doctor._rights()
    assert check.state == doctor.LIMITED
    doctor._print([check], [])
    assert "one of these mends it:\n  sudo setpriv" in capsys.readouterr().out


def test_broken_signatures_break_it(monkeypatch, capsys):
    import consul_sniff.matching

    def broken(*_):
        raise SignatureError(["a.yaml:3: severity: is unknown"])

    monkeypatch.setattr(consul_sniff.matching, "load", broken)
    assert doctor._signatures() == ("signatures", doctor.BROKEN, "a.yaml:3: severity: is unknown", ())
    from consul_sniff.cli.exits import Exit

    with pytest.raises(Exit) as end:
        doctor.doctor(json=True, limits=False)
    assert end.value.code == 3
    assert "a.yaml:3" in capsys.readouterr().out


def test_every_limit_is_printed_with_its_reason(run):
    document = json.loads(run("doctor", "--json", "--limits").stdout)
    told = {one["name"]: one["value"] for one in document["limits"]}
    assert told == {name: value for name, value in vars(limits).items() if name.isupper()}
    reasons = {one["name"]: one["reason"] for one in document["limits"]}
    assert reasons["RECORD_BYTES"] == "libpcap's MAXIMUM_SNAPLEN: a larger record is damage"
    assert "LZW_BYTES" in run("doctor", "--limits").stdout.decode()


def test_a_sandbox_that_cannot_be_tried_is_broken_and_an_open_way_is_named(monkeypatch):
    from consul_sniff.hardening import probe
    from consul_sniff.hardening.status import APPLIED, UNAVAILABLE, Confinement, Mechanism

    monkeypatch.setattr(probe, "probe", lambda: probe.Probed(None, {}, "the confined child ended by SIGKILL"))
    assert doctor._sandbox() == [("sandbox", doctor.BROKEN, "the confined child ended by SIGKILL", ())]
    done = Confinement("nobody", (Mechanism("user", APPLIED, "nobody"), Mechanism("landlock", UNAVAILABLE, "not here")))
    monkeypatch.setattr(probe, "probe", lambda: probe.Probed(done, {"read another file": False, "open a socket": True}))
    assert [(one.name, one.state, one.detail) for one in doctor._sandbox()] == [
        ("sandbox: user", doctor.OK, "nobody"), ("sandbox: landlock", doctor.LIMITED, "not here"),
        ("sandbox: tried from inside", doctor.LIMITED, "not refused: read another file")]
