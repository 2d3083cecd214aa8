"""``consul-sniff`` and ``python -m consul_sniff``."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line; the exit code is the contract's."""
    # What is learnt stays to the end, and what does not is freed by its reference count: collections at Python's own
    # thresholds walk all of it again and again (half of the time of judging 17,000 conversations). Cycles are still
    # found, after two million objects instead of 700 (`pipeline.seldom_collected` says how many there are).
    gc.set_threshold(2_000_000, 10, 100)
    from .cli.app import run

    try:
        run()
    finally:
        gc.freeze()  # the interpreter looks for cycles once more when it ends: a tenth of a large run, for nothing


if __name__ == "__main__":
    main()
