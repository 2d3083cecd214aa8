import os

import pytest

from consul_sniff.hardening.status import APPLIED, KEPT, UNAVAILABLE, Confinement, Mechanism, process_status

DONE = Confinement("nobody", (Mechanism("user", APPLIED, "nobody"), Mechanism("landlock", UNAVAILABLE, "no such kernel"),
                              Mechanism("capabilities", KEPT, "as asked")))


def test_what_does_not_hold_is_named_in_one_line():
    assert DONE.summary() == "confined as nobody; not available: landlock (no such kernel); kept as asked: capabilities (as asked)"
    assert Confinement("nobody", DONE.mechanisms[:1]).summary() == "confined as nobody"


def test_mechanisms_are_found_by_name():
    assert [one.name for one in DONE.missing] == ["landlock", "capabilities"]
    assert DONE.of("user").state == APPLIED
    with pytest.raises(KeyError):
        DONE.of("magic")


def test_the_kernels_word_on_a_process():
    status = process_status()
    assert status["Pid"] == str(os.getpid()) == process_status(os.getpid())["Pid"]
    assert status["Uid"].split()[1] == str(os.geteuid())


def test_a_process_that_is_not_there_says_nothing():
    assert process_status(2**22 + 1) == {}
