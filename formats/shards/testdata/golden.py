"""Writes olmo2/ and split.json with transformers 5.23.0, huggingface_hub 2.4.0, safetensors 0.8.0 and torch 2.6.0.

Run it in this folder.
"""
import json
import pathlib
import random

import huggingface_hub
import torch
from huggingface_hub.serialization._base import parse_size_to_int
from transformers import Olmo2Config, Olmo2ForCausalLM

torch.manual_seed(7)
config = Olmo2Config(vocab_size=24, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2,
                     num_key_value_heads=1, max_position_embeddings=16, pad_token_id=0, bos_token_id=1, eos_token_id=2)
model = Olmo2ForCausalLM(config).to(torch.bfloat16)
model.save_pretrained("olmo2", max_shard_size="0.5KB")
for path in pathlib.Path("olmo2").iterdir():
    path.chmod(0o644)
    if path.suffix == ".json" and "index" not in path.name:
        path.unlink()
pathlib.Path("olmo2.order").write_text("".join(name + "\n" for name in model.state_dict()))

# Sizes of tensors, the limit, and what each file gets.
random.seed(7)
cases = []
for i in range(40):
    top = random.choice([5, 20, 100])
    sizes = [random.choice([1, random.randrange(1, top), top]) for _ in range(random.randrange(1, 20))]
    limit = random.choice([1, top // 2, top - 1, top, 2 * top, 5 * top])
    state = {f"t{j}": torch.zeros(n, dtype=torch.uint8) for j, n in enumerate(sizes)}
    split = huggingface_hub.split_torch_state_dict_into_shards(state, max_shard_size=limit)
    cases.append(dict(sizes=sizes, limit=limit, files=split.filename_to_tensors, total=split.metadata["total_size"]))
sizes = {}
for text in ["5GB", "5gb", " 2.5 Mb ", "1KB", "0.1KB", "1e3KB", "50GB", "0.3TB", "1.1GB", "4.35GB", "8.41TB", "5 KB", ".5KB", "5.KB", "+5KB", "007MB"]:
    sizes[text] = parse_size_to_int(text)
with open("split.json", "w") as f:
    json.dump(dict(cases=cases, sizes=sizes), f)
