"""Mistakes that conversions make, made in the files of an HF directory: with torch, safetensors and json."""
import json
import pathlib
import shutil
from dataclasses import dataclass, field
from typing import Callable

import torch
from safetensors.torch import load_file, save_file

LAYER = 2  # of four: where a fault is put that could be anywhere
NOT_RUN = "not run"  # instead of a site: the two models cannot be run side by side
UNSEEN = "unseen"  # instead of a site: the forward pass is right


class Checkpoint:
    """What is in an HF directory, to be changed."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.tensors = load_file(self.directory / "model.safetensors")
        self.config = json.loads((self.directory / "config.json").read_text())
        self.tokenizer = json.loads((self.directory / "tokenizer.json").read_text())

    def save(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self.directory, directory)
        tensors = {k: t.clone().contiguous() for k, t in self.tensors.items()}
        save_file(tensors, directory / "model.safetensors", {"format": "pt"})
        for name in ("config", "tokenizer"):
            (directory / f"{name}.json").write_text(json.dumps(getattr(self, name), indent=2, ensure_ascii=False))
        return directory

    def change(self, modules, f):
        for m in modules:
            self.tensors[at(m)] = f(self.tensors[at(m)].clone())

    def swap(self, a, b):
        t = self.tensors
        t[at(a)], t[at(b)] = t[at(b)], t[at(a)]


@dataclass
class Fault:
    name: str
    edit: Callable  # of a Checkpoint
    site: str  # the operation that first comes out wrong
    layer: int = LAYER  # and where
    # What the comparison of weights should say, and nothing besides: of each tensor that fails, of config and tokenizer.
    tensors: dict = field(default_factory=dict)
    missing: tuple = ()
    extra: tuple = ()
    config: tuple = ()
    tokenizer: tuple = ()
    verdict: str = ""  # and of all together, if it is something else


def at(module, layer=LAYER):
    return module if module.endswith(".weight") else f"model.layers.{layer}.{module}.weight"


def failing(words, *modules):
    return {at(m): words for m in modules}


Q, K, V, O = (f"self_attn.{x}_proj" for x in "qkvo")
Q_NORM, K_NORM = "self_attn.q_norm", "self_attn.k_norm"
GATE, UP, DOWN = (f"mlp.{x}_proj" for x in ("gate", "up", "down"))
ATTN_NORM, FF_NORM = "post_attention_layernorm", "post_feedforward_layernorm"
EMBED, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def faults(shape):
    """The faults that a model of this shape can have."""
    dim = shape.hidden // shape.heads
    norms = shape.model_type != "olmo"

    def interleaved(t):
        """Rows in the order of rotary pairs that lie side by side, which the first OLMo has in a GGUF."""
        return t.reshape(-1, 2, dim // 2, *t.shape[1:]).transpose(1, 2).reshape(t.shape)

    def heads_reversed(t):
        return t.reshape(-1, dim, *t.shape[1:]).flip(0).reshape(t.shape)

    def bytes_swapped(t):
        return t.view(torch.uint8).reshape(-1, 2).flip(1).contiguous().view(t.dtype).reshape(t.shape)

    kv = [K, V, K_NORM] if norms else [K, V]
    layer = [Q, K, V, O, GATE, UP, DOWN] + ([Q_NORM, K_NORM, ATTN_NORM, FF_NORM] if norms else [])

    yield Fault("transposed q_proj", lambda x: x.change([Q], lambda t: t.T), "q_proj", tensors=failing("transposed", Q))
    yield Fault("gate and up swapped", lambda x: x.swap(GATE, UP), "gate_proj", tensors=failing("swapped", GATE, UP))
    yield Fault("q and k interleaved", lambda x: x.change([Q, K], interleaved), "q_proj",
                tensors=failing("from half-split to interleaved", Q, K))
    yield Fault("kv heads reversed", lambda x: x.change(kv, heads_reversed), "k_proj", tensors=failing("heads reversed", *kv))
    yield Fault("layer duplicated", duplicate_layer, "q_proj", tensors=failing(f"values of layer {LAYER - 1}", *layer),
                verdict=f"layer {LAYER} is a copy of REF's layer {LAYER - 1}")
    yield Fault("exponent bit", lambda x: x.change([UP], flip_bit), "up_proj",
                tensors=failing("1 element changed: [48 5]", UP))
    yield Fault("row of v_proj twice", lambda x: x.change([V], lambda t: put(t, 9, t[8])), "v_proj",
                tensors=failing("row 9 is REF's row 8", V))
    yield Fault("row of down_proj × 1.01", lambda x: x.change([DOWN], lambda t: put(t, 9, t[9] * 1.01)), "down_proj",
                tensors=failing(f"row 9 of {shape.hidden} changed: scaled by 1.01", DOWN))
    yield Fault("a NaN", lambda x: x.change([O], lambda t: put(t, (9, 5), torch.nan)), "o_proj",
                tensors=failing("1 element changed: [9 5] is NaN", O))
    yield Fault("bytes swapped", lambda x: x.change([V], bytes_swapped), "v_proj", tensors=failing("bytes swapped", V))
    yield Fault("a tensor missing", lambda x: x.tensors.pop(at(O)), NOT_RUN, missing=(at(O),))
    yield Fault("a tensor too many", lambda x: x.tensors.update({at(Q, 4): torch.zeros(2, 2)}), NOT_RUN, extra=(at(Q, 4),))
    yield Fault("another shape", lambda x: x.change([O], lambda t: t[:, :-1]), NOT_RUN,
                tensors=failing(f"shape [{shape.hidden} {shape.hidden - 1}], expected [{shape.hidden} {shape.hidden}]", O))
    yield Fault("vocabulary padded", pad_vocabulary, NOT_RUN, tensors=failing("64 rows more than REF, all zeros", EMBED, HEAD),
                config=("vocab_size",))
    for key in ("eos_token_id", "bos_token_id")[:2 if "bos_token_id" in shape.extra else 1]:
        yield Fault(f"another {key}", lambda x: x.config.update({key: shape.pad}), UNSEEN, tokenizer=(key,))
    yield Fault("a merge changed", swap_merges, UNSEEN, tokenizer=("merges",))

    full = 3 if shape.model_type == "olmo3" else 0  # the first layer that sees everything
    yield Fault("rope theta", lambda x: theta(x.config["rope_parameters"]), "q_rope", full, config=("rope: theta",))
    if norms:
        yield Fault("norms swapped", lambda x: x.swap(ATTN_NORM, FF_NORM), "post_attention_layernorm",
                    tensors=failing("swapped", ATTN_NORM, FF_NORM))
        yield Fault("rms_norm_eps", lambda x: x.config.update(rms_norm_eps=1e-5), "q_norm", 0, config=("rms_norm_eps",))
    if "clip_qkv" in shape.extra:
        yield Fault("clip_qkv", lambda x: x.config.update(clip_qkv=1.25), "q_proj", 0, config=("clip_qkv",))
    if window := shape.extra.get("sliding_window"):
        yield Fault("sliding_window", lambda x: x.config.update(sliding_window=window - 1), "attn", 0,
                    config=("sliding_window",))
    if "rope_scaling" in shape.extra:
        changed = ("type", "factor", "original_max_position_embeddings")
        yield Fault("YaRN on sliding layers", scale_all_layers, "q_rope", 0,
                    config=tuple(f"rope of sliding layers: {x}" for x in changed))


def put(t, i, value):
    t[i] = value
    return t


def flip_bit(t):
    """The lowest bit of one exponent."""
    bits = t.view(torch.int16)
    bits[48, 5] ^= 1 << 7
    return t


def duplicate_layer(x):
    prefix, before = (f"model.layers.{i}." for i in (LAYER, LAYER - 1))
    for name in x.tensors:
        if name.startswith(prefix):
            x.tensors[name] = x.tensors[name.replace(prefix, before)]


def pad_vocabulary(x):
    for name in (EMBED, HEAD):
        x.tensors[name] = torch.nn.functional.pad(x.tensors[name], (0, 0, 0, 64))
    x.config["vocab_size"] += 64


def swap_merges(x):
    m = x.tokenizer["model"]["merges"]
    m[5], m[6] = m[6], m[5]


def theta(rope):
    for r in [rope] if "rope_theta" in rope else [rope["full_attention"]]:
        r["rope_theta"] = 10000.0 if r["rope_theta"] != 10000 else 500000.0


def scale_all_layers(x):
    rope = x.config["rope_parameters"]
    rope["sliding_attention"] = dict(rope["full_attention"])


def truncate(x):
    """F32 made BF16: rounded, but in one layer cut off after the upper half."""
    for name, t in x.tensors.items():
        upper = (t.view(torch.int32) >> 16).to(torch.int16).view(torch.bfloat16)
        x.tensors[name] = upper if f".{LAYER}." in name else t.bfloat16()
    x.config["dtype"] = "bfloat16"
