import os
import sys

import pytest

from consul_sniff.capture import expand, sources
from consul_sniff.capture.remote import Remote, is_url

from ..conftest import PCAPS

PLAIN = PCAPS / "lab/plain-c1.pcap"


def read(url):
    (source,) = sources([url])
    blocks = []
    for block in source:
        blocks.append(bytes(block.buffer[block.start:block.stop]))
        block.consumed = block.stop
    return b"".join(blocks), source


def test_what_is_a_url():
    assert is_url("s3://bucket/key.pcap")
    assert is_url("file:///x")
    assert not is_url("/x://y")
    assert not is_url("x.pcap")
    assert not is_url("C:/x.pcap")


def test_without_fsspec_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    _, source = read("s3://bucket/x.pcap")
    assert source.facts.error.startswith("s3://bucket/x.pcap: ")
    assert "consul-sniff[cluster]" in source.facts.error


class TestFile:
    @pytest.fixture(autouse=True)
    def _fsspec(self):
        pytest.importorskip("fsspec", reason="fsspec is not installed (pip install consul-sniff[cluster-test])")

    def test_a_url_of_a_file_reads_as_the_file(self):
        data, source = read(f"file://{PLAIN}")
        assert data == read(str(PLAIN))[0]
        assert source.position == PLAIN.stat().st_size
        assert not source.facts.error

    def test_a_missing_one_is_told_as_a_missing_file(self):
        assert read("file:///nowhere/x.pcap")[1].facts.error == "file:///nowhere/x.pcap: no such file"

    def test_an_unknown_scheme(self):
        assert "nosuch" in read("nosuch://x/y.pcap")[1].facts.error

    def test_folders_and_stars(self):
        found = [one.path for one in expand([f"file://{PCAPS}/dns/", f"file://{PCAPS}/lab/plain-*.pcap"])]
        assert found == [f"file://{PCAPS}/{name}" for name in ("dns/consul-dns.pcap", "lab/plain-apiclient.pcap", "lab/plain-c1.pcap")]
        (none,) = expand([f"file://{PCAPS}/nothing*"])
        assert "no capture there" in none.error

    def test_seeking(self):
        with Remote(f"file://{PLAIN}") as raw:
            assert raw.seekable()
            assert raw.seek(0, os.SEEK_END) == PLAIN.stat().st_size
            raw.seek(3)
            assert raw.read(5) == PLAIN.read_bytes()[3:8]
            assert raw.position == 8


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning",
                            "ignore::pytest.PytestUnraisableExceptionWarning")
class TestS3:
    @pytest.fixture(autouse=True, scope="class")
    def _server(self):
        pytest.importorskip("s3fs", reason="s3fs is not installed (pip install consul-sniff[cluster-test])")
        server_module = pytest.importorskip("moto.server", reason="moto is not installed (pip install consul-sniff[cluster-test])")
        server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        settings = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "some", "AWS_SECRET_ACCESS_KEY": "thing",
                    "AWS_DEFAULT_REGION": "us-east-1"}
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        import s3fs

        store = s3fs.S3FileSystem()
        store.mkdir("captures")
        for path in sorted((PCAPS / "lab").glob("plain-*.pcap")):
            store.put(str(path), f"captures/lab/{path.name}")
        store.pipe("captures/lab/notes.txt", b"no capture")
        yield
        server.stop()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})

    def test_an_object_reads_as_the_file(self):
        data, source = read("s3://captures/lab/plain-c1.pcap")
        assert data == read(str(PLAIN))[0]
        assert not source.facts.error

    def test_a_prefix(self):
        assert [one.path for one in expand(["s3://captures/lab/"])] == [
            "s3://captures/lab/plain-apiclient.pcap", "s3://captures/lab/plain-c1.pcap"]

    def test_a_missing_object(self):
        assert read("s3://captures/none.pcap")[1].facts.error == "s3://captures/none.pcap: no such file"

    def test_read_by_processes_and_by_a_cluster(self, monkeypatch):
        distributed = pytest.importorskip("distributed", reason="dask is not installed")
        import consul_sniff
        from consul_sniff import pipeline
        from consul_sniff.reporters import renderer

        monkeypatch.setattr(pipeline, "WORTH", 0)
        urls = ["s3://captures/lab/plain-c1.pcap", "s3://captures/lab/plain-apiclient.pcap", "s3://captures/none.pcap"]
        one = consul_sniff.analyze(urls)
        assert one.inputs[0].packets == 530
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                      host="127.0.0.1") as made:
            many = consul_sniff.analyze(urls, cluster=made.scheduler_address)
        assert renderer("json")(many, "0", None) == renderer("json")(one, "0", None)
        assert renderer("json")(consul_sniff.analyze(urls, jobs=2), "0", None) == renderer("json")(one, "0", None)
