"""What can go wrong, in words a person can act on: what, where, what to do."""

from __future__ import annotations


class ConsulSniffError(Exception):
    """Base of all errors that this package raises on purpose."""


class UsageError(ConsulSniffError):
    """Wrong words on the command line or in a configuration, keyring or signature (exit code 2)."""


class CaptureError(ConsulSniffError):
    """An input cannot be read, or not further (exit code 3)."""


class OutputError(ConsulSniffError):
    """An output cannot be written, or not safely (exit code 3)."""


class ConfinementError(ConsulSniffError):
    """Root cannot be given up, and nobody asked to keep it (exit code 3)."""


class SignatureError(UsageError):
    """A signature or the checklist does not say what it should. ``problems``: one line each, ``path:line: key: text``."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class KeyringError(UsageError):
    """A keyring cannot be used."""


class DecodeError(ConsulSniffError):
    """These bytes are not what the decoder reads. ``reason`` is a short name, counted as a note."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NeedMoreData(ConsulSniffError):
    """The bytes end too early. ``missing``: how many more are needed at least (1 where unknown)."""

    def __init__(self, missing: int = 1) -> None:
        super().__init__(missing)
        self.missing = missing


class Interrupted(BaseException):
    """A signal asked to stop while a read was waiting; the report so far follows. No Exception: it may come anywhere, also where all
    of those are taken for a bug of ours or for hostile bytes."""
