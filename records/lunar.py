"""The Vietnamese lunar calendar (UTC+7 since 1968, UTC+8 in the North before by law; UTC+7 is used throughout): lunar day to solar day.

After Jean Meeus, Astronomical Algorithms (1998), ch. 25 and 49, in the arrangement that Hồ Ngọc Đức published for the Vietnamese calendar.
"""
from __future__ import annotations

import math
from datetime import date
from functools import lru_cache

_ZONE = 7.0
_EPOCH = date(1900, 1, 1).toordinal() - 2415021      # ordinal of Julian day 0
_STEMS = ("Giáp", "Ất", "Bính", "Đinh", "Mậu", "Kỷ", "Canh", "Tân", "Nhâm", "Quý")
_BRANCHES = ("Tý", "Sửu", "Dần", "Mão", "Thìn", "Tỵ", "Ngọ", "Mùi", "Thân", "Dậu", "Tuất", "Hợi")


@lru_cache(maxsize=4096)
def _new_moon(k: int) -> int:
    """Julian day number, local, of the k-th new moon after 1 January 1900."""
    t = k / 1236.85
    rad = math.pi / 180
    jd = 2415020.75933 + 29.53058868 * k + 0.0001178 * t**2 - 0.000000155 * t**3
    jd += 0.00033 * math.sin((166.56 + 132.87 * t - 0.009173 * t**2) * rad)
    m = (359.2242 + 29.10535608 * k - 0.0000333 * t**2 - 0.00000347 * t**3) * rad
    mp = (306.0253 + 385.81691806 * k + 0.0107306 * t**2 + 0.00001236 * t**3) * rad
    f = (21.2964 + 390.67050646 * k - 0.0016528 * t**2 - 0.00000239 * t**3) * rad
    c = (0.1734 - 0.000393 * t) * math.sin(m) + 0.0021 * math.sin(2 * m) - 0.4068 * math.sin(mp) + 0.0161 * math.sin(2 * mp)
    c += -0.0004 * math.sin(3 * mp) + 0.0104 * math.sin(2 * f) - 0.0051 * math.sin(m + mp) - 0.0074 * math.sin(m - mp)
    c += 0.0004 * math.sin(2 * f + m) - 0.0004 * math.sin(2 * f - m) - 0.0006 * math.sin(2 * f + mp)
    c += 0.0010 * math.sin(2 * f - mp) + 0.0005 * math.sin(2 * mp + m)
    if t < -11:
        delta = 0.001 + 0.000839 * t + 0.0002261 * t**2 - 0.00000845 * t**3 - 0.000000081 * t**4
    else:
        delta = -0.000278 + 0.000265 * t + 0.000262 * t**2
    return math.floor(jd + c - delta + 0.5 + _ZONE / 24)


@lru_cache(maxsize=4096)
def _sun_sector(day: int) -> int:
    """Which twelfth of the ecliptic (0..11) the sun is in at local midnight of the Julian day."""
    t = (day - 0.5 - _ZONE / 24 - 2451545.0) / 36525
    rad = math.pi / 180
    m = 357.52910 + 35999.05030 * t - 0.0001559 * t**2 - 0.00000048 * t**3
    mean = 280.46645 + 36000.76983 * t + 0.0003032 * t**2
    dl = (1.914600 - 0.004817 * t - 0.000014 * t**2) * math.sin(rad * m)
    dl += (0.019993 - 0.000101 * t) * math.sin(2 * rad * m) + 0.000290 * math.sin(3 * rad * m)
    return int(math.fmod(math.fmod(mean + dl, 360) + 360, 360) / 30)


@lru_cache(maxsize=512)
def _month_eleven(year: int) -> int:
    """Julian day on which the lunar month with the winter solstice of `year` begins."""
    k = math.floor((date(year, 12, 31).toordinal() - _EPOCH - 2415021) / 29.530588853)
    start = _new_moon(k)
    return _new_moon(k - 1) if _sun_sector(start) >= 9 else start


def _leap_offset(month_eleven: int) -> int:
    k = math.floor(0.5 + (month_eleven - 2415021.076998695) / 29.530588853)
    last, n = -1, 1
    sector = _sun_sector(_new_moon(k + 1))
    while True:
        last, n = sector, n + 1
        sector = _sun_sector(_new_moon(k + n))
        if sector == last or n >= 14:
            return n - 1


def to_solar(year: int, month: int, day: int, leap: bool = False) -> date | None:
    """The solar day of a lunar one, or None if that year has no such leap month or that month no thirtieth. Good for 1800..2199."""
    a, b = (_month_eleven(year - 1), _month_eleven(year)) if month < 11 else (_month_eleven(year), _month_eleven(year + 1))
    k = math.floor(0.5 + (a - 2415021.076998695) / 29.530588853)
    offset = month - 11 if month >= 11 else month + 1
    if b - a > 365:
        leap_at = _leap_offset(a)
        leap_month = leap_at - 2 if leap_at >= 2 else leap_at + 10
        if leap and month != leap_month:
            return None
        if leap or offset >= leap_at:
            offset += 1
    elif leap:
        return None
    start = _new_moon(k + offset)
    if day > _new_moon(k + offset + 1) - start:
        return None
    return date.fromordinal(start + day - 1 + _EPOCH)


def year_name(year: int) -> str:
    """The can chi name of a year: 1984 -> "Giáp Tý" ((year - 4) mod 60 = 0)."""
    return f"{_STEMS[(year - 4) % 10]} {_BRANCHES[(year - 4) % 12]}"
