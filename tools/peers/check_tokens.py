"""Token ids: ours are those of the tokenizers library, from a tokenizer.json and from the GGUF made of it."""
import json
import pathlib
import subprocess
from array import array

from tokenizers import Tokenizer

from texts import Texts

SEED = 20240229


class Tokens:
    def __init__(self, h):
        self.h = h
        self.tool = h.work / "tokenize"
        self.known = {}  # texts and their ids by the library, by the bytes of tokenizer.json
        subprocess.run(["go", "build", "-o", self.tool, "./tools/peers/tokenize/main.go"], cwd=h.tree, check=True)

    def wanted(self, tokenizer):
        """(name, texts, their ids) of a tokenizer directory."""
        data = (tokenizer / "tokenizer.json").read_bytes()
        if data not in self.known:
            tok = Tokenizer.from_str(data.decode())
            added = [t.content for t in tok.get_added_tokens_decoder().values()]
            self.known[data] = [(name, texts, [array("i", e.ids) for e in tok.encode_batch(texts)])
                                for name, texts in Texts(SEED, added).all()]
        return self.known[data]

    def ours(self, file, texts):
        lines = "\n".join(json.dumps(t) for t in texts)
        p = subprocess.run([self.tool, file], input=lines, capture_output=True, text=True)
        assert p.returncode == 0, f"tokenize exits {p.returncode}: {p.stderr.strip()}"
        return [array("i", map(int, line.split())) for line in p.stdout.split("\n")[:-1]]

    def compare(self, file, tokenizer):
        size = 0
        for name, texts, want in self.wanted(tokenizer):
            got = self.ours(file, texts)
            assert len(got) == len(want), f"{name}: {len(got)} texts, want {len(want)}"
            for text, g, w in zip(texts, got, want):
                assert g == w, f"{name}: {first_difference(text, g, w)}"
                size += len(text.encode())
        assert size > 4_000_000, f"the texts have {size} bytes only"

    def check(self, tokenizers):
        """Each tokenizer.json: those of the releases, and the trimmed ones of testdata."""
        tiny = sorted((self.h.tree / "testdata" / "tokenizers").glob("*/tokenizer.json"))
        for d in [*map(pathlib.Path, tokenizers), *(f.parent for f in tiny)]:
            self.h.check("tokens", d.name, lambda _: self.compare(d / "tokenizer.json", d))

    def check_gguf(self, shape, source):
        """The GGUF of a model has the ids of the tokenizer.json beside the model."""
        def body(_):
            self.compare(self.h.convert(source, self.h.work / "tokens.gguf"), source)

        self.h.check("tokens of a gguf", shape.name, body)


def first_difference(text, got, want):
    i = next((i for i, (x, y) in enumerate(zip(got, want)) if x != y), min(len(got), len(want)))
    return f"id {i} of {ascii(text[:60])}…: {got[i:i + 4].tolist()}, want {want[i:i + 4].tolist()}"
