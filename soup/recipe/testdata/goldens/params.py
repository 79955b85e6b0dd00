"""Writes params.json: what mergekit takes every parameter for, by recipe, tensor and model.

Run in this directory with mergekit==0.1.5 (PyPI). Models are configs of five layers.
"""

import json
import os
import pathlib
import tempfile

import numpy
import safetensors.numpy
import transformers
import yaml
from mergekit.architecture import get_architecture_info
from mergekit.config import MergeConfiguration
from mergekit.options import MergeOptions
from mergekit.plan import MergePlanner

here = pathlib.Path(__file__).resolve().parent
recipes = {p.name: p.read_text() for p in sorted(here.glob("*.yml"))}
out = {}
with tempfile.TemporaryDirectory() as tmp:
    os.chdir(tmp)
    cfg = transformers.Olmo2Config(
        vocab_size=32, hidden_size=8, intermediate_size=16, num_hidden_layers=5, num_attention_heads=2, architectures=["Olmo2ForCausalLM"]
    )
    for name in ["a", "b", "c", "base"]:
        cfg.save_pretrained(name)
        # The head is optional: whether there is one is looked up.
        safetensors.numpy.save_file({"lm_head.weight": numpy.zeros(1)}, f"{name}/model.safetensors")
    for name, text in recipes.items():
        config = MergeConfiguration.model_validate(yaml.safe_load(text))
        options = MergeOptions()
        planner = MergePlanner(config, get_architecture_info(config, options), options, cfg)
        planner._plan()
        out[name] = {
            weight.name: {"": dict(task.parameters), **{str(m): dict(p) for m, p in task.input_parameters.items()}}
            for weight, task in planner._tensors
        }
(here / "params.json").write_text(json.dumps(out, indent=0, sort_keys=True).replace("\n", "") + "\n")
