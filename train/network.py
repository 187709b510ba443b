"""The recogniser's network: a small residual convolution net, two bidirectional LSTM layers, CTC outputs.

A line comes in two layers, cleaned and as it is on the paper, so that the net itself decides where cleaning took ink away.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from train.shape import HEIGHT, LAYERS


@dataclass(frozen=True)
class Size:
    """Channels of the stem and the four stages, blocks of each stage, and the width of the sequence layers."""

    channels: tuple[int, int, int, int, int] = (24, 32, 72, 128, 192)
    blocks: tuple[int, int, int, int] = (1, 2, 1, 1)
    hidden: int = 192
    dropout: float = 0.15


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, inner: int, outer: int, stride: tuple[int, int]):
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outer)
        self.second = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outer)
        plain = inner == outer and stride == (1, 1)
        self.shortcut = nn.Identity() if plain else nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm2(self.second(torch.relu(self.norm1(self.first(x)))))
        return torch.relu(y + self.shortcut(x))


class Network(nn.Module):
    """(batch, 2, 48, width), values -1 (paper) to 1 (ink), to logits (batch, width / 4, symbols); column 0 is the CTC blank."""

    def __init__(self, symbols: int, size: Size = Size()):
        super().__init__()
        c = size.channels
        self.stem = nn.Sequential(nn.Conv2d(LAYERS, c[0], 5, 2, 2, bias=False), nn.BatchNorm2d(c[0]), nn.ReLU())
        stages: list[nn.Module] = []
        for k, stride in enumerate(((1, 1), (2, 2), (2, 1), (2, 1))):
            stages.append(Block(c[k], c[k + 1], stride))
            stages += [Block(c[k + 1], c[k + 1], (1, 1)) for _ in range(size.blocks[k] - 1)]
        self.stages = nn.Sequential(*stages)
        self.join = nn.Linear(c[4] * HEIGHT // 16, c[4] + 32)
        self.dropout = nn.Dropout(size.dropout)
        self.lstm = nn.LSTM(c[4] + 32, size.hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=size.dropout)
        self.classifier = nn.Linear(2 * size.hidden, symbols)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What the convolutions see: (batch, width / 4, features)."""
        x = self.stages(self.stem(images))
        x = x.permute(0, 3, 1, 2).flatten(2)
        return self.dropout(torch.relu(self.join(x)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        y, _ = self.lstm(self.features(images).float())
        return self.classifier(self.dropout(y))
