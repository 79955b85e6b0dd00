"""Makes the goldens beside it with the real transformers, as its users would record them.

    $OLMOTOOL_PEERS/venv/bin/python verify/testdata/make.py

MODEL.safetensors: the logits of testdata/models/MODEL for a few tokens, in float32.
olmo2-mha-bf16.safetensors: a batch of two, computed and stored in bfloat16.
"""
import pathlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "testdata" / "models"


def golden(model, dtype, shape, name):
    m = AutoModelForCausalLM.from_pretrained(MODELS / model, dtype=dtype, attn_implementation="eager")
    ids = torch.randint(0, 576, shape, generator=torch.Generator().manual_seed(5))
    logits = m(ids.reshape(-1, shape[-1])).logits.detach()
    save_file({"input_ids": ids, "logits": logits.reshape(*shape, -1).contiguous()}, HERE / f"{name}.safetensors")


golden("olmo1", "float32", (8,), "olmo1")
golden("olmo2-gqa", "float32", (8,), "olmo2-gqa")
golden("olmo3", "float32", (12,), "olmo3")
golden("olmo2-mha", "bfloat16", (2, 6), "olmo2-mha-bf16")
