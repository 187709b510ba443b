"""A line of the log in the Common Event Format (ArcSight CEF, version 0): who did what to what, how grave, without anything of a person.

What stands in the log is codes and pseudonyms already. What a client may have typed freely (purpose, legal basis) is left out here, and a
run of nine digits or more in a code is not passed on: it could be somebody's number.
"""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from portal import log_wording
from storage.models import Event

_GRAVE: Mapping[str, int] = {       # 0 … 10; what is not here is 1 for the program's own steps, 3 for a person's or a client's
    "file.infected": 9, "archive.restore": 8, "user.grant": 7, "user.add": 6, "user.revoke": 6, "user.disable": 6, "user.enable": 6,
    "user.password": 5, "user.second_factor": 6, "client.add": 7, "client.enable": 6, "client.disable": 6, "check_policy.set": 6,
    "policy.revise": 5, "archive.hold": 5, "archive.release": 7, "file.stripped": 5, "records.export": 6, "log.export": 6,
    "report.export": 4, "log.person": 4, "log.who_saw": 4, "log.seal": 4, "copy.fetch": 4, "access.refused": 6, "user.login_refused": 6,
}
_PROGRAM = ("sogoc", "portal")
_FREE = re.compile(r"\d{9,}")
_LONGEST = 1000                     # characters of a list of field codes or records


def severity(event: Event) -> int:
    """CEF severity: 0-3 low, 4-6 medium, 7-8 high, 9-10 very high."""
    if event.action == "user.login_refused" and event.detail.get("reason") == "locked":
        return 8
    return _GRAVE.get(event.action, 1 if event.actor in _PROGRAM else 3)


def syslog_severity(event: Event) -> int:
    """The same as RFC 5424 has it: 6 informational, 5 notice, 4 warning, 3 error."""
    grave = severity(event)
    return 6 if grave <= 3 else 5 if grave <= 6 else 4 if grave <= 8 else 3


def cef(event: Event) -> str:
    """One line, without a line break at its end."""
    head = ("CEF:0", "SoGoc", "sogoc", version("sogoc"), event.action, log_wording.action(event.action)[1], str(severity(event)))
    return "|".join([head[0], *(_header(part) for part in head[1:])]) + "|" + " ".join(
        f"{key}={_extension(value)}" for key, value in extension(event).items())


def extension(event: Event) -> dict[str, str]:
    """Key -> value, as the dictionary of CEF names them; nothing that is empty."""
    d = event.detail
    found: dict[str, Any] = {
        "rt": int(event.at.timestamp() * 1000), "externalId": event.seq, "act": event.action, "suser": _code(event.actor),
        "spriv": _codes(d.get("roles")), "src": _address(d.get("address")), "app": _code(d.get("channel")),
        "requestClientApplication": _code(d.get("client")), "outcome": "failure" if d.get("decision") == "refused" else "success",
        "reason": _word(d.get("reason")), "request": _code(d.get("page")), "requestMethod": _code(d.get("method")),
        "duser": _code(event.subject.removeprefix("user:")) if event.subject.startswith("user:") else "",
    }
    named = (("subject", event.subject), ("purpose", _purpose(d.get("purpose"))), ("dossier", d.get("dossier")),
             ("fields", _codes(d.get("fields"))), ("agency", d.get("agency") or d.get("commune")), ("hash", event.hash))
    for n, (label, value) in enumerate(named, 1):
        text = value if label == "hash" else _code(value)
        if text:
            found |= {f"cs{n}Label": label, f"cs{n}": text}
    if isinstance(d.get("count"), int):
        found |= {"cn1Label": "count", "cn1": d["count"]}
    return {k: str(v) for k, v in found.items() if v not in ("", None)}


def _purpose(value: Any) -> str:
    """A purpose of the program's own; a client's is its own words."""
    own = isinstance(value, str) and re.fullmatch(r"[a-z_]{1,30}", value) and log_wording.told("purpose", value)[0] != value
    return value if own else ""


def _word(value: Any) -> str:
    """A reason's code; what somebody wrote as a reason is their own words."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z0-9_.-]{1,40}", value) else ""


def _code(value: Any) -> str:
    return _FREE.sub("#", value) if isinstance(value, str) else ""


def _codes(value: Any) -> str:
    return ",".join(_code(v) for v in value if isinstance(v, str))[:_LONGEST] if isinstance(value, list) else ""


def _address(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


def _header(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text.replace("\\", "\\\\").replace("|", "\\|"))


def _extension(text: str) -> str:
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
