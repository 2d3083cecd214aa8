import os

import pytest

from consul_sniff.hardening import landlock


@pytest.fixture(autouse=True)
def kernel():
    if not landlock.version():
        pytest.skip("this kernel has no Landlock, or not switched on")


def test_a_folder_is_left_to_read_another_to_write_and_the_rest_is_shut(inside, tmp_path):
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    said = inside("""
from consul_sniff.hardening import landlock, privileges
top = Path(sys.argv[1])
opened = [landlock.Opened(os.open(top / name, os.O_PATH), rights) for name, rights in (("read", landlock.READ), ("write", landlock.WRITE))]
privileges.no_new_privileges()
said["words"] = landlock.restrict(opened)
for name in ("read", "write", "other"):
    attempt(name + " read", lambda: (top / name / "file").read_text())
    attempt(name + " write", lambda: (top / name / "file").write_text("new"))
    attempt(name + " make", lambda: (top / name / "made").write_text("made"))
    attempt(name + " list", lambda: len(os.listdir(top / name)))
attempt("replace", lambda: (top / "write" / "made").rename(top / "write" / "file"))
attempt("folder", lambda: (top / "write" / "below").mkdir())
attempt("link", lambda: (top / "write" / "link").symlink_to("/etc/passwd"))
attempt("pipe", lambda: os.mkfifo(top / "write" / "pipe"))
""", tmp_path)
    assert said.pop("words").startswith("version ")
    denied = "PermissionError"
    assert {name: value for name, value in said.items() if name != "replace"} == {
        "read read": "read", "read write": denied, "read make": denied, "read list": "1",
        "write read": "write", "write write": "3", "write make": "4", "write list": "2",
        "other read": denied, "other write": denied, "other make": denied, "other list": denied,
        "folder": denied, "link": denied, "pipe": denied,
    }
    assert (tmp_path / "write" / "file").read_text() == "made"


def test_a_rule_may_be_of_a_single_file(inside, tmp_path):
    (tmp_path / "file").write_text("one")
    (tmp_path / "other").write_text("other")
    said = inside("""
from consul_sniff.hardening import landlock, privileges
top = Path(sys.argv[1])
privileges.no_new_privileges()
landlock.restrict([landlock.Opened(os.open(top / "file", os.O_PATH), landlock.WRITE)])
attempt("file", lambda: (top / "file").read_text())
attempt("other", lambda: (top / "other").read_text())
""", tmp_path)
    assert said == {"file": "one", "other": "PermissionError"}


@pytest.mark.skipif(not landlock.version() >= 4, reason="Landlock takes TCP away from version 4 on")
def test_tcp_is_taken_away(inside):
    said = inside("""
from consul_sniff.hardening import landlock, privileges
privileges.no_new_privileges()
landlock.restrict([])
attempt("bind", lambda: socket.socket().bind(("127.0.0.1", 0)))
attempt("connect", lambda: socket.socket().connect(("127.0.0.1", 9)))
""")
    assert said == {"bind": "PermissionError", "connect": "PermissionError"}


def test_what_is_open_stays_open(inside, tmp_path):
    said = inside("""
from consul_sniff.hardening import landlock, privileges
file = open(Path(sys.argv[1]) / "open", "w+")
privileges.no_new_privileges()
landlock.restrict([])
attempt("write", lambda: (file.write("still"), file.flush(), file.seek(0), file.read())[-1])
""", tmp_path)
    assert said == {"write": "still"}


def test_without_no_new_privileges_the_kernel_says_no(inside):
    if os.geteuid() == 0:
        pytest.skip("root may without it")
    said = inside("from consul_sniff.hardening import landlock\nattempt('restrict', lambda: landlock.restrict([]))")
    assert said == {"restrict": "PermissionError"}


def test_a_kernel_without_it_is_named(monkeypatch):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    with pytest.raises(OSError, match="has no Landlock"):
        landlock.restrict([])


@pytest.mark.parametrize("abi", range(1, 7))
def test_an_older_interface_takes_less(inside, tmp_path, abi, monkeypatch):
    """What this kernel is told when it is spoken to as an older one: it takes that, too."""
    if abi > landlock.version():
        pytest.skip(f"this kernel has Landlock {landlock.version()}")
    said = inside("""
from consul_sniff.hardening import landlock, privileges
landlock.version = lambda: int(sys.argv[2])
privileges.no_new_privileges()
said["words"] = landlock.restrict([landlock.Opened(os.open(sys.argv[1], os.O_PATH), landlock.WRITE)])
attempt("write", lambda: (Path(sys.argv[1]) / "file").write_text("x"))
attempt("shut", lambda: Path("/etc/passwd").read_text())
""", tmp_path, abi)
    assert said["words"].startswith(f"version {abi}: files")
    assert (said["write"], said["shut"]) == ("1", "PermissionError")
