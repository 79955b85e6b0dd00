"""OLMo-core's distributed checkpoints, and the older trainer's in the same container, read."""
import os
import pathlib
import subprocess

import torch

import official
from harness import last_line, load_safetensors, same_tensors
from models import Shape

HERE = pathlib.Path(__file__).resolve().parent

# What writes it: the folder of OLMo-core, the Python that has its torch, the form, the number of processes.
WRITERS = (
    ("olmo-core 2.3.0, torch 2.6.0", "olmo-core", "venv", "core", 3),
    ("olmo-core 2.3.0, torch 2.6.0, flat optimizer", "olmo-core", "venv", "core-flat", 2),
    ("olmo-core 3.0.0, torch 2.15.0", "core", "torch2150", "core-flat", 3),
    ("torch_new, torch 2.1.2", "olmo-core", "torch212", "torch_new", 3),
    ("torch_new, torch 2.4.1", "olmo-core", "torch241", "torch_new", 2),
    ("torch_new, torch 2.6.0", "olmo-core", "venv", "torch_new", 3),
)


class Core:
    def __init__(self, h):
        self.h = h
        official.add_paths(h.peers)

    def check(self):
        for shape in (Shape("core-mha"), Shape("core-gqa-bf16", dtype="bf16", kv_heads=2)):
            source = self.h.source(shape, None)
            for writer in WRITERS:
                if (self.h.peers / writer[1]).is_dir() and (self.h.peers / writer[2]).is_dir():
                    self.check_writer(shape, source, *writer)
            self.h.forget(shape)

    def check_writer(self, shape, source, name, core, python, form, ranks):
        out = self.h.work / "distributed" / f"{shape.name}-{core}-{python}-{form}-{ranks}"

        def written():
            if not out.exists():
                self.write(source, out, core, python, form, ranks)
            return out

        def to_hf(note):
            """The tensors that it was made of come back, by the step and by the folder of the chunks; verify agrees."""
            want = load_safetensors(source)
            step = written()
            for src in (step, step / "model_and_optim"):
                same_tensors(load_safetensors(self.h.convert(src, self.h.work / "distributed-hf")), want)
            self.h.run("verify", source, step, "--weights")
            assert self.h.digest(step) == self.h.digest(source), "another digest"

        def by_official(note):
            """Through the official unshard of the same files: the same tensors again."""
            want = self.unsharded(written(), form)
            ours = official.core_state(load_safetensors(self.h.convert(written(), self.h.work / "distributed-hf")))
            if form == "torch_new":
                hf = load_safetensors(self.h.work / "distributed-hf")
                ours = official.legacy_state(self.h.model(shape).config, hf)
            same_tensors(ours, want)

        self.h.check("distributed to hf", f"{shape.name} {name}", to_hf)
        self.h.check("distributed = official", f"{shape.name} {name}", by_official)

    def write(self, source, out, core, python, form, ranks):
        p = subprocess.run([str(self.h.peers / python / "bin/python"), str(HERE / "make_distributed.py"), str(self.h.peers), core,
                            form, str(source), str(out), str(ranks)], capture_output=True, text=True, timeout=300,
                           env=os.environ | {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"})
        assert p.returncode == 0, f"the writer fails: {last_line(p.stderr)}"

    def unsharded(self, step, form):
        """What OLMo-core's unshard_checkpoint, which its converter begins with, makes of the model; of torch's own
        files, torch's loader."""
        if form != "torch_new":
            with official.stand_ins():
                from olmo_core.distributed.checkpoint import unshard_checkpoint
            path, _ = unshard_checkpoint(str(step / "model_and_optim"), str(step / "unsharded"), optim=False, quiet=True,
                                         save_overwrite=True)
            return torch.load(path, weights_only=True)
        from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
        dcp_to_torch_save(str(step / "model_and_optim"), str(step / "whole.pt"))
        flat = {}
        for key, t in torch.load(step / "whole.pt", weights_only=True).items():
            if key.startswith("model."):
                flat[key.removeprefix("model.")] = t
        return flat
