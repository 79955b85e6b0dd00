"""Computes the values of golden_test.go from the description in random.go.

    python testdata/golden.py > golden_test.go && gofmt -w golden_test.go

needs numpy and torch (for bfloat16).
"""
import math

import numpy as np
import torch

M = (1 << 64) - 1
G = 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def fnv1a(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & M
    return h


def values(seed, name, first, n, mean, std):
    key = mix(mix(seed + G & M) ^ fnv1a(name.encode()))
    scale = np.float32(float(np.float32(std)) / math.sqrt((2**32 - 1) / 3))
    out = []
    for i in range(first, first + n):
        h = mix(key + (i + 1) * G & M)
        s = sum(h >> k & 0xFFFF for k in (0, 16, 32, 48)) - 131070
        out.append(np.float32(s) * scale + np.float32(mean))
    return np.array(out, dtype=np.float32)


TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}

print("package random\n")
print('import "olmotool/formats"\n')
print("// goldens was printed by testdata/golden.py.")
print("var goldens = []struct {\nseed uint64\nname string\ndtype formats.DType\nfirst int64\no Options\nwant string\n}{")
for seed, name, first, mean, std in [
    (0, "", 0, 0, 1),
    (1, "model.embed_tokens.weight", 0, 0, 0.02),
    (1, "model.norm.weight", 0, 1, 0.1),
    (M, "é", (1 << 33) + 5, -0.25, 3),
]:
    for d, dtype in TYPES.items():
        x = torch.from_numpy(values(seed, name, first, 8, mean, std)).to(dtype)
        print(f'{{{seed}, "{name}", formats.{d}, {first}, Options{{{mean}, {std}}}, "{x.view(torch.uint8).numpy().tobytes().hex()}"}},')
print("}")
