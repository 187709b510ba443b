"""E-ARK CSIP packages (AIP) as Thông tư 05/2025/TT-BNV asks: METS, EAD, PREMIS and what a person reads without any program.

Pure: these modules turn descriptions into XML and text and back; they open no database and no object store.
"""
from __future__ import annotations

from storage.aip.build import Assembled, Content, assemble
from storage.aip.check import Flaw, check_folder
from storage.aip.description import Description, LegalBasis, folder_name, objid
from storage.aip.premis import Agent, Step

__all__ = ["Agent", "Assembled", "Content", "Description", "Flaw", "LegalBasis", "Step", "assemble", "check_folder", "folder_name", "objid"]
