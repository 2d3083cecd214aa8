"""Gossip keys of one's own, from a file: one base64 key a line, or the JSON list that Serf writes (local.keyring).

The keys stay in memory. What leaves is a fingerprint: ``sha256:`` and 8 hex digits of the SHA-256 of the raw key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .errors import KeyringError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEY_SIZES: Final = (16, 24, 32)  # AES-128, -192, -256
KEYRING_BYTES: Final = 65_536  # a keyring file larger than this is no keyring file
_OTHERS: Final = 0o077  # permissions of group and others


class Keyring:
    """Keys in the order they were given, each once. ``fingerprints`` stand in the same order.

    ``recent`` is where decryption keeps the order to try them in: the one that opened a message last comes first.
    """

    __slots__ = ("ciphers", "fingerprints", "keys", "recent")

    def __init__(self, keys: Sequence[bytes]) -> None:
        from hashlib import sha256

        self.keys: tuple[bytes, ...] = tuple(dict.fromkeys(bytes(key) for key in keys))
        for key in self.keys:
            if len(key) not in KEY_SIZES:
                raise KeyringError(f"a gossip key has 16, 24 or 32 bytes, not {len(key)}")
        self.fingerprints = tuple(f"sha256:{sha256(key).hexdigest()[:8]}" for key in self.keys)
        self.recent: list[int] = list(range(len(self.keys)))
        self.ciphers: dict[int, object] = {}

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read a keyring file. KeyringError: it cannot be read, others can read it, or a line is no key."""
        content = _content(path)
        entries = _listed(path, content) if content.lstrip()[:1] == b"[" else _lines(content)
        keys = [_key(path, line, text) for line, text in entries]
        if not keys:
            raise KeyringError(f"{path}: no key in it; put one base64 key on each line (consul keygen makes one)")
        return cls(keys)

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.fingerprints)})"

    def __reduce__(self) -> tuple[type[Keyring], tuple[tuple[bytes, ...]]]:
        return Keyring, (self.keys,)


def _content(path: Path) -> bytes:
    from os import fstat

    try:
        with path.open("rb") as file:
            mode = fstat(file.fileno()).st_mode
            content = b"" if mode & _OTHERS else file.read(KEYRING_BYTES + 1)
    except OSError as error:
        raise KeyringError(f"{path}: {error.strerror or error}; give a keyring file that you can read") from None
    if mode & _OTHERS:
        raise KeyringError(f"{path}: group or others have access (mode {mode & 0o777:04o}); run: chmod 600 {path}")
    if len(content) > KEYRING_BYTES:
        raise KeyringError(f"{path}: more than {KEYRING_BYTES} bytes; a keyring holds one base64 key a line")
    return content


def _lines(content: bytes) -> list[tuple[int, str]]:
    """(line number, text) of the lines that hold something; ``#`` begins a comment."""
    lines = enumerate(content.decode("utf-8", "replace").splitlines(), 1)
    return [(line, text.strip()) for line, text in lines if text.strip() and not text.lstrip().startswith("#")]


def _listed(path: Path, content: bytes) -> list[tuple[int, str]]:
    """The entries of Serf's JSON list, each with the line that it stands on."""
    import json

    try:
        entries = json.loads(content)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise KeyringError(f'{path}:{line}: this is no JSON list of keys; write ["KEY", "KEY"]') from None
    if not isinstance(entries, list):
        raise KeyringError(f'{path}:1: this is no JSON list of keys; write ["KEY", "KEY"]')
    lines: list[tuple[int, str]] = []
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, str):
            raise KeyringError(f"{path}: entry {place} of the list is no text; write each key in double quotes")
        at = content.find(entry.encode("utf-8", "replace"))
        lines.append((content.count(b"\n", 0, max(at, 0)) + 1, entry.strip()))
    return lines


def _key(path: Path, line: int, text: str) -> bytes:
    from base64 import b64decode

    try:
        key = b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; its text may quote the key
        raise KeyringError(f"{path}:{line}: this is no base64; put one key on each line, as `consul keygen` "
                           "writes it") from None
    if len(key) not in KEY_SIZES:
        raise KeyringError(f"{path}:{line}: the key has {len(key)} bytes; a gossip key has 16, 24 or 32")
    return key
