"""Many processes, one result: inputs shared out, their facts joined to exactly what one process says.

Knows facts and limits alone. What a task means is the pipeline's business: it hands in what does the work.
"""

from __future__ import annotations

from .join import join
from .split import Load, Result, Task, split

__all__ = ["Load", "Result", "Task", "join", "split"]
