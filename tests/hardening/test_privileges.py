import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from consul_sniff.errors import UsageError
from consul_sniff.hardening import privileges

RAW = 1 << privileges.CAP_NET_RAW


@pytest.fixture
def root():
    if os.geteuid() != 0:
        pytest.skip("capabilities to give up take root: run as root")


def test_a_user_is_named_or_numbered():
    entry = next(one for one in pwd.getpwall() if one.pw_uid != 0)
    assert privileges.identity(entry.pw_name) == privileges.identity(str(entry.pw_uid)) == (entry.pw_name, entry.pw_uid, entry.pw_gid)


def test_a_number_needs_no_entry():
    number = next(one for one in range(61_000, 62_000) if one not in {entry.pw_uid for entry in pwd.getpwall()})
    assert privileges.identity(str(number)) == (str(number), number, number)


@pytest.mark.parametrize("user", ["no-such-user-here", "4294967295", "4294967294123", "", "root", "0"])
def test_a_user_that_cannot_be_become_is_refused(user):
    with pytest.raises(UsageError, match="--user"):
        privileges.identity(user)


def test_capabilities_are_read_as_the_kernel_shows_them(inside):
    said = inside("""
from consul_sniff.hardening import privileges
said["ours"] = ["%016x" % bits for bits in privileges.capabilities()]
said["kernel"] = [process_status()[name] for name in ("CapEff", "CapPrm", "CapInh")]
""")
    assert said["ours"] == said["kernel"]


def test_a_permitted_right_is_raised_and_none_where_it_is_not_permitted(inside, root):
    said = inside("""
from consul_sniff.hardening import privileges
raw = 1 << privileges.CAP_NET_RAW
privileges._set(0, raw, 0)
said["before"] = privileges.capabilities()[:2]
attempt("socket before", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close())
said["raised"] = privileges.raise_capture_right()
said["after"] = privileges.capabilities()[:2]
attempt("socket after", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close())
privileges.clear_capabilities()
said["again"] = privileges.raise_capture_right()
said["end"] = privileges.capabilities()
""")
    assert said == {"before": [0, RAW], "socket before": "PermissionError", "raised": True, "after": [RAW, RAW], "socket after": "None",
                    "again": False, "end": [0, 0, 0]}


def test_there_is_no_way_back(inside, root, nobody):
    said = inside("""
from consul_sniff.hardening import privileges
privileges.drop_bounding_set()
privileges.become(privileges.identity("nobody"))
said["ids"] = [os.getresuid(), os.getresgid(), os.getgroups()]
said["bounding"] = process_status()["CapBnd"]
attempt("uid", lambda: os.setresuid(0, 0, 0))
attempt("gid", lambda: os.setresgid(0, 0, 0))
attempt("groups", lambda: os.setgroups([0]))
""")
    uid, gid = pwd.getpwnam("nobody")[2:4]
    assert said == {"ids": [[uid] * 3, [gid] * 3, []], "bounding": "0" * 16,
                    "uid": "PermissionError", "gid": "PermissionError", "groups": "PermissionError"}


def test_the_bounding_set_without_the_right_to_it_is_an_error_not_a_silence(inside, root):
    said = inside("""
from consul_sniff.hardening import privileges
privileges.clear_capabilities()
attempt("drop", privileges.drop_bounding_set)
""")
    assert said == {"drop": "PermissionError"}


@pytest.mark.parametrize(("bounding", "expected"), [([], "True True"), (["--bounding-set=-all"], "False False")])
def test_a_file_capability_that_is_permitted_only_gives_the_right_where_there_is_one_to_give(root, bounding, expected):
    """As the container image has it: with cap_net_raw=p the interpreter starts either way, and the program raises the right."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if not (python and shutil.which("setcap") and shutil.which("setpriv")):
        pytest.skip("setcap (libcap2-bin), setpriv (util-linux) or a Python that every user may run is not there")
    code = ("import sys, socket\nsys.path.insert(0, sys.argv[1])\nfrom consul_sniff.hardening import raise_capture_right\n"
            "right = raise_capture_right()\n"
            "try:\n    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)\n    print(right, True)\nexcept PermissionError:\n    print(right, False)\n")
    user = ["setpriv", *bounding, "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        copy = folder / "python"
        shutil.copyfile(Path(python).resolve(), copy)
        copy.chmod(0o755)
        if subprocess.run(["setcap", "cap_net_raw=p", copy], capture_output=True, check=False).returncode:
            pytest.skip("this file system keeps no file capabilities")
        there = Path(privileges.__file__).parent.parent.parent
        start = "import sys; assert sys.version_info >= (3, 11); sys.path.insert(0, sys.argv[1]); import consul_sniff"
        if subprocess.run([*user, copy, "-c", start, there], capture_output=True, check=False).returncode:
            pytest.skip("nobody may not run this Python, or not read this package")
        done = subprocess.run([*user, copy, "-c", code, there], capture_output=True, text=True, check=False, env={"PYTHONDONTWRITEBYTECODE": "1"})
        assert done.stdout.strip() == expected, done.stderr
