"""What a browser calls itself, in two words a person recognises their computer by."""
from __future__ import annotations

import re

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("coc_coc", "Cốc Cốc"), ("CocCoc", "Cốc Cốc"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
             ("Safari", "Safari"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS", "Mac"), ("Linux", "Linux"))


def browser_name(agent: str) -> str:
    """`Chrome · Windows` of a User-Agent; its first word where nothing is known of it."""
    browser = next((name for mark, name in _BROWSERS if mark.casefold() in agent.casefold()), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return " · ".join(p for p in (browser, system) if p) or re.split(r"[/ ]", agent)[0][:30]
