import errno
import os

import pytest

from consul_sniff.hardening import kernel, syscalls


def test_calls_answer_and_fail_as_the_kernel_says():
    machine = os.uname().machine
    if machine not in syscalls.MACHINES:
        pytest.skip(f"no tables for {machine}")
    assert kernel.syscall(syscalls.number("getpid", machine)) == os.getpid()
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        kernel.syscall(syscalls.number("close", machine), 1 << 20)
    assert caught.value.errno == errno.EBADF


def test_process_options():
    assert kernel.prctl(kernel.PR_GET_DUMPABLE) in (0, 1, 2)
    with pytest.raises(OSError, match="Invalid argument"):
        kernel.prctl(kernel.PR_CAPBSET_READ, 4000)


def test_memory_holds_what_it_was_given_whole():
    memory = kernel.buffer(b"a\0b")
    assert (memory.raw, len(memory)) == (b"a\0b", 3)
    assert kernel.address(memory) != 0


def test_threads_are_counted(inside):
    said = inside("""
from consul_sniff.hardening import kernel
import threading
said["one"] = kernel.threads()
hold = threading.Event()
some = threading.Thread(target=hold.wait)
some.start()
said["two"] = kernel.threads()
hold.set()
some.join()
""")
    assert said == {"one": 1, "two": 2}
