"""Makes the goldens beside it with the real transformers, eager attention on a CPU.

    $OLMOTOOL_PEERS/venv/bin/python verify/forward/testdata/make.py

MODEL.safetensors: what testdata/models/MODEL says to input_ids [T], at positions [P].
    logits_f32, logits_f64, logits_bf16  transformers 5.23.0 in that dtype; 4.57.6 computes the same bits, or this fails
    logits_exact                         float64 throughout: transformers' own f64 rounds norms, softmax, cos and sin to
                                         float32. Here only the rotary tables are float32, and they correctly rounded
    blocks_bf16 [P, layers, hidden]      the output of each block in bfloat16
    logits_5_12_1                        of olmo3, last position: see again
MODEL-sites.safetensors: what every operation of the first block returns in bfloat16, for a few tokens. The keys are
    the sites of the package, and "input"; a row is a token, heads lie side by side.
rope.safetensors: inverse frequencies, and cosines and sines at some positions, of ROPES.

transformers 4.57.6 is expected in $OLMOTOOL_PEERS/transformers4, where tools/peers/setup puts it; 5.12.1 in
$OLMOTOOL_PEERS/transformers-5.12.1:

    pip install --no-deps --target $OLMOTOOL_PEERS/transformers-5.12.1 transformers==5.12.1 huggingface_hub==1.5.0 \
        tokenizers==0.22.1 httpx httpcore h11 anyio idna certifi sniffio
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).resolve().parent
TESTDATA = HERE.parent.parent.parent / "testdata"
PEERS = pathlib.Path(os.environ.get("OLMOTOOL_PEERS") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "olmotool-peers")
DTYPES = {"f32": torch.float32, "f64": torch.float64, "bf16": torch.bfloat16}

# Tokens, and positions that are kept. olmo3 has a window of 8, and was "trained" with 64 positions.
MODELS = {"olmo1": (24, [23]), "olmo1-tied": (24, [23]), "olmo2-mha": (24, [23]), "olmo2-gqa": (24, [11, 23]),
          "olmo3": (80, [40, 79])}
SITES = {"olmo1": 8, "olmo2-gqa": 8}

# Rotary embeddings: those of the OLMo 3 releases, and such that other branches are taken. Head dim, theta, scaling.
YARN = {"rope_type": "yarn", "beta_fast": 32, "beta_slow": 1}
ROPES = {
    "plain": (128, 500000.0, None),
    "released": (128, 500000.0, YARN | {"factor": 8.0, "original_max_position_embeddings": 8192,
                                        "attention_factor": 1.2079441541679836}),
    "linear": (20, 10000.0, {"rope_type": "linear", "factor": 4.0}),
    "yarn-default-factor": (24, 10000.0, YARN | {"factor": 4.0, "original_max_position_embeddings": 128}),
    "yarn-short-context": (16, 10000.0, YARN | {"factor": 3.0, "original_max_position_embeddings": 5}),
    "yarn-one-step": (16, 10000.0, YARN | {"factor": 8.0, "original_max_position_embeddings": 64,
                                           "beta_fast": 4, "beta_slow": 3}),
}
POSITIONS = [1, 4095, 8191, 65535]


def ids(n, seed):
    return torch.randint(0, 576, (1, n), generator=torch.Generator().manual_seed(seed))


def load(name, dtype, spelling=""):
    """The model; spelling is that of config.json for another version of transformers."""
    with tempfile.TemporaryDirectory() as d:
        shutil.copytree(TESTDATA / "models" / name, d, dirs_exist_ok=True)
        if spelling:
            shutil.copyfile(TESTDATA / "configs" / f"{name}-{spelling}.json", f"{d}/config.json")
        model = transformers.AutoModelForCausalLM.from_pretrained(d, attn_implementation="eager", dtype=dtype)
        return model.eval()


class Wide:
    """The module torch for a model's code in which float32 is float64, and cos and sin are rounded once."""
    float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


def exact(name, tokens):
    model = load(name, torch.float64)
    code = sys.modules[type(model).__module__]
    cos, sin = torch.Tensor.cos, torch.Tensor.sin
    code.torch = Wide()
    torch.Tensor.cos, torch.Tensor.sin = (lambda x, f=f: f(x.double()).to(x.dtype) for f in (cos, sin))
    try:
        return model(tokens).logits
    finally:
        code.torch, torch.Tensor.cos, torch.Tensor.sin = torch, cos, sin


def goldens(out):
    for seed, (name, (n, keep)) in enumerate(MODELS.items()):
        tokens = ids(n, seed)
        t = {"input_ids": tokens[0], "positions": torch.tensor(keep)}
        for d, dtype in DTYPES.items():
            t[f"logits_{d}"], blocks = run_blocks(load(name, dtype), tokens, keep)
            if d == "bf16":
                t["blocks_bf16"] = blocks
        t["logits_exact"] = exact(name, tokens)[0, keep]
        other = load_file(run("transformers4", "again", name))
        for d in DTYPES:
            assert torch.equal(t[f"logits_{d}"], other[d]), f"{name} {d}: 5.23.0 and 4.57.6 differ"
        if name == "olmo3":
            t["logits_5_12_1"] = load_file(run("transformers-5.12.1", "again", name))["f32"][-1].clone()
        save(t, out / f"{name}.safetensors")
    for name, n in SITES.items():
        save(sites(name, ids(n, 100)), out / f"{name}-sites.safetensors")
    save(ropes(), out / "rope.safetensors")


def save(tensors, path):
    save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata=VERSIONS)
    path.chmod(0o644)


def run_blocks(model, tokens, keep):
    """The logits and the output of each block, of the positions that are kept."""
    blocks = []
    for layer in model.model.layers:
        layer.register_forward_hook(lambda _m, _in, y: blocks.append((y[0] if isinstance(y, tuple) else y)[0, keep]))
    return model(tokens).logits[0, keep], torch.stack(blocks, 1)


def sites(name, tokens):
    """The results of the operations of the first block, by hooks and by what its functions are given."""
    model, t = load(name, torch.bfloat16), {}
    code, layer = sys.modules[type(model).__module__], model.model.layers[0]
    flat = lambda x: x[0].transpose(0, 1).flatten(1)  # [1, heads, T, d] to [T, heads·d]

    def keep(key, x):
        if key not in t:  # else it is of a later block
            t[key] = x.clone()

    olmo1 = name.startswith("olmo1")
    modules = {"q_proj": layer.self_attn.q_proj, "k_proj": layer.self_attn.k_proj, "v_proj": layer.self_attn.v_proj,
               "o_proj": layer.self_attn.o_proj, "gate_proj": layer.mlp.gate_proj, "up_proj": layer.mlp.up_proj,
               "down_proj": layer.mlp.down_proj}
    if olmo1:
        modules |= {"input_layernorm": layer.input_layernorm, "pre_feedforward_layernorm": layer.post_attention_layernorm}
    else:
        modules |= {"q_norm": layer.self_attn.q_norm, "k_norm": layer.self_attn.k_norm,
                    "post_attention_layernorm": layer.post_attention_layernorm,
                    "post_feedforward_layernorm": layer.post_feedforward_layernorm}
    clipped = ("q_proj", "k_proj", "v_proj") if olmo1 else ()  # in place, after the module returned
    for key, m in modules.items():
        if key not in clipped:
            m.register_forward_hook(lambda _m, _in, y, key=key: keep(key, y[0]))
    layer.register_forward_pre_hook(lambda _m, args: keep("input", args[0][0]))
    layer.self_attn.o_proj.register_forward_pre_hook(lambda _m, args: keep("attn", args[0][0]))
    after_attention = layer.post_attention_layernorm if olmo1 else layer.mlp
    after_attention.register_forward_pre_hook(lambda _m, args: keep("attention_residual", args[0][0]))
    layer.mlp.down_proj.register_forward_pre_hook(lambda _m, args: keep("act", args[0][0]))
    layer.register_forward_hook(lambda _m, _in, y: keep("output", (y[0] if isinstance(y, tuple) else y)[0]))

    rotary, attention = code.apply_rotary_pos_emb, code.eager_attention_forward

    def watch_rotary(q, k, *args, **kw):
        if olmo1:
            keep("q_proj", flat(q)), keep("k_proj", flat(k))
        q, k = rotary(q, k, *args, **kw)
        keep("q_rope", flat(q)), keep("k_rope", flat(k))
        return q, k

    def watch_attention(module, q, k, v, mask, scaling, **kw):
        if olmo1:
            keep("v_proj", flat(v))
        scores = torch.matmul(q, code.repeat_kv(k, module.num_key_value_groups).transpose(2, 3)) * scaling
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        keep("scores", flat(scores.masked_fill(~seen, -torch.inf)))
        y, probs = attention(module, q, k, v, mask, scaling=scaling, **kw)
        keep("probs", flat(probs))
        return y, probs

    code.apply_rotary_pos_emb, code.eager_attention_forward = watch_rotary, watch_attention
    try:
        model(tokens)
    finally:
        code.apply_rotary_pos_emb, code.eager_attention_forward = rotary, attention
    return t


def ropes():
    """By the rotary module of OLMo 2; that of OLMo 3 is the same, once for each type of layer."""
    from transformers.models.olmo2.modeling_olmo2 import Olmo2RotaryEmbedding
    t = {"positions": torch.tensor(POSITIONS)}
    for name, (dim, theta, scaling) in ROPES.items():
        config = transformers.Olmo2Config(hidden_size=dim, num_attention_heads=1, num_key_value_heads=1,
                                          rope_theta=theta, rope_scaling=scaling, max_position_embeddings=65536)
        rotary = Olmo2RotaryEmbedding(config)
        cos, sin = rotary(torch.zeros(1), torch.tensor([POSITIONS]))
        t |= {f"{name}.turn": rotary.inv_freq, f"{name}.cos": cos[0, :, :dim // 2], f"{name}.sin": sin[0, :, :dim // 2]}
    return t


def run(version, *args):
    """This script under another version of transformers; the file that it writes."""
    out = pathlib.Path(tempfile.mkdtemp()) / "logits.safetensors"
    subprocess.run([sys.executable, __file__, *args, out], check=True,
                   env=os.environ | {"PYTHONPATH": str(PEERS / version)})
    return out


def again(name, out):
    """The logits of a version that expects transformers 4's spelling of config.json.

    5.0.0 to 5.12.1 have one table of rotary embeddings for all layers of OLMo 3 and so apply YaRN, which the model
    has on full-attention layers only, to the sliding ones too (5.12.1 reads the spelling of 5.13.0 as no scaling and
    a theta of 10000). Its logits are kept to show what that does.
    """
    seed = list(MODELS).index(name)
    n, keep = MODELS[name]
    save({d: load(name, dtype, "transformers4")(ids(n, seed)).logits[0, keep] for d, dtype in DTYPES.items()},
         pathlib.Path(out))


# One key: of several, safetensors chooses the order anew each time.
VERSIONS = {"made_by": f"transformers {transformers.__version__}, torch {torch.__version__}, eager attention, 2 threads, "
                       f"{torch.backends.cpu.get_cpu_capability()}"}

torch.set_num_threads(2)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
with torch.no_grad():
    if sys.argv[1:2] == ["again"]:
        again(*sys.argv[2:])
    else:
        goldens(HERE)
