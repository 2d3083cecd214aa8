"""Payloads that wait to be fetched from the screen."""

from __future__ import annotations

try:
    import cython  # noqa: F401 - as in every hot module
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from ._cython import i64, u64

from ..model import Payload
from .table import Table

_new = tuple.__new__


class HandOver:
    """``hand`` keeps a payload of side ``d``; ``payloads`` is emptied by who reads them."""

    def __init__(self, table: Table) -> None:
        self.tab = table
        self.payloads: list[Payload] = []
        self.bytes = 0

    def hand(self, d: i64, data: bytes, time: i64, frame: i64, lost: i64, start: i64, unit: u64, sleeps: object) -> None:
        # what Payload(...) does, in a third of its time
        self.payloads.append(_new(Payload, (self.tab.F[d >> 1].number, d & 1, data, time, frame, lost, start != 0, unit, sleeps, ())))
        self.bytes += len(data)
        self.tab.E[d].handed += 1

    def recall(self, a: i64) -> list[Payload]:
        """Take back what was handed on of a flow and not fetched yet."""
        number = self.tab.F[a >> 1].number
        mine = [payload for payload in self.payloads if payload.flow == number]
        if mine:
            self.payloads = [payload for payload in self.payloads if payload.flow != number]
        for payload in mine:
            self.bytes -= len(payload.data)
            self.tab.E[a + payload.side].handed -= 1
        return mine

    def again(self, a: i64, payload: Payload) -> None:
        """Hand on once more what was taken back."""
        self.payloads.append(payload)
        self.bytes += len(payload.data)
        self.tab.E[a + payload.side].handed += 1
