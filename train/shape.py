"""The shape of what the network reads: known to those who draw lines, without torch."""
from __future__ import annotations

HEIGHT, STRIDE, LAYERS = 48, 4, 2     # input pixels; input pixels a frame; cleaned and plain
