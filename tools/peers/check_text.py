"""Perplexity and KL of a text: ours are those that llama-perplexity --kl-divergence reports."""
import json
import math
import re
import subprocess

import torch

from harness import last_line
from models import add_tokenizer, build

CONTEXT = 64
TEXT = "\n".join(f"Of {i} who came in year {1000 + i * i % 997}, {'none few some many all'.split()[i % 5]} had seen the"
                 f" {'river sea glacier desert'.split()[i * i % 4]}; def f{i % 7}(x): return x ** {i % 9} - {i}" for i in range(60))
EXACT = ("-ctk", "f32", "-ctv", "f32", "-fa", "off")  # as we keep keys and values
# "99.0%   KLD:   0.000216", "Mean    Δp: -0.007 ± 0.001 %": name, value, and the error that most have.
FIGURE = re.compile(r"^ *((?:Mean|RMS|Same|Maximum|Median|Minimum|[\d.]+%) .*?|Cor\(.*?\)\)\)) *: *(-?[\d.]+)%?( ± *([\d.]+))?", re.M)
PERCENT = {"Maximum": "100", "Median": "50", "Minimum": "0"}


class Text:
    def __init__(self, h):
        self.h = h
        self.bin = h.peers / "llama-build" / "bin" / "llama-perplexity"
        self.text = h.work / "kl.txt"
        self.text.write_text(TEXT)

    def check_kl(self, shape, tokenizer):
        """In f32 every figure that is printed, the candidate having its matrices rounded to eight bits.

        llama-perplexity stores the reference's log probabilities in 16 bits, 1.2e-4 to either side: of a quantile
        of KL all of that may show, of a mean little, and of two tokens that nearly tie it may take the other.
        """
        def body(_):
            ref, cand = self.models(shape, tokenizer)
            ours, theirs = self.ours(ref, cand), self.theirs(ref, cand, EXACT)
            for name, (value, allowed) in theirs.items():
                got = ours[name]
                assert abs(got - value) <= allowed, f"{name}: {got:.6f}, llama-perplexity {value:.6f}"

        self.h.check("text = llama-perplexity", f"{shape.name} f32", body)

    def check_q8_0(self, shape, source):
        """The pair that people compare. llama.cpp rounds activations too, the reference's to bf16 and the
        candidate's to eight bits: its KL is larger, and the table says by how much."""
        def body(note):
            ref, cand = (self.h.convert(source, self.h.work / f"kl-{t}.gguf", "--dtype", t) for t in ("bf16", "q8_0"))
            ours, theirs = self.ours(ref, cand), self.theirs(ref, cand)
            for name in ("Mean PPL(Q)", "Mean PPL(base)"):
                got, want = math.log(ours[name]), math.log(theirs[name][0])
                assert abs(got - want) < 2e-3, f"ln {name}: {got:.5f}, llama-perplexity {want:.5f}"
            got, want = ours["Mean KLD"], theirs["Mean KLD"][0]
            assert want / 10 < got < want * 1.1, f"mean KL {got:.6f}, llama-perplexity {want:.6f}"
            note(f"KL {got:.6f} of the weights alone, {want:.6f} with llama.cpp's activations")

        self.h.check("text = llama-perplexity", f"{shape.name} bf16, q8_0", body)

    def models(self, shape, tokenizer):
        """Two GGUF files in f32."""
        out = []
        for name in ("ref", "cand"):
            model = build(shape).float()
            if name == "cand":
                for p in model.parameters():
                    p.data = p.data.to(torch.float8_e4m3fn).float() if p.dim() == 2 else p.data
            d = self.h.work / f"kl-{name}"
            model.save_pretrained(d)
            add_tokenizer(tokenizer, d)
            out.append(self.h.convert(d, self.h.work / f"kl-{name}.gguf", "--dtype", "f32"))
        return out

    def ours(self, ref, cand):
        """Our figures under llama-perplexity's names."""
        doc = self.h.run("verify", ref, cand, "--forward", "--text", self.text, "--text-context", CONTEXT, "--json", ok=(0, 1))
        t = json.loads(doc.stdout)["text"]
        out = {"Cor(ln(PPL(Q)), ln(PPL(base)))": 100 * t["ln_perplexity_correlation"]}
        for name, field in (("Mean PPL(Q)", "perplexity_cand"), ("Mean PPL(base)", "perplexity_ref"),
                            ("Mean ln(PPL(Q)/PPL(base))", "ln_perplexity_ratio"), ("Mean PPL(Q)/PPL(base)", "perplexity_ratio"),
                            ("Mean PPL(Q)-PPL(base)", "perplexity_difference"), ("Mean KLD", "kl_mean"),
                            ("Mean Δp", "delta_p"), ("RMS Δp", "delta_p_rms"), ("Same top p", "same_top_p")):
            out[name], out[f"{name} ±"] = t[field]["value"], t[field]["error"]
        for unit, field in (("KLD", "kl_quantiles"), ("Δp", "delta_p_quantiles")):
            for percent, value in t[field].items():
                out[f"{percent} {unit}"] = value
        return out

    def theirs(self, ref, cand, args=()):
        """llama-perplexity's figures, and by how much ours may differ from each."""
        base = self.h.work / "kl.base"
        common = ["-c", str(CONTEXT), "-t", "2", "--kl-divergence-base", base, *args]
        self.llama("-m", ref, "-f", self.text, *common)
        text = self.llama("-m", cand, "--kl-divergence", *common)
        base.unlink()
        out = {}
        for name, value, _, error in FIGURE.findall(text):
            name, value = re.sub(" +", " ", name), float(value)
            first, _, unit = name.partition(" ")
            if first in PERCENT:
                name = f"{PERCENT[first]} {unit}"
            elif first.endswith("%"):
                name = f"{float(first[:-1]):g} {unit}"
            out[name] = value, allowed(name, value)
            if error:
                out[f"{name} ±"] = float(error), allowed(name, value) + 0.02 * float(error)
        assert len(out) == 43, f"{len(out)} figures found"
        return out

    def llama(self, *args):
        p = subprocess.run([self.bin, *args], capture_output=True, text=True)
        assert p.returncode == 0, f"llama-perplexity exits {p.returncode}: {last_line(p.stderr)}"
        return p.stdout


def allowed(name, value):
    """Half of the last digit that is printed, the storing in 16 bits, and float32."""
    if "Δp" in name:
        return 0.002 + 0.01 * abs(value)  # percent
    if "KLD" in name:
        return (2e-5 if "Mean" in name else 3e-4) + 0.01 * abs(value)
    if name == "Same top p":
        return 0.5
    if name.startswith("Cor"):
        return 0.01
    return 5e-4 * max(1, abs(value))
