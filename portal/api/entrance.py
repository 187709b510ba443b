"""What a client must show besides its secret or token: the header of the province's gateway, the TLS certificate its token is bound to."""
from __future__ import annotations

import hmac

from fastapi import Request

from pipelines.services import Services
from portal.api.problems import Problem
from portal.api.tokens import Client
from portal.proxy import client_certificate
from storage.gateway_keys import HEADER, Trouble, check_gateway

_GATEWAY = {
    "missing": ("Calls must come through the province's LGSP: the header lgspaccesstoken is missing.",
                "Yêu cầu phải đi qua trục LGSP của tỉnh: thiếu tiêu đề lgspaccesstoken."),
    "malformed": ("lgspaccesstoken must be base64 of a JSON object with the texts AccessKey, SecretKey, AppName, PartnerCode, "
                  "PartnerCodeCus.",
                  "lgspaccesstoken phải là base64 của một đối tượng JSON gồm các chuỗi AccessKey, SecretKey, AppName, PartnerCode, "
                  "PartnerCodeCus."),
    "unknown": ("The pair AccessKey, SecretKey in lgspaccesstoken is not registered for this client.",
                "Cặp AccessKey, SecretKey trong lgspaccesstoken chưa đăng ký cho hệ thống này."),
}


def gateway_trouble(request: Request, services: Services, client_id: str, key: bytes) -> Trouble:
    """What is wrong with the gateway's header, as the settings want it; "" if nothing is."""
    wanted, value = services.api.gateway, request.headers.get(HEADER)
    if wanted == "off" or (wanted == "accepted" and value is None):
        return ""
    with services.database.reading() as session:
        return check_gateway(session, value, client_id, key)


def gateway_words(trouble: Trouble) -> tuple[str, str]:
    """(English, Vietnamese)."""
    return _GATEWAY[trouble]


def let_in(request: Request, services: Services, client: Client, key: bytes) -> None:
    """Raises Problem gateway_refused, certificate_refused."""
    trouble = gateway_trouble(request, services, client.id, key)
    if trouble:
        raise Problem("gateway_refused", *gateway_words(trouble))
    if client.certificate and not hmac.compare_digest(client.certificate, client_certificate(request.headers)):
        raise Problem("certificate_refused", "The token is bound to a TLS certificate: call with the one it was asked for with.",
                      "Mã truy cập gắn với chứng thư TLS: hãy gọi bằng đúng chứng thư đã dùng khi xin mã.")
    if services.api.certificates == "required" and not client.certificate:
        raise Problem("certificate_refused", "Calls must be made with a TLS client certificate; ask for a new token with it.",
                      "Phải gọi bằng chứng thư TLS của hệ thống; hãy xin mã mới bằng chứng thư đó.")
