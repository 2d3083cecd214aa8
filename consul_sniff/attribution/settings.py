"""Settings that traffic shows or uses: remote execution, the default intention policy."""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from ..facts import joined
from ..model import Protection
from .telling import REMOTE

if TYPE_CHECKING:
    from ..facts import Tally
    from ..model import Scalar
    from ..observation import Noted
    from .index import Index
    from .observations import Maker
    from .talks import Said, Speech, Talk, Word

WILDCARD: Final = "wildcard-deny"  # the list that was read holds a deny from * to *


def remote_exec(index: Index, maker: Maker) -> list[Noted]:
    """Remote execution used (keys, events, sessions of ``consul exec``), or an agent that tells whether it would."""
    return [made for talk in index.asked(_of_remote_exec) for made in _remote_exec(talk, maker)]


def _remote_exec(talk: Talk, maker: Maker) -> list[Noted]:
    used: dict[tuple[str, str, int, bool], list[Said]] = defaultdict(list)
    made = []
    for said in talk.said:
        event = said.fields.get("remote_exec") is True
        if said.kind == REMOTE or event:
            via = "event" if event else str(said.fields.get("via") or "kv")
            used[via, said.protocol, said.side, said.decrypted].append(said)
        disabled = said.fields.get("disable_remote_exec")
        if isinstance(disabled, bool):
            made.append(maker.make(talk, (REMOTE, "setting", said.word.manner.protection),
                                   f"the agent shows DisableRemoteExec: {str(disabled).lower()}", said.tally,
                                   fields={"disabled": disabled}, side=said.side, decrypted=said.decrypted,
                                   place=maker.channels.place_of(talk, said.protocol)))
    for (via, protocol, side, decrypted), same in sorted(used.items()):
        made.append(maker.make(talk, (REMOTE, "used", same[0].word.manner.protection), f"remote execution over {via}",
                               joined(said.tally for said in same), fields={"via": via}, side=side,
                               place=maker.channels.place_of(talk, protocol), decrypted=decrypted))
    return made


def _of_remote_exec(speech: Speech) -> bool:
    return any(word.kind == REMOTE or word.fields.get("remote_exec") is True or "disable_remote_exec" in word.fields
               for word in speech.words)


def intentions(index: Index, maker: Maker) -> list[Noted]:
    """The default for services without an intention, where it was told off loopback; one observation a policy."""
    wildcard, known = False, False
    shown: dict[str | None, list[tuple[Talk, int, Tally]]] = defaultdict(list)
    for stated in index.claims:
        talk = index.talks.get(stated.conversation) if stated.conversation else None
        if stated.decrypted or talk is None or talk.loopback:
            continue
        if stated.claim.kind == "intention":
            if stated.claim.subject[:2] == ("*", "*") and stated.value.get("action") == "deny":
                wildcard = True
                shown[None].append((talk, stated.side, stated.tally))
        elif stated.claim.kind == "agent" and stated.value.get("default_intention_policy"):
            shown[str(stated.value["default_intention_policy"])].append((talk, stated.side, stated.tally))
    settled = {policy for policy in shown if policy}
    for talk in sorted(index.asked(_answers), key=attrgetter("key")):
        for said in talk.of("http"):
            if talk.loopback or not _is_answer(said.word):
                continue
            known = known or bool(said.fields.get("intentions"))  # a whole list; a single intention shows no default
            if said.fields.get("intentions") == WILDCARD and not wildcard:
                wildcard = True
                shown[None].append((talk, said.side, said.tally))
            policy = said.fields.get("acl_policy")
            if policy in ("allow", "deny") and not settled:
                shown[str(policy)].append((talk, said.side, said.tally))
    return [_default(maker, policy, where, {"policy": policy, "wildcard_deny": wildcard, "known": known})
            for policy, where in sorted(shown.items(), key=lambda item: str(item[0]))]


def _answers(speech: Speech) -> bool:
    return any(_is_answer(word) for word in speech.of("http"))


def _is_answer(word: Word) -> bool:
    return word.kind == "response" and word.fields.get("api") == "consul"


def _default(maker: Maker, policy: str | None, where: list[tuple[Talk, int, Tally]],
             fields: dict[str, Scalar]) -> Noted:
    talk, side, _ = where[0]
    summary = "a * deny intention" if policy is None else f"default {policy}"
    return maker.make(talk, ("intentions", "default", Protection.PLAINTEXT), f"intentions: {summary}",
                      joined(tally for _, _, tally in where), fields=fields, side=side)
