"""The command line: help with an example everywhere, wrong use ends 2 with one line, failures 1 with one line, never a traceback."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from sogoc import app as sogoc_app
from sogoc import doctor, failures
from sogoc.commands.shared import known_commune
from sogoc.errors import SogocError, WrongUse
from sogoc.settings import Settings
from storage.errors import Words, WrongCorrection


def run(*arguments: str, home: Path | str = "/nowhere/sogoc", lang: str = "vi", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "sogoc", *arguments], capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, "SOGOC_HOME": str(home), "SOGOC_LANG": lang, "COLUMNS": "100", **environment})


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    yield path
    for name, child in children.items():
        yield from commands(child, (*path, name))


TREE = sorted(commands(typer.main.get_command(sogoc_app.app)))
LEAVES = [c for c in TREE if not any(other[:len(c)] == c and other != c for other in TREE)]


@pytest.mark.parametrize("command", TREE, ids=" ".join)
def test_help_has_an_example(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert sogoc_app.run([*command, "--help"]) == 0
    said = capsys.readouterr().out
    if command in LEAVES or not command:
        assert "Ví dụ:" in said or "Example:" in said
        assert f"sogoc {' '.join(command)}".strip() in said.split("Ví dụ:" if "Ví dụ:" in said else "Example:")[1]


def test_the_commands_of_the_design_are_there() -> None:
    wanted = {"init", "doctor", "population import", "batch add", "run", "records export", "match", "model list", "model evaluate",
              "review export", "review import", "archive verify", "verify", "serve", "user add", "client add"}
    assert wanted <= {" ".join(c) for c in LEAVES}


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_an_unknown_option_ends_2_with_one_line(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert sogoc_app.run([*command, "--khong-co"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and "--khong-co" in captured.err and "--help" in captured.err


@pytest.mark.parametrize("arguments", [
    [], ["batch"], ["khong-co"], ["batch", "khong-co"], ["batch", "add"], ["population", "import", "/khong/co.csv"], ["records", "export"],
    ["records", "export", "--format", "xml", "out"], ["run", "--batch", "a", "--all"], ["serve", "--port", "0"],
    ["user", "add", "lan", "--role", "vua"],
    ["client", "add", "x", "--scope", "KS:fly"], ["batch", "add", ".", "--kind", "XX"], ["user", "add", "lan", "--role", "commune_officer"],
    ["model", "evaluate", "a.tsv", "--limit", "-1"], ["init", "thừa"]], ids=" ".join)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_wrong_use_ends_2_with_one_line(arguments: list[str], lang: str, capsys: pytest.CaptureFixture[str],
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_LANG", lang)
    monkeypatch.setenv("SOGOC_HOME", "/nowhere/sogoc")
    assert sogoc_app.run(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("sogoc: ") and said.count("\n") == 1 and "Traceback" not in said


@pytest.mark.parametrize(("arguments", "words"), [
    ("push list --state foo", "waiting, held, sent, done, dead"), ("push hold H21-1 --reason bad", "hold_correction (chờ cải chính)"),
    ("report write tien-do a.xlsx --step foo", "week, month, quarter, year"), ("report write tien-do a.txt", ".xlsx"),
    ("report write tien-do a.xlsx --kind XX", "KS, KH"),
    ("report write bao-cao-ky a.xlsx --commune 00000", "không có xã nào mang mã 00000"),
    ("report write tien-do a.xlsx --from 2026-13-01", "không có ngày 2026-13-01"), ("report write tien-do a.xlsx --to mai", "2026-08-01"),
    ("log export --since 2026-02-30", "--since: không có ngày 2026-02-30"),
    ("user grant lan --role commune_head --commune 99999", "99999"), ("user add lan --commune 99999", "99999"),
    ("batch add . --commune 21138", "21139 (Xã Trà Sơn, Huyện Trà Bồng, Quảng Ngãi)"),
    ("batch add . --commune xã-không-có", "không có xã tên"),
    ("batch add . --commune Nghia_Son,Tu_Nghia", "21259"),
    ("client quota x --of searches --per week", "day, month"),
    ("sync push /khong/co --to https://h.example --client x --secret-file /khong", "Không có thư mục /khong/co")])
def test_a_value_that_cannot_be_is_told_with_what_can(arguments: str, words: str, capsys: pytest.CaptureFixture[str],
                                                      monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOGOC_LANG", "vi")
    monkeypatch.setenv("SOGOC_HOME", str(tmp_path))
    assert sogoc_app.run(arguments.split()) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and "Lỗi chương trình" not in said


@pytest.mark.parametrize("command", TREE, ids=" ".join)
def test_help_in_vietnamese_has_none_of_the_librarys_english(command: tuple[str, ...], capsys: pytest.CaptureFixture[str],
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    english = ("Usage:", "Options:", "Arguments:", "Commands:", "Show this", "[required]", "[default", "[OPTIONS]", "COMMAND [ARGS]",
               "<int", "<list")
    monkeypatch.setenv("SOGOC_LANG", "vi")
    assert sogoc_app.run([*command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Cách dùng: sogoc") and not [word for word in english if word in said]
    monkeypatch.setenv("SOGOC_LANG", "en")
    assert sogoc_app.run([*command, "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: sogoc")


@pytest.mark.parametrize(("arguments", "words"), [
    (["population", "import", "/khong/co.csv"], "không có “/khong/co.csv”"), (["match", "/", "x"], "là thư mục, không phải tệp"),
    (["records", "export", "--format", "xml", "out"], "không thuộc danh sách"), (["serve", "--port", "0"], "phải từ 1 trở lên"),
    (["serve", "--port", "65536"], "phải không quá 65535"), (["serve", "--port", "abc"], "phải là một số"),
    (["serve", "--port"], "tùy chọn --port cần một giá trị"), (["serve", "--quiet=1"], "tùy chọn --quiet không nhận giá trị"),
    (["init", "thừa", "hai"], "thừa tham số thừa hai"), (["bach"], "Không có lệnh 'bach'. Có phải 'batch', 'match', 'backup'?"),
    (["run", "--al"], "Không có tùy chọn --al"), (["batch", "add"], "Thiếu FOLDER."),
    (["archive", "correct", "1", "--kind", "x", "--number", "1", "--agency", "x", "--date", "6/5/2026"], "“6/5/2026” không phải một ngày")])
def test_the_librarys_own_errors_are_vietnamese_too(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str],
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_LANG", "vi")
    assert sogoc_app.run(arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not [word for word in ("Option", "Value", "Input", "does not", "Got", "should") if word in said]


@pytest.mark.parametrize(("arguments", "word"), [(["user", "password", "lan"], "--password-file TỆP"),
                                                 (["log", "person", "a.pdf", "--basis", "x"], "--number-file TỆP")])
def test_where_nobody_can_type_it_says_how_a_secret_is_given(arguments: list[str], word: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "sogoc", *arguments], stdin=subprocess.DEVNULL, start_new_session=True, cwd=tmp_path,
                          env={**os.environ, "SOGOC_LANG": "vi", "SOGOC_HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and word in done.stderr and done.stderr.count("\n") == 1 and not done.stdout


def test_help_is_quick() -> None:
    best = min(processor_seconds("--help") for _ in range(3))
    assert best < 0.5, f"{best:.2f} s"


def processor_seconds(*arguments: str) -> float:
    """What a command costs, whatever else the machine does."""
    before = os.times()
    assert run(*arguments).returncode == 0
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from sogoc.app import run; run(['--help']); print(*sorted(sys.modules), file=sys.stderr)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split())
    assert not loaded & {"dagster", "sqlalchemy", "numpy", "cv2", "onnxruntime", "fastapi", "pydantic", "minio", "PIL"}


def test_a_home_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    for lang, word in (("vi", "Chưa có dữ liệu"), ("en", "There is no home")):
        done = run("batch", "list", home=tmp_path / "none", lang=lang)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1 and word in done.stderr
    assert not (tmp_path / "none").exists()


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = run("batch", "list", "--debug", home=tmp_path / "none")
    assert done.returncode == 1 and "Traceback" in done.stderr and done.stderr.splitlines()[-1].startswith("sogoc: ")


@pytest.mark.parametrize(("error", "code", "word"), [
    (SogocError("một\nhai", "one\ntwo"), 1, "một hai"), (WrongUse("sai", "wrong"), 2, "sai"), (KeyboardInterrupt(), 1, "chạy lại"),
    (ZeroDivisionError("x"), 1, "--debug"), (PermissionError(13, "Permission denied", "/x"), 1, "/x"),
    (OSError(28, "No space left"), 1, "đầy"),
    (FileNotFoundError(2, "No such file or directory", "ra/x.xlsx.11986.new"), 1, "ra/x.xlsx: không có tệp hoặc thư mục này."),
    (FileExistsError(17, "File exists", "ra"), 1, "ra: đã có sẵn."),
    (SystemExit(3), 3, "")])
def test_errors_become_one_line(error: BaseException, code: int, word: str, capsys: pytest.CaptureFixture[str],
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOGOC_LANG", raising=False)
    assert failures.report(error, debug=False) == code
    said = capsys.readouterr().err
    assert word in said and said.count("\n") <= 1


def test_the_store_is_told_of_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    facts = {"endpoint": "127.0.0.1:9", "answers": True, "archive_versioning": True, "archive_lock": True, "wrong_key_refused": True}
    monkeypatch.setattr("sogoc.home.object_config", lambda settings: None)
    monkeypatch.setattr("storage.objects.ObjectStore.__init__", lambda self, config: None)
    monkeypatch.setattr("storage.objects.ObjectStore.probe", lambda self: facts)
    found = doctor._objects(Settings(home=tmp_path))
    assert not found.good and "giữ phiên bản ✓" in found.text[0] and "không cho xóa tệp đã khóa ✗" in found.text[0]
    assert "_" not in found.text[0] + found.text[1]


def test_a_correction_that_cannot_be_ends_2(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_LANG", "vi")
    assert failures.report(WrongCorrection(subject="entry:5", cause=Words("không có trường khongCo", "no field")), debug=False) == 2
    assert capsys.readouterr().err == "sogoc: Không lập được phiên bản mới của entry:5: không có trường khongCo.\n"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(f"{sys.executable} -m sogoc --help | head -1", shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(("Cách dùng: sogoc", "Usage: sogoc")) and done.stderr == ""


@pytest.mark.parametrize(("said", "code"), [
    ("21139", "21139"), (" 00070 ", "00070"), ("Phường Hoàn Kiếm, Hà Nội", "00070"), ("phường Hàng Bạc, quận Hoàn Kiếm, Hà Nội", "00061"),
    ("Xã Trà Sơn, huyện Trà Bồng, tỉnh Quảng Ngãi", "21139")])
def test_a_commune_is_named_by_code_or_by_name_old_ones_too(said: str, code: str) -> None:
    assert known_commune(said) == code


def test_a_name_of_several_communes_is_told_with_their_codes() -> None:
    with pytest.raises(WrongUse, match=r"several communes named Trà Sơn.*21139 \(Xã Trà Sơn, Huyện Trà Bồng, Quảng Ngãi\)"):
        known_commune("Trà Sơn")


@pytest.mark.parametrize(("said", "told"), [("21250x", r"the code 21250x.*21250 \("), ("", "neither a code nor a name"),
                                            ("9999999", r"a code has 5 digits\.$")])
def test_what_is_no_commune_is_told_apart(said: str, told: str) -> None:
    with pytest.raises(WrongUse, match=told):
        known_commune(said)
