"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from ..errors import CaptureError

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write ``text`` beside ``path`` and rename it there, readable by its owner only.

    A link at ``path`` is replaced, never followed: the program may run as root.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise CaptureError(f"{path}: cannot write there ({error.strerror}); give --output a folder you may write to") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105 - name is no Path
    except OSError as error:
        os.unlink(name)  # noqa: PTH108 - likewise
        raise CaptureError(f"{path}: not written ({error.strerror}); what was there before is untouched") from None
