"""What survives: a stop, a kill at any moment; and which state is not gone on with."""

import json
import os
import random
import shutil
import time

import pytest

from ..live_lab import datagram
from .following import PLAIN, analyzed, grow, statuses


def test_after_a_restart_the_report_is_of_all(folder, follow):
    path, state = folder / "a.pcap", folder.parent / "state" / "s"
    data = PLAIN.read_bytes()
    path.write_bytes(data[:50_000])
    run = follow(path, "--state", state, "--format", "ndjson")
    assert run.until(lambda: "finding" in run.kinds())
    assert run.end()[0] == 130
    first = run.report()
    assert state.stat().st_mode & 0o777 == 0o600
    grow(path, data[50_000:])
    run = follow(path, "--state", state, "--format", "ndjson")
    assert run.packets(530)
    assert run.end()[0] == 130
    report, whole = run.report(), analyzed(PLAIN)
    assert 0 < first["counters"]["packets"] < 530
    assert report["counters"] == whole["counters"]
    assert report["capture"]["decoded"] == 530
    assert statuses(report) == statuses(whole)
    for field in ("address", "name", "gossip", "gossip_plaintext", "gossip_encrypted", "rpc"):
        assert [one[field] for one in report["nodes"]] == [one[field] for one in whole["nodes"]]
    assert run.lines()[0]["event"] == "resumed"
    again = follow(path, "--state", state, "--format", "json", "--duration", "1")
    assert again.end(None)[0] == 1
    assert json.loads(again.out.read_bytes())["counters"] == whole["counters"]


@pytest.mark.slow
def test_killed_again_and_again_no_packet_is_counted_twice_and_none_is_lost(folder, follow):
    """A ring of files that are written as fast as it goes, and SIGKILL at any moment: while it starts, reads, saves."""
    chance = random.Random(20261125)
    state, sent = folder.parent / "state" / "s", 0
    run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    killed = saved = 0
    for number in range(16):
        path = folder / f"cap{number}.pcap"
        with path.open("ab", buffering=0) as file:
            file.write(PLAIN.read_bytes()[:24])
            for _ in range(300):
                sent += 1
                packet = datagram(sent, chance.randrange(20, 400))
                record = int(1_700_000_000 + sent).to_bytes(4, "little") + bytes(4) + len(packet).to_bytes(4, "little") * 2 + packet
                cut = chance.randrange(len(record))
                file.write(record[:cut])
                file.write(record[cut:])
                if sent % 50 == 0:
                    time.sleep(0.02)
        if chance.random() < 0.6:
            if chance.random() < 0.8:
                assert run.until(lambda: b"following" in run.err.read_bytes())  # noqa: B023
            time.sleep(chance.random() * 0.6)
            run.kill()
            killed += 1
            saved += state.exists()
            if state.exists():
                assert json.loads(state.read_bytes())["format"] == "consul-sniff/state/v1"
            run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    assert run.packets(sent)
    assert run.end()[0] == 130
    report = run.report()
    assert report["counters"]["packets"] == sum(report["counters"]["terminal"].values()) == sent
    assert [one["packets"] for one in report["input"]] == [300] * 16
    assert sum(one["packets"] for one in report["conversations"]) == sent
    assert report["complete"]
    assert killed > 3
    assert saved > 0
    assert [path.name for path in state.parent.iterdir()] == ["s"]  # what a killed write left is swept


def changed(path, change):
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(("change", "words", "code", "said"), [
    (lambda path: path.chmod(0o666), [], 3, "others may have written it"),
    (lambda path: os.truncate(path, 1000), [], 3, "is no state of this version of consul-sniff, or damaged; remove it to begin anew"),
    (lambda path: changed(path, lambda text: text.replace("state/v1", "state/v9")), [], 3, "is no state of this version"),
    (lambda path: changed(path, lambda text: text.replace('"position":', '"position":-')), [], 3, "is no state of this version"),
    (lambda path: None, ["--filter", "udp"], 2, "is the state of another run (--filter was not given there, and is udp here)"),
    (lambda path: None, ["--since", "5"], 2, "is the state of another run (--since was not given there"),
    (lambda path: (path.rename(path.with_name("t")), path.symlink_to("t")), [], 3, "cannot be read by user"),
])
def test_a_state_that_is_not_trusted_or_not_this_runs(folder, follow, change, words, code, said):
    state = folder.parent / "state" / "s"
    shutil.copy(PLAIN, folder / "a.pcap")
    assert follow(folder, "--state", state, "--duration", "1", "-q").end(None)[0] == 1
    change(state)
    run = follow(folder, "--state", state, "--duration", "1", *words)
    assert run.end(None)[0] == code
    assert said in run.err.read_text()
    assert b"report" not in run.out.read_bytes()
