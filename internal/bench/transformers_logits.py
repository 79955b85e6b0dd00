"""What olmotool logits is measured against: transformers, start to file.

    python transformers_logits.py MODEL DTYPE LENGTH OUT.safetensors
"""
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

model, dtype, length, out = sys.argv[1:]
m = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype), attn_implementation="eager")
ids = torch.randint(m.config.vocab_size, (1, int(length)), generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    save_file({"input_ids": ids, "logits": m(ids).logits.float()}, out)
