"""The settings of connections: complete or refused, secrets from files, nothing of them shown."""
from __future__ import annotations

from pathlib import Path

import pytest

from sogoc.home import ministry_options, population_query_options
from sogoc.settings import SettingsError, load, show
from storage.population_query.errors import BadOfficers


def home(folder: Path, text: str) -> Path:
    (folder / "sogoc.toml").write_text(text, "utf-8")
    return folder


def test_not_connected_unless_an_address_is_given(tmp_path: Path) -> None:
    settings = load(home(tmp_path, ""))
    assert ministry_options(settings) is None and population_query_options(settings) is None


def test_connections_with_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "moj-secret").write_text("khoa-bo\n", "utf-8")
    (tmp_path / "officers.toml").write_text('["cb.hoa"]\ncode = "1"\nkey_name = "a"\nkey_pass = "khoa-dan-cu"\n', "utf-8")
    settings = load(home(tmp_path, '[archive]\nagency_code = "H21.129"\n[ministry]\nurl = "https://lgsp.example"\naccount = "k"\n'
                                   'secret_file = "moj-secret"\n[population_query]\nurl = "https://dc.example"\n'
                                   'officers_file = "officers.toml"\n'))
    ministry, query = ministry_options(settings), population_query_options(settings)
    assert ministry is not None and (ministry.secret, ministry.agency, ministry.access) == ("khoa-bo", "H21.129", "lgsp")
    assert query is not None and query.officer("cb.hoa").key_pass == "khoa-dan-cu"
    assert "khoa-bo" not in repr(ministry) and "khoa-dan-cu" not in repr(query) + str(show(settings))


@pytest.mark.parametrize(("text", "word"), [
    ('[ministry]\nurl = "https://x"\n', "account"), ('[ministry]\nurl = "https://x"\naccount = "k"\n', "secret_file"),
    ('[population_query]\nurl = "https://x"\n', "officers_file"), ('[ministry]\nsecret = "khoa-bo"\n', "secret_file"),
    ('[ministry]\naccess = "magic"\n', "access")])
def test_half_a_connection_is_refused(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(SettingsError) as e:
        settings = load(home(tmp_path, text))
        ministry_options(settings)
        population_query_options(settings)
    assert word in e.value.message("en") and "khoa-bo" not in e.value.message("en")


def test_a_wrong_officers_file_is_named(tmp_path: Path) -> None:
    settings = load(home(tmp_path, '[population_query]\nurl = "https://x"\nofficers_file = "nothing.toml"\n'))
    with pytest.raises(BadOfficers, match=r"nothing\.toml"):
        population_query_options(settings)
