"""The whole of it, read from /proc of the confined process and tried from inside."""
# ruff: noqa: PTH208 - what is tested is the kernel's answer, not what a Path makes of it

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

SOCKETS = """
packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
packet.bind(("lo", 0))
packet.settimeout(5)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def heard():
    sender.sendto(b"consul-sniff confined", ("127.0.0.1", 9))
    for _ in range(1000):
        if b"consul-sniff confined" in packet.recv(65536):
            return True
"""


def test_of_root_nothing_is_left_and_nothing_opens_any_more(inside, nobody):
    said = inside(SOCKETS + """
import signal
from consul_sniff.hardening import kernel, probe
out = OutputDir.open(Path(sys.argv[1]), identity("nobody"))
done = confine(writable=[out], receive_only=[packet.fileno()])
said["missing"] = done.missing
said["user"] = done.user
said["status"] = process_status()
said["refused"] = probe.attempts()
said["dumpable"] = kernel.prctl(kernel.PR_GET_DUMPABLE)
import resource
said["core"] = resource.getrlimit(resource.RLIMIT_CORE)
attempt("shadow", lambda: Path("/etc/shadow").read_bytes())
attempt("script", lambda: Path(sys.argv[0]).read_bytes())
attempt("list", lambda: os.listdir("/"))
attempt("new file", lambda: Path("/tmp/consul-sniff-hardening").write_bytes(b""))
attempt("make a folder", lambda: os.mkdir("below", dir_fd=out.fd))
attempt("link", lambda: os.symlink("/etc/shadow", "link", dir_fd=out.fd))
attempt("mode", lambda: os.fchmod(out.fd, 0o777))
attempt("connect", lambda: sender.connect(("127.0.0.1", 9)))
attempt("listen", lambda: socket.create_server(("127.0.0.1", 0)))
attempt("signal to another", lambda: os.kill(os.getppid(), 0))
attempt("signal to itself", lambda: os.kill(os.getpid(), 0))
attempt("send on the capture socket", lambda: packet.send(bytes(60)))
attempt("write to the capture socket", lambda: os.write(packet.fileno(), bytes(60)))
attempt("copy the capture socket", lambda: os.dup(packet.fileno()))
attempt("copy it otherwise", lambda: packet.dup())
attempt("type into the terminal", lambda: __import__("fcntl").ioctl(0, 0x5412, b"x"))
attempt("memory to write and run", lambda: __import__("mmap").mmap(-1, 4096, prot=7))
attempt("root again", lambda: os.setresuid(0, 0, 0))
attempt("heard", heard)
attempt("counted", lambda: len(packet.getsockopt(263, 6, 8)))
attempt("written", lambda: out.write("report.json", b"{}"))
attempt("removed", lambda: (out.write("gone", b""), out.remove("gone"), "gone" in os.listdir(out.fd))[2])
""", nobody)
    status = said["status"]
    assert said["missing"] == []
    assert said["user"] == "nobody"
    assert "0" not in status["Uid"].split()
    assert "0" not in status["Gid"].split()
    assert status["Groups"] == ""
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0000000000000000"}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert (said["dumpable"], said["core"]) == (0, [0, 0])
    assert all(said["refused"].values()), said["refused"]
    for name in ("shadow", "script", "list", "new file", "make a folder", "link", "mode", "connect", "listen", "signal to another",
                 "send on the capture socket", "write to the capture socket", "copy the capture socket", "copy it otherwise",
                 "type into the terminal", "memory to write and run", "root again"):
        assert said[name] == "PermissionError", name
    assert said["signal to itself"] == "None"
    assert said["heard"] == "True"
    assert said["counted"] == "8"
    assert (said["written"], said["removed"]) == ("None", "False")
    assert (nobody / "report.json").read_bytes() == b"{}"
    assert (nobody / "report.json").stat().st_mode & 0o777 == 0o600
    assert os.listdir(nobody) == ["report.json"]


def test_python_goes_on_late_imports_threads_clock_and_temporary_memory(inside, nobody):
    said = inside("""
confine()
attempt("standard library", lambda: __import__("decimal").Decimal(1) / 4)
attempt("shared library", lambda: __import__("sqlite3").connect(":memory:").execute("select 6 * 7").fetchone()[0])
attempt("package", lambda: __import__("msgpack").unpackb(b"\\x07"))
attempt("codec", lambda: b"\\xff".decode("cp1252"))
attempt("own", lambda: __import__("consul_sniff.reporters.json_v1", fromlist=["document"]).document.__name__)
import threading
ran = []
def thread():
    some = threading.Thread(target=ran.append, args=(1,))
    some.start()
    some.join()
    return ran
attempt("thread", thread)
attempt("time", lambda: __import__("datetime").datetime.now().astimezone().year > 2000)
attempt("random", lambda: len(os.urandom(8)))
attempt("much memory", lambda: len(bytearray(64 * 1024 * 1024)))
attempt("drops", lambda: Path("/sys/class/net/lo/statistics/rx_missed_errors").read_text().strip().isdigit())
""")
    assert said == {"standard library": "0.25", "shared library": "42", "package": "7", "codec": "ÿ", "own": "document", "thread": "[1]",
                    "time": "True", "random": "8", "much memory": "67108864", "drops": "True"}


def test_the_null_device_can_still_be_opened(inside, nobody):
    if Path(os.devnull).stat().st_mode & 0o666 != 0o666:
        pytest.skip(f"{os.devnull} is not open to everybody on this machine: something changed its mode (tcpdump -w {os.devnull} as root gives it away)")
    said = inside("""
confine()
attempt("null", lambda: open(os.devnull, "wb").write(b"x"))
""")
    assert said == {"null": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("names", [["lab/plain-c1.pcap"], None], ids=["one", "all"])
def test_the_programs_own_ways_are_within_the_filter(inside, nobody, pcaps, names):
    """Reports made confined are the same, byte by byte: no call that reading, decoding or reporting makes is refused."""
    names = names or sorted(str(path.relative_to(pcaps)) for path in pcaps.rglob("*.pcap*"))
    if not pcaps.exists():
        pytest.skip("no captures ship here")
    code = """
import consul_sniff
from consul_sniff.matching import load
from consul_sniff.reporters import FORMATS, renderer
load()  # as live does: signatures are read before anything is given up, wherever they stand
from consul_sniff.reporters.look import Look
folder = os.open(sys.argv[1], os.O_RDONLY)
if sys.argv[2] == "confined":
    confine(readable=[folder])
os.environ["TZ"] = "UTC"
import hashlib
for name in sys.argv[3:]:
    report = consul_sniff.analyze([f"/proc/self/fd/{folder}/{name}"])
    report = report._replace(inputs=())
    said[name] = [hashlib.sha256(renderer(one)(report, "0", Look()).encode()).hexdigest() for one in FORMATS]
    said[name].append(sum(report.counters.values()) if hasattr(report.counters, "values") else str(report.counters))
"""
    assert inside(code, pcaps, "confined", *names) == inside(code, pcaps, "free", *names)


def test_libpcap_goes_on_capturing_and_counting(inside, nobody):
    pytest.importorskip("cypcap")
    said = inside("""
import cypcap
handle = cypcap.create("lo")
handle.set_promisc(True)
handle.set_immediate_mode(True)
handle.activate()
handle.setnonblock(True)
handle.setfilter(handle.compile("udp port 9"))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
confine(receive_only=[handle.get_selectable_fd()])
import select
def captured():
    got = []
    for _ in range(50):
        sender.sendto(b"consul-sniff confined", ("127.0.0.1", 9))
        select.select([handle.get_selectable_fd()], [], [], 0.1)
        handle.dispatch(-1, lambda header, data: got.append(bytes(data)))
        if got:
            return b"consul-sniff confined" in got[0]
attempt("captured", captured)
attempt("counted", lambda: handle.stats().recv > 0)
attempt("inject", lambda: handle.inject(bytes(60)))
attempt("close", handle.close)
""")
    assert said["inject"] != "60"
    assert {name: said[name] for name in ("captured", "counted", "close")} == {"captured": "True", "counted": "True", "close": "None"}


@pytest.mark.parametrize("accept", [True, False])
def test_a_socket_that_listens_accepts_only_where_that_was_asked(inside, nobody, accept):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def ask():
        while not done.wait(0.05):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as one:
                one.recv(16)

    done = threading.Event()
    asking = threading.Thread(target=ask)
    asking.start()
    said = inside("""
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
server.settimeout(20)
confine(accept=sys.argv[2] == "True")
def serve():
    client, _ = server.accept()
    client.sendall(b"hello")
    client.close()
    return "served"
attempt("accept", serve)
""", port, accept)
    done.set()
    asking.join()
    assert said["accept"] == ("served" if accept else "PermissionError")


def test_a_user_by_number_that_nobody_has_heard_of(inside, nobody):
    said = inside("""
done = confine("61234")
said["user"] = done.user
said["status"] = process_status()
""")
    assert (said["user"], said["status"]["Uid"].split(), said["status"]["Gid"].split()) == ("61234", ["61234"] * 4, ["61234"] * 4)


def test_without_threads_not_even_the_limit_leaves_room_for_a_process(inside, nobody):
    said = inside("""
done = confine(threads=False)
import resource
said["limit"] = resource.getrlimit(resource.RLIMIT_NPROC)
said["state"] = done.of("no new processes").state
""")
    assert said == {"limit": [0, 0], "state": "applied"}


def test_root_that_is_kept_is_said_to_be_kept_and_the_rest_holds(inside, nobody):
    said = inside("""
done = confine(None)
said["missing"] = [(one.name, one.state) for one in done.missing]
said["status"] = process_status()
said["summary"] = done.summary()
attempt("socket", lambda: socket.socket())
attempt("shadow", lambda: Path("/etc/shadow").read_bytes())
""")
    assert said["missing"] == [["user", "kept"], ["capabilities", "kept"]]
    assert said["status"]["Uid"].split()[0] == "0"
    assert (said["socket"], said["shadow"]) == ("PermissionError", "PermissionError")
    assert said["summary"] == "confined as root; kept as asked: user (as asked), capabilities (as asked)"


def test_a_thread_that_ran_before_is_named_not_passed_over(inside, nobody):
    said = inside("""
import threading
hold = threading.Event()
some = threading.Thread(target=hold.wait)
some.start()
said["missing"] = [(one.name, one.detail) for one in confine().missing]
hold.set()
some.join()
""")
    assert said["missing"] == [[name, "set for this thread, but not for 1 that ran already"] for name in ("capabilities", "landlock")]


def test_who_is_not_root_shuts_himself_in_as_well(inside):
    said = inside("""
import pwd, sysconfig
sysconfig.get_paths()  # loads the rest of it now: the interpreter may stand in root's home
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
done = confine()
said["states"] = {one.name: one.state for one in done.mechanisms}
said["eff"] = process_status()["CapEff"]
attempt("socket", lambda: socket.socket())
""")
    assert said["states"]["user"] == said["states"]["seccomp"] == said["states"]["capabilities"] == "applied"
    assert (said["eff"], said["socket"]) == ("0000000000000000", "PermissionError")


def test_where_root_cannot_be_given_up_the_program_does_not_go_on(nobody):
    """A container with NET_RAW alone: root without SETUID. Parsing as root is refused with what to do."""
    if subprocess.run(["setpriv", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("setpriv (util-linux) is not there")
    code = ("from consul_sniff.hardening import confine\nfrom consul_sniff.errors import ConfinementError\n"
            "try:\n    confine()\nexcept ConfinementError as error:\n    print(error)\n")
    done = subprocess.run(["setpriv", "--bounding-set=-all,+net_raw,+setpcap", "--inh-caps=-all", sys.executable, "-c", code],
                          capture_output=True, text=True, check=False)
    assert "root cannot be given up for nobody" in done.stdout, done.stderr
    assert "--keep-root" in done.stdout


def test_what_the_kernel_or_our_tables_lack_is_named_and_the_rest_holds(inside, nobody):
    said = inside("""
from consul_sniff.hardening import landlock, syscalls
landlock.version = lambda: 0
del syscalls.MACHINES[os.uname().machine]
done = confine()
said["missing"] = [(one.name, one.state, one.detail.partition(" (")[0]) for one in done.missing]
said["status"] = process_status()
attempt("shadow", lambda: Path("/etc/shadow").read_bytes())
""")
    assert said["missing"] == [["landlock", "unavailable", "this kernel has no Landlock, or not switched on"],
                               ["seccomp", "unavailable", f"there are no tables for {os.uname().machine}"]]
    assert (said["status"]["CapEff"], said["status"]["NoNewPrivs"], said["shadow"]) == ("0" * 16, "1", "PermissionError")


def test_a_live_page_on_a_terminal_and_a_server_thread_go_on(inside, nobody):
    """rich asks the terminal for its size and draws from a thread; metrics are answered from another."""
    import pty

    leader, follower = pty.openpty()
    threading.Thread(target=drain, args=(leader,), daemon=True).start()
    try:
        said = inside("""
import http.server, threading, time, urllib.request
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"metrics")
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
asking = socket.create_connection(server.server_address)  # connected already: nothing can be from inside later
terminal = open(int(sys.argv[1]), "w", closefd=False)
confine(accept=True)
from rich.console import Console
from rich.live import Live
def page():
    console = Console(file=terminal, force_terminal=True)
    with Live("one", console=console, refresh_per_second=50) as live:
        time.sleep(0.1)
        live.update("two")
    return console.size.width > 0
attempt("page", page)
threading.Thread(target=server.serve_forever, daemon=True).start()
asking.sendall(b"GET /metrics HTTP/1.0\\r\\n\\r\\n")
attempt("metrics", lambda: asking.makefile("rb").read()[-7:])
attempt("end", server.shutdown)
""", follower, pass_fds=[follower])
    finally:
        os.close(follower)
    assert said == {"page": "True", "metrics": "b'metrics'", "end": "None"}


def drain(descriptor):
    with suppress(OSError):  # the other end was closed
        while os.read(descriptor, 65536):
            pass
    os.close(descriptor)


def test_a_user_that_is_not_there_or_root_is_refused(nobody):
    from consul_sniff.errors import UsageError
    from consul_sniff.hardening import confine

    with pytest.raises(UsageError, match="no such user"):
        confine("no-such-user-here")
    with pytest.raises(UsageError, match="is root"):
        confine("root")
    assert os.geteuid() == 0


@pytest.mark.parametrize(("verb", "loaded"), [
    ("import consul_sniff.cli.app", []),
    ("from consul_sniff.cli.output import write_whole; import pathlib; write_whole(pathlib.Path('report'), 'text')",
     ["consul_sniff.hardening", "consul_sniff.hardening.outputs", "consul_sniff.hardening.paths"]),
])
def test_other_verbs_load_no_more_than_they_use(tmp_path, verb, loaded):
    code = verb + "\nimport sys; print(sorted(name for name in sys.modules if 'hardening' in name or name == 'ctypes'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == str(loaded)


def test_the_package_has_what_it_says():
    from consul_sniff import hardening

    assert all(getattr(hardening, name) for name in hardening.__all__)
    assert callable(hardening.confine)
    with pytest.raises(AttributeError, match="no_such_thing"):
        hardening.no_such_thing  # noqa: B018 - asking is the test
