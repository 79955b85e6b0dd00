"""The training code itself: allenai's OLMo 0.6.0 and OLMo-core, driven from Python.

They define the legacy and the core layouts, so whatever olmotool says about those is
compared with what these write and read. Their remote-storage dependencies are
replaced by empty stand-ins while they are imported: nothing here leaves the disk.
"""
import contextlib
import json
import logging
import pathlib
import shutil
import sys
import tempfile
from dataclasses import dataclass
from unittest import mock

import torch

STAND_INS = ("boto3", "botocore", "botocore.exceptions", "botocore.config", "datasets", "cached_path",
             "cached_path.schemes", "google", "google.api_core", "google.api_core.retry", "google.auth",
             "google.cloud", "importlib_resources", "bettermap", "torchao", "olmo_data", "olmo_data.data")


@contextlib.contextmanager
def stand_ins():
    before = {m: sys.modules.get(m) for m in STAND_INS}
    for m in STAND_INS:
        sys.modules[m] = mock.MagicMock()
    sys.modules["cached_path"].cached_path = lambda p, **_: pathlib.Path(p)
    try:
        yield
    finally:
        for m, was in before.items():
            sys.modules.pop(m, None) if was is None else sys.modules.__setitem__(m, was)


def add_paths(peers, core="olmo-core"):
    sys.path += [str(peers / "olmo"), str(peers / core)]
    logging.getLogger("olmo_core").setLevel(logging.ERROR)


# ---- legacy OLMo ------------------------------------------------------------

def legacy_config(c):
    """OLMo's training configuration of the model that the HF configuration c describes."""
    with stand_ins():
        from olmo.config import (ActivationType, InitFnType, LayerNormType, ModelConfig, OptimizerConfig,
                                 OptimizerType, SchedulerConfig, ShardedCheckpointerType, TokenizerConfig, TrainConfig)
    first = c.model_type == "olmo"
    rope = getattr(c, "rope_parameters", None) or {"rope_theta": c.rope_theta}
    model = ModelConfig(
        d_model=c.hidden_size, n_heads=c.num_attention_heads, n_layers=c.num_hidden_layers,
        n_kv_heads=None if c.num_key_value_heads == c.num_attention_heads else c.num_key_value_heads,
        mlp_hidden_size=2 * c.intermediate_size, clip_qkv=c.clip_qkv if first else None,
        weight_tying=c.tie_word_embeddings, rope=True, rope_theta=int(rope["rope_theta"]), flash_attention=False,
        attention_dropout=0.0, residual_dropout=0.0, embedding_dropout=0.0, include_bias=False,
        bias_for_layer_norm=False, activation_type=ActivationType.swiglu,
        layer_norm_type=LayerNormType.default if first else LayerNormType.rms, layer_norm_with_affine=not first,
        layer_norm_eps=1e-5 if first else c.rms_norm_eps,
        attention_layer_norm=not first, attention_layer_norm_with_affine=not first, norm_after=not first,
        max_sequence_length=c.max_position_embeddings, vocab_size=max(c.eos_token_id, c.pad_token_id) + 1,
        embedding_size=c.vocab_size, eos_token_id=c.eos_token_id, pad_token_id=c.pad_token_id,
        init_device="cpu", init_fn=InitFnType.normal, init_std=0.02, init_cutoff_factor=3)
    return TrainConfig(
        run_name="tiny", seed=6198, model=model,
        optimizer=OptimizerConfig(name=OptimizerType.adamw, learning_rate=4e-4, weight_decay=0.1, eps=1e-8,
                                  betas=(0.9, 0.95), decay_norm_and_bias=True),
        scheduler=SchedulerConfig(t_warmup=2000, alpha_f=0.1),
        tokenizer=TokenizerConfig(identifier=f"tokenizers/allenai_{'gpt-neox-olmo-dolma-v1_5' if first else 'dolma2'}.json"),
        save_folder="checkpoints/${run_name}", sharded_checkpointer=ShardedCheckpointerType.olmo_core,
        global_train_batch_size=512, device_train_microbatch_size=4, precision="amp_bf16", max_grad_norm=1.0)


def legacy_model(config):
    """An empty OLMo of that configuration; its forward pass is the one the weights were trained with."""
    with stand_ins():
        from olmo.model import OLMo
    return OLMo(config.model, init_params=False).eval()


def legacy_state(c, hf):
    """The legacy state dict of an HF one, in OLMo's own order: q, k, v joined, and up before gate."""
    out = {"transformer.wte.weight": hf["model.embed_tokens.weight"]}
    if c.model_type != "olmo":
        out["transformer.ln_f.weight"] = hf["model.norm.weight"]
    for i in range(c.num_hidden_layers):
        b, h = f"transformer.blocks.{i}.", f"model.layers.{i}."
        if c.model_type != "olmo":
            out[b + "k_norm.weight"] = hf[h + "self_attn.k_norm.weight"]
            out[b + "q_norm.weight"] = hf[h + "self_attn.q_norm.weight"]
        out[b + "attn_out.weight"] = hf[h + "self_attn.o_proj.weight"]
        out[b + "ff_out.weight"] = hf[h + "mlp.down_proj.weight"]
        out[b + "att_proj.weight"] = torch.cat([hf[f"{h}self_attn.{x}_proj.weight"] for x in "qkv"])
        out[b + "ff_proj.weight"] = torch.cat([hf[f"{h}mlp.{x}_proj.weight"] for x in ("up", "gate")])
        if c.model_type != "olmo":
            out[b + "attn_norm.weight"] = hf[h + "post_attention_layernorm.weight"]
            out[b + "ff_norm.weight"] = hf[h + "post_feedforward_layernorm.weight"]
    if not c.tie_word_embeddings:
        out["transformer.ff_out.weight"] = hf["lm_head.weight"]
    return out


def hf_from_legacy(c, state):
    """The other way round: what the official convert_olmo2_weights_to_hf.py makes of a model.pt."""
    kv = c.num_key_value_heads * (c.hidden_size // c.num_attention_heads)
    out = {"model.embed_tokens.weight": state["transformer.wte.weight"]}
    for i in range(c.num_hidden_layers):
        b, h = f"transformer.blocks.{i}.", f"model.layers.{i}."
        parts = state[b + "att_proj.weight"].split([c.hidden_size, kv, kv])
        out |= {f"{h}self_attn.{x}_proj.weight": t for x, t in zip("qkv", parts)}
        parts = state[b + "ff_proj.weight"].chunk(2)
        out |= {f"{h}mlp.{x}_proj.weight": t for x, t in zip(("up", "gate"), parts)}
        out[h + "self_attn.o_proj.weight"] = state[b + "attn_out.weight"]
        out[h + "mlp.down_proj.weight"] = state[b + "ff_out.weight"]
        if c.model_type != "olmo":
            for x, y in (("q_norm", "self_attn.q_norm"), ("k_norm", "self_attn.k_norm"),
                         ("attn_norm", "post_attention_layernorm"), ("ff_norm", "post_feedforward_layernorm")):
                out[f"{h}{y}.weight"] = state[f"{b}{x}.weight"]
    if c.model_type != "olmo":
        out["model.norm.weight"] = state["transformer.ln_f.weight"]
    if not c.tie_word_embeddings:
        out["lm_head.weight"] = state["transformer.ff_out.weight"]
    return out


def save_legacy(hf_model, directory, safetensors=False):
    """An unsharded legacy checkpoint as OLMo's trainer leaves it, or as its unsharder with --safe-tensors; returns
    the OLMo module."""
    config = legacy_config(hf_model.config)
    model = legacy_model(config).to(hf_model.dtype)
    model.load_state_dict(legacy_state(hf_model.config, hf_model.state_dict()), strict=True)
    with stand_ins():
        from olmo.checkpoint import save_state_dict
        from olmo.safetensors_util import state_dict_to_safetensors_file
    directory = pathlib.Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    if safetensors:
        directory.mkdir(parents=True)
        state_dict_to_safetensors_file(model.state_dict(), directory / "model.safetensors")
    else:
        save_state_dict(directory, "model.pt", model.state_dict(), synchronize=False)
    config.save(directory / "config.yaml")
    return model


# ---- OLMo-core --------------------------------------------------------------

def core_config(c):
    """OLMo-core's TransformerConfig of the model that the HF configuration c (olmo2) describes."""
    with stand_ins():
        from olmo_core.nn.transformer import TransformerBlockType, TransformerConfig
    rope = getattr(c, "rope_parameters", None) or {"rope_theta": c.rope_theta}
    config = TransformerConfig.llama_like(
        d_model=c.hidden_size, vocab_size=c.vocab_size, n_layers=c.num_hidden_layers, n_heads=c.num_attention_heads,
        n_kv_heads=None if c.num_key_value_heads == c.num_attention_heads else c.num_key_value_heads,
        rope_theta=int(rope["rope_theta"]), layer_norm_eps=c.rms_norm_eps, qk_norm=True, fused_ops=False,
        use_flash=False, block_name=TransformerBlockType.reordered_norm)
    config.block.feed_forward.hidden_size = c.intermediate_size
    return config


def core_experiment(model, c):
    """The configuration that the config saver writes beside a checkpoint, with OLMo-core's own classes."""
    with stand_ins():
        from olmo_core.config import Config, DType
        from olmo_core.data import NumpyDataLoaderConfig, NumpyFSLDatasetConfig, TokenizerConfig
        from olmo_core.distributed.parallel import DataParallelType
        from olmo_core.optim import AdamWConfig, CosWithWarmup, OptimGroupOverride
        from olmo_core.train import TrainerConfig
        from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig

    @dataclass
    class ExperimentConfig(Config):
        model: object
        dataset: object
        data_loader: object
        trainer: object
        train_module: object
        init_seed: int = 12536

    tokenizer = TokenizerConfig(vocab_size=max(c.eos_token_id, c.pad_token_id) + 1, eos_token_id=c.eos_token_id,
                                pad_token_id=c.pad_token_id, identifier="allenai/dolma2-tokenizer")
    config = ExperimentConfig(
        model=model,
        dataset=NumpyFSLDatasetConfig(paths=["data/part-0-00000.npy"], tokenizer=tokenizer,
                                      sequence_length=c.max_position_embeddings, work_dir="dataset-cache"),
        data_loader=NumpyDataLoaderConfig(global_batch_size=512 * c.max_position_embeddings, seed=34521, num_workers=4),
        train_module=TransformerTrainModuleConfig(
            rank_microbatch_size=2 * c.max_position_embeddings, max_sequence_length=c.max_position_embeddings,
            optim=AdamWConfig(lr=4e-4, weight_decay=0.1, betas=(0.9, 0.95), group_overrides=[
                OptimGroupOverride(params=["embeddings.weight"], opts={"weight_decay": 0.0})]),
            compile_model=True, z_loss_multiplier=1e-5, max_grad_norm=1.0, scheduler=CosWithWarmup(warmup_steps=2000),
            dp_config=TransformerDataParallelConfig(name=DataParallelType.fsdp, param_dtype=DType.bfloat16,
                                                    reduce_dtype=DType.float32)),
        trainer=TrainerConfig(save_folder="checkpoints/tiny", save_overwrite=True, metrics_collect_interval=10,
                              cancel_check_interval=10))
    out = config.as_config_dict()
    out["_CLASS_"] = "__main__.ExperimentConfig"  # the training scripts define theirs in __main__
    return out


CORE_NAMES = (  # HF, OLMo-core
    ("model.embed_tokens", "embeddings"), ("model.norm", "lm_head.norm"), ("lm_head", "lm_head.w_out"),
    ("self_attn.q_proj", "attention.w_q"), ("self_attn.k_proj", "attention.w_k"), ("self_attn.v_proj", "attention.w_v"),
    ("self_attn.o_proj", "attention.w_out"), ("self_attn.q_norm", "attention.q_norm"),
    ("self_attn.k_norm", "attention.k_norm"), ("post_attention_layernorm", "attention_norm"),
    ("mlp.gate_proj", "feed_forward.w1"), ("mlp.down_proj", "feed_forward.w2"), ("mlp.up_proj", "feed_forward.w3"),
    ("post_feedforward_layernorm", "feed_forward_norm"))


def core_state(hf):
    names = dict(CORE_NAMES)
    out = {}
    for name, t in hf.items():
        stem, layer = name.removesuffix(".weight"), ""
        if stem.startswith("model.layers."):
            _, _, i, stem = stem.split(".", 3)
            layer = f"blocks.{i}."
        out[f"{layer}{names[stem]}.weight"] = t
    return out


def save_core(hf_model, directory, safetensors=False, strategy=None):
    """An unsharded export as OLMo-core makes it from a distributed checkpoint, in one file, or with a strategy of
    ("one_file_per_tensor",) or ("chunks", bytes) in several; returns the module."""
    c = hf_model.config
    config = core_config(c)
    model = config.build(init_device="cpu").to(hf_model.dtype).eval()
    model.load_state_dict(core_state(hf_model.state_dict()), strict=True)
    with stand_ins():
        from olmo_core.distributed.checkpoint import UnshardStrategy, save_model_and_optim_state, unshard_checkpoint
    directory = pathlib.Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    with tempfile.TemporaryDirectory() as tmp:
        save_model_and_optim_state(f"{tmp}/model_and_optim", model)
        unshard_checkpoint(f"{tmp}/model_and_optim", directory, optim=False, use_safetensors=safetensors, quiet=True,
                           unshard_strategy=strategy and getattr(UnshardStrategy, strategy[0])(*strategy[1:]))
    (directory / "config.json").write_text(json.dumps(core_experiment(config, c)))
    return model
