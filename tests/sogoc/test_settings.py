"""One settings tree: defaults, the file, the environment; unknown keys and secrets in the file are refused."""
from __future__ import annotations

from pathlib import Path

import pytest

from sogoc import settings
from sogoc.settings import SettingsError, leaves, load, show, variable_of
from storage.watch_options import WatchOptions


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SOGOC_"):
            monkeypatch.delenv(name)


def write(home: Path, text: str) -> Path:
    (home / "sogoc.toml").write_text(text, "utf-8")
    return home


def test_where_a_value_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "[reading]\nworkers = 3\nchunk_pages = 7\n[population.columns]\nho_ten = \"HO TEN\"\n")
    monkeypatch.setenv("SOGOC_READING__WORKERS", "5")
    s = load(tmp_path)
    assert (s.reading.workers, s.reading.chunk_pages, s.reading.dpi) == (5, 7, 200)
    assert s.population.columns == {"ho_ten": "HO TEN"}
    shown = {x.name: (x.value, x.source) for x in show(s)}
    assert shown["reading.workers"] == ("5", "SOGOC_READING__WORKERS")
    assert shown["reading.chunk_pages"] == ("7", "sogoc.toml")
    assert shown["reading.dpi"] == ("200", "default")
    assert set(shown) == {name for name, _ in leaves()}


@pytest.mark.parametrize(("text", "word"), [
    ("[reading]\nworker = 3\n", "reading.worker"), ("colour = 1\n", "colour"), ("reading = 3\n", "reading"),
    ("[reading]\nworkers = 0\n", "reading.workers"), ("[reading]\nworkers = \"many\"\n", "reading.workers"), ("[reading\n", "TOML"),
    ("lang = \"fr\"\n", "lang"), ("home = \"/x\"\n", "home"),
    ("[objects]\nsecret_key = \"s3cret\"\n", "secret_key_file"), ("[database]\nurl = \"postgresql://a:s3cret@h/d\"\n", "password_file")])
def test_what_is_refused(tmp_path: Path, text: str, word: str) -> None:
    write(tmp_path, text)
    with pytest.raises(SettingsError) as e:
        load(tmp_path)
    for lang in ("vi", "en"):
        assert word in e.value.message(lang) and "s3cret" not in e.value.message(lang)


def test_an_unknown_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_READING__WORKER", "5")
    with pytest.raises(SettingsError, match="SOGOC_READING__WORKER"):
        load(tmp_path)


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_PORTAL__PORT", "seventy")
    with pytest.raises(SettingsError, match="SOGOC_PORTAL__PORT"):
        load(tmp_path)


def test_secrets_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_OBJECTS__SECRET_KEY", "s3cret")
    monkeypatch.setenv("SOGOC_DATABASE__URL", "postgresql://a:pa55word@h/d")
    text = str(show(load(tmp_path)))
    assert "s3cret" not in text and "pa55word" not in text and "SOGOC_OBJECTS__SECRET_KEY" in text


def test_every_setting_is_described_and_has_its_variable() -> None:
    for name, leaf in leaves():
        assert leaf.description, name
        assert variable_of(name).isupper()
    assert settings.home_path(Path("x")).is_absolute()


@pytest.mark.parametrize(("text", "name", "why"), [
    ("[watch]\nwalk = 1\n", "watch.walk", ""), ("[watch]\nnight_from = 12\n", "watch.night_from", ""),
    ("[watch]\ndossier = 500\n", "watch.dossier", ""),
    ("[watch]\nwalk = 70\n", "watch.walk_of", "watch.walk (70)"), ("[watch]\nmisses_of = 20\n", "watch.misses_of", "watch.misses (40)"),
    ("[log]\nkeep_months = 2\n", "log.keep_months", "TCVN 11930:2017")])
def test_thresholds_out_of_bounds_are_refused_with_the_reason(tmp_path: Path, text: str, name: str, why: str) -> None:
    write(tmp_path, text)
    with pytest.raises(SettingsError) as e:
        load(tmp_path)
    assert all(name in e.value.message(lang) and why in e.value.message(lang) for lang in ("vi", "en"))


def test_thresholds_reach_the_watch(tmp_path: Path) -> None:
    s = load(write(tmp_path, "[watch]\nwalk = 20\nlinks = 50\n"))
    assert WatchOptions(**s.watch.model_dump()) == WatchOptions(walk=20, links=50)
    assert WatchOptions(**load(write(tmp_path, "")).watch.model_dump()) == WatchOptions()
