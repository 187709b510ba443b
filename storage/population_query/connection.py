"""HTTP to the population database or its façade: one question, one answer."""
from __future__ import annotations

from types import TracebackType

import httpx

from storage.population_query.errors import AnswerUnreadable, QueryRefused, QueryUnreachable
from storage.population_query.options import PopulationQueryOptions
from storage.population_query.person import FoundPerson
from storage.population_query.question import Question
from storage.population_query.rest import from_rest, to_rest
from storage.population_query.soap import ACTION, auth_hash, from_soap, to_soap

_AGAIN = {408, 425, 429, 502, 503, 504, 507}


class QueryConnection:
    """Use `with`, or close it."""

    def __init__(self, options: PopulationQueryOptions, transport: httpx.BaseTransport | None = None) -> None:
        self.options = options
        timeout = httpx.Timeout(options.seconds, connect=min(10.0, options.seconds))
        self._http = httpx.Client(timeout=timeout, transport=transport, follow_redirects=False)

    def __enter__(self) -> QueryConnection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def ask(self, question: Question) -> list[FoundPerson]:
        """Who is meant, at most ten. Raises OfficerUnknown before anything is sent; QueryUnreachable, QueryRefused, AnswerUnreadable."""
        officer = self.options.officer(question.officer)
        if self.options.style == "soap":
            answer = self._post(content=to_soap(question, officer, self.options.integration),
                                headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTION}"'})
            if answer.status_code == 500 and b"Envelope" not in answer.content[:1000]:        # SOAP 1.1 sends faults with 500
                raise QueryUnreachable(cause="HTTP 500")
            return from_soap(answer.content)
        answer = self._post(json=to_rest(question, officer, self.options.integration), headers={"AuthHash": auth_hash(officer)})
        if answer.status_code == 500:
            raise QueryUnreachable(cause="HTTP 500")
        try:
            return from_rest(answer.json())
        except ValueError:
            raise AnswerUnreadable(cause="not JSON") from None

    def _post(self, **rest: object) -> httpx.Response:
        try:
            answer = self._http.post(self.options.url, **rest)      # type: ignore[arg-type]
        except httpx.HTTPError as e:
            raise QueryUnreachable(cause=type(e).__name__) from None
        if answer.status_code in _AGAIN:
            raise QueryUnreachable(cause=f"HTTP {answer.status_code}")
        if answer.status_code in (401, 403):
            raise QueryRefused(said=f"HTTP {answer.status_code}")
        return answer
