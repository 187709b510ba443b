"""The portal's house with a signer, an agency and people who issue extracts."""
from __future__ import annotations

import dataclasses

import pytest
from portal_house import PASSWORD, House

from storage import accounts
from storage.extracts.options import Agency, CompetentSigner, ExtractOptions
from storage.signing import Signer, create_demo_identity

RECORD = "5b3c0d6e-0000-4000-8000-000000000001"
NGHIA_KY = Agency("H21.129", "UBND xã Nghĩa Kỳ", "UBND tỉnh Quảng Ngãi", "Nghĩa Kỳ")
OPTIONS = ExtractOptions(Agency("H21.01", "Sở Tư pháp"), {"21139": NGHIA_KY}, {
    "xa.hoa": CompetentSigner("Nguyễn Thị Hòa", ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"))})


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    return create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Nghĩa Kỳ")


@pytest.fixture
def office(archived: House, identity) -> House:
    """The archived entry's house; xa.hoa signs, xa.thu gives numbers."""
    with archived.database.session() as s:
        for name, role in (("xa.hoa", "commune_head"), ("xa.thu", "archivist")):
            accounts.add_user(s, name, PASSWORD, role, "21139", display_name=name)
    archived.services = dataclasses.replace(archived.services, signer=Signer(identity, "UBND xã Nghĩa Kỳ"), extracts=OPTIONS)
    return archived
