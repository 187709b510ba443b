"""Copies of extracts (bản sao trích lục hộ tịch): from a request to a numbered, twice signed PDF/A whose code verifies offline.

`requests` takes a request in, `steps` moves it (sign, number, issue, deliver, refuse, cancel), `listing` finds it; `form`, `values`,
`layout`, `document` make the page; `proof`, `keys`, `seal` its number and code; `printed`, `checking` read and check them again.
docs/extracts.md tells why it is so.
"""
