"""What signing may lack for a while: the token, the time-stamp service, the answer whether a certificate is revoked. Nothing is lost by it:
what was to be signed stays as it is and is tried again."""
from __future__ import annotations

from storage.errors import SigningFailed


class SigningWaits(SigningFailed):
    """Base of what may be well later without anybody changing a setting."""

    code = "signing_waits"
    vi = "Chưa ký được, sẽ thử lại: {cause}."
    en = "Not signed yet, it will be tried again: {cause}."


class TokenUnavailable(SigningWaits):
    code = "token_unavailable"
    vi = ("Không dùng được thiết bị ký số «{token}» ({cause}). Cắm lại thiết bị, kiểm tra [signing] trong sogoc.toml; "
          "mục đang chờ sẽ tự ký sau.")
    en = "The signing token “{token}” cannot be used ({cause}). Put it back, check [signing] in sogoc.toml; what waits is signed later."


class TokenPinWrong(SigningFailed):
    code = "token_pin_wrong"
    vi = ("Mã PIN của thiết bị ký số «{token}» bị từ chối; không thử lại để thiết bị khỏi bị khóa. "
          "Sửa PIN (biến môi trường hoặc signing.pin_file) rồi chạy lại.")
    en = ("The token “{token}” refused the PIN; it is not tried again, so that the token is not locked. "
          "Put the PIN right (environment or signing.pin_file) and start again.")


class TimeStampUnavailable(SigningWaits):
    code = "time_stamp_unavailable"
    vi = "Dịch vụ cấp dấu thời gian {url} không trả lời ({cause}). Kiểm tra mạng và archive.tsa_url; mục đang chờ sẽ tự ký sau."
    en = "The time-stamp service {url} does not answer ({cause}). Check the network and archive.tsa_url; what waits is signed later."


class RevocationUnknown(SigningWaits):
    code = "revocation_unknown"
    vi = ("Không chứng minh được chứng thư còn hiệu lực (CRL, OCSP): {cause}. Kiểm tra mạng, chứng thư gốc trong signing.trust; "
          "mục đang chờ sẽ tự ký sau.")
    en = ("It cannot be proven that the certificates are not revoked (CRL, OCSP): {cause}. Check the network and the roots in "
          "signing.trust; what waits is signed later.")


class CertificateRevoked(SigningFailed):
    code = "certificate_revoked"
    vi = "Chứng thư ký số đã bị thu hồi: ngừng ký, xin chứng thư mới."
    en = "The signing certificate is revoked: stop signing and ask for a new one."


ALL_SIGNING_ERRORS: tuple[type[SigningFailed], ...] = (
    SigningWaits, TokenUnavailable, TokenPinWrong, TimeStampUnavailable, RevocationUnknown, CertificateRevoked,
)
