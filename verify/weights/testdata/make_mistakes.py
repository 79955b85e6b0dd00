"""Writes mistakes.safetensors: a weight matrix, and what careless code makes of it.

Made with Python 3.11, torch 2.6.0, numpy and safetensors 0.8.0; the same bytes on
every run. The operations are torch's own, as conversion scripts use them.
"""

import math

import torch
from safetensors.torch import save_file

HEADS, DIM, COLS = 4, 8, 32

g = torch.Generator().manual_seed(1)
ref = torch.randn(HEADS * DIM, COLS, generator=g) / 50
half = ref.bfloat16()
tied = ref.clone()
tied.view(torch.int32)[::3] &= -0x10000
tied.view(torch.int32)[::3] |= 0x8000  # in the middle of two BF16 values

heads = ref.view(HEADS, DIM, COLS)
bit = half.clone()
bit.view(torch.int16)[3, 5] ^= 1 << 9
row = ref.clone()
row[9] *= 1.01
copied = ref.clone()
copied[17] = copied[16]
swapped_rows = ref.clone()
swapped_rows[[4, 20]] = swapped_rows[[20, 4]]
column = ref.clone()
column[:, 7] = 1
head = ref.clone()
head[8:16] = 0
small = (ref * 2e-3).half()
flushed = torch.where(small.abs() < 2.0**-14, small * 0, small)
large = ref * 3e6
clamped = large.clamp(-65504, 65504).half()
raw = ref.numpy().tobytes()
shifted = torch.frombuffer(bytearray(raw[8:] + bytes(8)), dtype=torch.float32).view(ref.shape)

tensors = {
    "ref": ref,
    "half": half,
    "tied": tied,
    "small": ref * 2e-3,
    "large": large,
    "transposed": ref.t(),
    "interleaved": heads.view(HEADS, 2, DIM // 2, COLS).transpose(1, 2).reshape(ref.shape),
    "half-split": heads.view(HEADS, DIM // 2, 2, COLS).transpose(1, 2).reshape(ref.shape),
    "rolled rows": torch.roll(ref, 1, 0),
    "rolled columns": torch.roll(ref, -2, 1),
    "rolled": torch.roll(ref, 5),
    "negative": -ref,
    "scaled": ref * 1.01,
    "scaled half": half * 1.01,
    "divided": ref / math.sqrt(DIM),
    "swapped": torch.from_numpy(ref.numpy().byteswap()),
    "truncated": (ref.view(torch.int32) >> 16).to(torch.int16).view(torch.bfloat16),
    "half up": ((tied.view(torch.int32) + 0x8000) >> 16).to(torch.int16).view(torch.bfloat16),
    "by f16": ref.half().bfloat16(),
    "by bf16": ref.bfloat16().half(),
    "through bf16": ref.bfloat16().float(),
    "misread": ref.bfloat16().view(torch.float16),
    "flushed": flushed,
    "clamped": clamped,
    "infinite": large.half(),
    "reversed heads": heads.flip(0).reshape(ref.shape),
    "permuted heads": heads[[2, 0, 1, 3]].reshape(ref.shape),
    "repeated heads": heads[:2].repeat_interleave(2, 0).reshape(ref.shape),
    "two heads": ref[:16],
    "reversed column heads": ref.view(COLS, HEADS, DIM).flip(1).reshape(ref.shape),
    "flipped": ref.flip(0),
    "shuffled": ref[torch.randperm(HEADS * DIM, generator=g)],
    "bit": bit,
    "row": row,
    "copied row": copied,
    "swapped rows": swapped_rows,
    "column": column,
    "zero head": head,
    "zeros": ref * 0,
    "padded": torch.cat([ref, torch.zeros(8, COLS)]),
    "reshaped": ref.reshape(16, 64),
    "shifted": shifted,
    "noise": torch.randn(ref.shape, generator=g) / 50,
    "noisy": ref + torch.randn(ref.shape, generator=g) / 5000,
}
save_file({k: v.contiguous().clone() for k, v in tensors.items()}, "mistakes.safetensors")
