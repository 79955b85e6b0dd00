"""OLMo-core's distributed checkpoints, and the older trainer's in the same container, read."""
import os
import pathlib
import subprocess

from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

import official
from harness import last_line, load_safetensors, load_torch, same_tensors
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
            for writer in WRITERS if shape.dtype == "f32" else WRITERS[:3:2]:
                if (self.h.peers / writer[1]).is_dir() and (self.h.peers / writer[2]).is_dir():
                    self.check_writer(shape, source, *writer)
            self.h.forget(shape)

    def check_writer(self, shape, source, name, core, python, form, ranks):
        out = self.h.work / "distributed" / f"{shape.name}-{core}-{python}-{form}-{ranks}"

        def written():
            if not out.exists():
                self.make(core, python, form, source, out, ranks)
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
            """What the official reader makes of the same files has the same tensors."""
            hf = load_safetensors(self.h.convert(written(), self.h.work / "distributed-hf"))
            if form == "torch_new":
                same_tensors(official.legacy_state(self.h.model(shape).config, hf), torch_reads(written()))
                return
            one = out.with_name(out.name + "-unsharded")
            # OLMo-core 3.0.0 on torch 2.15 makes tensors of uninitialised memory, and says nothing.
            self.make(core, python, "load" if python == "torch2150" else "unshard", written(), one, 1)
            same_tensors(official.core_state(hf), load_torch(one / "model.pt"))

        self.h.check("distributed to hf", f"{shape.name} {name}", to_hf)
        self.h.check("distributed = official", f"{shape.name} {name}", by_official)

    def make(self, core, python, form, source, out, ranks):
        p = subprocess.run([str(self.h.peers / python / "bin/python"), str(HERE / "make_distributed.py"), str(self.h.peers), core,
                            form, str(source), str(out), str(ranks)], capture_output=True, text=True, timeout=300,
                           env=os.environ | {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"})
        assert p.returncode == 0, f"make_distributed {form} fails: {last_line(p.stderr)}"


def torch_reads(step):
    """The model in a step, by torch's own loader."""
    dcp_to_torch_save(str(step / "model_and_optim"), str(step / "whole.pt"))
    return {k.removeprefix("model."): t for k, t in load_torch(step / "whole.pt").items() if k.startswith("model.")}
