from __future__ import annotations

from consul_sniff.capture.formats import Damage
from consul_sniff.errors import CaptureError


def test_damage_is_a_capture_error_that_knows_its_place():
    assert isinstance(Damage("record of 5 bytes", 7), CaptureError)
    assert (Damage("record of 5 bytes", 7).what, Damage("x", 7).at, Damage("x").at) == ("record of 5 bytes", 7, None)
