"""Merges with mergekit, by its own Python: run_mergekit.py JOBS, a JSON list of {config, out, truth}.

config is a recipe; out gets what mergekit-yaml writes of it. truth, if given, is {method, models, base, params,
model_params, file}: file gets what the method's function makes of the same weights as float64.
"""
import json
import logging
import sys
import warnings

import torch
import yaml
from safetensors.torch import load_file, save_file

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

from mergekit.config import MergeConfiguration  # noqa: E402
from mergekit.merge import run_merge  # noqa: E402
from mergekit.merge_methods.api import merge_tensors  # noqa: E402
from mergekit.options import MergeOptions  # noqa: E402


def merge(config, out):
    with open(config, encoding="utf-8") as f:
        source = f.read()
    options = MergeOptions(write_model_card=False, copy_tokenizer=False, random_seed=1, quiet=True)
    options.apply_global_options()
    run_merge(MergeConfiguration.model_validate(yaml.safe_load(source)), out, options=options, config_source=source)


def truth(method, models, base, params, model_params, file):
    paths = [*models, *([base] if base else [])]
    weights = [load_file(f"{p}/model.safetensors") for p in paths]
    parameters = params | {k: dict(zip(models, v)) for k, v in model_params.items()}
    out = {}
    for name in weights[0]:
        tensors = [w[name].double() for w in weights]
        out[name] = merge_tensors(tensors, method, parameters=parameters, ids=paths,
                                  base_index=len(models) if base else None, name=name).contiguous()
    save_file(out, file)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        jobs = json.load(f)
    for job in jobs:
        merge(job["config"], job["out"])
        if job["truth"]:
            truth(**job["truth"])


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
