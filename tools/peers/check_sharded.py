"""The older trainer's sharded checkpoints, one file for every rank, read."""
import os
import pathlib
import subprocess

import torch

import official
from harness import last_line, load_safetensors, same_tensors
from models import Shape

HERE = pathlib.Path(__file__).resolve().parent

# The form, the Python that has the torch, the number of ranks, and whether OLMo's unsharder reads it there.
WRITERS = (
    ("torch_legacy", "torch1131", 3, False),
    ("torch_legacy", "torch241", 5, True),
    ("torch_legacy", "venv", 2, False),  # torch 2.6 loads no objects unless asked, and OLMo does not ask
    ("torch_legacy", "torch2150", 3, False),
    ("local", "torch1131", 3, False),
    ("local", "torch212", 5, True),
    ("olmo_core", "torch241", 5, True),
    ("olmo_core", "venv", 3, True),
)
SHAPES = (
    Shape("sharded-mha"),
    Shape("sharded-gqa-bf16", dtype="bf16", kv_heads=2, layers=3),
    Shape("sharded-olmo1-tied", "olmo", extra=dict(tie_word_embeddings=True)),
)


class Sharded:
    def __init__(self, h):
        self.h = h
        official.add_paths(h.peers)

    def check(self):
        for shape in SHAPES:
            source = self.h.source(shape, None)
            whole = self.h.work / "sharded" / shape.name / "whole"
            official.save_legacy(self.h.model(shape), whole)
            for writer in WRITERS:
                if (self.h.peers / writer[1]).is_dir() and (self.h.peers / "core01").is_dir():
                    self.check_writer(shape, source, whole, *writer)
            self.h.forget(shape)

    def check_writer(self, shape, source, whole, form, python, ranks, by_olmo):
        out = whole.parent / f"{form}-{python}"

        def written():
            if not out.exists():
                self.peer(python, form, whole, out, ranks)
            return out

        def to_hf(note):
            """The tensors that it was made of come back; digest and verify agree."""
            same_tensors(load_safetensors(self.h.convert(written(), self.h.work / "sharded-hf")), load_safetensors(source))
            self.h.run("verify", source, out, "--weights")
            assert self.h.digest(out) == self.h.digest(source), "another digest"

        def missing(note):
            """Without the last rank it is refused, and that rank is named."""
            last = next(f for f in (f"rank{ranks - 1}.pt", f"model/rank{ranks - 1}.pt", f"model/rank_{ranks - 1}.safetensors")
                        if (written() / f).exists())
            (out / last).rename(self.h.work / "set-aside")
            p = self.h.run("inspect", out, ok=(3,))
            (self.h.work / "set-aside").rename(out / last)
            assert pathlib.Path(last).name in p.stderr, last_line(p.stderr)

        def unsharder(note):
            """OLMo's own unsharder of the same files finds what olmotool makes of them."""
            self.peer(python, form, whole, written(), 0)
            want = torch.load(out / "whole.pt", weights_only=True)
            (out / "whole.pt").unlink()
            hf = load_safetensors(self.h.convert(out, self.h.work / "sharded-hf"))
            if self.h.model(shape).config.tie_word_embeddings:
                want.pop("transformer.ff_out.weight", None)
            same_tensors(official.legacy_state(self.h.model(shape).config, hf), want)

        case = f"{shape.name} {form} {python} {ranks} ranks"
        self.h.check("sharded to hf", case, to_hf)
        self.h.check("sharded, a rank missing", case, missing)
        if by_olmo:
            self.h.check("sharded = unsharder", case, unsharder)

    def peer(self, python, form, whole, out, ranks):
        p = subprocess.run([str(self.h.peers / python / "bin/python"), str(HERE / "make_sharded.py"), str(self.h.peers), form,
                            str(whole), str(out), str(ranks)], capture_output=True, text=True, timeout=300,
                           env=os.environ | {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"})
        assert p.returncode == 0, f"the peer fails: {last_line(p.stderr)}"
