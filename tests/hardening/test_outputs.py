# ruff: noqa: PTH118, PTH208, PTH211 - what is tested is the kernel's answer, not what a Path makes of it
import os
import socket
import subprocess
from pathlib import Path

import pytest

from consul_sniff.errors import OutputError
from consul_sniff.hardening import OutputDir, identity


@pytest.fixture
def out(tmp_path):
    with OutputDir.open(tmp_path) as folder:
        yield folder


def test_a_file_is_written_whole_for_its_owner_only(out, tmp_path):
    out.write("report.json", b"one")
    out.write("report.json", b"two")
    assert os.listdir(tmp_path) == ["report.json"]
    assert (tmp_path / "report.json").read_bytes() == b"two"
    assert (tmp_path / "report.json").stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_what_was_there_is_untouched_when_it_fails(out, tmp_path, monkeypatch, step):
    out.write("report.json", b"before")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OutputError, match=r"report\.json: not written \(No space left on device\); what was there before is untouched"):
        out.write("report.json", b"after")
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == {"report.json": b"before"}


def test_a_link_is_replaced_never_followed(out, tmp_path):
    (tmp_path / "victim").write_bytes(b"victim")
    (tmp_path / "report.json").symlink_to("victim")
    (tmp_path / "nowhere.json").symlink_to("nowhere")
    out.write("report.json", b"report")
    out.write("nowhere.json", b"report")
    assert (tmp_path / "victim").read_bytes() == b"victim"
    assert not (tmp_path / "report.json").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["nowhere.json", "report.json", "victim"]


def test_another_name_of_a_file_keeps_its_content(out, tmp_path):
    (tmp_path / "victim").write_bytes(b"victim")
    os.link(tmp_path / "victim", tmp_path / "report.json")
    out.write("report.json", b"report")
    assert (tmp_path / "victim").read_bytes() == b"victim"


def unix_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("make", [
    os.mkfifo, os.mkdir, unix_socket,
    lambda path: os.symlink("/dev/null", path),
    lambda path: os.symlink("/proc/self/fd/1", path),
    lambda path: os.symlink("/tmp", path),
], ids=["pipe", "folder", "socket", "link to a device", "link to standard output", "link to a folder"])
@pytest.mark.parametrize("way", ["write", "append", "rename"])
def test_what_is_no_file_is_left_alone(tmp_path, make, way, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's name has room for 108 bytes
    make(os.path.join(".", "report.json"))
    before = os.lstat("report.json")
    with OutputDir.open(tmp_path) as out, pytest.raises(OutputError, match=r"is left alone|leads to an open file"):
        {"write": lambda: out.write("report.json", b""), "append": lambda: out.append("report.json"),
         "rename": lambda: (out.write("other", b""), out.rename("other", "report.json"))}[way]()
    assert os.path.samestat(before, os.lstat("report.json"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could replace /dev/null: run as root")
@pytest.mark.parametrize("name", ["null", "stdout"])
def test_devices_survive_root(name):
    with OutputDir.open(Path("/dev")) as out:
        before = os.lstat(f"/dev/{name}")
        with pytest.raises(OutputError):
            out.write(name, b"")
        assert os.path.samestat(before, os.lstat(f"/dev/{name}"))


@pytest.mark.parametrize("name", ["", ".", "..", "../out", "a/b", "/etc/passwd", "a\0b"])
def test_a_name_is_one_in_the_folder(out, name):
    for way in (lambda: out.write(name, b""), lambda: out.create(name), lambda: out.append(name), lambda: out.remove(name), lambda: out.rename("a", name)):
        with pytest.raises(OutputError, match="is not the name of a file"):
            way()


def test_files_that_grow(out, tmp_path):
    with out.create("ring.0") as file:
        file.write(b"one")
    with pytest.raises(OutputError, match="File exists"):
        out.create("ring.0")
    with out.append("ring.0") as file:
        file.write(b"two")
    out.rename("ring.0", "ring.1")
    assert (tmp_path / "ring.1").read_bytes() == b"onetwo"
    assert (tmp_path / "ring.1").stat().st_mode & 0o777 == 0o600
    out.remove("ring.1")
    out.remove("ring.1")
    assert os.listdir(tmp_path) == []


def test_to_go_on_with_a_link_is_refused(out, tmp_path):
    (tmp_path / "victim").write_bytes(b"victim")
    (tmp_path / "log").symlink_to("victim")
    with pytest.raises(OutputError, match="Too many levels"):
        out.append("log")
    assert (tmp_path / "victim").read_bytes() == b"victim"


def test_the_folder_is_the_one_that_was_opened_wherever_it_goes(tmp_path):
    (tmp_path / "out").mkdir()
    with OutputDir.open(tmp_path / "out") as out:
        (tmp_path / "out").rename(tmp_path / "moved")
        (tmp_path / "out").symlink_to("/tmp")
        out.write("report.json", b"")
    assert os.listdir(tmp_path / "moved") == ["report.json"]


def test_a_folder_that_is_not_there_is_told_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(OutputError, match=r"not a folder to write to \(No such file or directory\); make one: install -d -m 0700 '.*a b'"):
        OutputDir.open(tmp_path / "a b")


def test_a_folder_of_roots_is_told_with_the_command_that_mends_it_and_mended_by_it(nobody, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o755)
    ids, groups = os.getresuid(), os.getgroups()
    with pytest.raises(OutputError, match="nobody may not write there") as caught:
        OutputDir.open(closed, identity("nobody"))
    assert (os.getresuid(), os.getgroups()) == (ids, groups)
    command = str(caught.value).rsplit(": ", 1)[1]
    assert command == f"install -d -o nobody -m 0700 {closed}"
    subprocess.run(command, shell=True, check=True)
    OutputDir.open(closed, identity("nobody")).close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_told():
    with pytest.raises(OutputError, match="may not write there"):
        OutputDir.open(Path("/"))


def test_nothing_stays_open(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    with OutputDir.open(tmp_path) as out:
        out.write("a", b"")
        out.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_long_file_takes_the_place_of_what_stood_there(out, tmp_path):
    (tmp_path / "victim").write_bytes(b"victim")
    (tmp_path / "all.pcapng").symlink_to("victim")
    with out.replace("all.pcapng") as file:
        file.write(b"packets")
        assert out.holds("all.pcapng", file)
        file.flush()
        assert (tmp_path / "all.pcapng").read_bytes() == b"packets"
        (tmp_path / "all.pcapng").rename(tmp_path / "old")
        assert not out.holds("all.pcapng", file)
        (tmp_path / "all.pcapng").symlink_to("old")
        assert not out.holds("all.pcapng", file)
    assert (tmp_path / "victim").read_bytes() == b"victim"
    assert (tmp_path / "old").stat().st_mode & 0o7777 == 0o600


def test_a_long_file_takes_no_folders_place(out, tmp_path):
    (tmp_path / "all.pcapng").mkdir()
    with pytest.raises(OutputError, match="is not a regular file"):
        out.replace("all.pcapng")
    assert os.listdir(tmp_path) == ["all.pcapng"]


def test_what_was_written_is_read_back(out):
    assert out.read("state", 10) is None
    out.write("state", b"12345")
    assert out.read("state", 5) == b"12345"
    with pytest.raises(OutputError, match="state: is larger than 4 bytes"):
        out.read("state", 4)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_may_have_written_is_not_read(out, tmp_path, mode):
    out.write("state", b"12345")
    (tmp_path / "state").chmod(mode)
    with pytest.raises(OutputError, match=r"state: others may have written it \(owner \d+, mode 06"):
        out.read("state", 10)


def test_nor_a_link_a_folder_or_a_pipe(out, tmp_path):
    out.write("there", b"12345")
    (tmp_path / "link").symlink_to("there")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "folder"):
        with pytest.raises(OutputError, match="cannot be read by user"):
            out.read(name, 10)
    assert out.read("pipe", 10) == b""


def test_what_a_killed_write_left_is_swept_and_nothing_else(out, tmp_path):
    for name in (".state.0123456789ab", ".state.0123456789", "state.0123456789ab", ".other.0123456789ab"):
        (tmp_path / name).touch()
    out.sweep("state")
    assert sorted(os.listdir(tmp_path)) == [".other.0123456789ab", ".state.0123456789", "state.0123456789ab"]
