from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import pytest

from consul_sniff.capture import inputs
from consul_sniff.capture.inputs import Input, expand
from consul_sniff.errors import Interrupted

from .made import pcap, section


def names(folder, paths):
    return [os.path.relpath(found.path, folder) for found in expand(paths)]


def test_order_is_as_given_and_by_name_within_folders(tmp_path):
    for name in ("z/trace10", "z/trace2", "z/trace", "z/a/last.pcap", "z/x.pcapng.gz", "one.pcap"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(section()) if name.endswith("gz") else pcap())
    assert names(tmp_path, [str(tmp_path / "z"), str(tmp_path / "one.pcap")]) == [
        "z/a/last.pcap", "z/trace", "z/trace2", "z/trace10", "z/x.pcapng.gz", "one.pcap"]


def test_folders_other_files_hidden_files_and_links_to_folders_are_passed_over(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "empty.pcap").touch()
    (tmp_path / "text.pcap").write_text("nothing either")
    (tmp_path / ".hidden.pcap").write_bytes(pcap())
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.pcap").write_bytes(pcap())
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.pcap").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo.pcap")
    (tmp_path / "good").write_bytes(pcap())
    assert names(tmp_path, [str(tmp_path)]) == ["good"]


def test_every_file_once(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap())
    (tmp_path / "b.pcap").symlink_to("a.pcap")
    os.link(tmp_path / "a.pcap", tmp_path / "c.pcap")
    a = str(tmp_path / "a.pcap")
    assert list(expand([a, f"{tmp_path}/./a.pcap", str(tmp_path), "-", "-", "gone", "gone"])) == [
        Input(a), Input("-"), Input("gone", "no such file")]


def test_folder_of_files_that_were_named_is_not_called_empty(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap())
    assert [found.error for found in expand([tmp_path / "a.pcap", tmp_path])] == [None]


@pytest.mark.parametrize("inside", [[], ["notes.txt"], [".hidden"]])
def test_folder_without_a_capture_is_an_error(tmp_path, inside):
    for name in inside:
        (tmp_path / name).write_text("words")
    (found,) = expand([str(tmp_path)])
    assert found.path == str(tmp_path)
    assert found.error == ("no capture in this directory or below it: "
                           "expected pcap or pcapng (also packed: .gz .zst .lz4 .bz2 .xz)")


def test_packed_file_named_as_a_capture_that_cannot_be_unpacked_is_not_lost(tmp_path):
    broken = b"\x28\xb5\x2f\xfd" + b"\xff" * 100
    (tmp_path / "a.pcap.zst").write_bytes(broken)
    (tmp_path / "archive.zst").write_bytes(broken)
    assert names(tmp_path, [tmp_path]) == ["a.pcap.zst"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_and_folder_in_a_folder(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap())
    (tmp_path / "a.pcap").chmod(0)
    (tmp_path / "b").mkdir(mode=0)
    a, b = expand([tmp_path])
    assert a == Input(str(tmp_path / "a.pcap"))
    assert "permission denied" in str(b.error)


def test_folders_nested_beyond_any_recursion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pcap").write_bytes(pcap())
    for _ in range(1200):
        Path("d").mkdir()
        os.chdir("d")
    try:
        assert names(tmp_path, [tmp_path]) == ["x.pcap"]
    finally:  # pytest's own tidying recurses
        for _ in range(1200):
            os.chdir("..")
            Path("d").rmdir()


@pytest.mark.parametrize(("error", "words"), [
    (FileNotFoundError(errno.ENOENT, "x"), "no such file"),
    (NotADirectoryError(errno.ENOTDIR, "x"), "no such file"),
    (ValueError("embedded null byte"), "no such file"),
    (PermissionError(errno.EACCES, "x"), "permission denied: run as somebody who may read it, or change its mode"),
    (OSError(errno.ELOOP, "x"), "a loop of symbolic links: name the file itself"),
    (OSError(errno.EBADF, "x"), "is closed: pipe a capture into it (tcpdump -U -w - | ...)"),
    (OSError(errno.EIO, "Input/output error"), "cannot be read: Input/output error"),
])
def test_trouble_says_what_to_do(error, words):
    assert inputs.trouble(error) == words


@pytest.mark.parametrize(("head", "words"), [
    (b"%PDF-1.4\n%\xe2\xe3", 'begins with "%PDF-1.4", expected pcap or pcapng'),
    (b"\x7fELF\x02\x01\x01\x00", "begins with 7f 45 4c 46 02 01 01 00, expected"),
    (b"\n\n\n\n", "begins with 0a 0a 0a 0a, expected"),
    (b"\x1b[2J evil", "begins with 1b 5b 32 4a 20 65 76 69, expected"),
    (b"\0" * 24, "begins with 00 00 00 00 00 00 00 00, expected"),
    (b"snoop\0\0\0", "snoop capture: convert it first"),
    (b"PK\x03\x04", "zip archive: unpack it first"),
    (gzip.compress(b"", mtime=0), "packed twice: unpack it once first"),
])
def test_foreign_files_are_told_by_their_beginning(head, words):
    assert words in inputs.foreign(head)


def test_shown():
    assert inputs.shown("-") == "standard input"
    assert inputs.shown("a\x1b.pcap") == "a\\u{1b}.pcap"


def test_raw_counts_what_it_gave(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    with inputs.open_raw(str(path)) as raw:
        raw.readinto(bytearray(30))
        raw.readinto(bytearray(30))
        assert raw.position == 60
        raw.seek(10)
        assert raw.position == 10


def test_terminal_is_refused():
    import pty

    main, side = pty.openpty()
    try:
        with pytest.raises(OSError, match="terminal") as caught:
            inputs.open_raw(os.ttyname(side))
        assert inputs.trouble(caught.value).startswith("is a terminal: pipe a capture into it")
    finally:
        os.close(main)
        os.close(side)


def test_a_pipe_that_is_silent_asks_whether_to_go_on():
    reading, writing = os.pipe()
    asked = []
    with inputs.Raw(reading) as raw:
        raw.wait = lambda: asked.append(1) or (len(asked) == 2 and os.write(writing, b"late") == 0)
        buffer = bytearray(10)
        assert raw.readinto(buffer) == 4
        assert (bytes(buffer[:4]), raw.position, len(asked)) == (b"late", 4, 2)
        raw.wait = lambda: True
        with pytest.raises(Interrupted):
            raw.readinto(buffer)
        os.close(writing)
        assert raw.readinto(buffer) == 0  # its end is no silence
