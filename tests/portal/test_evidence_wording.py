"""Every evidence id that the reading code can give has words in both languages."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.evidence_wording import EVIDENCE, evidence_words

READING = Path(__file__).parents[2] / "ocr"
TREES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(READING.rglob("*.py"))}
# calls that give evidence: the first positional argument that is evidence
AT = {"Decoded": 2, "FieldValue": 5, "_tell": 4, "choice": 2}


def constants() -> dict[str, str]:
    """Texts with a name of their own at the top of a module: DITTO."""
    return {t.id: n.value.value for tree in TREES.values() for n in tree.body if isinstance(n, ast.Assign)
            and isinstance(n.value, ast.Constant) and isinstance(n.value.value, str) for t in n.targets if isinstance(t, ast.Name)}


def texts(node: ast.AST) -> Iterator[str]:
    """The ids that an expression may hold; what is merely compared with or looked up by is none."""
    if isinstance(node, ast.Compare):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id.isupper():
        yield from filter(None, (constants().get(node.id),))
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.Call):        # evidence.get(code, ("lattice",)): its default
        for a in node.args[1:]:
            yield from texts(a)
    elif isinstance(node, (ast.Tuple, ast.List, ast.Starred, ast.GeneratorExp, ast.BoolOp)):
        for child in ast.iter_child_nodes(node):
            yield from texts(child)


def given() -> set[str]:
    found: set[str] = set()
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                parts = [k.value for k in node.keywords if k.arg == "evidence"]
                parts += node.args[AT[name]:AT[name] + 1 if name != "choice" else None] if name in AT else []
                found |= {t for p in parts for t in texts(p)}
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {getattr(t.value if isinstance(t, ast.Subscript) else t, "id", "") for t in targets}
                if names & {"evidence", "codes"}:
                    found |= set(texts(node.value))
    return {t for t in found if t}


def test_every_evidence_of_the_reading_code_has_words() -> None:
    ids = given()
    assert {"lattice", "file-name", "sequence", "out-of-sequence", "book", "ditto", "no-ink", "unconfirmed"} <= ids, "the search"
    assert ids <= set(EVIDENCE), sorted(ids - set(EVIDENCE))


def test_no_words_are_kept_for_what_nothing_gives() -> None:
    said_elsewhere = {"reviewer"}            # storage.review: a person's own value
    assert set(EVIDENCE) - said_elsewhere <= given()


@pytest.mark.parametrize("code", sorted(EVIDENCE))
def test_both_languages(code: str) -> None:
    vi, en = EVIDENCE[code]
    assert vi and en and vi != en and code not in (vi, en)


def test_words_come_once_and_an_unknown_id_is_shown() -> None:
    assert evidence_words(("lattice", "book", "lattice", "new-kind")) == (EVIDENCE["lattice"], EVIDENCE["book"], ("new-kind", "new-kind"))
