"""Judgement: signatures vote on what was observed, the checklist folds votes to statuses."""

from __future__ import annotations

from .loader import Rules, load
from .verdict import check_gate, judge

__all__ = ["Rules", "check_gate", "judge", "load"]
