"""The recogniser: cards tell all, wrong files are refused, a line reads the same in any company."""
from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.recogniser import ModelError, Recogniser, list_models, load_model, read_alphabet, read_card


def line(text: str, width: int = 420) -> np.ndarray:
    image = np.full((48, width), 255, np.uint8)
    cv2.putText(image, text, (8, 34), cv2.FONT_HERSHEY_DUPLEX, 1.0, 60, 2, cv2.LINE_AA)
    return image


def folder_with(tmp_path: Path, **changes: object) -> Path:
    """A model folder of its own, with the weights of an installed model beside its card: how a later model is dropped in."""
    base = list_models()[-1]
    (tmp_path / "model.onnx").symlink_to(base.file)
    (tmp_path / "alphabet.txt").write_text(base.alphabet + "\n", "utf-8")
    card = {"id": tmp_path.name, "title": "t", "version": "1", "licence": "MIT"} | changes
    (tmp_path / "card.json").write_text(json.dumps(card), "utf-8")
    return tmp_path


def test_print_is_read() -> None:
    texts = [x.best_text() for x in load_model("asternet").read([line("Nguyen Van Nam"), line("01/2017", 200)])]
    assert texts[0].replace(" ", "").lower() == "nguyenvannam" and texts[1].replace(" ", "") == "01/2017"


def test_a_line_reads_the_same_alone_and_among_others() -> None:
    model = load_model("asternet")
    lines = [line("Tran Thi Hoa"), line("12/2013", 200), line("Kinh", 120)]
    together = model.read(lines)
    for one, also in zip(lines, together, strict=True):
        assert np.array_equal(model.read([one])[0].log_probs, also.log_probs)


def test_rows_are_probabilities() -> None:
    lattice = load_model("asternet").read([line("Quang Ngai")])[0]
    assert np.allclose(np.exp(lattice.log_probs.astype(np.float64)).sum(axis=1), 1, atol=0.02)
    assert lattice.log_probs.shape[1] == len(lattice.alphabet) + 1


def test_a_line_too_long_for_the_model_is_read_in_parts() -> None:
    long = np.concatenate([line("Nguyen Van Nam", 430), line("Tran Thi Hoa", 430), line("Le Van Sang", 430), line("Do Minh", 430)], axis=1)
    text = load_model("asternet").read([long])[0].best_text().replace(" ", "").lower()
    assert text.startswith("nguyenvannamtranthihoa") and "vansang" in text.replace("m", "n") and len(text) > 34


@pytest.mark.parametrize("bad", [np.zeros((0, 5), np.uint8), np.zeros((4, 4, 3), np.uint8)])
def test_no_line_is_no_reading(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="grey image"):
        load_model("asternet").read([bad])


def test_a_model_dropped_in_is_read_from_its_card(tmp_path: Path) -> None:
    card = read_card(folder_with(tmp_path, height=32, slants=[0.0], temperatures={"name": 0.5}))
    assert (card.temperature("name"), card.temperature("place"), card.slants) == (0.5, 0.35, (0.0,))
    assert Recogniser(card).read([line("Kinh", 120)])[0].best_text().strip() == "Kinh"


def test_broken_models_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as unknown:
        load_model("no-such-model")
    assert unknown.value.code == "unknown_model" and "asternet" in unknown.value.evidence
    assert "sogoc model list" in unknown.value.message("vi") and "sogoc model list" in unknown.value.message("en")
    with pytest.raises(ModelError) as broken:
        read_card(folder_with(tmp_path, colour="blue"))
    assert broken.value.code == "broken_card"
    with pytest.raises(ModelError) as missing:
        read_card(tmp_path / "nothing")
    assert missing.value.code == "missing_file"


def test_weights_that_are_not_the_cards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as wrong:
        Recogniser(read_card(folder_with(tmp_path, sha256="0" * 64)))
    assert wrong.value.code == "wrong_file"


def test_an_alphabet_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "alphabet.txt").write_text("abc", "utf-8")
    with pytest.raises(ModelError) as wrong:
        Recogniser(read_card(folder)).read([line("Kinh", 120)])
    assert wrong.value.code == "wrong_shape"


def test_alphabets_are_single_letters_each_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"chars": ["<blank>", "a", " ", "ữ"]}), "utf-8")
    assert read_alphabet(tmp_path / "a.json") == "a ữ"
    (tmp_path / "a.txt").write_text("aba", "utf-8")
    with pytest.raises(ValueError, match="each once"):
        read_alphabet(tmp_path / "a.txt")
