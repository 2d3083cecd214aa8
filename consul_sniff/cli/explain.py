"""``consul-sniff explain ID`` and ``consul-sniff schema``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import options as shared
from .screens import look


def explain(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A signature's or a control's id, as reports name it.", show_default=False)],
    signatures: shared.SignatureDir = None,
) -> None:
    """Explain a signature or a control: what it means, what to do, when it may be wrong."""
    from ..matching import describe, load
    from ..reporters.pages import explained

    sys.stdout.write(explained(describe.page(load(signatures), id_), look()))


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.", show_default=False)] = None,
) -> None:
    """Print the JSON Schema of the JSON report."""
    import json

    from ..reporters.schema import schema as made

    text = json.dumps(made(), indent=1) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    from .output import write_whole

    write_whole(output, text)
