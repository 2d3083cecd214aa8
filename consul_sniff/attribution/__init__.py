"""Attribution: who is it, whose is it, what is it for? Facts in, observations with owner and channel out."""

from __future__ import annotations

from .ports import hints
from .profile import PORT_ROLES, Profile
from .whole import attribute

__all__ = ["PORT_ROLES", "Profile", "attribute", "hints"]
