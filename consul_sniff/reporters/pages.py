"""Pages and tables of the rules themselves: `explain` and `signatures list`."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .look import Look


class Page(Protocol):
    """A signature or a control, as matching describes it."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def facts(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def sections(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def lists(self) -> tuple[tuple[str, tuple[str, ...]], ...]: ...


def explained(page: Page, look: Look) -> str:
    """The page as text: title, facts, headed paragraphs (written as their author broke the lines), lists."""
    parts: list[RenderableType] = [Text.assemble((page.id, "bold"), "  ", page.title)]
    facts = Table.grid(padding=(0, 2))
    for name, value in page.facts:
        facts.add_row(Text(name, style="dim"), Text(value))
    parts.append(Padding(facts, (1, 0, 0, 0)))
    for heading, text in page.sections:
        if text.strip():
            parts += [Text(f"\n{heading}", style="bold"), Padding(Text(text.strip()), (0, 0, 0, 2))]
    for heading, items in page.lists:
        parts.append(Text(f"\n{heading}", style="bold"))
        parts += [Padding(Text(f"- {' '.join(item.split())}"), (0, 0, 0, 2)) for item in items]
    return _text(Group(*parts), look)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], look: Look) -> str:
    """A plain table; the last column takes the room that is left and wraps."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for number, heading in enumerate(headings, 1):
        made.add_column(heading, overflow="fold", no_wrap=number < len(headings) and look.width >= 100)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return _text(made, look)


def _text(part: RenderableType, look: Look) -> str:
    page = StringIO()
    Console(file=page, width=look.width, force_terminal=look.color, no_color=not look.color, markup=False, highlight=False,
            emoji=False, color_system="standard" if look.color else None, legacy_windows=False).print(part)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"
