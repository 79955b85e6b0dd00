"""The cases of golden.json: texts, and what the tokenizers library makes of them."""
import json
import pathlib
import random
import unicodedata

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

TOKENIZERS = pathlib.Path(__file__).resolve().parents[3] / "testdata" / "tokenizers"
BASES = ("dolma2-tiny", "olmo1-tiny")

TEXTS = [
    "", " ", "\n", "a", "'", "'s", "é", "e\u0301", "\0", "\U0010ffff",
    "Hello, world! It's 12345678 o'clock; THEY'LL say we'RE 'done' with 's and 'Tis.",
    "end.\r\n\r\nnext;\n\n;\r\r x'ſing y'Sing z'sing\nnew",
    "it'ſ IT'S don'T l'l 'lll 'v 've'd 'D", "x=1\n\n\n  y\t= 2 \r\n\r\n   \n z   ", "   leading and   inner    spaces  ",
    "for i in range(10):\n\tif x[i] >= 0.5e-3 and not y_2:\n        print(f\"{x!r:>10}\")  # …\n",
    "\u3000模型 学習データ、한국어 텍스트\u00a0\u2028\u2009x\u0085y\u180ez\u200bw",
    "12 345 6789 ٣٤٥٦٧ ⅷ①½² 1234567", "👩‍👩‍👧‍👦🏳️‍🌈👍🏽 🇩🇪🇫🇷☕️ 1️⃣", "\u202bمرحبا بالعالم\u202c שָׁלוֹם",
    "ắ Å Ω ñ ṩ q\u0323\u0307 q\u0307\u0323 각 \u1100\u1161\u11a8 \u0344 क़ \u1100\u1161", "नमस्ते ไทย தமிழ் ཨོཾ",
    "\x01\x02\x1b[31m\x7f\u0080\ufeff\ufffd\ufffe", "\U00016d40a\U00010d40\U000105c0\U0001ccf0 \U0002ebf0\u1c89",
    "q\U00010f46\u0334 q\U0001e4ec\u0334 q\u1dfb\u0334\u08d3\u0334",  # marks younger than the library's NFC
    "<|endoftext|>text<|fim_prefix|> <|fim_middle|>\n<|endoftext|", "|||IP_ADDRESS||||||EMAIL_ADDRESS|||x||||PHONE_NUMBER|||",
    "<|endoftext|>\u0338>\u0338  \u0301" + " " * 30 + "<|padding|><|pad|>", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz" + "!" * 40 + "0" * 20,
]


def more_texts(r):
    """Mixtures of characters of all classes."""
    chars = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    by = {}
    for c in chars:
        by.setdefault(unicodedata.category(c), []).append(c)
    for _ in range(12):
        yield "".join(r.choice((" ", "\n", "'", "a", "7", "!", r.choice(by[r.choice(sorted(by))]))) for _ in range(25))


def added(content, **flags):
    token = dict(id=None, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    return ["added_tokens", "+"], token | flags


def template(*pieces, **special):
    return dict(type="TemplateProcessing", single=list(pieces),
                pair=[{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                special_tokens={k: dict(id=k, ids=v, tokens=[str(i) for i in v]) for k, v in special.items()})


def piece(kind, name):
    return {kind: {"id": name, "type_id": 0}}


TEXT, X, Y = piece("Sequence", "A"), piece("SpecialToken", "X"), piece("SpecialToken", "Y")
BYTES = dict(type="ByteLevel", add_prefix_space=True, trim_offsets=False, use_regex=True)

# (base, edits of its tokenizer.json: path and value, texts)
EDITS = [
    ("dolma2-tiny", [added("<l>", lstrip=True), added("<r>", rstrip=True), added("<b>", lstrip=True, rstrip=True), added("  ")],
     ["a <l> b <l>", "a <r> b<r>", " \u3000<b>\u2028\n c <b> <b><l>", "<r>   <l>", "<r>     x"]),
    ("dolma2-tiny", [added(" ", lstrip=True, rstrip=True)], ["a    b", "    ", "a b"]),
    ("dolma2-tiny", [added("of", single_word=True), added("é", single_word=True, normalized=True)],
     ["of of, (of) off _of of_ 7of of\u0301 of① of\u00b2 of\u200d of模 of", "éé é aé é! é"]),
    ("dolma2-tiny", [added("<a"), added("<a>"), added("<a>b"), added("b<a")], ["<a>b<a", "<a><a <a>bb<a>", "<<a>>"]),
    ("olmo1-tiny", [added("e\u0301", normalized=True), added("n\u0303"), added("\u212b", normalized=True)],
     ["é e\u0301 ñ n\u0303 \u212b Å A\u030a", "e\u0301\u0323"]),
    ("olmo1-tiny", [(["normalizer"], dict(type="Sequence", normalizers=[dict(type="NFC"), dict(type="NFC")]))], ["A\u030a"]),
    ("olmo1-tiny", [(["normalizer"], None)], ["A\u030a e\u0301"]),
    ("olmo1-tiny", [(["pre_tokenizer"], BYTES)], ["in the", " in", "\nin", "<|endoftext|>in<|endoftext|> in", "   ", "|||IP_ADDRESS|||the"]),
    ("olmo1-tiny", [(["pre_tokenizer"], BYTES | dict(add_prefix_space=False, use_regex=False))], ["in the in  the", "'s'll"]),
    ("olmo1-tiny", [(["pre_tokenizer"], dict(type="Sequence", pretokenizers=[BYTES]))], ["in the"]),
    ("dolma2-tiny", [(["pre_tokenizer", "pretokenizers", 0, "behavior"], "Isolated"), (["pre_tokenizer", "pretokenizers", 0, "invert"], False)],
     ["It's 12345 \n\n x"]),
    ("dolma2-tiny", [(["model", "vocab", "Ġzq"], 534), (["model", "ignore_merges"], True)], [" zq zqq zq", "<|pad|> zq"]),
    ("dolma2-tiny", [(["model", "vocab", "Ġzq"], 534)], [" zq"]),
    ("dolma2-tiny", [(["model", "unk_token"], "<|pad|>"), (["model", "fuse_unk"], True), (["model", "byte_fallback"], True), (["model", "dropout"], 0.0)], ["\0é"]),
    ("dolma2-tiny", [(["model", "merges"], [["i", "n"], ["Ġ", "t"], ["h", "e"], ["Ġt", "he"]])], ["in the inthe  the"]),
    ("dolma2-tiny", [(["model", "merges"], ["#version: 0.2", "i n", "Ġ t", "h e", "Ġt he"])], ["in the inthe  the"]),
    ("dolma2-tiny", [(["post_processor"], template(X, TEXT, Y, X, X=[513], Y=[533, 5]))], ["in the", "", "<|endoftext|>"]),
    ("olmo1-tiny", [(["post_processor"], dict(type="Sequence", processors=[BYTES, template(X, TEXT, Y, X=[539], Y=[1]), BYTES]))], ["in", ""]),
    ("olmo1-tiny", [(["padding"], dict(strategy="BatchLongest", direction="Right", pad_to_multiple_of=None, pad_id=1, pad_type_id=0,
                                       pad_token="<|padding|>")), (["decoder"], None)], ["in"]),
]


def edit(at, path, value, tok):
    step, *rest = path
    if rest:
        edit(at[step], rest, value, tok)
    elif step == "+":
        vocab = tok["model"]["vocab"]
        known = len([t for t in at if t["content"] not in vocab])
        value["id"] = vocab.get(value["content"], len(vocab) + known)
        at.append(value)
    else:
        at[step] = value


def edited(base, edits):
    tok = json.loads((TOKENIZERS / base / "tokenizer.json").read_text(encoding="utf-8"))
    for path, value in edits:
        edit(tok, path, value, tok)
    return Tokenizer.from_str(json.dumps(tok))


def lengths(split, text):
    """The lengths of the words in bytes, which cover the text."""
    words = [text[a:b] for _, (a, b) in split.pre_tokenize_str(text)]
    assert "".join(words) == text, ascii(text)
    return [len(w.encode()) for w in words]


def normal(r):
    """Combinations of what composes, decomposes and is ordered, with their NFC."""
    nfc, nfd = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
    all_ = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    kinds = [[c for c in all_ if unicodedata.combining(c)], [c for c in all_ if nfd(c) != c], sorted({p for c in all_ if nfd(c) != c for p in nfd(c)}),
             list("\u1100\u1112\u1161\u1175\u11a7\u11a8\u11c2\uac00\uac01\ud7a3"), list("aeoqAEN<=>")]
    texts = ["".join(r.choice(r.choice(kinds)) for _ in range(r.randint(2, 6))) for _ in range(120)]
    texts += ["e" + "".join(r.choice(kinds[0]) for _ in range(70)), "e\u030d\u0301", "e\u0323\u0301", "e\u0301\u0301"]
    return [[t, nfc(t)] for t in texts]


def write(path):
    r = random.Random(5)
    texts = TEXTS + list(more_texts(r))
    dolma2 = json.loads((TOKENIZERS / "dolma2-tiny" / "tokenizer.json").read_text())["pre_tokenizer"]["pretokenizers"][0]
    out = {"texts": texts, "ids": {}, "words": {}, "nfc": normal(r), "edits": []}
    for base in BASES:
        tok = edited(base, [])
        out["ids"][base] = [tok.encode(t, add_special_tokens=False).ids for t in texts]
    for name, split in (("dolma2", pre_tokenizers.Split(Regex(dolma2["pattern"]["Regex"]), "removed", invert=True)),
                        ("gpt2", pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))):
        out["words"][name] = [lengths(split, t) for t in texts]
    for base, edits, texts in EDITS:
        tok = edited(base, edits)
        out["edits"].append(dict(base=base, edits=edits, texts=texts, ids=[tok.encode(t, add_special_tokens=False).ids for t in texts],
                                 special=[tok.encode(t, add_special_tokens=True).ids for t in texts]))
    lines = []
    for key, value in out.items():
        items = value.items() if isinstance(value, dict) else ((None, v) for v in value)
        body = ",\n".join((json.dumps(k) + ": " if k else "") + json.dumps(v, separators=(",", ":")) for k, v in items)
        lines.append(f"{json.dumps(key)}: {'{' if isinstance(value, dict) else '['}\n{body}\n{'}' if isinstance(value, dict) else ']'}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print("golden:", path.stat().st_size, "bytes")
