"""The forward pass: olmotool's logits beside those of transformers and of llama.cpp."""
import pathlib
import subprocess

import torch
import transformers
from safetensors.torch import load_file

from converter import LLAMA

TOKENS = 80  # more than olmo3's window, 8, and than the context that its YaRN extends, 64
DTYPES = {"f32": torch.float32, "f64": torch.float64, "bf16": torch.bfloat16}
# relRMS to llama.cpp's logits. In f32 its keys, values and sums are, too. Before a product it rounds activations to the
# type of the weights, or for q8_0 to 8 bits: 2e-3 and 4e-3 of each product, which a tiny model adds up.
LLAMA_TOLERANCE = {"f32": 1e-5, "bf16": 2e-2, "q8_0": 4e-2}


class Forward:
    def __init__(self, h):
        self.h = h
        self.llama = h.work / "llama-logits"

    def check(self, shape, source):
        ids = torch.randint(0, shape.vocab, (1, TOKENS), generator=torch.Generator().manual_seed(len(shape.name)))
        tokens = self.h.work / "tokens.txt"
        tokens.write_text(" ".join(map(str, ids[0].tolist())))
        self.theirs = {}
        self.check_transformers(shape, source, ids, tokens)
        self.check_llama(shape, source, tokens)

    def check_transformers(self, shape, source, ids, tokens):
        """In f32 and in f64 as near to transformers' f64 as its own f32 is, and f64 nearer; in bf16 as far from it.

        In f64, transformers still rounds norms and softmax to f32, so that much remains. In bf16 one rounding that
        falls otherwise changes a share of all that follows, so equal elements are counted, and not demanded.
        """
        def f32(note):
            got, want, truth = self.ours(source, tokens, "f32"), self.their(source, ids, "f32"), self.their(source, ids, "f64")
            own = rel(want, truth)
            note(f"to its f64 {rel(got, truth):.2g}, its f32 {own:.2g}; to its f32 {rel(got, want):.2g}, max {largest(got, want):.2g}")
            assert rel(got, want) < 1e-5, f"relRMS {rel(got, want):.2g}"
            assert rel(got, truth) < 1.5 * own, f"relRMS to its f64 {rel(got, truth):.2g}, its f32 {own:.2g}"

        def f64(note):
            got, truth = self.ours(source, tokens, "f64"), self.their(source, ids, "f64")
            own = rel(self.their(source, ids, "f32"), truth)
            note(f"to its f64 {rel(got, truth):.2g}, its f32 {own:.2g}")
            assert rel(got, truth) < own

        def bf16(note):
            got, want, truth = self.ours(source, tokens, "bf16"), self.their(source, ids, "bf16"), self.their(source, ids, "f64")
            own = rel(want, truth)
            share = (got == want).double().mean().item()
            note(f"{100 * share:.2f} % of the elements equal; to its f64 {rel(got, truth):.3g}, its bf16 {own:.3g}")
            assert 0.9 * own < rel(got, truth) < 1.1 * own and rel(got, want) < own

        for dtype, body in (("f32", f32), ("f64", f64), ("bf16", bf16)):
            self.h.check("logits", f"{shape.name} {dtype}", body)

    def check_llama(self, shape, source, tokens):
        """The GGUF of the model: our logits are those of the model, bit for bit where it has the same weights; and
        llama.cpp's logits of the same file are ours but for its own arithmetic."""
        for outtype, limit in LLAMA_TOLERANCE.items():
            def body(note):
                file = self.h.convert(source, self.h.work / "logits.gguf", "--dtype", outtype)
                got, want = self.ours(file, tokens, "f32"), self.by_llama(file, tokens, shape.vocab)
                if outtype in ("f32", shape.dtype):
                    assert torch.equal(got, self.ours(source, tokens, "f32")), "our logits of the GGUF and of the model differ"
                note(f"relRMS {rel(got, want):.2g}, max {largest(got, want):.2g}")
                assert rel(got, want) < limit, f"relRMS {rel(got, want):.2g}"

            self.h.check("logits of llama.cpp", f"{shape.name} {outtype}", body)

    def ours(self, path, tokens, dtype):
        out = self.h.work / "logits.safetensors"
        self.h.run("logits", path, "-o", out, "--tokens-file", tokens, "--dtype", dtype, "--force", "--quiet")
        return load_file(out)["logits"].clone().reshape(TOKENS, -1).double()

    def their(self, source, ids, dtype):
        """Transformers' logits; each is needed more than once."""
        if dtype not in self.theirs:
            model = transformers.AutoModelForCausalLM.from_pretrained(
                source, attn_implementation="eager", dtype=DTYPES[dtype]).eval()
            with torch.no_grad():
                self.theirs[dtype] = model(ids).logits[0].double()
        return self.theirs[dtype]

    def by_llama(self, file, tokens, vocab):
        if not self.llama.exists():
            build, source = self.h.peers / "llama-build", self.h.peers / LLAMA
            libraries = [build / p for p in ("src/libllama.a", "ggml/src/libggml.a", "ggml/src/libggml-cpu.a",
                                             "ggml/src/libggml-base.a")]
            subprocess.run(["c++", "-std=c++17", f"-I{source}/include", f"-I{source}/ggml/include",
                            pathlib.Path(__file__).with_name("llama_logits.cpp"), "-o", self.llama, *libraries,
                            "-ldl", "-lm", "-lgomp", "-lpthread"], check=True)
        out = self.h.work / "logits.bin"
        p = subprocess.run([self.llama, file, tokens, out], capture_output=True, text=True)
        assert p.returncode == 0, f"llama-logits exits {p.returncode}: {p.stderr.strip()[-200:]}"
        return torch.frombuffer(bytearray(out.read_bytes()), dtype=torch.float32).reshape(TOKENS, vocab).double()


def rel(a, b):
    """√(Σ(a−b)²/Σb²)"""
    return ((a - b).norm() / b.norm()).item()


def largest(a, b):
    return (a - b).abs().max().item()
