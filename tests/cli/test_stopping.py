import os
import signal

import pytest

from consul_sniff.cli.stopping import Stopping
from consul_sniff.errors import Interrupted


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_is_remembered_and_the_second_ends(number, code):
    before = signal.getsignal(number)
    with Stopping() as stopping:
        os.kill(os.getpid(), number)
        assert stopping.code == code
        with pytest.raises(SystemExit) as end:
            os.kill(os.getpid(), number)
        assert end.value.code == code
    assert signal.getsignal(number) is before


def test_a_read_that_waits_is_left():
    with Stopping() as stopping:
        stopping.waiting = True
        with pytest.raises(Interrupted):
            os.kill(os.getpid(), signal.SIGINT)
        stopping.waiting = False
