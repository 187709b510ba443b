"""What follows the backbone: two bidirectional LSTM layers, two attention layers, a gate between them, CTC.

Starts from AsterNet's weights.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

WIDTH, HIDDEN, HEADS, INNER, LONGEST = 512, 256, 4, 1024, 256


class Attention(nn.Module):
    """Multi-head self-attention in plain operations, so that the exported graph keeps the line's length open."""

    def __init__(self) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * WIDTH, WIDTH))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * WIDTH))
        self.out_proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor, absent: torch.Tensor | None) -> torch.Tensor:
        parts = nn.functional.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        q, k, v = (p.reshape(x.shape[0], -1, HEADS, WIDTH // HEADS).transpose(1, 2) for p in parts)
        weight = q @ k.transpose(2, 3) / (WIDTH // HEADS) ** 0.5
        if absent is not None:
            weight = weight.masked_fill(absent[:, None, None, :], -1e9)
        return self.out_proj((weight.softmax(-1) @ v).transpose(1, 2).reshape(x.shape[0], -1, WIDTH))


class Layer(nn.Module):
    """A transformer layer, normalised before each part."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.self_attn, self.dropout = Attention(), nn.Dropout(dropout)
        self.linear1, self.linear2 = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x: torch.Tensor, absent: torch.Tensor | None) -> torch.Tensor:
        x = x + self.dropout(self.self_attn(self.norm1(x), absent))
        inner = self.dropout(nn.functional.gelu(self.linear1(self.norm2(x))))
        return x + self.dropout(self.linear2(inner))


class Head(nn.Module):
    """(batch, time, 512) features to (batch, time, symbols) log-probabilities; column 0 is the CTC blank."""

    def __init__(self, symbols: int, dropout: float = 0.1):
        super().__init__()
        self.lstm = nn.LSTM(WIDTH, HIDDEN, num_layers=2, bidirectional=True, batch_first=True, dropout=dropout)
        self.positions = nn.Parameter(torch.zeros(LONGEST, WIDTH), requires_grad=False)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(2))
        self.norm = nn.LayerNorm(WIDTH)
        self.gate = nn.Linear(2 * WIDTH, WIDTH)
        self.classifier = nn.Linear(WIDTH, symbols)

    def forward(self, features: torch.Tensor, absent: torch.Tensor | None = None) -> torch.Tensor:
        """absent: bool (batch, time), True where a shorter line of the batch is padding."""
        seen, _ = self.lstm(features)
        context = seen + self.positions[:seen.shape[1]]
        for layer in self.layers:
            context = layer(context, absent)
        context = self.norm(context)
        share = torch.sigmoid(self.gate(torch.cat((seen, context), dim=-1)))
        return torch.log_softmax(self.classifier(share * seen + (1 - share) * context), dim=-1)


def _gates(weight: np.ndarray, hidden: int) -> np.ndarray:
    """ONNX orders LSTM gates i o f c, torch i f g o."""
    i, o, f, c = (weight[k * hidden:(k + 1) * hidden] for k in range(4))
    return np.concatenate((i, f, c, o))


def load_asternet(head: Head, path: Path, columns: list[list[int]]) -> None:
    """Copies AsterNet's weights.

    columns: for each symbol of the new alphabet, blank first, the old outputs it stands for (their mean is taken).
    """
    model = onnx.load(str(path))
    value = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    lstms = [n for n in model.graph.node if n.op_type == "LSTM"]
    state = head.state_dict()

    def put(name: str, array: np.ndarray) -> None:
        if tuple(state[name].shape) != array.shape:
            raise ValueError(f"{name}: {array.shape} for {tuple(state[name].shape)}")
        state[name] = torch.from_numpy(np.array(array))

    for layer, node in enumerate(lstms):
        w, r, b = (value[node.input[k]] for k in (1, 2, 3))
        for d, suffix in enumerate(("", "_reverse")):
            put(f"lstm.weight_ih_l{layer}{suffix}", _gates(w[d], HIDDEN))
            put(f"lstm.weight_hh_l{layer}{suffix}", _gates(r[d], HIDDEN))
            put(f"lstm.bias_ih_l{layer}{suffix}", _gates(b[d][:4 * HIDDEN], HIDDEN))
            put(f"lstm.bias_hh_l{layer}{suffix}", _gates(b[d][4 * HIDDEN:], HIDDEN))

    def linear(kind: str) -> np.ndarray:
        """Weight (out, in) of the MatMul whose node is called so; ONNX keeps it transposed."""
        node = next(n for n in model.graph.node if n.op_type == "MatMul" and n.name == kind and n.input[1] in value)
        return value[node.input[1]].T

    put("positions", value["language_head.pos_encoder.pe"][:LONGEST, 0])
    for k in range(2):
        old, new = f"language_head.transformer.layers.{k}.", f"layers.{k}."
        base = f"/language_head/transformer/layers.{k}/"
        put(new + "self_attn.in_proj_weight", linear(base + "self_attn/MatMul"))
        put(new + "self_attn.in_proj_bias", value[old + "self_attn.in_proj_bias"])
        for name in ("self_attn.out_proj.weight", "self_attn.out_proj.bias", "linear1.bias", "linear2.bias", "norm1.weight", "norm1.bias",
                     "norm2.weight", "norm2.bias"):
            put(new + name, value[old + name])
        put(new + "linear1.weight", linear(base + "linear1/MatMul"))
        put(new + "linear2.weight", linear(base + "linear2/MatMul"))
    put("norm.weight", value["language_head.norm.weight"])
    put("norm.bias", value["language_head.norm.bias"])
    put("gate.weight", linear("/fusion/gate_linear/MatMul"))
    put("gate.bias", value["fusion.gate_linear.bias"])
    weight, bias = linear("/classifier/MatMul"), value["classifier.bias"]
    put("classifier.weight", np.stack([weight[c].mean(0) for c in columns]))
    put("classifier.bias", np.array([bias[c].mean() for c in columns], dtype=np.float32))
    head.load_state_dict(state)
