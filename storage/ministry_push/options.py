"""How this installation is connected to the Ministry's software."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Access = Literal["user", "secret", "lgsp"]


@dataclass(frozen=True)
class MinistryOptions:
    """access: user {userName, password}, secret {SecretId, SecretPass}, lgsp (the province's bus: lgspaccesstoken and client
    credentials); account and secret: userName, SecretId or AccessKey with what belongs to it; agency: maDonVi; province: maTinh.

    tries: after that many the dossier is set aside for a person; seconds: an answer is waited for that long.
    """

    url: str
    access: Access = "lgsp"
    account: str = ""
    secret: str = field(repr=False, default="")
    token_path: str = "token"
    app_name: str = ""
    partner_code: str = ""
    partner_code_cus: str = ""
    agency: str = ""
    province: str = ""
    endpoints: Path | None = None
    tries: int = 12
    seconds: float = 60.0
