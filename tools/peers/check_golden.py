"""`olmotool verify --golden` with logits that transformers recorded; and what verify cannot read."""
import functools
import shutil

import torch
import transformers
from safetensors.torch import save_file

import faults
from check_forward import DTYPES
from check_verify import MODELS, answer, source
from harness import last_line


class Golden:
    def __init__(self, h):
        self.h = h
        self.file = h.work / "golden.safetensors"

    def check(self):
        for shape in MODELS:
            for dtype in DTYPES:
                self.check_recorded(shape, source(self.h, shape), dtype)
        self.check_models()
        self.check_files()

    def check_recorded(self, shape, ref, dtype):
        """Accepted; with one logit or two tokens changed, or of other weights, not.

        In bf16 transformers' own logits are off by up to a tenth of a standard deviation, so what is changed is more.
        """
        exact = dtype != "bf16"
        ids = torch.randint(0, shape.vocab, (2, 64), generator=torch.Generator().manual_seed(64))

        @functools.cache
        def logits():
            model = transformers.AutoModelForCausalLM.from_pretrained(
                ref, attn_implementation="eager", dtype=DTYPES[dtype])
            with torch.no_grad():
                return model.eval()(ids).logits

        def one_logit():
            changed = logits().clone()
            changed[1, 40, 77] += (0.01 if exact else 1) * logits().std()
            return ref, ids, changed

        def two_tokens():
            changed = ids.clone()
            changed[0, [20, 21]] = ids[0, [21, 20]]
            return ref, changed, logits()

        def other_weights():
            name = "row of down_proj × 1.01" if exact else "gate and up swapped"
            files = faults.Checkpoint(ref)
            next(f for f in faults.faults(shape) if f.name == name).edit(files)
            return files.save(self.h.work / "other"), ids, logits()

        for name, status, make in (("as recorded", 0, lambda: (ref, ids, logits())), ("one logit", 1, one_logit),
                                   ("two tokens", 1, two_tokens), ("other weights", 1, other_weights)):
            def body(_):
                directory, tokens, values = make()
                save_file({"input_ids": tokens, "logits": values}, self.file)
                answer(self.h, status, directory, "--golden", self.file)

            self.h.check("verify golden", f"{shape.name} {dtype} {name}", body)

    def check_models(self):
        """Exit status 3 for what cannot be read, on either side."""
        ref = source(self.h, MODELS[0])
        for name, change in {
            "absent": shutil.rmtree,
            "weights cut off": lambda d: (d / "model.safetensors").write_bytes((ref / "model.safetensors").read_bytes()[:-1]),
            "weights of junk": lambda d: (d / "model.safetensors").write_bytes(b"\0" * 64),
            "no weights": lambda d: (d / "model.safetensors").unlink(),
            "config of junk": lambda d: (d / "config.json").write_text("{"),
        }.items():
            bad = self.h.work / "unreadable"
            for side, pair in (("REF", (bad, ref)), ("CAND", (ref, bad))):
                def body(_):
                    shutil.copytree(ref, bad, dirs_exist_ok=True)
                    change(bad)
                    self.refused(bad, *pair)

                self.h.check("verify refused", f"{side} {name}", body)

    def check_files(self):
        ref, vocab = source(self.h, MODELS[0]), MODELS[0].vocab
        ids, logits, nan = torch.zeros(1, 4, dtype=torch.int64), torch.zeros(1, 4, vocab), torch.zeros(1, 4, vocab)
        nan[0, 2, 5] = torch.nan
        for name, tensors in {
            "another vocabulary": dict(input_ids=ids, logits=logits[..., 1:]),
            "an id beyond the vocabulary": dict(input_ids=ids + vocab, logits=logits),
            "a negative id": dict(input_ids=ids - 1, logits=logits),
            "ids of F32": dict(input_ids=ids.float(), logits=logits),
            "more ids than logits": dict(input_ids=torch.zeros(1, 5, dtype=torch.int64), logits=logits),
            "ids without a batch": dict(input_ids=ids[0], logits=logits),
            "no tokens": dict(input_ids=ids[:, :0], logits=logits[:, :0]),
            "no ids": dict(logits=logits),
            "no logits": dict(input_ids=ids),
            "a NaN": dict(input_ids=ids, logits=nan),
        }.items():
            def body(_):
                save_file({k: t.contiguous() for k, t in tensors.items()}, self.file)
                self.refused(self.file, ref, "--golden", self.file)

            self.h.check("verify refused", f"golden with {name}", body)

    def refused(self, named, *args):
        p = self.h.run("verify", *args, "--json", ok=(3,))
        said = last_line(p.stderr)
        assert not p.stdout and said.startswith("error: ") and str(named) in said, f"says {said}"
