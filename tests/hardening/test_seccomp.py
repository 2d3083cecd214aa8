"""The filter is run here as the kernel would run it, for both machines; test_confinement tries the real one."""

import errno

import pytest

from consul_sniff.hardening import seccomp, syscalls

PID = 4711
ALLOW, REFUSE, ABSENT = "allow", "refuse", "absent"
CAPTURE = 5


def answer(lines, arch, number, *arguments):
    """What a program of classic BPF says of a call."""
    words = {0: number, 4: arch} | {16 + 8 * index: value & 0xFFFFFFFF for index, value in enumerate((*arguments, 0, 0, 0)[:6])}
    at = accumulator = 0
    while True:
        code, true, false, constant = lines[at]
        at += 1
        if code == 0x20:
            accumulator = words[constant]
        elif code == 0x54:
            accumulator &= constant
        elif code == 0x06:
            return {0x7FFF0000: ALLOW, 0x00050000 | errno.EPERM: REFUSE, 0x00050000 | errno.ENOSYS: ABSENT}[constant]
        else:
            held = {0x15: accumulator == constant, 0x35: accumulator >= constant, 0x45: bool(accumulator & constant)}[code]
            at += true if held else false


@pytest.fixture(params=list(syscalls.MACHINES))
def ask(request):
    machine = request.param

    def asked(name, *arguments, **options):
        number = syscalls.number(name, machine)
        if number is None:
            pytest.skip(f"{machine} has no {name}")
        return answer(seccomp.program(machine, PID, **options), syscalls.MACHINES[machine][0], number, *arguments)

    return asked


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_every_call_of_the_tables_has_the_answer_its_list_says(machine):
    lines = seccomp.program(machine, PID)
    for name in syscalls.NUMBERS:
        number = syscalls.number(name, machine)
        if number is None or name in seccomp.CONDITIONAL:
            continue
        assert answer(lines, syscalls.MACHINES[machine][0], number, 7) == (ALLOW if name in seccomp.ALLOWED else REFUSE), name


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_calls_that_are_not_in_the_tables_do_not_exist_and_other_machines_calls_are_refused(machine):
    lines = seccomp.program(machine, PID)
    arch = syscalls.MACHINES[machine][0]
    assert answer(lines, arch, 100_000) == ABSENT
    assert answer(lines, arch, 0x40000000 | 1) == ABSENT  # x32
    assert answer(lines, 0x40000003, 4) == REFUSE  # i386's write through int 0x80
    assert answer(lines, arch ^ 1, syscalls.number("read", machine)) == REFUSE


@pytest.mark.parametrize(("name", "arguments", "expected"), [
    ("clone", (0x3D0F00,), ALLOW),  # as pthread_create calls it
    ("clone", (0x1200011,), REFUSE),  # as fork does
    ("clone3", (), ABSENT),
    ("mmap", (0, 4096, 1 | 4), ALLOW),  # a shared library
    ("mmap", (0, 4096, 2 | 4), REFUSE),
    ("mprotect", (0, 4096, 7), REFUSE),
    ("mprotect", (0, 4096, 1), ALLOW),
    ("prctl", (15,), ALLOW),
    ("prctl", (4, 1), REFUSE),  # dumpable again
    ("ioctl", (0, 0x5413), ALLOW),
    ("ioctl", (0, 0x5412), REFUSE),
    ("kill", (PID, 9), ALLOW),
    ("kill", (PID + 1, 9), REFUSE),
    ("kill", (0xFFFFFFFF, 9), REFUSE),
    ("tgkill", (PID, 1), ALLOW),
    ("tgkill", (1, 1), REFUSE),
    ("prlimit64", (0,), ALLOW),
    ("prlimit64", (PID,), ALLOW),
    ("prlimit64", (1,), REFUSE),
])
def test_some_calls_depend_on_what_they_ask_for(ask, name, arguments, expected):
    assert ask(name, *arguments) == expected


def test_accepting_is_asked_for(ask):
    assert ask("accept4", 3) == REFUSE
    assert ask("accept4", 3, accept=True) == ALLOW
    assert ask("listen", 3, accept=True) == REFUSE


@pytest.mark.parametrize("name", seccomp.WRITING)
def test_nothing_goes_out_on_a_capture_socket(ask, name):
    assert ask(name, CAPTURE, receive_only=[4, CAPTURE]) == REFUSE
    assert ask(name, CAPTURE + 1, receive_only=[4, CAPTURE]) == ALLOW
    assert ask(name, CAPTURE) == ALLOW


@pytest.mark.parametrize(("fd", "command", "expected"), [(CAPTURE, 0, REFUSE), (CAPTURE, 1030, REFUSE), (CAPTURE, 4, ALLOW), (4, 1030, ALLOW)])
def test_nor_is_its_descriptor_copied(ask, fd, command, expected):
    assert ask("fcntl", fd, command, receive_only=[CAPTURE]) == expected


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_jumps_and_length_are_within_what_the_kernel_takes(machine):
    lines = seccomp.program(machine, PID, accept=True, receive_only=range(3, 60))
    assert len(lines) <= 4096
    assert all(0 <= true <= 255 and 0 <= false <= 255 for _, true, false, _ in lines)


def test_a_machine_without_tables_is_told():
    with pytest.raises(KeyError):
        seccomp.program("riscv64", PID)


def test_every_name_of_the_lists_stands_in_the_tables():
    assert {*seccomp.ALLOWED, *seccomp.ACCEPTING, *seccomp.CONDITIONAL, *seccomp.WRITING} <= set(syscalls.NUMBERS)
    assert set(seccomp.WRITING) <= set(seccomp.ALLOWED)
