"""Preservation metadata, PREMIS 3: every object with its fixity, everything that was done to it, and by whom.

People stand here by their account names (pseudonyms) and roles, never by their own names; programs with their versions.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from lxml import etree

from storage.aip.description import Description, local_time, xml_text

if TYPE_CHECKING:
    from storage.aip.build import PackageFile

NAMESPACE = "http://www.loc.gov/premis/v3"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_EVENTS = "http://id.loc.gov/vocabulary/preservation/eventType/"
# Terms of the Library of Congress's list of event types that we use, with their codes there.
EVENT_TYPES = {"capture": "cap", "ingestion": "ing", "metadata extraction": "mee", "metadata modification": "mem", "normalization": "nor",
               "validation": "val", "digital signature generation": "dsg", "fixity check": "fix", "message digest calculation": "mes",
               "accession": "acc"}
AgentType = Literal["person", "software", "organization", "hardware"]


@dataclass(frozen=True)
class Agent:
    """Who or what did something. id: unique in the package."""

    id: str
    name: str
    type: AgentType
    version: str = ""
    note: str = ""


@dataclass(frozen=True)
class Step:
    """One event. type: a key of EVENT_TYPES; objects: paths in the package it was about, none: the package itself."""

    id: str
    type: str
    at: datetime
    agents: Sequence[tuple[Agent, str]]
    detail: str = ""
    outcome: str = ""
    objects: Sequence[str] = field(default=())


def premis(d: Description, files: Sequence[PackageFile], steps: Sequence[Step]) -> bytes:
    """PREMIS.xml of the package. files: what is under representations/*/data."""
    top = etree.Element(_q("premis"), nsmap={None: NAMESPACE, "xsi": _XSI}, version="3.0")
    _entity(top, d)
    for f in files:
        _file(top, d, f)
    for step in steps:
        _event(top, d, step)
    agents: dict[str, Agent] = {}
    for step in steps:
        for agent, _ in step.agents:
            agents.setdefault(agent.id, agent)
    for agent in agents.values():
        _agent(top, agent)
    return etree.tostring(top, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _entity(top: etree._Element, d: Description) -> None:
    made = etree.SubElement(top, _q("object"), {f"{{{_XSI}}}type": "intellectualEntity"})
    _pair(made, "objectIdentifier", "objectIdentifierType", "URN", "objectIdentifierValue", d.objid)
    _add(made, "originalName", d.title)
    if d.previous:
        _relationship(made, "derivation", "has source", d.previous)
        _relationship(made, "replacement", "replaces", d.previous)


def _file(top: etree._Element, d: Description, f: PackageFile) -> None:
    made = etree.SubElement(top, _q("object"), {f"{{{_XSI}}}type": "file"})
    _pair(made, "objectIdentifier", "objectIdentifierType", "local", "objectIdentifierValue", f.path)
    facts = etree.SubElement(made, _q("objectCharacteristics"))
    fixity = etree.SubElement(facts, _q("fixity"))
    _add(fixity, "messageDigestAlgorithm", "SHA-256")
    _add(fixity, "messageDigest", f.sha256)
    _add(facts, "size", f.size)
    designation = etree.SubElement(etree.SubElement(facts, _q("format")), _q("formatDesignation"))
    _add(designation, "formatName", f.media_type)
    if f.format_version:
        _add(designation, "formatVersion", f.format_version)
    if f.original_name:
        _add(made, "originalName", f.original_name)
    if f.key:
        place = etree.SubElement(etree.SubElement(made, _q("storage")), _q("contentLocation"))
        _add(place, "contentLocationType", "S3 object key")
        _add(place, "contentLocationValue", f.key)
    _relationship(made, "structural", "is included in", d.objid)


def _event(top: etree._Element, d: Description, step: Step) -> None:
    made = etree.SubElement(top, _q("event"))
    _pair(made, "eventIdentifier", "eventIdentifierType", "local", "eventIdentifierValue", step.id)
    kind = _add(made, "eventType", step.type)
    kind.set("authority", "eventType")
    kind.set("valueURI", _EVENTS + EVENT_TYPES[step.type])
    _add(made, "eventDateTime", local_time(step.at))
    if step.detail:
        _add(etree.SubElement(made, _q("eventDetailInformation")), "eventDetail", step.detail)
    if step.outcome:
        _add(etree.SubElement(made, _q("eventOutcomeInformation")), "eventOutcome", step.outcome)
    for agent, role in step.agents:
        _pair(made, "linkingAgentIdentifier", "linkingAgentIdentifierType", "local", "linkingAgentIdentifierValue", agent.id,
              ("linkingAgentRole", role))
    for target in step.objects or (d.objid,):
        _pair(made, "linkingObjectIdentifier", "linkingObjectIdentifierType", "URN" if target == d.objid else "local",
              "linkingObjectIdentifierValue", target)


def _agent(top: etree._Element, agent: Agent) -> None:
    made = etree.SubElement(top, _q("agent"))
    _pair(made, "agentIdentifier", "agentIdentifierType", "local", "agentIdentifierValue", agent.id)
    _add(made, "agentName", agent.name)
    _add(made, "agentType", agent.type)
    if agent.version:
        _add(made, "agentVersion", agent.version)
    if agent.note:
        _add(made, "agentNote", agent.note)


def _relationship(made: etree._Element, kind: str, sub: str, target: str) -> None:
    r = etree.SubElement(made, _q("relationship"))
    _add(r, "relationshipType", kind)
    _add(r, "relationshipSubType", sub)
    _pair(r, "relatedObjectIdentifier", "relatedObjectIdentifierType", "URN", "relatedObjectIdentifierValue", target)


def _pair(parent: etree._Element, name: str, type_name: str, type_: str, value_name: str, value: str, *more: tuple[str, str]) -> None:
    made = etree.SubElement(parent, _q(name))
    for n, v in ((type_name, type_), (value_name, value), *more):
        _add(made, n, v)


def _add(parent: etree._Element, name: str, value: object) -> etree._Element:
    made = etree.SubElement(parent, _q(name))
    made.text = xml_text(value)
    return made


def _q(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
