import re
from pathlib import Path

import pytest

from consul_sniff.hardening import syscalls

HEADERS = {
    "x86_64": [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")],
    "aarch64": [Path("/usr/include/asm-generic/unistd.h")],
}


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_the_tables_are_the_kernels(machine):
    header = next((path for path in HEADERS[machine] if path.exists()), None)
    if header is None:
        pytest.skip(f"no kernel headers for {machine}: install linux-libc-dev")
    said = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())}
    if machine == "aarch64":
        said["newfstatat"] = said["fstatat"]
    ours = {name: syscalls.number(name, machine) for name in syscalls.NUMBERS}
    assert {name: (number, said[name]) for name, number in ours.items() if name in said and number != said[name]} == {}
    assert len([name for name in ours if name in said]) > 200


@pytest.mark.parametrize("column", [0, 1])
def test_no_number_stands_twice(column):
    numbers = [row[column] for row in syscalls.NUMBERS.values() if row[column] is not None]
    assert len(numbers) == len(set(numbers))


def test_what_is_not_known_is_a_key_error():
    with pytest.raises(KeyError):
        syscalls.number("read", "riscv64")
    with pytest.raises(KeyError):
        syscalls.number("no_such_call", "x86_64")
