from __future__ import annotations

import pytest

from consul_sniff.capture.linktypes import name


@pytest.mark.parametrize(("number", "shown"), [
    (0, "NULL"), (1, "EN10MB"), (12, "RAW"), (101, "RAW"), (108, "LOOP"), (113, "LINUX_SLL"), (228, "IPV4"),
    (229, "IPV6"), (276, "LINUX_SLL2"), (9999, "linktype 9999"),
])
def test_names(number, shown):
    assert name(number) == shown
