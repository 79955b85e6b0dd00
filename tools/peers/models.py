"""Tiny random OLMo models with real transformers, version 4 or 5.

A model is fully determined by its Shape: every tensor is drawn from a generator
seeded by the model's name and the tensor's, so the values depend neither on the
order of the modules nor on the version of transformers.
"""
import hashlib
import math
import pathlib
import shutil
from dataclasses import dataclass, field

import torch
import transformers

CLASSES = {
    "olmo": (transformers.OlmoConfig, transformers.OlmoForCausalLM),
    "olmo2": (transformers.Olmo2Config, transformers.Olmo2ForCausalLM),
    "olmo3": (transformers.Olmo3Config, transformers.Olmo3ForCausalLM),
}
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")

# The long-context OLMo 3 releases' scaling, over a context short enough for a tiny model to feel it.
YARN = {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64,
        "beta_fast": 32, "beta_slow": 1, "attention_factor": 1.2079441541679836}


@dataclass
class Shape:
    """What is needed to make a model; the defaults are those of a tiny OLMo 2."""
    name: str
    model_type: str = "olmo2"
    dtype: str = "f32"
    hidden: int = 64
    heads: int = 4
    kv_heads: int = 4
    intermediate: int = 96
    layers: int = 2
    vocab: int = 576
    eos: int = 0
    pad: int = 1
    context: int = 4096
    shard: str = "5GB"          # max_shard_size
    extra: dict = field(default_factory=dict)  # further fields of config.json

    def config(self):
        kw = dict(
            vocab_size=self.vocab, hidden_size=self.hidden, intermediate_size=self.intermediate,
            num_hidden_layers=self.layers, num_attention_heads=self.heads, num_key_value_heads=self.kv_heads,
            max_position_embeddings=self.context, eos_token_id=self.eos, pad_token_id=self.pad,
        )
        if self.model_type != "olmo":
            kw |= dict(rope_theta=500000, rms_norm_eps=1e-6)
        return CLASSES[self.model_type][0](**(kw | self.extra))


def values(model, name, shape):
    """The f32 values of one tensor: norms around 1, so that a dropped one shows; the others small."""
    seed = int.from_bytes(hashlib.sha256(f"{model}/{name}".encode()).digest()[:7], "little")
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    if len(shape) == 1:
        return 1 + 0.25 * x
    return x * (0.5 if "embed" in name else 1 / math.sqrt(shape[1]))


def build(shape):
    """The model, in its dtype, in evaluation mode. The rotary frequencies stay f32, as from_pretrained leaves them."""
    model = CLASSES[shape.model_type][1](shape.config()).eval()
    for name, p in model.named_parameters():
        p.data = values(shape.name, name, tuple(p.shape)).to(DTYPES[shape.dtype])
    return model


def add_tokenizer(tokenizer, directory):
    for f in TOKENIZER_FILES:
        if (src := pathlib.Path(tokenizer) / f).exists():
            shutil.copyfile(src, pathlib.Path(directory) / f)


def save(shape, directory, tokenizer=None, **kw):
    """What save_pretrained leaves in a new directory, and the tokenizer's files beside it."""
    directory = pathlib.Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    model = build(shape)
    model.save_pretrained(directory, max_shard_size=shape.shard, **kw)
    if tokenizer:
        add_tokenizer(tokenizer, directory)
    return model
