"""The terminal that a verb writes to."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from ..reporters.look import look_for

if TYPE_CHECKING:
    from ..reporters.look import Look


def look(*, to_file: bool = False) -> Look:
    """How wide and colourful standard output is; ``to_file``: the report goes elsewhere, without colour."""
    return look_for(tty=not to_file and sys.stdout.isatty(), columns=shutil.get_terminal_size((100, 24)).columns,
                    environment={} if to_file else os.environ)
