# ruff: noqa: PTH116, PTH208 - what is tested is the kernel's answer, not what a Path makes of it
import os

import pytest

from consul_sniff.errors import OutputError
from consul_sniff.hardening.paths import LINKS, open_directory


def same(fd, path):
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    finally:
        os.close(fd)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a" / "up").symlink_to("../a/b")
    (tmp_path / "whole").symlink_to(tmp_path / "a")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("way", ["a/b", "./a/b", "a/../a/b", "link/b", "link/up", "whole/b", "whole/up/../b"])
@pytest.mark.parametrize("absolute", [True, False])
def test_it_leads_where_the_kernel_would_go(tree, way, absolute):
    path = tree / way if absolute else type(tree)(way)
    assert same(open_directory(path), tree / "a" / "b")


def test_here_and_the_top(tree):
    assert same(open_directory(type(tree)()), tree)
    assert same(open_directory(type(tree)("/")), "/")


@pytest.mark.parametrize(("way", "error"), [("none", "No such file"), ("a/none/b", "No such file"), ("file", "Not a directory"),
                                            ("file/b", "Not a directory"), ("loop", "Too many levels")])
def test_what_is_no_folder_is_said_as_the_kernel_says_it(tree, way, error):
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match=error):
        open_directory(tree / way)
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_as_many_links_as_the_kernel_follows(tree):
    for number in range(LINKS):
        (tree / f"n{number}").symlink_to(f"n{number - 1}" if number else "a")
    assert same(open_directory(tree / f"n{LINKS - 1}"), tree / "a")
    (tree / "more").symlink_to(f"n{LINKS - 1}")
    with pytest.raises(OSError, match="Too many levels"):
        open_directory(tree / "more")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has somebody else's links to fear: run as root")
@pytest.mark.parametrize("way", ["theirs", "theirs/b", "link/theirs/."])
def test_root_does_not_follow_a_link_that_somebody_else_made(tree, way):
    for folder in (tree, tree / "a"):
        (folder / "theirs").symlink_to(tree / "a")
        os.lchown(folder / "theirs", 65534, 65534)
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OutputError, match="a link that user 65534 made"):
        open_directory(tree / way)
    assert len(os.listdir("/proc/self/fd")) == open_before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_be_entered_but_not_read_still_serves(tree):
    (tree / "a").chmod(0o300)
    try:
        assert same(open_directory(tree / "a"), tree / "a")
    finally:
        (tree / "a").chmod(0o700)
