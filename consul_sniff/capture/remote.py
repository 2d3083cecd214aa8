"""Inputs by URL (``s3://``, ``gs://``, ``https://``, ``file://``), read as a stream through fsspec."""

from __future__ import annotations

import errno
import io
import os
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
#: Fetched at once, and held: a slow link is asked seldom, and no file comes to lie here whole.
FETCH_BYTES: Final = 8 * 1024 * 1024
_EXTRA: Final = "install it, e.g. pip install 'consul-sniff[cluster]'"


def is_url(path: str) -> bool:
    """Whether an input is named by URL."""
    return _URL.match(path) is not None


class Remote(io.RawIOBase):
    """A URL's bytes in the shape of `inputs.Raw`. Errors of all methods: OSError."""

    def __init__(self, url: str) -> None:
        system, path = _system(url)
        with _Said():
            self._file: Any = system.open(path, "rb", block_size=FETCH_BYTES, cache_type="readahead")
            self.size = int(self._file.size or 0)
        self.position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def readinto(self, buffer: Any, /) -> int:
        """Fill *buffer* from its beginning, and count."""
        with _Said():
            data = self._file.read(len(buffer))
        buffer[:len(data)] = data
        self.position += len(data)
        return len(data)

    def seek(self, place: int, whence: int = 0, /) -> int:
        """And count from there."""
        with _Said():
            self.position = int(self._file.seek(place, whence))
        return self.position

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def expand(url: str) -> Iterator[str]:
    """The URLs that one with ``*`` in it means, or one that ends in ``/`` (all below it), in order. Errors: OSError."""
    if "*" not in url and not url.endswith("/"):
        yield url
        return
    system, path = _system(url)
    with _Said():
        found = system.glob(path) if "*" in url else system.find(path)
    for one in sorted(found):
        yield str(system.unstrip_protocol(one))


def _system(url: str) -> tuple[Any, str]:
    try:
        core: Any = import_module("fsspec.core")
    except ImportError:
        message = f"a URL is read with fsspec, which is not installed: {_EXTRA}"
        raise OSError(message) from None
    with _Said():
        system, path = core.url_to_fs(url)
    return system, str(path)


class _Said:
    """Whatever a store's library raises, as an OSError that says it in a line."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, ImportError):
            message = f"a URL of this kind needs another module ({error}): {_EXTRA}"
            raise OSError(message) from None
        for known, number in ((FileNotFoundError, errno.ENOENT), (PermissionError, errno.EACCES)):
            if isinstance(error, known):
                raise OSError(number, os.strerror(number)) from None
        if isinstance(error, Exception) and not (isinstance(error, OSError) and error.errno):
            lines = str(error).splitlines() or [type(error).__name__]
            raise OSError(lines[0]) from None
