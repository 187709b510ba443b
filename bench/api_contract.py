"""The API held against its own OpenAPI document: `python -m bench.api_contract` (--requests 20000 --seed 1).

Makes a small installation (SQLite, the embedded object store, one archived record), and sends requests that schemathesis draws from the
document, well formed and malformed, signed in and not, a part of them with the record, headers and bodies that are really there, so that
every answer is reached. In process: no network. Prints for every operation which statuses came, then answers of 5xx and answers that the
document does not tell of (status, content type, shape). Ends with 1 if there was any.
"""
from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from storage.embedded_store import EmbeddedStore

CHECKS = [schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CONTEXT = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}
SENT = 4                # requests with each drawn case: with and without token, context and what is really there
_HEADERS = ({"Range": "bytes=0-9"}, {"Range": "bytes=999999999-"}, {"If-None-Match": "*"}, {"Range": "bytes=5-,7-"}, {})


@dataclass
class Tally:
    """What came back. statuses: (operation, status) -> how often; failures: operation and what was wrong, each kind once."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    @property
    def server_errors(self) -> int:
        return sum(n for (_, status), n in self.statuses.items() if status >= 500)

    def only(self, operation: str) -> set[int]:
        return {status for name, status in self.statuses if name == operation}


@dataclass(frozen=True)
class Known:
    """What is really there: tokens that are good (the first may do most), a node's, the record's id, the code of a dossier for the
    Ministry, bodies that find it, by operation."""

    tokens: tuple[str, ...]
    node: str
    record: str
    dossier: str
    bodies: Mapping[str, Any]
    form: Mapping[str, str]


def hold(app: FastAPI, known: Known, requests: int, first_seed: int = 1, document: dict[str, Any] | None = None) -> Tally:
    """Send about that many requests, the same for each operation. document: to hold the app against, its own if left out."""
    tally = Tally()
    with TestClient(app, raise_server_exceptions=False) as client:
        schema = schemathesis.openapi.from_dict(document or client.get("/api/v1/openapi.json").json())
        operations = [found.ok() for found in schema.get_all_operations()]
        varied = [o for o in operations if o.body or o.path_parameters]
        for number, operation in enumerate(operations):
            share = requests // len(varied) if operation in varied else SENT
            _hold(client, operation, known, max(1, share), first_seed + number, tally)
    return tally


def _hold(client: TestClient, operation: Any, known: Known, requests: int, first_seed: int, tally: Tally) -> None:
    name, dice = f"{operation.method.upper()} {operation.path}", random.Random(first_seed)

    def one(case: Any) -> None:
        for _ in range(SENT):
            _make_likely(case, name, known, dice)
            answer = client.request(**_sent(case, known, dice, "/sync" in name))
            tally.statuses[(name, answer.status_code)] += 1
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as e:
                for problem in e.exceptions:
                    tally.failures[f"{name} {answer.status_code}: {type(problem).__name__}: {str(problem).splitlines()[0]}"] += 1

    drawn = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    spoilt = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    quiet = settings(max_examples=max(1, requests // (2 * SENT)), database=None, deadline=None, phases=[Phase.generate],
                     suppress_health_check=list(HealthCheck))
    for strategy in (drawn, spoilt):
        try:
            seed(first_seed)(quiet(given(case=strategy)(one)))()
        except Exception as e:      # an operation without anything to spoil has no negative cases
            if "Unsatisfiable" not in type(e).__name__ and "nothing" not in str(e):
                raise


def _make_likely(case: Any, name: str, known: Known, dice: random.Random) -> None:
    """Let a part of the cases reach what is there."""
    if "record_id" in (case.path_parameters or {}) and dice.random() < 0.6:
        case.path_parameters["record_id"] = known.record
    if "dossier" in (case.path_parameters or {}) and dice.random() < 0.6:
        case.path_parameters["dossier"] = known.dossier
    if name in known.bodies and dice.random() < 0.4:
        case.body = known.bodies[name]
    if name.endswith("/oauth/token") and dice.random() < 0.3:
        case.body = dict(known.form)


def _sent(case: Any, known: Known, dice: random.Random, by_node: bool) -> dict[str, Any]:
    """The request, mostly with a good token and the context that is asked for."""
    sent = case.as_transport_kwargs(base_url="http://testserver/api/v1")
    headers = {k.lower(): v.encode("utf-8", "replace") if isinstance(v, str) else v for k, v in dict(sent.get("headers") or {}).items()}
    headers |= {k.lower(): v.encode() for k, v in dice.choice(_HEADERS).items()}
    if dice.random() < 0.95:        # drawn from the description of the gateway's header, so never a registered pair
        headers.pop("lgspaccesstoken", None)
    if dice.random() < 0.9:
        often = known.node if by_node else known.tokens[0]
        headers["authorization"] = f"Bearer {often if dice.random() < 0.8 else dice.choice(known.tokens)}".encode()
    if dice.random() < 0.8:
        headers |= {k.lower(): v.encode() for k, v in CONTEXT.items()}
    sent["headers"] = headers
    return {k: v for k, v in sent.items() if k in ("method", "url", "params", "headers", "content", "data", "json", "files")}


def report(tally: Tally) -> str:
    """The table that is printed."""
    lines = []
    for operation in sorted({name for name, _ in tally.statuses}):
        said = "  ".join(f"{status}: {n}" for (name, status), n in sorted(tally.statuses.items()) if name == operation)
        lines.append(f"{operation:<48} {said}")
    lines += [f"{tally.requests} requests, {tally.server_errors} answers of 5xx, {sum(tally.failures.values())} not as documented"]
    return "\n".join([*lines, *(f"  {n} x {what}" for what, n in tally.failures.most_common(30))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "portal"))
    from contract_house import contract_house

    with tempfile.TemporaryDirectory(prefix="sogoc-c") as folder:
        store = EmbeddedStore(Path(folder) / "store")
        try:
            config = replace(store.ensure(), archive_bucket="a-contract", work_bucket="w-contract")
            app, known = contract_house(Path(folder) / "home", config)
            tally = hold(app, known, asked.requests, asked.seed)
        finally:
            store.stop()
    print(report(tally))
    sys.exit(1 if tally.failures or tally.server_errors else 0)


if __name__ == "__main__":
    main()
