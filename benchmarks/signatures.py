"""``python -m benchmarks.signatures CAPTURE...``: what a thousand signatures cost instead of the shipped ones.

They are the shipped ones, and these again and again for sites of a large company: each asks for a network or a name
more. Measured is the judgement of what was observed, alternating, in one process; medians of processor seconds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from consul_sniff import pipeline
from consul_sniff.attribution import Profile, attribute
from consul_sniff.matching import Rules, judge, load
from consul_sniff.matching.verdict import matcher

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIPPED = Path(__file__).parent.parent / "signatures"
COUNT = 1_000
ROUNDS = 11
SEED = 20261127
#: by protocol, a field whose values are many
NAMES = {"tls": "fields.sni|contains", "http": "fields.route|contains", "consul-rpc": "fields.method|contains", "dns": "fields.zone|contains"}


def listed(groups: Any) -> list[dict[str, Any]]:
    """A group that stands alone is a list of one."""
    return groups if isinstance(groups, list) else [groups]


def narrowed(document: dict[str, Any], site: int, dice: random.Random) -> dict[str, Any]:
    """The same signature for one site."""
    groups = listed(document["match"])
    network = f"10.{dice.randrange(256)}.{dice.randrange(256)}.0/24"
    way = dice.choice(("destination", "source", "unless", "name"))
    if way == "unless":
        document = {**document, "unless": [*listed(document.get("unless", [])), {"source|cidr": network}]}
    if way == "name" and all(str(group.get("protocol")) in NAMES for group in groups):
        return {**document, "match": [{**group, NAMES[group["protocol"]]: f"site{site}"} for group in groups]}
    return {**document, "match": [{**group, f"{'source' if way == 'source' else 'destination'}|cidr": network} for group in groups]}


def documents() -> Iterator[dict[str, Any]]:
    """Signatures without end: the shipped ones, then each for one site after the other."""
    shipped = [yaml.safe_load(path.read_text()) for path in sorted(SHIPPED.glob("*/*.yaml"))]
    dice = random.Random(SEED)  # noqa: S311 - the same each time
    for document in shipped:
        yield {**document, "id": f"all-{document['id']}"}
    for site, document in enumerate(cycle(shipped)):
        yield {**narrowed(document, site, dice), "id": f"site-{site}-{document['id']}"}


def write(folder: Path, number: int) -> None:
    """So many signatures, a file each."""
    for document in islice(documents(), number):
        (folder / f"{document['id']}.yaml").write_text(yaml.safe_dump({**document, "tests": {"untested": "made for a benchmark"}}, sort_keys=False))


def main() -> None:
    """Print a table, Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signatures", description=__doc__)
    parser.add_argument("captures", nargs="+", type=Path, metavar="CAPTURE")
    captures = parser.parse_args().captures
    shipped = load()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), COUNT)
        begin = time.process_time()
        rules = load(Path(folder))
        many = Rules(rules.controls, tuple([one for one in rules.signatures if one.path.startswith(folder)]))
        matcher(many.signatures)
        loading = time.process_time() - begin
    rows = []
    for path in captures:
        facts = pipeline.read([str(path)], pipeline.Options())
        taken: dict[int, list[float]] = {}
        found = {}
        for _ in range(ROUNDS):
            for which in (shipped, many):
                with pipeline.no_collection():
                    attributed = attribute(facts, Profile())
                    matcher.cache_clear()
                    matcher(which.signatures)  # part of loading them
                    begin = time.process_time()
                    report = judge(attributed, facts, which)
                    taken.setdefault(len(which.signatures), []).append(time.process_time() - begin)
                    found[len(which.signatures)] = len(report.findings)
        few, much = (statistics.median(taken[len(which.signatures)]) for which in (shipped, many))
        rows.append(f"| {path.name} | {few:.2f} | {much:.2f} | {much / few:.2f} | {found[len(shipped.signatures)]:,} | {found[len(many.signatures)]:,} |")
    sys.stdout.write("\n".join([
        f"{len(many.signatures):,} signatures load in {loading:.2f} s, the shipped {len(shipped.signatures)} beside them", "",
        "| capture | shipped, s | made, s | ratio | findings | of the made |", "| --- | ---: | ---: | ---: | ---: | ---: |", *rows, ""]))


if __name__ == "__main__":
    main()
