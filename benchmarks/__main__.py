"""``python -m benchmarks``: make captures, run this program and its peers, show and save the figures."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .results import Results

ROOT = Path(__file__).parent.parent
QUICK_SCALE, QUICK_ROUNDS = 0.1, 3
QUICK = ("mixed", "consul", "gossip", "consul-swapped", "spoofed")
SLOW = ("consul", "mixed")  # where tshark, dpkt and Scapy run


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="CAPTURE", help="only these (default: all but mixed-5gb)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="where captures are made and kept (default: .bench)")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the tree whose consul_sniff runs (default: this one)")
    parser.add_argument("--captures", type=Path, action="append", default=[], metavar="DIR",
                        help="a folder of real Ethernet captures to use beside pcaps/lab; repeatable")
    parser.add_argument("--rounds", type=int, help="medians of so many rounds (default: 5)")
    parser.add_argument("--scale", type=float, help="of the captures' full sizes (default: 1)")
    parser.add_argument("--quick", action="store_true", help=f"small: {', '.join(QUICK)} at {QUICK_SCALE:g}, {QUICK_ROUNDS} rounds")
    parser.add_argument("--long", action="store_true", help="also mixed-5gb")
    parser.add_argument("--no-peers", action="store_true", help="only this program and reading the file")
    parser.add_argument("--make", action="store_true", help="only make the captures")
    parser.add_argument("--gate", action="store_true", help="exit with 1 where a ratio of benchmarks/gate.py is missed")
    parser.add_argument("--save", type=Path, metavar="FILE", help="the results as Markdown, and FILE.json beside it "
                        "(default: benchmarks/RESULTS.md; with --quick or names: results.md in the folder)")
    parser.add_argument("--list", action="store_true", help="what captures there are")
    return parser


def main() -> int:
    """Run; the exit code is the gate's."""
    from rich.console import Console

    from .catalogue import RECIPES, Kitchen
    from .gate import ratios
    from .programs import peers
    from .run import Bench
    from .tables import show

    options = arguments().parse_args()
    console, aside = Console(), Console(stderr=True)
    if options.list:
        for name, recipe in RECIPES.items():
            console.print(f"{name:16} {recipe.packets:>10,} packets  {recipe.about}", highlight=False)
        return 0
    if unknown := set(options.only) - set(RECIPES):
        aside.print(f"no such capture: {', '.join(sorted(unknown))}; there are: {', '.join(RECIPES)}")
        return 2
    names = options.only or (list(QUICK) if options.quick else [name for name, one in RECIPES.items() if one.wanted])
    names += ["mixed-5gb"] if options.long and "mixed-5gb" not in names else []
    scale = options.scale or (QUICK_SCALE if options.quick else 1.0)
    kitchen = Kitchen(options.folder.resolve(), scale, [one.resolve() for one in options.captures])
    say = (lambda text: aside.print(text, style="dim", markup=False)) if sys.stderr.isatty() else (lambda _text: None)
    if options.make:
        for name in names:
            kept = kitchen.get(name)
            console.print(f"{kept.path}: {kept.packets:,} packets, {kept.bytes / 1e6:,.0f} MB", highlight=False)
        return 0
    tree = options.tree.resolve()
    bench = Bench(kitchen, tree, options.rounds or (QUICK_ROUNDS if options.quick else 5), say)
    if "UNCOMPILED" in bench.ours.version:
        aside.print("the screen of this tree is not compiled: these are not the program's figures "
                    "(python setup.py build_ext --inplace)", style="bold red")
    found = peers(tree)
    results = bench.whole(names, found[:1] if options.no_peers else found, slow=SLOW)
    show(results, console)
    _save(results, options)
    missed = [one for one in ratios(results) if one.met is False]
    return 1 if options.gate and missed else 0


def _save(results: Results, options: argparse.Namespace) -> None:
    from .readme import RESULTS
    from .readme import main as readme
    from .results import to_json
    from .tables import markdown

    part = options.quick or options.only
    path = options.save or (options.folder / "results.md" if part else ROOT / "benchmarks" / "RESULTS.md")
    command = " ".join(["python -m benchmarks", *(os.path.relpath(one) if one.startswith(os.sep) else one for one in sys.argv[1:])])
    path.write_text(markdown(results, command))
    path.with_suffix(".json").write_text(json.dumps(to_json(results), indent=1) + "\n")
    if path == RESULTS.with_suffix(".md"):
        readme()


if __name__ == "__main__":
    sys.exit(main())
