import json
import os
import signal
import subprocess
import sys

import pytest

from consul_sniff import pipeline
from consul_sniff.capture import expand
from consul_sniff.errors import ConsulSniffError, UsageError
from consul_sniff.parallel import Result, Task
from consul_sniff.parallel.jobs import STEP, Told, run
from consul_sniff.pipeline import Options, Reading, analyze
from consul_sniff.rows import unrolled

from ..conftest import PCAPS
from .reports import CAPTURES, crossing, flood, json_of, strangers

TASKS = [Task((n,), None, n) for n in range(5)]


@pytest.fixture(autouse=True)
def small_captures_are_worth_it(monkeypatch):
    monkeypatch.setattr(pipeline, "WORTH", 0)


def test_other_traffic_hides_no_finding(tmp_path, monkeypatch):
    """A network's own traffic comes first and fills what there is for it; then Consul's is found as if it were alone."""
    noise, consul = tmp_path / "noise.pcap", PCAPS / "lab" / "plain-c1.pcap"
    noise.write_bytes(strangers())
    for name, value in {"CONVERSATIONS": 1_024, "SIGHTINGS": 1_024, "STRANGERS": 64, "STRANGERS_SAID": 64}.items():
        monkeypatch.setattr(f"consul_sniff.limits.{name}", value)
    alone, both = (json.loads(json_of(paths)) for paths in ([consul], [noise, consul]))
    assert both["counters"]["notes"]["conversations without Consul folded"] > 500
    assert both["counters"]["notes"]["sightings without Consul over the limit"] > 500
    told = [[(one["signature"], one["source"], one["destination"], one["count"]) for one in report["findings"]] for report in (alone, both)]
    assert told[0] == told[1] != []
    assert alone["nodes"] == both["nodes"] != []
    statuses = [{one["id"]: one["status"] for one in report["controls"]} for report in (alone, both)]
    assert {name for name in statuses[0] if statuses[0][name] != statuses[1][name]} <= {"mesh-mtls", "mesh-bypass"}
    assert both["complete"] is False
    for jobs in (2, 3):
        assert json_of([noise, consul], jobs=jobs) == json_of([noise, consul])


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.rpartition("/")[2])
def test_the_report_of_a_capture_is_the_same_for_any_number(path):
    one = json_of([path])
    assert json_of([path], jobs=2) == one
    assert json_of([path], jobs=3) == one


def test_the_report_of_all_captures_is_the_same_for_any_number():
    one = json_of(CAPTURES)
    assert len(json.loads(one)["input"]) == len(CAPTURES)
    for jobs in (2, 3, 9):
        assert json_of(CAPTURES, jobs=jobs) == one


def test_conversations_that_cross(tmp_path):
    path = tmp_path / "crossing.pcap"
    path.write_bytes(crossing())
    one = pipeline.read([str(path)], Options())
    assert one.counters["duplicate"]
    assert sum(sum(it.nonce_reuse) for it in one.conversations.values())
    assert sum(sum(it.replays) for it in one.conversations.values())
    assert len(unrolled(one).conversations) > 100
    for jobs in (2, 3, 8):
        assert json_of([path], jobs=jobs) == json_of([path])


def test_full_tables_forget_alike(tmp_path, monkeypatch):
    paths = [tmp_path / "one.pcap", tmp_path / "two.pcap"]
    for n, path in enumerate(paths):
        path.write_bytes(crossing(n))
    for name in ("CONVERSATIONS", "SIGHTINGS", "CLAIMS"):
        monkeypatch.setattr(f"consul_sniff.limits.{name}", 64)
    one = json.loads(json_of(paths[:1]))
    assert one["counters"]["notes"]["conversations folded"]
    assert one["counters"]["notes"]["sightings over the limit"]
    for several in (paths[:1], paths):
        for jobs in (2, 3):
            assert json_of(several, jobs=jobs) == json_of(several)


def test_who_is_kept_apart_hangs_on_no_others_flows(tmp_path, monkeypatch):
    """Flows that end while others wait to be folded are added up on another way: attempts stay attempts on it, and what was said
    in both ways uses up the bounds once."""
    path = tmp_path / "flood.pcap"
    path.write_bytes(flood())
    for name, value in {"CONVERSATIONS": 256, "ATTEMPTS": 64, "SIGHTINGS": 512, "STRANGERS": 64, "STRANGERS_SAID": 64}.items():
        monkeypatch.setattr(f"consul_sniff.limits.{name}", value)
    one = json_of([path])
    notes = json.loads(one)["counters"]["notes"]
    assert min(notes[name] for name in ("attempts folded", "conversations folded", "sightings over the limit")) > 100
    assert any(talk["destination"] == "others" for talk in json.loads(one)["conversations"])
    for jobs in (2, 3):
        assert json_of([path], jobs=jobs) == one


def test_a_part_counts_only_its_own(tmp_path):
    path = tmp_path / "crossing.pcap"
    path.write_bytes(crossing())
    work = Reading(dict(enumerate(expand([path]))), Options())
    whole = work(Task((0,), None, 1)).facts
    parts = [work(Task((0,), 1 << share, 1)).facts for share in range(8)]
    assert sum(sum(part.counters.values()) for part in parts) == sum(whole.counters.values()) == whole.inputs[0].packets
    assert all(0 < sum(part.counters.values()) < whole.inputs[0].packets for part in parts)
    assert sum(it.flows for part in parts for it in unrolled(part).conversations.values()) == sum(
        it.flows for it in unrolled(whole).conversations.values())


def test_damage_filters_and_times_are_told_alike(tmp_path):
    cut, text = tmp_path / "cut.pcap", tmp_path / "text.pcap"
    cut.write_bytes(crossing()[:-7])
    text.write_text("no capture")
    paths = [str(cut), str(text), str(tmp_path / "missing.pcap")]
    for options in ({}, {"bpf": "host 10.0.1.3"}, {"since": 1_050 * 10**9, "until": 1_100 * 10**9}):
        one = json_of(paths, **options)
        assert sum(bool(it["error"]) for it in json.loads(one)["input"]) == 3
        assert json_of(paths, jobs=2, **options) == one
    with pytest.raises(UsageError, match="libpcap says"):
        json_of(paths, jobs=2, bpf="nonsense here")


def test_results_stand_in_the_order_of_their_tasks():
    told = []
    results = run(TASKS, lambda task, progress, stopping: (progress(str(task.inputs[0]), 3), Result(task.inputs, 0))[1], 2,
                  progress=lambda path, position: told.append((path, position)))
    assert [result.facts for result in results] == [task.inputs for task in TASKS]
    assert sorted(told) == [(str(n), 3) for n in range(5)]


def test_progress_is_told_from_time_to_time_and_only_to_who_asks():
    def work(task, progress, stopping):
        for position in range(0, 3 * STEP, STEP // 64) if progress is not None else ():
            progress("x", position)
        return Result(progress is not None, 0)

    told = []
    assert [result.facts for result in run(TASKS[:1], work, 2, progress=lambda *said: told.append(said))] == [True]
    assert told == [("x", 0), ("x", STEP), ("x", 2 * STEP)]
    assert [result.facts for result in run(TASKS[:1], work, 2)] == [False]


def test_a_worker_that_dies_is_replaced(tmp_path):
    def dies_once(task, progress, stopping):
        mark = tmp_path / str(task.inputs[0])
        if task.inputs[0] % 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Result(os.getpid(), 0)

    results = run(TASKS, dies_once, 2)
    assert len(list(tmp_path.iterdir())) == 2
    assert os.getpid() not in {result.facts for result in results}
    assert len({result.facts for result in results}) >= 2


def test_a_task_that_kills_twice_is_an_error():
    def dies(task, progress, stopping):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ConsulSniffError, match=r"ended by signal 9.*--jobs 1"):
        run(TASKS[:2], dies, 2)


def test_an_error_of_a_task_is_raised_here():
    def fails(task, progress, stopping):
        raise UsageError("no such thing")

    with pytest.raises(UsageError, match="no such thing"):
        run(TASKS, fails, 2)


def test_no_worker_outlives_the_run():
    results = run(TASKS, lambda task, progress, stopping: Result(os.getpid(), 0), 3)
    for pid in {result.facts for result in results}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_who_wants_to_stop_gets_what_there_is():
    class Now:
        code = 130
        waiting = False

    report = analyze(CAPTURES, Options(stopping=Now(), jobs=2))
    assert report.exit_code == 130
    assert not report.complete


def test_an_orphan_stops():
    assert Told(os.getppid()).code == 0
    assert Told(os.getppid() + 1).code == 1


SCRIPT = """
import os, sys, time
from consul_sniff import pipeline
from consul_sniff.cli.stopping import Stopping
pipeline.WORTH = 0
through = pipeline.through
def slow(*args):
    through(*args)
    if os.getpid() != parent:
        os.write(1, b".")
        time.sleep(0.05)
parent = os.getpid()
pipeline.through = slow
with Stopping() as stopping:
    report = pipeline.analyze(sys.argv[1:], pipeline.Options(jobs=2, stopping=stopping))
assert not report.complete
counted = sum(report.counters.values())
print("packets", counted, sum(one.packets for one in report.inputs), report.exit_code)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_with_the_report_so_far(tmp_path, number, code):
    paths = []
    for n in range(40):
        path = tmp_path / f"{n}.pcap"
        path.write_bytes(crossing(n))
        paths.append(str(path))
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *paths], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(3)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert not errors
    said = output.decode().strip(".\n").split()
    assert said[0] == "packets"
    assert said[1] == said[2]
    assert 0 < int(said[1]) < 40 * 600
    assert said[3] == str(code)
