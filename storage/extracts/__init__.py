"""Copies of extracts (bản sao trích lục hộ tịch): from a request to a numbered, twice signed PDF/A whose code verifies offline.

`requests` takes a request in, `steps` moves it (sign, number, issue, deliver, refuse, cancel), `listing` finds it; `form`, `values`,
`layout`, `document` make the page; `proof`, `keys` its number and code; `printed`, `checking` read and check them again, `revocation` says
which no longer hold; `keeping` has the store know of every step, `restoring` brings all back from there.
docs/extracts.md tells why it is so.
"""
