#!/usr/bin/env python3
"""Prints what numpy and gguf-py make of the inputs of the Go tests.

Needs numpy 2.4 and gguf 0.19.0. The tests hold the values that it prints.
"""
import hashlib

import numpy as np
from gguf import GGMLQuantizationType as T, quantize

np.seterr(all="ignore")
FLOATS = """7f800001 7f801fff 7f802000 7fa00000 7fbfffff 7fc00000 7fc00001 7fc02000 7fffffff ff800001
ffbfe000 ffc00000 ffffffff 7f800000 ff800000 00000000 80000000 00000001 807fffff 00800000 32ffffff 33000000
33000001 b3000001 33bfffff 33c00000 33c00001 387fc000 387fdfff 387fe000 387fefff 387ff000 38800000 3f801000
3f801001 3f802fff 3f803000 3f808000 3f808001 3f817fff 3f818000 477fe000 477fefff 477ff000 c77ff000 47800000
7f7f7fff 7f7f8000 7f7fffff""".split()


def draws(n):
    """splitmix64 from seed 1."""
    with np.errstate(over="ignore"):
        z = np.uint64(1) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return z ^ z >> np.uint64(31)


def blocks():
    r = draws(4096 * 32)
    bits = (r >> np.uint64(32)).astype(np.uint32)
    bits = np.where(bits & 0x7F800000 == 0x7F800000, bits & 0xFF7FFFFF, bits)  # all finite
    yield "bits", bits.view(np.float32)
    yield "bf16", (bits & 0xFFFF0000).view(np.float32)
    # Halves exactly: 127·2^k, and everything else an odd number of 2^(k-1).
    ties = (r >> np.uint64(40)).astype(np.int64) % 254 - 126.5
    ties = ties.reshape(4096, 32)
    ties[:, 7] = 127
    yield "ties", np.ldexp(ties, np.arange(4096).reshape(-1, 1) % 200 - 110).astype(np.float32)


def sha(a):
    return hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()


f = np.array([int(x, 16) for x in FLOATS], dtype=np.uint32).view(np.float32)
h = f.astype(np.float16).view(np.uint16)
b = quantize(f.reshape(1, -1), T.BF16).view(np.uint16).reshape(-1)
for x, y, z in zip(FLOATS, h, b):
    print(f"\t{{0x{x}, 0x{y:04x}, 0x{z:04x}}},")
print("f16 to f32:", sha(np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)))
for name, x in blocks():
    x = x.reshape(-1, 32)
    print(name, sha(x), sha(quantize(x, T.Q8_0)))

ramp = np.arange(32, dtype=np.float32) / 8
for changes in [{5: np.nan}, {31: np.nan}, {5: np.inf}, {31: -np.inf}, {3: np.nan, 9: np.inf}, {2: 3.4e38}, {2: -8.4e6}]:
    x = ramp.copy()
    for i, v in changes.items():
        x[i] = v
    print(changes, bytes(quantize(x.reshape(1, 32), T.Q8_0)[0]).hex())
for v in [1e-45, -3e-39, -3e-37, -0.0]:
    print(v, bytes(quantize(np.full((1, 32), v, dtype=np.float32), T.Q8_0)[0]).hex())
