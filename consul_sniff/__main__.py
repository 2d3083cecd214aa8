"""``consul-sniff`` and ``python -m consul_sniff``."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the exit code is the contract's."""
    from .cli.app import run

    run()


if __name__ == "__main__":
    main()
