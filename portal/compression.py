"""Pages sent compressed to browsers that take it.

The session's cookie is SameSite=strict, so no other site can ask for a page with guesses in it and measure its length.
"""
from __future__ import annotations

import gzip

from fastapi import Request, Response

_LEVEL, _WORTH = 6, 2048        # gzip level; bytes below which it gains nothing


def compressed(request: Request, answer: Response) -> Response:
    """The same answer, its body gzipped where the browser takes it."""
    if "gzip" not in request.headers.get("accept-encoding", "") or len(answer.body) < _WORTH:
        return answer
    answer.body = gzip.compress(bytes(answer.body), _LEVEL, mtime=0)
    answer.headers["Content-Encoding"], answer.headers["Content-Length"] = "gzip", str(len(answer.body))
    answer.headers.add_vary_header("Accept-Encoding")
    return answer
