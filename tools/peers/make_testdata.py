"""Makes testdata/{models,layouts,configs} with the real peers; see testdata/README.md for what each is.

    $OLMOTOOL_PEERS/venv/bin/python tools/peers/make_testdata.py

Every run writes the same bytes. The tokenizers must be there already
(testdata/tokenizers/make.py). Each layout is written by the software that
defines it, and the models that training code wrote compute the logits of the
Hugging Face one before anything is put in place.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TESTDATA = HERE.parent.parent / "testdata"
PEERS = pathlib.Path(os.environ.get("OLMOTOOL_PEERS") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "olmotool-peers")

import torch  # noqa: E402
import transformers  # noqa: E402

from models import YARN, Shape, build, save  # noqa: E402

VERSION = transformers.__version__.split(".")[0]

DOLMA2, OLMO1 = dict(eos=513, pad=533), dict(eos=539, pad=1, context=2048)

# By the major version of transformers that saves them.
MODELS = {
    "4": [
        Shape("olmo2-mha", hidden=32, **DOLMA2),
    ],
    "5": [
        Shape("olmo2-gqa", dtype="bf16", kv_heads=2, shard="100KB", **DOLMA2),
        Shape("olmo3", "olmo3", "bf16", layers=4, intermediate=64, context=512,
              extra={"sliding_window": 8, "rope_scaling": dict(YARN)}, **DOLMA2),
        Shape("olmo1", "olmo", "bf16", extra={"clip_qkv": 1.0}, **OLMO1),
        Shape("olmo1-tied", "olmo", "bf16", extra={"tie_word_embeddings": True}, **OLMO1),
    ],
}


def tokenizer(shape):
    return TESTDATA / "tokenizers" / ("olmo1-tiny" if shape.model_type == "olmo" else "dolma2-tiny")


def release_config(path):
    """The spelling of the releases, which transformers before 4.56 saved."""
    config = json.loads(path.read_text())
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.47.0"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def hf_models(out):
    for shape in MODELS[VERSION]:
        save(shape, out / shape.name, tokenizer(shape))
        if VERSION == "4":
            release_config(out / shape.name / "config.json")


def hf_bin(shape, out):
    """Only transformers 4 still writes it."""
    save(shape, out, tokenizer(shape), safe_serialization=False)
    release_config(out / "config.json")


def training_layouts(shape, out):
    import official
    official.add_paths(PEERS)
    model, ids = build(shape), torch.arange(1, 60)[None]
    with torch.no_grad():
        want = model(ids).logits
        for other in (
            official.save_legacy(model, out / "olmo"),
            official.save_legacy(model, out / "olmo-safetensors", safetensors=True),
            official.save_core(model, out / "olmo-core-unsharded"),
            official.save_core(model, out / "olmo-core-unsharded-safetensors", safetensors=True),
            official.save_core(model, out / "olmo-core-unsharded-tensors", strategy=("one_file_per_tensor",)),
            official.save_core(model, out / "olmo-core-unsharded-chunks", safetensors=True, strategy=("chunks", 100_000)),
        ):
            got = other(ids)
            torch.testing.assert_close(getattr(got, "logits", got), want, rtol=1e-5, atol=1e-5)


def distributed(source, out):
    """But for an id of each save, the same bytes again."""
    for form, layout in (("core-small", "olmo-core"), ("torch_new", "olmo-sharded-torch")):
        subprocess.run([sys.executable, HERE / "make_distributed.py", PEERS, "olmo-core", form, source, out / layout, "2"], check=True)


def ggufs(shape, source, out):
    from converter import Converter
    convert = Converter(PEERS)
    for outtype in ("bf16", "q8_0"):
        convert(source / shape.name, out / f"{shape.name}-{outtype}.gguf", outtype, pretokenizer="dbrx")


def configs(out):
    """config.json of each model in the spellings of transformers 4 and 5."""
    out.mkdir(exist_ok=True)
    for shape in MODELS["4"] + MODELS["5"]:
        with tempfile.TemporaryDirectory() as tmp:
            save(shape, tmp)
            shutil.copyfile(f"{tmp}/config.json", out / f"{shape.name}-transformers{VERSION}.json")


def put_in_place(made):
    """One mode for all files (safetensors makes them readable by the owner only), then replace the old trees."""
    for p in made.rglob("*"):
        p.chmod(0o755 if p.is_dir() else 0o644)
    for tree in made.iterdir():
        shutil.rmtree(TESTDATA / tree.name, ignore_errors=True)
        shutil.move(tree, TESTDATA / tree.name)


def make(out):
    shape = MODELS["4"][0]
    layouts = out / "layouts" / shape.name
    hf_models(out / "models")
    configs(out / "configs")
    if VERSION == "4":
        hf_bin(shape, layouts / "hf-bin")
        return
    training_layouts(shape, layouts)
    distributed(out / "models" / shape.name, layouts)
    ggufs(shape, out / "models", layouts)


def main():
    if len(sys.argv) > 1:  # this script's own second run, under transformers 4
        return make(pathlib.Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run([sys.executable, __file__, tmp], check=True,
                       env=os.environ | {"PYTHONPATH": str(PEERS / "transformers4")})
        make(pathlib.Path(tmp))
        put_in_place(pathlib.Path(tmp))


main()
