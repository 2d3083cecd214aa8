import pytest

from consul_sniff.reporters.look import NARROWEST, WIDEST, Look, look_for


@pytest.mark.parametrize(("tty", "environment", "color"), [
    pytest.param(True, {}, True, id="a terminal gets colour"),
    pytest.param(False, {}, False, id="a pipe does not"),
    pytest.param(True, {"NO_COLOR": "1"}, False, id="NO_COLOR"),
    pytest.param(True, {"NO_COLOR": ""}, True, id="an empty NO_COLOR is none (no-color.org)"),
    pytest.param(True, {"TERM": "dumb"}, False, id="a dumb terminal"),
    pytest.param(False, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, id="FORCE_COLOR wins"),
])
def test_colour(tty, environment, color):
    assert look_for(tty=tty, columns=80, environment=environment) == Look(80, color)


def test_width_is_bounded():
    assert look_for(tty=False, columns=7, environment={}).width == NARROWEST
    assert look_for(tty=False, columns=900, environment={}).width == WIDEST
