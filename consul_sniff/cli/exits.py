"""Exit codes, the same for every verb: the one place they stand in."""

from __future__ import annotations

from typing import Final

EXIT_CODES: Final = {
    0: "nothing at or above --fail-on",
    1: "a finding at or above it",
    2: "wrong usage, configuration, keyring or signature",
    3: "an input could not be read whole, no permission, or an internal error",
    4: "inconclusive: what is required was not seen, or too much was lost",
    130: "interrupted (INT), with the report so far",
    143: "ended (TERM), with the report so far",
}


class Exit(Exception):
    """End the run with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
