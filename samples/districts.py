"""Which district the simulated people live in."""
from __future__ import annotations

from samples.people import District

# A district as it was before July 2025, with some of its communes; the people in it are invented.
_COMMUNES = ("Thị trấn Kiến Giang", "Xã Phong Thủy", "Xã An Thủy", "Xã Hoa Thủy", "Xã Kim Thủy", "Xã Sen Thủy")
LE_THUY = District(
    communes=tuple(f"{c}, Huyện Lệ Thủy, Quảng Bình" for c in _COMMUNES),
    code="044", minority="Bru - Vân Kiều", minority_share=0.06,
)
