"""What several tests need."""

from pathlib import Path

import pytest
from hypothesis import settings

from .live_lab import lab as lab  # noqa: PLC0414 - a fixture, for whoever asks

ROOT = Path(__file__).parent.parent
PCAPS = ROOT / "pcaps"


# how long an example takes says how busy the machine is, not what the code does
settings.register_profile("here", deadline=None)
settings.load_profile("here")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden reports anew; review the diff")


@pytest.fixture(scope="session")
def pcaps():
    """The folder of captures that ship with the project."""
    return PCAPS


@pytest.fixture(scope="session")
def report_of():
    """The report of a capture under pcaps/, made once a session."""
    import consul_sniff

    made = {}

    def report(name, **options):
        key = (name, tuple(sorted(options.items())))
        if key not in made:
            made[key] = consul_sniff.analyze([PCAPS / name], **options)
        return made[key]

    return report
