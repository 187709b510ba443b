"""Every error of storage stands on its page, with a code of its own and the same particulars in both languages."""
from __future__ import annotations

import string

import pytest

from storage import errors, review_errors
from storage.errors import ALL_ERRORS, StorageError
from storage.extracts import errors as extract_errors


def written_in(module: object) -> list[type[StorageError]]:
    return [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, StorageError) and v.__module__ == module.__name__]  # type: ignore[attr-defined]


def test_the_page_lists_every_error_once() -> None:
    assert sorted(e.__name__ for e in ALL_ERRORS) == sorted(e.__name__ for e in written_in(errors))


def test_codes_are_their_own() -> None:
    codes = [e.code for e in (*written_in(errors), *written_in(review_errors), *written_in(extract_errors))]
    assert len(codes) == len(set(codes)) > 20


@pytest.mark.parametrize("error", [*written_in(errors), *written_in(review_errors), *written_in(extract_errors)], ids=lambda e: e.code)
def test_both_languages_tell_the_same_particulars(error: type[StorageError]) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert error.vi and error.en and error.vi != error.en
    assert names(error.vi) == names(error.en)
    said = error(**{name: 7 for name in names(error.vi)})
    assert "{" not in said.message("vi") + said.message("en")
