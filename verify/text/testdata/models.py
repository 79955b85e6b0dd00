"""Writes models.json: perplexity and KL of models under testdata, by transformers 5.23.0 in float64.

    $OLMOTOOL_PEERS/venv/bin/python verify/text/testdata/models.py
"""
import json
import pathlib

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent
TESTDATA = HERE.parents[2] / "testdata"
CONTEXT, TOKENS = 24, 24 * 5 + 7
IDS = [(i * i * 31 + i * 7 + 11) % 500 for i in range(TOKENS)]
Q8_0 = "layouts/olmo2-mha/olmo2-mha-q8_0.gguf"
PAIRS = [("models/olmo2-mha", Q8_0), ("models/olmo2-mha", "models/olmo2-gqa"), ("models/olmo2-gqa", "models/olmo1"),
         ("models/olmo1-tied", "")]


def load(name):
    if name != Q8_0:
        return AutoModelForCausalLM.from_pretrained(TESTDATA / name, attn_implementation="eager").double().eval()
    model = load("models/olmo2-mha")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.OLMO2, model.config.num_hidden_layers)
    tensors = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(TESTDATA / name).tensors}
    for key, p in model.named_parameters():
        x = torch.tensor(tensors.pop(names.get_name(key, (".weight",))))
        assert x.shape == p.shape, key
        p.data = x.double()
    assert not tensors, tensors.keys()
    return model


def logp(name):
    """Log probabilities at the scored positions."""
    pieces = torch.tensor(IDS[:len(IDS) // CONTEXT * CONTEXT]).view(-1, CONTEXT)
    with torch.no_grad():
        return load(name)(pieces).logits[:, CONTEXT // 2:CONTEXT - 1].log_softmax(-1).flatten(0, 1).numpy()


def stat(x):
    return {"value": x.mean(), "error": x.std() / (len(x) - 1) ** 0.5}


def main():
    pieces = np.array(IDS[:len(IDS) // CONTEXT * CONTEXT]).reshape(-1, CONTEXT)
    came = pieces[:, CONTEXT // 2 + 1:].reshape(-1)
    out = []
    for ref, cand in PAIRS:
        p = logp(ref)
        np_ = np.take_along_axis(p, came[:, None], 1)[:, 0]
        report = {"scored": len(came), "nll_ref": stat(-np_)}
        if cand:
            q = logp(cand)
            nq = np.take_along_axis(q, came[:, None], 1)[:, 0]
            dp = 100 * (np.exp(nq) - np.exp(np_))
            kl = (np.exp(p) * (p - q)).sum(1)
            report |= {"nll_cand": stat(-nq), "ln_perplexity_ratio": stat(np_ - nq), "kl_mean": stat(kl), "kl_max": kl.max(),
                       "kl_quantiles": {"95": np.quantile(kl, 0.95), "1": np.quantile(kl, 0.01)},
                       "delta_p": stat(dp), "delta_p_quantiles": {"90": np.quantile(dp, 0.9), "0": dp.min()},
                       "same_top_p": {"value": 100 * (p.argmax(1) == q.argmax(1)).mean()}}
        out.append({"ref": ref, "cand": cand, "context": CONTEXT, "tokens": TOKENS, "report": report})
    (HERE / "models.json").write_text("[" + ",\n".join(map(json.dumps, out)) + "]\n")


main()
