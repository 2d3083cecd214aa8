"""``python -m benchmarks.readme``: the table of the README, made from RESULTS.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .programs import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "RESULTS.json"
README: Final = HERE.parent / "README.md"
BEGIN: Final = "<!-- made by python -m benchmarks.readme from benchmarks/RESULTS.json -->"
END: Final = "<!-- end -->"
PEERS: Final = ("tcpdump", "ndpiReader", "tshark")
HEADS: Final = ("capture", "packets", "seconds", "M packets/s", "peak MB", *(f"times {name}" for name in PEERS))


def table(results: Mapping[str, Any]) -> str:
    """A row for each capture; ``times``: packets a second, of ours to the peer's."""
    rows = [HEADS, tuple("---:" if number else "---" for number in range(len(HEADS)))]
    for one in results["captures"]:
        ours = one["series"][OURS]
        rows.append((f"{one['name']}: {one['about']}", f"{one['packets']:,}", f"{ours['wall']:.1f}",
                     f"{ours['packets_per_second'] / 1e6:.2f}", f"{ours['rss'] / 1e6:.0f}",
                     *(_times(one["series"].get(name)) for name in PEERS)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _times(peer: Mapping[str, Any] | None) -> str:
    return f"{peer['to_ours']:.2g}" if peer else ""


def written(readme: str, results: Mapping[str, Any]) -> str:
    """The README with the table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(results)}\n{END}{after}"


def main() -> None:
    """Write it."""
    README.write_text(written(README.read_text(), json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
