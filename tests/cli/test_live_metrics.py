"""``live --metrics``: scraped over HTTP from the running, confined process."""

import contextlib
import http.client
import json
import re
import socket
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from consul_sniff.capture.live import LiveSource, Wanted

ROLLOUT = Path(__file__).parent.parent.parent / "pcaps" / "lab" / "rollout-c1.pcap"
SENT = 241  # and 13 of ARP, which the kernel's filter leaves out
CROWD = 1_000


@pytest.fixture
def scraped(lab):
    """A lab with a loopback of its own, and ``scraped.live(...)``, ``scraped.get()``."""
    lab.ip("link", "set", "lo", "up")

    class Scraped:
        def live(self, *words, metrics=":0"):
            self.run = lab.live("--format", "json", "--metrics", metrics, *words)
            self.run.confined()
            self.port = int(re.search(rb"metrics at http://127\.0\.0\.1:(\d+)/metrics\n", self.run.err.read_bytes())[1])
            return self.run

        def connect(self):
            with lab.inside():
                return socket.create_connection(("127.0.0.1", self.port), 10)

        def get(self, path="/metrics"):
            with lab.inside():
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", path)
            with contextlib.closing(connection):
                response = connection.getresponse()
                return response.status, response.read().decode()

        def samples(self):
            status, text = self.get()
            assert status == 200
            return {(one.name, *sorted(one.labels.items())): one.value for family in text_string_to_metric_families(text) for one in family.samples}

    return Scraped()


def ended(run):
    assert run.end()[0] == 130
    return json.loads(run.out.read_bytes())


def test_it_says_what_is_judged_while_it_runs(lab, scraped):
    run = scraped.live()
    status = Path(f"/proc/{run.pid}/status").read_text()
    assert "Seccomp:\t2\n" in status
    assert "Threads:\t1\n" in status
    assert scraped.samples()[("consul_sniff_packets_total",)] == 0
    lab.replay(ROLLOUT, 20)
    fails = ("consul_sniff_control_status", ("control", "gossip-encryption"), ("status", "fail"))
    assert run.until(lambda: scraped.samples().get(fails) == 1 and scraped.samples()[("consul_sniff_packets_total",)] == SENT)
    assert scraped.get("/")[0] == 404
    time.sleep(1.5)  # the last judgement of it
    said, report = scraped.samples(), ended(run)
    assert said[("consul_sniff_packets_total",)] == report["capture"]["decoded"]
    assert said[("consul_sniff_capture_dropped_packets_total",)] == report["capture"]["dropped"] == 0
    for control in report["controls"]:
        assert said["consul_sniff_control_status", ("control", control["id"]), ("status", control["status"])] == 1
    assert sum(value for (name, *_), value in said.items() if name == "consul_sniff_findings") == len(report["findings"])


def test_its_own_answers_are_no_traffic_of_consuls(scraped):
    run = scraped.live("-i", "lo")
    for _ in range(3):
        scraped.get()
    assert run.until(lambda: scraped.samples()[("consul_sniff_packets_total",)] > 20)
    report = ended(run)
    assert report["findings"] == report["nodes"] == []
    assert {one["status"] for one in report["controls"]} == {"not_observed"}


@pytest.mark.slow
def test_a_crowd_and_a_slow_client_do_not_hold_the_capture_up(lab, scraped):
    run = scraped.live()
    with contextlib.ExitStack() as held, lab.inside():
        slow = held.enter_context(scraped.connect())
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        slow.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        for number in range(CROWD):  # none of them waits for its turn
            client = held.enter_context(socket.socket())
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(("127.0.0.1", scraped.port))
            with contextlib.suppress(OSError):
                client.send((b"G", b"GET /metrics HTTP/1.1\r\n\r\n", b"\0" * 65_536)[number % 3])
        lab.replay(ROLLOUT, 20)
        assert run.until(lambda: scraped.samples()[("consul_sniff_packets_total",)] == SENT)
    report = ended(run)
    capture = report["capture"]
    assert (capture["decoded"], capture["dropped"], capture["unread"]) == (SENT, 0, 0)
    assert report["complete"]


def test_it_serves_on_where_an_interface_went_away(lab, scraped):
    """The descriptor of that capture's socket is one that nothing may be sent on: no client may be given its number."""
    lab.cable("cs2", "cs3")
    run = scraped.live("-i", "cs1", "-i", "cs3")
    lab.ip("link", "del", "cs1")
    assert run.until(lambda: b"went away" in run.err.read_bytes())
    with contextlib.ExitStack() as held:
        for _ in range(8):  # one number after the other is taken
            held.enter_context(scraped.connect()).sendall(b"GET")
            assert scraped.get()[0] == 200
    assert run.end()[0] == 130


def test_an_address_that_is_taken_is_told_before_anything_runs(lab, scraped):
    first = scraped.live()
    run = lab.live("--metrics", f":{scraped.port}")
    assert run.end(None)[0] == 3
    assert run.err.read_bytes().decode() == (f"consul-sniff: --metrics 127.0.0.1:{scraped.port}: cannot listen there (Address already in use); "
                                             "name another address or port\n")
    ended(first)


def test_the_number_of_a_lost_interface_is_not_given_away(lab):
    lab.cable("cs2", "cs3")
    with lab.inside(), contextlib.closing(LiveSource(["cs1", "cs3"], Wanted())) as source:
        number = source.handles[0].fd
        lab.ip("link", "del", "cs1")
        source.wait = lambda: len(source.handles) == 1
        source.check()
        for _ in source:
            pass
        assert Path(f"/proc/self/fd/{number}").readlink() == Path("/dev/null")
    assert not Path(f"/proc/self/fd/{number}").exists()
