import os
import signal

import pytest

from consul_sniff import pipeline
from consul_sniff.errors import UsageError
from consul_sniff.parallel import Result, Task
from consul_sniff.pipeline import Options, analyze

from .reports import CAPTURES, crossing, json_of

distributed = pytest.importorskip("distributed", reason="dask is not installed (pip install consul-sniff[cluster-test])")
from consul_sniff.parallel.cluster import Cluster  # noqa: E402

pytestmark = [
    pytest.mark.xdist_group("cluster"),
    # sockets of dask's that its own threads close later
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning",
                               "ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def scheduler():
    """A cluster of real processes on this machine."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                  host="127.0.0.1") as made:
        yield made.scheduler_address


@pytest.fixture(autouse=True)
def small_captures_are_worth_it(monkeypatch):
    monkeypatch.setattr(pipeline, "WORTH", 0)


def test_the_report_of_all_captures_is_the_same(scheduler):
    told = []
    options = Options(cluster=scheduler, progress=lambda path, position: told.append((path, position)))
    assert json_of(CAPTURES, cluster=scheduler) == json_of(CAPTURES)
    analyze(CAPTURES[:8], options)
    assert len(told) > 1


def test_the_report_of_every_capture_is_the_same(scheduler):
    with Cluster(scheduler) as cluster:
        assert cluster.workers == 2
    different = [path for path in CAPTURES if json_of([path], cluster=scheduler) != json_of([path])]
    assert different == []


def test_relative_paths_are_told_as_they_were_given(scheduler, tmp_path, monkeypatch):
    (tmp_path / "here.pcap").write_bytes(crossing())
    monkeypatch.chdir(tmp_path)
    assert json_of(["here.pcap", "missing.pcap"], cluster=scheduler) == json_of(["here.pcap", "missing.pcap"])


class Kills:
    """Work that kills its worker, once a task."""

    def __init__(self, folder):
        self.folder = folder

    def only(self, task):
        return self

    def __call__(self, task):
        mark = self.folder / str(task.inputs[0])
        if task.inputs[0] % 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Result(task.inputs, 0)


def test_a_worker_killed_on_the_way(scheduler, tmp_path):
    """On a real run: whichever worker reads the crossing capture dies under it, once."""
    paths = []
    for n in range(4):
        path = tmp_path / f"{n}.pcap"
        path.write_bytes(crossing(n))
        paths.append(str(path))
    one = json_of(paths)
    tasks = [Task((n,), None, 1) for n in range(6)]
    with Cluster(scheduler) as cluster:
        results = cluster.run(tasks, Kills(tmp_path).only)
        assert [result.facts for result in results] == [task.inputs for task in tasks]
        assert {path.name for path in tmp_path.iterdir() if path.suffix == ""} == {"1", "3", "5"}
    client = distributed.Client(scheduler, set_as_default=False)
    pids = client.run(os.getpid)
    killed = []

    def kill(_path, _position):  # after the first task that is done: others are under way
        if not killed:
            killed.append(next(iter(pids.values())))
            os.kill(killed[0], signal.SIGKILL)

    report = analyze(paths, Options(cluster=scheduler, progress=kill))
    assert killed
    assert len(report.inputs) == 4
    assert json_of(paths, cluster=scheduler) == one
    client.close()


def test_an_interrupted_run_reports_what_is_done(scheduler):
    class Now:
        code = 130
        waiting = False

    report = analyze(CAPTURES, Options(cluster=scheduler, stopping=Now()))
    assert report.exit_code == 130
    assert not report.complete


def test_nobody_there(monkeypatch):
    monkeypatch.setattr("consul_sniff.parallel.cluster.CONNECT", 1)
    with pytest.raises(UsageError, match="no scheduler answers"):
        Cluster("tcp://127.0.0.1:1")
    with pytest.raises(UsageError, match="no scheduler answers"):
        Cluster("nonsense://")


def test_standard_input_is_on_this_machine(scheduler):
    with pytest.raises(UsageError, match="standard input"):
        analyze(["-"], Options(cluster=scheduler))
