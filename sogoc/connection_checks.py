"""What `sogoc doctor` says of the systems that this installation tells and asks."""

from __future__ import annotations

from collections.abc import Callable

from sogoc.doctor import Finding, Text
from sogoc.settings import Settings

_MINISTRY: Text = ("Phần mềm hộ tịch của Bộ", "The Ministry's software")
_POPULATION_QUERY: Text = ("CSDL quốc gia về dân cư", "National population database")
_NOT_CONNECTED: Text = ("không kết nối", "not connected")


def connections() -> list[tuple[Text, Callable[[Settings], Finding]]]:
    """The checks, in the form of `sogoc.doctor.examine`."""
    return [(_MINISTRY, _ministry), (_POPULATION_QUERY, _population_query)]


def _ministry(settings: Settings) -> Finding:
    from datetime import datetime

    from records.ministry.date_styles import VIETNAM
    from records.ministry.messages import MODULES
    from sogoc.home import ministry_options
    from storage.ministry_push import Connection, endpoint_for, load_endpoints
    from storage.ministry_push.errors import NoEndpoint, PushError

    options = ministry_options(settings)
    if options is None:
        return Finding(_MINISTRY, True, _NOT_CONNECTED)
    endpoints, found, lacking = load_endpoints(options.endpoints), {}, []
    for module in MODULES:
        try:
            found[module] = endpoint_for(endpoints, module, datetime.now(VIETNAM).date())
        except NoEndpoint:
            lacking.append(module)
    said = ", ".join(f"{module} {endpoint.name}" for module, endpoint in found.items())
    if lacking:
        text = (f"{said}; chưa có địa chỉ nhận {' '.join(lacking)}", f"{said}; no endpoint takes {' '.join(lacking)}")
        return Finding(_MINISTRY, False, text, ("Ghi địa chỉ mới vào tệp ministry.endpoints: docs/exchange.md",
                                                "Put the new address into the file ministry.endpoints: docs/exchange.md"))
    try:
        with Connection(options) as connection:
            connection.probe(next(iter(found.values())))
    except PushError as e:
        return Finding(_MINISTRY, False, (e.message("vi"), e.message("en")), (
            "Kiểm tra mạng, ministry.url và tài khoản; hồ sơ vẫn được giữ và tự gửi lại.",
            "Check the network, ministry.url and the account; dossiers are kept and sent by themselves."))
    return Finding(_MINISTRY, True, (said, said))


def _population_query(settings: Settings) -> Finding:
    from sogoc.home import population_query_options

    options = population_query_options(settings)
    if options is None:
        return Finding(_POPULATION_QUERY, True, _NOT_CONNECTED)
    number = len(options.officers)
    text = (f"{options.style}, {number} cán bộ có tài khoản", f"{options.style}, accounts of {number} officers")
    return Finding(_POPULATION_QUERY, bool(options.officers), text, ("Ghi tài khoản cán bộ vào tệp population_query.officers_file.",
                                                                     "Put officers' accounts into population_query.officers_file."))
