"""What is promised of accepted links, in words for people: (Vietnamese, English) lines; used by the portal and the command line."""
from __future__ import annotations

from storage.link_policy import Standing

Pair = tuple[str, str]
_LEAST_CHECKED = 30         # with fewer the bound says nothing of the links: after one check it would be 950 in 1,000
WHY: dict[str, Pair] = {
    "shipped": ("ngưỡng đi kèm chương trình", "thresholds that come with the program"),
    "expected_wrong": ("đã siết ngưỡng: dự kiến sai nhiều hơn cam kết", "tightened: more wrong links expected than promised"),
    "found_wrong": ("đã siết ngưỡng: kiểm tra thấy sai nhiều hơn cam kết", "tightened: checks found more wrong links than promised"),
    "proven": ("đã nới ngưỡng: kiểm tra chứng minh được cam kết", "loosened: checks prove the promise"),
    "calibrated": (
        "đã hiệu chỉnh xác suất theo những liên kết người đã quyết định", "probabilities calibrated by the links that people decided"),
}


def promise_lines(now: Standing) -> list[Pair]:
    """The promise, what it stands on, what checks found, where the thresholds come from."""
    promise, target = now.promise, round(now.policy.target * 1000, 3)
    measured = promise.measured
    lines = [(f"Cam kết: sai không quá {_vi(target)} trên 1.000 liên kết máy tự nhận."
              + ("" if promise.kept else " ĐANG KHÔNG GIỮ ĐƯỢC."),
              f"Promise: at most {_en(target)} wrong in 1,000 accepted links." + ("" if promise.kept else " IT IS NOT KEPT."))]
    share = round(100 * now.policy.confidence, 1)
    if 0 < measured.checked < _LEAST_CHECKED:
        n, wrong = measured.checked, measured.wrong
        lines.append((f"Kiểm tra: mới {n} liên kết, {wrong} sai; cần ít nhất {_LEAST_CHECKED} để nói sai nhiều nhất bao nhiêu.",
                      f"Checked: {n} links so far, {wrong} wrong; at least {_LEAST_CHECKED} are needed to bound the errors."))
    elif measured.checked:
        n, wrong, upper = measured.checked, measured.wrong, 1000 * measured.upper
        lines.append((f"Kiểm tra: {n} liên kết, {wrong} sai; với độ tin cậy {_vi(share)} % thì không quá {_vi(upper)} trên 1.000 là sai.",
                      f"Checked: {n} links, {wrong} wrong; with {_en(share)} % confidence at most {_en(upper)} in 1,000 are wrong."))
    else:
        lines.append(("Chưa có liên kết nào được người kiểm tra.", "No link was checked by people yet."))
    if promise.basis == "model":
        said = f"{_vi(1000 * promise.likely)} trên 1.000" if promise.likely is not None else "chưa có liên kết"
        told = f"{_en(1000 * promise.likely)} in 1,000" if promise.likely is not None else "no links yet"
        lines.append((f"Kiểm tra chưa đủ để chứng minh; con số hiện là ước tính của chính mô hình: {said}.",
                      f"Checks do not yet prove it; for now it is the model's own estimate: {told}."))
    if now.found_by_chance:
        lines.append((f"Ngoài mẫu kiểm tra, {now.found_by_chance} liên kết máy nhận đã bị người sửa.",
                      f"Outside the sample people changed {now.found_by_chance} accepted links."))
    why = WHY[now.policy.why]
    lines.append((f"Phiên bản {now.policy.version}: {why[0]}.", f"Version {now.policy.version}: {why[1]}."))
    return lines


def _en(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".") if number < 10 else f"{number:.0f}"


def _vi(number: float) -> str:
    return _en(number).replace(".", ",")
