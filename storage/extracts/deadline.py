"""By when an extract must be handed out: the day it was asked for; the next working day when asked for after 15:00.

Kế hoạch thủ tục 2.000635 (QĐ 1811/QĐ-TTPVHCC, Hà Nội). A request on a day off counts as one on the next working day.
"""
from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

from storage.working_days import due_day, is_working_day

VIETNAM = timezone(timedelta(hours=7))
CUTOFF = time(15, 0)


def due_on(received: datetime, cutoff: time = CUTOFF) -> date:
    """The last day in time, in Vietnam. received: timezone-aware; at the very cutoff still counts as before it."""
    local = received.astimezone(VIETNAM)
    in_time = local.time() <= cutoff and is_working_day(local.date())
    return local.date() if in_time else due_day(local.date(), 1)


def today(now: datetime) -> date:
    """The day in Vietnam."""
    return now.astimezone(VIETNAM).date()
