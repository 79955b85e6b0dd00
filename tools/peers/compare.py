"""Compares olmotool with the real peers; tools/peers/run starts it. See README.md."""
import argparse
import gzip
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import torch
import transformers

from check_core import Core
from check_files import Files
from check_forward import Forward
from check_gguf import GGUF
from check_golden import Golden
from check_layouts import Layouts
from check_mean import Means
from check_search import Search
from check_sharded import Sharded
from check_soup import Soup
from check_text import Text
from check_tokens import Tokens
from check_unsharded import Unsharded
from check_verify import Verify
from harness import Harness
from models import YARN, Shape

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
DOLMA2 = dict(vocab=100352, eos=100257, pad=100277)
OLMO1 = dict(vocab=50304, eos=50279, pad=1, context=2048)
SHARD = {"f32": "12MB", "bf16": "6MB"}  # less than an embedding: every case becomes three shards or more


def shapes():
    for heads, kv in (("mha", 4), ("gqa", 2)):
        for dtype in ("f32", "bf16"):
            for files in ("single", "sharded"):
                yield Shape(f"olmo2-{heads}-{dtype}-{files}", dtype=dtype, kv_heads=kv,
                            shard="5GB" if files == "single" else SHARD[dtype], **DOLMA2)
    window = dict(sliding_window=8)
    yield Shape("olmo3-bf16", "olmo3", "bf16", layers=4, context=512, extra=window, **DOLMA2)
    yield Shape("olmo3-yarn-f32", "olmo3", layers=4, context=512, extra=window | dict(rope_scaling=dict(YARN)), **DOLMA2)
    yield Shape("olmo1-f32", "olmo", **OLMO1)
    yield Shape("olmo1-tied-bf16", "olmo", "bf16", extra=dict(tie_word_embeddings=True), **OLMO1)
    yield Shape("olmo1-tied-f32", "olmo", extra=dict(tie_word_embeddings=True), **OLMO1)
    yield Shape("olmo1-clip-bf16", "olmo", "bf16", extra=dict(clip_qkv=1.0), **OLMO1)


def tokenizers(given, work):
    """HF tokenizer directories of OLMo 2 and OLMo 1: unpacked ones, or made from allenai/OLMo's data files."""
    out = {}
    for kind, file, tiny in (("dolma2", "allenai_dolma2", "dolma2-tiny"),
                             ("olmo1", "allenai_gpt-neox-olmo-dolma-v1_5", "olmo1-tiny")):
        if (given / file / "tokenizer.json").exists():
            out[kind] = given / file
            continue
        packed = given / f"{file}.json.gz"
        if not packed.exists():
            sys.exit(f"{packed} is not there, nor {given / file}; see --tokenizers in tools/peers/README.md")
        out[kind] = work / "tokenizers" / kind
        out[kind].mkdir(parents=True)
        (out[kind] / "tokenizer.json").write_bytes(gzip.decompress(packed.read_bytes()))
        for f in ("tokenizer_config.json", "special_tokens_map.json"):
            shutil.copyfile(TREE / "testdata" / "tokenizers" / tiny / f, out[kind] / f)
    return out


def compare(h, given):
    gguf, layouts, files, tokens, text, forward = GGUF(h), Layouts(h), Files(h), Tokens(h), Text(h), Forward(h)
    # These import gguf, which must be the converter's own: GGUF has seen to that.
    from check_diff import Diff
    from check_inspect import Inspect
    from check_stats import Stats
    tok = tokenizers(given, h.work)
    files.check_torch_files()
    Inspect(h).check()
    Stats(h).check()
    Diff(h).check()
    Core(h).check()
    Sharded(h).check()
    tokens.check(tok.values())
    for name in ("olmo2-mha", "olmo2-gqa", "olmo3", "olmo1", "olmo1-tied"):
        files.check_shards(Shape(name), h.tree / "testdata" / "models" / name)
    for shape in shapes():
        tokenizer = tok["olmo1" if shape.model_type == "olmo" else "dolma2"]
        source = h.source(shape, tokenizer)
        gguf.check_converter(shape, source)
        gguf.check_llama(shape, source, tokenizer)
        layouts.check_round_trip(shape, source)
        layouts.check_torch_load(shape, source)
        layouts.check_training_code(shape, source)
        layouts.check_official_bytes(shape, source)
        layouts.check_official_script(shape, source)
        layouts.check_digest(shape, source)
        if shape.name == "olmo2-gqa-bf16-single":
            gguf.check_split(shape, source)
        if shape.name in ("olmo2-gqa-bf16-single", "olmo1-f32"):
            tokens.check_gguf(shape, source)
        if shape.name in ("olmo2-gqa-bf16-single", "olmo3-yarn-f32", "olmo1-clip-bf16"):
            text.check_kl(shape, tokenizer)
            text.check_q8_0(shape, source)
        if "sharded" not in shape.name:
            forward.check(shape, source)
        layouts.done(shape)
        h.forget(shape)
    Unsharded(h).check()
    Verify(h).check()
    Golden(h).check()
    h.check("scan = expected", "corpus", lambda note: scan(h, note))
    Soup(h).check()
    Means(h).check()
    Search(h).check()


def scan(h, note):
    """The pickles of a corpus, beside three scanners, which have an environment of their own."""
    p = subprocess.run([sys.executable, TREE / "tools" / "peers" / "check_scan.py", "--tool", h.tool,
                        "--scanners", h.peers / "scanners" / "bin" / "python"], capture_output=True, text=True)
    print(p.stdout)
    assert p.returncode == 0, (p.stdout + p.stderr).strip().splitlines()[-1]
    note(p.stdout.strip().splitlines()[-1])


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--tool", type=pathlib.Path, required=True, help="the olmotool binary")
    ap.add_argument("--peers", type=pathlib.Path, required=True, help="what tools/peers/setup made")
    ap.add_argument("--tokenizers", type=pathlib.Path, default=os.environ.get("OLMOTOOL_TOKENIZERS"),
                    help="directory of the real tokenizers (default: $OLMOTOOL_TOKENIZERS)")
    ap.add_argument("--only", default="", help="run the checks whose 'check case' contains this")
    args = ap.parse_args()
    if not args.tokenizers:
        ap.error("--tokenizers DIR or OLMOTOOL_TOKENIZERS is needed; see tools/peers/README.md")
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(prefix="olmotool-peers-") as work:
        h = Harness(args.tool.resolve(), args.peers.resolve(), TREE, pathlib.Path(work), args.only)
        compare(h, args.tokenizers.resolve())
        return h.summary()


if __name__ == "__main__":
    sys.exit(main())
