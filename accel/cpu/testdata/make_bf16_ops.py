"""Makes bf16_ops.json: what eager transformers computes in bfloat16, operation by operation.

    python make_bf16_ops.py > bf16_ops.json

Versions are pinned: torch 2.6.0 on a CPU, transformers 5.23.0. Inputs are made up from
their names and not stored; bf16_ops_test.go makes the same. An argument multiplies sizes,
for a wider comparison than the file in the tree.
"""

import base64
import json
import sys
import zlib

import torch
import transformers
from torch import nn
from transformers.models.olmo.modeling_olmo import OlmoLayerNorm
from transformers.models.olmo2.modeling_olmo2 import (
    Olmo2RMSNorm,
    apply_rotary_pos_emb,
    eager_attention_forward,
)

assert torch.__version__.split("+")[0] == "2.6.0", torch.__version__
assert transformers.__version__ == "5.23.0", transformers.__version__
torch.set_grad_enabled(False)
torch.set_num_threads(1)

MORE = int(sys.argv[1]) if len(sys.argv) > 1 else 1


def made_up(name, *shape):
    """Numbers of mean 0 and deviation 1.15: sums of the four quarters of splitmix64, seeded by the name."""
    n = 1
    for s in shape:
        n *= s
    mask, state, out = (1 << 64) - 1, zlib.crc32(name.encode()), []
    for _ in range(n):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        out.append((sum(z >> 16 * k & 0xFFFF for k in range(4)) - 131070) / 32768)
    return torch.tensor(out, dtype=torch.float32).reshape(shape)


def bf16(name, *shape):
    return made_up(name, *shape).to(torch.bfloat16)


ops = []


def op(name, shape, out):
    """Records a result; shape holds what the test needs to make the inputs."""
    assert out.dtype == torch.bfloat16
    raw = out.contiguous().view(torch.int16).numpy().astype("<i2").tobytes()
    ops.append({"op": name, "shape": shape, "out": base64.b64encode(raw).decode()})


def attention(name, tokens, heads, kv, d, window):
    q = bf16("q", tokens, heads, d).transpose(0, 1)[None]
    k = bf16("k", tokens, kv, d).transpose(0, 1)[None]
    v = bf16("v", tokens, kv, d).transpose(0, 1)[None]
    i, j = torch.arange(tokens)[:, None], torch.arange(tokens)[None, :]
    seen = (j <= i) & (i - j < (window or tokens))
    mask = torch.where(seen, 0.0, torch.finfo(torch.bfloat16).min).to(torch.bfloat16)[None, None]
    module = nn.Module().eval()
    module.num_key_value_groups = heads // kv
    out, probs = eager_attention_forward(module, q, k, v, mask, scaling=d**-0.5)
    op(name, [tokens, heads, kv, d, window], out[0].reshape(tokens, heads * d))
    op(name + "_probs", [tokens, heads, kv, d, window], probs[0, -1])


def main():
    rows, cols = 6 * MORE, 256
    x, w = bf16("x", rows, cols), bf16("w", cols)

    norm = Olmo2RMSNorm(cols, eps=1e-6).to(torch.bfloat16)
    norm.weight.copy_(w)
    op("rmsnorm", [rows, cols], norm(x))

    f = x.float()
    y = (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)).to(torch.bfloat16)
    op("rmsnorm_cast_first", [rows, cols], w * y)

    op("layernorm", [rows, cols], OlmoLayerNorm(cols)(x))
    op("clip", [rows, cols], x.clone().clamp_(min=-1.23, max=1.23))

    y = bf16("y", rows, cols)
    op("add", [rows, cols], y + x)
    op("silu", [rows, cols], nn.functional.silu(x * 4))
    op("swiglu", [rows, cols], nn.functional.silu(x * 4) * y)

    heads, d = 4, 64
    q = bf16("q", rows, heads, d).transpose(0, 1)[None]
    cos, sin = made_up("cos", 1, rows, d // 2), made_up("sin", 1, rows, d // 2)
    cos, sin = torch.cat((cos, cos), dim=-1), torch.cat((sin, sin), dim=-1)
    rotated, _ = apply_rotary_pos_emb(q, q, cos, sin)
    op("rotate", [rows, heads, d], rotated[0].transpose(0, 1).reshape(rows, heads * d))

    s = x * 4
    op("softmax", [rows, cols], nn.functional.softmax(s, dim=-1, dtype=torch.float32).to(torch.bfloat16))

    attention("attention", 40 * MORE, 4, 2, 12, 0)
    attention("attention_window", 40 * MORE, 2, 2, 12, 9)

    op("linear", [rows, cols, 64], nn.functional.linear(x, bf16("weight", 64, cols)))

    lines = ",\n".join(json.dumps(o) for o in ops)
    versions = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    print('{"versions": %s, "ops": [\n%s\n]}' % (json.dumps(versions), lines))


main()
