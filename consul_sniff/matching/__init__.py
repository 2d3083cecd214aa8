"""Judgement: signatures vote on what was observed, the checklist folds votes to statuses."""

from __future__ import annotations

from .judge import check_gate, judge
from .loader import Rules, load

__all__ = ["Rules", "check_gate", "judge", "load"]
