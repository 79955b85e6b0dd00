"""Files against files: PyTorch archives rewritten, HF directories sharded again."""
import collections
import json
import shutil

import torch
import transformers

from harness import load_torch, same_file, same_tensors, weights

FAMILY = ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6")  # of one record set; newer versions add records
SIZES = ("64KB", "100KB", "130KB", "1MB", "5GB")


class Files:
    def __init__(self, h):
        self.h = h

    def rewrite(self, src):
        out = self.h.work / "rewritten"
        out.mkdir(exist_ok=True)
        return self.h.convert(src, out / src.name)

    def check_torch_files(self):
        """A .pt saved by torch 2.1 to 2.6 comes back byte for byte; one by a newer torch with the same tensors."""
        for f in sorted((self.h.tree / "testdata" / "torch").glob("torch-*.pt")):
            def body(_):
                back = self.rewrite(f)
                same_tensors(load_torch(back), torch.load(f, weights_only=True))
                if f.stem.removeprefix("torch-").rsplit(".", 1)[0] in FAMILY:
                    same_file(back, f)

            self.h.check("torch rewrite", f.stem, body)

        saved = self.h.work / "saved"
        saved.mkdir(exist_ok=True)
        for name, state, identical in samples():
            def body(_):
                torch.save(state, saved / f"{name}.pt")
                back = self.rewrite(saved / f"{name}.pt")
                same_tensors(load_torch(back), dict(state))
                if identical:
                    same_file(back, saved / f"{name}.pt")

            self.h.check("torch rewrite", f"{torch.__version__.split('+')[0]} {name}", body)

    def check_shards(self, shape, source):
        """HF → HF at a shard size gives the model files and the index of save_pretrained at that size.

        The order in which shards fill is the modules' own: that of transformers 4 always, and of 5 for a model that
        from_pretrained did not make. One that it did make, 5 saves in the natural order of the names.
        """
        for size in SIZES:
            def body(note):
                theirs = self.h.work / "sharded" / "theirs"
                shutil.rmtree(theirs, ignore_errors=True)
                fresh(source).save_pretrained(theirs, max_shard_size=size)
                ours = self.h.convert(source, self.h.work / "sharded" / "ours", "--max-shard-size", size)
                assert weights(ours) == weights(theirs), f"files {weights(ours)}, want {weights(theirs)}"
                for f in weights(theirs):
                    same_file(ours / f, theirs / f)
                a, b = (json.loads((d / "config.json").read_text()) for d in (ours, theirs))
                if keys := sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k)):
                    note(f"config.json differs in {', '.join(keys)}")

            self.h.check("shards", f"{shape.name} {size}", body)


def fresh(source):
    """The model of an HF directory as if it had just been trained."""
    loaded = transformers.AutoModelForCausalLM.from_pretrained(source, dtype="auto")
    model = type(loaded)(loaded.config).to(loaded.dtype)
    model.load_state_dict(loaded.state_dict())
    return model


def samples():
    """State dicts whose archives have every habit of the pickler; and whether the bytes must come back."""
    def t(*shape, dtype=torch.float32):
        n = torch.Size(shape).numel()
        return (torch.arange(n) % 100).to(dtype).reshape(shape)

    yield "dict", {"a.weight": t(3, 4), "b.weight": t(5)}, True
    yield "ordered", collections.OrderedDict([("a", t(2, 2)), ("b", t(7))]), True
    yield "dtypes", {str(d).removeprefix("torch."): t(4, 3, dtype=d) for d in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8, torch.bool)}, True
    yield "scalars", {"step": torch.tensor(3.0), "none": t(0, 4)}, True
    yield "many", {f"layers.{i}.weight": t(1 + i % 3) for i in range(1234)}, True
    yield "thousand", {f"layers.{i}.weight": t(1) for i in range(1000)}, True
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4))
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(t(*p.shape))
    yield "module", module.state_dict(), True
    shared = t(6, 4)
    yield "aliased", {"embed": shared, "head": shared, "rows": shared[2:4]}, False
    yield "strided", {"t": t(4, 6).T, "every": t(10)[::3]}, False
