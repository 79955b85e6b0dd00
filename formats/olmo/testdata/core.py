"""Writes core-VERSION.json: configs of released models as OLMo-core's own classes make them.

    python formats/olmo/testdata/core.py core-3.0.0.json DIR...

DIR are where OLMo-core and what it imports lie, before those of the venv of
tools/peers. Versions 2.2.0 and 3.0.0 were used; the latter wants a newer
torch than there is and a GPU's compiler to be imported, hence the stand-ins.
"""
import copy
import json
import pathlib
import sys

import torch
import triton

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent.parent / "tools" / "peers"), *sys.argv[2:]]
triton.autotune = lambda *a, **k: lambda f: f
torch.compiler.disable = lambda fn=None, *a, **k: fn or (lambda f: f)

import official  # noqa: E402

with official.stand_ins():
    from olmo_core.nn.attention import SlidingWindowAttentionConfig
    from olmo_core.nn.rope import YaRNRoPEScalingConfig
    from olmo_core.nn.transformer import TransformerConfig

    def attention(block):
        return getattr(block, "sequence_mixer", None) or block.attention

    def olmo3(yarn):
        c = TransformerConfig.olmo2_7B(100352)
        attention(c.block).sliding_window = SlidingWindowAttentionConfig(
            pattern=[4096, 4096, 4096, -1], force_full_attention_on_first_layer=False)
        if yarn:
            full = copy.deepcopy(c.block)
            attention(full).rope.scaling = YaRNRoPEScalingConfig(factor=8, beta_fast=32, beta_slow=1, old_context_len=8192)
            c.block_overrides = {i: full for i in range(3, c.n_layers, 4)}
        return c

    configs = {
        "olmo2-1B": getattr(TransformerConfig, "olmo2_1B_v2", TransformerConfig.olmo2_1B)(100352),
        "olmo2-32B": TransformerConfig.olmo2_32B(100352),
        "olmo3-7B": olmo3(False),
        "olmo3-7B-long": olmo3(True),
    }
    out = {k: c.as_config_dict() for k, c in configs.items()}

with open(HERE / sys.argv[1], "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()) + "\n}\n")
