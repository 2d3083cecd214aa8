"""Attribution: who is it, whose is it, what is it for? Facts in, observations with owner and channel out."""

from __future__ import annotations

from ..uncompiled import WANTED, load

#: what Cython can compile (types stand in the ``.pxd`` files); uncompiled it does the same
COMPILED = ("strangers",)

if WANTED:
    load(__name__, COMPILED)

from .ports import hints  # noqa: E402
from .profile import PORT_ROLES, Profile  # noqa: E402
from .telling import teller  # noqa: E402
from .whole import attribute  # noqa: E402

__all__ = ["PORT_ROLES", "Profile", "attribute", "hints", "teller"]
