"""Saves one small OLMo 2 state dict with whatever torch runs this, into testdata/torch.

    PYTHON_OF_THAT_TORCH tools/peers/make_torch_samples.py

Needs torch alone. The same values under every version, so the files differ only in
what torch.save itself changed: the records around the storages, and their order.
"""
import collections
import pathlib

import torch

D, F, V = 32, 32, 64
SHAPES = {
    "model.embed_tokens": (V, D), "model.layers.0.self_attn.q_proj": (D, D), "model.layers.0.self_attn.k_proj": (D, D),
    "model.layers.0.self_attn.v_proj": (D, D), "model.layers.0.self_attn.o_proj": (D, D),
    "model.layers.0.self_attn.q_norm": (D,), "model.layers.0.self_attn.k_norm": (D,),
    "model.layers.0.mlp.gate_proj": (F, D), "model.layers.0.mlp.up_proj": (F, D), "model.layers.0.mlp.down_proj": (D, F),
    "model.layers.0.post_attention_layernorm": (D,), "model.layers.0.post_feedforward_layernorm": (D,),
    "model.norm": (D,), "lm_head": (V, D),
}


def state_dict():
    """An OrderedDict with the _metadata that a module's state_dict carries; values exact in bf16."""
    out = collections.OrderedDict()
    for i, (name, shape) in enumerate(SHAPES.items()):
        n = torch.Size(shape).numel()
        out[name + ".weight"] = (((torch.arange(n) * 37 + i * 11) % 255 - 127) / 128).reshape(shape).to(torch.bfloat16)
    out._metadata = collections.OrderedDict((name, {"version": 1}) for name in ["", "model", *SHAPES])
    return out


def main():
    out = pathlib.Path(__file__).resolve().parent.parent.parent / "testdata" / "torch"
    out.mkdir(exist_ok=True)
    version = torch.__version__.split("+")[0]
    torch.save(state_dict(), out / f"torch-{version}.pt")
    print(out / f"torch-{version}.pt")


main()
