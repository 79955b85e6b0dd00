#!/usr/bin/env python3
"""Makes ids.json, general.json and tokenizers.json: what the official converter
makes of small model directories.

    python3 make.py LLAMA_CPP    (a source tree of llama.cpp, for conversion/ and gguf-py/)

Made with Python 3.11, the tree of llama_cpp_python 0.3.36, transformers 5.23.0,
tokenizers 0.23.3, torch 2.6.0, PyYAML 6.0.3. The converter's code runs as it is,
with one exception: the tiny tokenizers have no pre-tokenizer hash in its table,
so the name that their structure has comes from here.
"""
import copy
import json
import math
import os
import pathlib
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
LLAMA = pathlib.Path(sys.argv[1]).resolve()
sys.path[:0] = [str(LLAMA), str(LLAMA / "gguf-py")]

import gguf  # noqa: E402
from conversion.olmo import Olmo2Model, OlmoModel  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TINY = HERE.parents[2] / "testdata" / "tokenizers"

B7, B32, M1 = 7_298_617_344, 32_234_279_936, 1_484_916_736

IDS = """OLMo-2-1124-7B-Instruct OLMo-2-0325-32B-SFT Olmo-3-7B-Think Olmo-3-1125-32B OLMo-2-0425-1B OLMo-1B-hf OLMo-7B-0724-hf
OLMo-7B-Twin-2T-hf OLMo-1.7-7B-hf OLMoE-1B-7B-0924 OLMo-2-1124-7B-DPO OLMo-2-1124-13B-Instruct-RLVR1 allenai/OLMo-2-1124-7B
Olmo-3-32B-Think-DPO Olmo-3-7B-RL-Zero-Math step1000-unsharded step1000 step_1000-hf checkpoint-5000 iter0001234 run-v1.2-final
latest model hf out 7B 7b-chat llama-7b-chat Llama-3.1-8B-Instruct Mistral-7B-Instruct-v0.2 Mixtral-8x7B-v0.1 bloom-7b1 bloom-7_5b1
Yi-34B-200K Qwen1.5-0_5B-Chat phi-3-mini-128k-instruct phi-3-medium-4k gpt2-xl gpt2-xxl gpt-small-7B gpt-7B-small t5-Large foo-A7B
dolphin-2.9.1-yi-1.5-34b-gguf 123 123.456 2024-11-26 1-2-3 -leading trailing- --- a--b UPPER lower mIxEd v2 V1.0.1 -v1
model-q4_k_m model-IQ4_XS-7B model-bf16 model-fp16-7b model-f32 qwen-q8_0-lora some-LoRA-7B ./local ../up /abs a/b/c org/ /
tmp.aB3xZ9 tmpk3j2_x1 .hidden my.model.v2 name_with_underscores OLMo.2.7B don't-stop it's olmo2b-x2y OLMo%202 a+b=c 7B-7B-7b
Ünïcode-7B straße-7b ǆungla-1b ñandú ﬁne-2b modèle-été-3B моделька-7Б модель-7B 模型-7B モデル-1B x-٧B x-７B x-1７b ⅷ-1B ʰx-2b İstanbul-İnstruct ınstruct-ınstruct ſmall-ſmall x-7K
context-8k context-1M-7b context-32k-v2 llama-2-7b-32k-instruct deep-1.5T x-0.5b x-000B x-1e3B x-1.5.2B vision-vision a-vision chat a-chat-b-lora-c
v2-7B v2-v3 iter7 a-iter7 ITER7-7b x-v2-y 7B-v2 a-7B-8B-7B a-small-large a-b-c-d-7B-e-f-g-h-1.0-2.0 2-a-7B a-2-3-7B a-2-3 a-q4-2""".split()
IDS += ["", "my model 7B", " OLMo 2", "a/b c", "tab\there-7B", "new\nline-7b", "nbsp\u00a0here-1b", "line\u2028sep", "\x1ffile-\x1csep-3b", "x" * 300 + "-7B", "1" * 400 + "-a-" + "1" * 400 + "B"]

SIZES = [1, 9, 10, 99, 994, 995, 999, 1000, 1001, 9949, 9950, 9999, 10000, 99499, 99500, 123456, 999499, 999500, 999999, 10**6, 10**6 + 1, 1_234_567, 9_949_999,
         9_950_000, 9_999_999, 99_500_000, 123_456_789, 999_499_999, 999_500_001, 10**9, 10**9 + 1, M1, 2_500_000_000, 3_500_000_000, B7, 9_500_000_000, 9_999_999_999,
         12_500_000_000, B32, 99_500_000_000, 10**12, 10**12 + 1, 1_050_000_000_000, 10**15, 2**62]


def dump(name, value):
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    (HERE / name).write_text(text.replace('},{"', '},\n{"').replace('],[', '],\n[') + "\n")


def make_ids():
    totals = [0, M1, B7, B32]
    dump("ids.json", {
        "totals": totals,
        "ids": [{"id": i, "title": gguf.Metadata.id_to_title(i), "parts": [gguf.Metadata.get_model_id_components(i, t) for t in totals]} for i in IDS],
        "sizes": [{"n": n, "label": gguf.size_label(n, n, 0, 0)} for n in SIZES],
    })


def records(writer):
    """The records as [key, type, value]; writing them finds values of wrong types."""
    out = []
    for key, v in writer.kv_data[0].items():
        writer._pack_val(v.value, v.type, add_vtype=True)
        kind, value = v.type.name.lower(), v.value
        if v.type == gguf.GGUFValueType.ARRAY:
            kind += " " + gguf.GGUFValueType.get_type(value[0]).name.lower()
            value = [str(x) if isinstance(x, float) and not math.isfinite(x) else x for x in value]
        out.append([key, kind, value])
    return out


def general(directory, case):
    m = object.__new__(Olmo2Model)
    m.gguf_writer = gguf.GGUFWriter(path=None, arch="olmo2")
    total = case.get("parameters", 0)
    m.gguf_writer.get_total_parameter_count = lambda: (total, total, 0, 0)
    m.metadata_override = directory / "override.json" if "override" in case else None
    m.dir_model = m.dir_model_card = m.fname_out = directory
    m.model_name, m.remote_hf_model_id = case.get("model_name"), None
    m.ftype, m._is_nvfp4, m._is_mxfp4, m._prec_a4 = gguf.LlamaFileType.MOSTLY_BF16, False, False, {}
    m.set_gguf_parameters = m.set_vocab = lambda: None
    m.prepare_metadata(vocab_only=False)
    del m.gguf_writer.kv_data[0]["general.quantization_version"]
    return {"records": records(m.gguf_writer), "file": str(m.fname_out.relative_to(directory))}


def card(yaml, **kw):
    return {"card": "---\n" + yaml + "\n---\n# Text\n", **kw}


GENERAL = [
    {}, {"parameters": B7}, {"dir": "OLMo-2-1124-7B-Instruct", "parameters": B7}, {"dir": "OLMo-2-0325-32B-SFT", "parameters": B7},
    {"dir": "step1000-unsharded", "parameters": 109_440}, {"dir": "my model"}, {"dir": "my model", "model_name": "Given/Name"}, {"dir": "-"}, {"dir": "7B"},
    {"dir": "a-v1-7B-v2.1", "model_name": " x  y "},
    {"config": {"_name_or_path": "allenai/OLMo-2-1124-7B"}, "dir": "out-v2"}, {"config": {"_name_or_path": ""}}, {"config": {"_name_or_path": "/a/b"}},
    {"config": {"_name_or_path": None}}, {"config": {"_name_or_path": "./x-7B-chat"}}, {"config": {"_name_or_path": 5}}, {"config": {"_name_or_path": "a b-7B"}},
    {"generation": {"temperature": 0.6, "top_p": 0.95, "top_k": 50, "do_sample": True, "repetition_penalty": 1.1, "eos_token_id": [1, 2]}},
    {"generation": {"sequence": "abc", "min_p": 0, "xtc_probability": 0.1, "xtc_threshold": 1, "penalty_last_n": -1, "penalty_repeat": None, "repetition_penalty": 2,
                    "mirostat": 2, "mirostat_tau": 5.0, "mirostat_eta": 1e-45}},
    {"generation": {"temperature": None, "top_k": True, "top_p": False, "sequence": ""}},
    {"generation": {"top_k": 1.5}}, {"generation": {"top_k": 2**31}}, {"generation": {"temperature": "0.6"}}, {"generation": {"temperature": 1e39}}, {"generation": {"temperature": [1]}},
    {"generation": {"sequence": 1}}, {"generation": {}}, {"generation_text": "{not json"}, {"generation_text": "null"}, {"generation_text": "[1]"},
    {"override": {"general.name": "N", "general.author": "A", "general.version": "v9", "general.organization": None, "general.basename": "B/C d", "general.finetune": "f t", "general.size_label": "1x1B",
                  "general.description": "D", "general.quantized_by": "Q", "general.license": "no", "general.license.name": "LN", "general.license.link": "LL", "general.url": "U",
                  "general.doi": "DOI", "general.uuid": "UU", "general.repo_url": "R", "general.source.url": "SU", "general.source.doi": "SD", "general.source.uuid": "SUU",
                  "general.source.repo_url": "SR", "general.tags": ["a", "b"], "general.languages": ["en"], "general.sampling.temp": 0.5, "general.sampling.top_k": 3, "general.unknown": 1,
                  "general.base_models": [{"name": "BN", "author": "BA", "version": "BV", "organization": "BO", "description": "BD", "url": "BU", "doi": "BDO", "uuid": "BUU", "repo_url": "BR", "other": 1}, {}],
                  "general.datasets": [{"repo_url": "DR", "name": "DN", "uuid": None}]}},
    {"override": {"general.name": None}, "dir": "My-Model-7B"}, {"override": {"general.name": ""}}, {"override": {"general.name": 7}}, {"override": {"general.tags": []}},
    {"override": {"general.tags": [1, 2]}}, {"override": {"general.tags": [1.5]}}, {"override": {"general.tags": [True, False]}}, {"override": {"general.tags": ["a", 1]}},
    {"override": {"general.tags": [None]}}, {"override": {"general.tags": 5}}, {"override": {"general.base_models": []}}, {"override": {"general.base_models": {"name": "x"}}},
    {"override": {"general.base_models": [{"name": 5}]}}, {"override": {"general.name": "x"}, "model_name": "y"}, {"override": {}},
    {"card": ""}, {"card": "# no front matter\n"}, {"card": "--- \nname: x\n---\n"}, {"card": "\ufeff---\nname: x\n---\n"}, {"card": "---\n---\n"}, {"card": "---\n# only a comment\n---\n"},
    {"card": "---\r\nname: crlf\r\nlicense: mit\r\n---\r\ntext"}, {"card": "---\nname: never closed"}, {"card": "---\nname: a\u2028author: b\x85version: 'c'\n---\n"},
    card("- a list"), card("a string"), card("42"), card("name: [unclosed"), card("name: a: b"), card("name: 'x\ty'\ntags:\n\t- t"),
    card("license: apache-2.0\nlanguage:\n- en\nbase_model:\n- allenai/OLMo-2-1124-7B\npipeline_tag: text-generation\nlibrary_name: transformers\ndatasets:\n- allenai/RLVR-GSM\n- allenai/tulu-3-sft-mixture\n",
         dir="OLMo-2-1124-7B-Instruct", parameters=B7),
    card("name: N\nauthor: A\nversion: V\norganization: O\ndescription: D\nfinetune: F\nbasename: B\nsize_label: S\nurl: U\ndoi: DO\nuuid: UU\nrepo_url: R\nmodel_name: N2\nmodel_author: A2\n"
         "model_creator: C\nmodel_type: T\nlicense: [mit, apache-2.0]\nlicense_name: LN\nlicense_link: LL\ntags: [a, b]\nlanguages: [en, fr]\nlanguage: de", dir="x-v2-7B"),
    card("model_name: N2\nmodel_author: A2\nmodel_version: V2\nmodel_organization: O2\nmodel_description: D2\nmodel_finetune: F2\nmodel_basename: B2\nmodel_size_label: S2\nmodel_url: U2\nmodel_doi: D2\n"
         "model_uuid: UU2\nmodel_repo_url: R2\nmodel_creator: C\nmodel_type: T"),
    card("model_creator: C\nmodel_type: olmo2"), card("version: 1.0"), card("version: 2"), card("version: 0"), card("author: no"), card("author: yes"), card("author: [a]"), card("author: []"),
    card("author: {a: b}"), card("author: {}"), card("author: 2024-11-26"), card("author: 2024-1-1"), card("author: 0.0"), card("author: .nan"), card("author: ~"), card("author:"), card("author: ''"),
    card("author: 1e3"), card("author: 1.5e+3"), card("author: 0o17"), card("author: 010"), card("author: 08"), card("author: 0x1F"), card("author: 0b11"), card("author: 1:30"), card("author: 1:75"),
    card("author: 1_000"), card("author: +.inf"), card("author: -0"), card("author: Yes"), card("author: yES"), card("author: y"), card("author: off"), card("author: 'off'"), card("author: !!str off"),
    card("author: !!int '12'"), card("author: !!int abc"), card("author: !!float 1"), card("author: !!set {a, b}"), card("author: !local x"), card("author: ! 12"),
    card("author: ="), card("=: x\nauthor: a"), card("author: <<"), card("? [a]\n: b\nauthor: c"), card("1: x\ntrue: y\nauthor: c"), card("author: a\nauthor: b"),
    card("base: &b {author: A, version: V}\n<<: *b\nversion: W"), card("b: &b {author: A}\nc: &c {author: C, version: V}\n<<: [*b, *c]"), card("<<: x"), card("<<: [x]"), card("<<: {author: q}\n<<: {author: r}"),
    card("a: &a [x, y]\ntags: *a\nlanguage: *a"), card("tags: &a [*a]"), card("x: &a [*a]\nauthor: b"), card("author: *nope"),
    card("author: |\n  two\n  lines\nversion: >-\n  fo\n  ld"), card('author: "\\u00e9\\x41\\n"'), card("author: 'it''s'"), card("author: a # comment\nversion: b#c"), card("%YAML 1.1\n---\nauthor: a"), card("author: a\n...\nb: c"),
    card("language:\n- no\n- en"), card("language:\n  - no\n"), card("language: [no, en]"), card("language: [no, off]"), card("language: no"), card("language: 'no'"), card("language:\n- NO\n- en"),
    card("tags: [1, 2]"), card("tags: [1, 2.5]"), card("tags: [1.5, 2.5]"), card("tags: [a, 1]"), card("tags: [[a]]"), card("tags: [{a: b}]"), card("tags: [null]"), card("tags: [2024-01-01]"), card("tags: {a: b}"),
    card("tags: 5\npipeline_tag: x"), card("tags: x\npipeline_tag: [y, z]"), card("tags: [3000000000]"), card("tags: [0x10, 010, 1:30, -0, +5]"), card("tags: [1:30.5, .5, 1.e+2, -.inf, .NaN]"), card("tags: [0b]"), card("tags: []"),
    card("license: [mit, 5]"), card("license: [null]"), card("license: []"), card("license: 5"), card("license: {a: b}"),
    card("base_model: allenai/OLMo-2-1124-7B-v2"), card("base_model: OLMo-2-1124-7B"), card("base_model: https://huggingface.co/allenai/OLMo-2-0425-1B-v1"), card("base_model: http://huggingface.co/a/b"),
    card("base_model: https://huggingface.co/a/b/c"), card("base_model: https://huggingfaceXco/a/b"), card("base_model: https://example.com/huggingface.co/a"), card("base_model: ssh://git@x/y"), card("base_model: ftp://x/y"),
    card("base_model: ./local/path"), card("base_model: a b/c"), card("base_model: ''"), card("base_model: null"), card("base_model: 5"), card("base_model: [5, null, a/b-v1, {name: n, repo_url: r}, {}]"),
    card("base_model: {name: n}"), card("base_models: a/b\nbase_model_sources: c/d"), card("base_model_sources: [c/d]"), card("base_model: null\nbase_models: a/b"), card("base_model: [{name: 5}]"), card("base_model: [[x]]"),
    card("datasets: a/b"), card("dataset: [https://huggingface.co/datasets/x, https://huggingface.co/a/b-v3.1]"), card("dataset_sources: {a: b}"), card("datasets:\n- name: n\n  version: 'v'\n  url: u"), card("datasets: [no]"),
    card("finetune: '../../x'\nbasename: a/b"), card("size_label: 5"), card("name: 'Name with  spaces '"), card("name: ''\nbasename: ' b c '\nversion: ' 1 '"), card("name: 'x'\nmetrics: {deep: [{a: [1, {b: c}]}]}"),
    card("name: \u00fcn\u00efcode \u6a21\u578b\nauthor: '\U0001f600'"), card("name: a\x07b"), card("name: \"\\ud800\""), card("name: a\\tb"), card("'name': q\n\"author\": r"), card("name: &x y\nauthor: *x"), card("? name\n: z"),
    card("name: x\nname : y"), card("{name: flow, tags: [a, b]}"), card("name: - x"), card("name: -x"), card("name: 'a\n  b'"), card("name: a\n  b"), card("name: @x"), card("name: `x`"), card("name: x:y"), card("name: [a, b"),
]


def make_general():
    cases = []
    for case in GENERAL:
        case = copy.deepcopy(case)
        with tempfile.TemporaryDirectory() as tmp:
            directory = pathlib.Path(tmp) / case.get("dir", "plain")
            directory.mkdir()
            if "card" in case:
                (directory / "README.md").write_bytes(case["card"].encode("utf-8"))
            if "config" in case:
                (directory / "config.json").write_text(json.dumps(case["config"]))
            if "generation" in case:
                case["generation_text"] = json.dumps(case.pop("generation"))
            if "generation_text" in case:
                (directory / "generation_config.json").write_text(case["generation_text"])
            if "override" in case:
                (directory / "override.json").write_text(json.dumps(case["override"]))
            try:
                case["want"] = general(directory, case)
            except Exception as e:
                case["error"] = f"{type(e).__name__}: {e}".split("\n")[0][:100].replace(tmp, "TMP")
            json.dumps(case).encode("utf-8")
        cases.append(case)
    dump("general.json", cases)


# An edit of tokenizer.json is [path, value]: the value goes to that path; a list
# is extended by the value if the path ends in "+"; null deletes.
def edit(value, path, new):
    *parents, last = path
    for p in parents:
        value = value[p]
    if last == "+":
        value.append(new)
    elif new is None:
        del value[last]
    else:
        value[last] = new


def token(id, content, **kw):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **kw}


def added(id, content, **kw):
    return [["added_tokens", "+"], token(id, content, **kw)]


def post(p):
    return [["post_processor"], p]


def special(t):
    return {"SpecialToken": {"id": t, "type_id": 0}}


SEQ_A, SEQ_B = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
EOT, PAD, START, END = "<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>"


def template(single, pair=None):
    names = {x["SpecialToken"]["id"] for x in single + (pair or []) if "SpecialToken" in x}
    return post({"type": "TemplateProcessing", "single": single, "pair": pair or [SEQ_A, SEQ_B],
                 "special_tokens": {n: {"id": n, "ids": [514], "tokens": [n]} for n in names}})


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def flags(content, **kw):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, **kw}


def typed_token(content, **kw):
    return {"__type": "AddedToken", **flags(content, **kw)}


# Each case: base directory, edits of tokenizer.json, members of tokenizer_config.json
# (null deletes), other files (null deletes), config.json (model_type, vocab_size by default).
D, O = "dolma2-tiny", "olmo1-tiny"
TOKENIZERS = [
    {"base": D}, {"base": O}, {"base": D, "config": {"vocab_size": 544}}, {"base": D, "config": {"vocab_size": 534}}, {"base": D, "config": {"vocab_size": 533}}, {"base": O, "config": {"vocab_size": 576}},
    {"base": D, "config": {"vocab_size": None}},
    {"base": D, "config": {"bos_token_id": 3, "eos_token_id": 4, "pad_token_id": 5, "sep_token_id": 6, "cls_token_id": 7, "mask_token_id": 8, "unk_token_id": 9}},
    {"base": D, "files": {"tokenizer_config.json": None}, "config": {"bos_token_id": 3, "eos_token_id": [4, 5], "pad_token_id": 5, "cls_token_id": 7, "mask_token_id": True}},
    {"base": D, "files": {"tokenizer_config.json": {}}}, {"base": D, "files": {"special_tokens_map.json": None}}, {"base": D, "files": {"tokenizer_config.json": None, "special_tokens_map.json": None}},
    {"base": D, "files": {"tokenizer_config.json": None}, "config": {"text_config": {"eos_token_id": 11, "bos_token_id": None}, "bos_token_id": 1}},
    {"base": D, "files": {"tokenizer_config.json": None}, "config": {"eos_token_id": -1}}, {"base": D, "files": {"tokenizer_config.json": None}, "config": {"eos_token_id": 2**32}}, {"base": D, "files": {"tokenizer_config.json": None}, "config": {"eos_token_id": 1.0}},
    {"base": O, "files": {"tokenizer_config.json": None}}, {"base": O, "files": {"tokenizer_config.json": None, "special_tokens_map.json": None}},
    {"base": O, "tokenizer_config": {"tokenizer_class": "PreTrainedTokenizerFast"}}, {"base": O, "tokenizer_config": {"tokenizer_class": "GPTNeoXTokenizerFast"}}, {"base": O, "tokenizer_config": {"tokenizer_class": "GPT2Tokenizer"}},
    {"base": O, "config": {"model_type": "olmo2"}}, {"base": D, "tokenizer_config": {"tokenizer_class": "PreTrainedTokenizerFast"}}, {"base": D, "tokenizer_config": {"tokenizer_class": None}},
    # Where named tokens come from, and what they add.
    {"base": D, "tokenizer_config": {"bos_token": typed_token(START), "eos_token": typed_token(END), "unk_token": None}},
    {"base": D, "tokenizer_config": {"pad_token": "<new-pad>"}, "files": {"special_tokens_map.json": None}}, {"base": D, "tokenizer_config": {"pad_token": "<new-pad>", "eos_token": "<new-eos>"}},
    {"base": D, "tokenizer_config": {"eos_token": "the"}, "files": {"special_tokens_map.json": {"eos_token": "the", "mask_token": flags("in", normalized=True)}}},
    {"base": D, "files": {"special_tokens_map.json": {"eos_token": "|||PHONE_NUMBER|||", "image_token": "<image>", "video_token": flags("<video>"), "additional_special_tokens": ["<x>", "<y>", EOT]}}},
    {"base": D, "files": {"special_tokens_map.json": {"extra_special_tokens": ["<x>", flags("<y>", normalized=True), "<x>"]}}},
    {"base": D, "tokenizer_config": {"additional_special_tokens": ["<x>", typed_token("<y>")], "audio_token": "<audio>"}},
    {"base": D, "tokenizer_config": {"extra_special_tokens": {"image_token": "<image>", "odd": "<odd>"}}}, {"base": D, "tokenizer_config": {"extra_special_tokens": ["<e>"], "additional_special_tokens": ["<a>"]}},
    {"base": D, "tokenizer_config": {"cls_token": "<cls>", "sep_token": START, "mask_token": "<mask>"}}, {"base": D, "tokenizer_config": {"bos_token": None, "cls_token": START, "eos_token": None, "sep_token": END}},
    {"base": D, "tokenizer_config": {"added_tokens_decoder": {"513": flags(EOT, special=True), "517": flags("|||PHONE_NUMBER|||", special=True), "600": flags("<six>"), "599": flags("<five>", special=True)}}},
    {"base": D, "tokenizer_config": {"added_tokens_decoder": {"5": flags("&", special=True), "2": flags("#", normalized=True)}, "unk_token": "#"}},
    {"base": D, "tokenizer_config": {"added_tokens_decoder": {}}}, {"base": D, "tokenizer_config": {"added_tokens_decoder": {"x": flags("y")}}}, {"base": D, "tokenizer_config": {"added_tokens_decoder": {"1": "y"}}},
    {"base": O, "tokenizer_config": {"added_tokens_decoder": {"539": flags(EOT, special=True), "1": flags("<|padding|>", special=True)}}},
    {"base": O, "tokenizer_config": {"pad_token": "<p>", "unk_token": "<u>"}}, {"base": O, "tokenizer_config": {"bos_token": None, "eos_token": None, "pad_token": None, "unk_token": None}, "files": {"special_tokens_map.json": None}},
    {"base": D, "files": {"added_tokens.json": {"<m>": 540, "<n>": 539, "|||EMAIL_ADDRESS|||": 518}, "special_tokens_map.json": {"eos_token": "<n>"}}},
    {"base": D, "tokenizer_config": {"eos_token": 5}, "files": {"special_tokens_map.json": None}}, {"base": D, "edits": [[["padding"], {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "<padding>"}]], "tokenizer_config": {"pad_token": None}, "files": {"special_tokens_map.json": None}},
    # Added tokens.
    {"base": D, "edits": [added(534, "<plain>"), added(535, "<|odd|>"), added(536, "<unused0>"), added(537, "[@BOS@]"), added(538, "<\uff5cx\uff5c>", normalized=True), added(539, "\u2581\u2581x", normalized=True), added(540, "<pad>"), added(541, "<mask>"), added(542, "<2mass>"), added(543, "<|>")]},
    {"base": D, "edits": [added(1, "<wrong id>"), added(534, "<second>"), added(900, "")]}, {"base": D, "edits": [added(7, "<twice>"), added(8, "<twice>", special=True)]},
    {"base": D, "edits": [added(534, "\u0120space"), added(535, "\u00e9"), added(536, "\u00e2\u0126"), added(537, "\u00e9\u00e9x"), added(538, "\u0120n", normalized=True), added(539, "a b\u0120"), added(540, "\u00f0\u0141"), added(541, "\u00ed\u0142\u0122"), added(542, "\u010a")]},
    {"base": D, "edits": [[["decoder"], None], added(534, "\u0120space")]}, {"base": D, "tokenizer_config": {"split_special_tokens": True}, "edits": [added(534, "\u0120space", special=True)]},
    {"base": D, "edits": [[["added_tokens"], []]]}, {"base": D, "edits": [[["added_tokens"], None]], "files": {"special_tokens_map.json": None}}, {"base": D, "edits": [[["added_tokens", 0, "special"], None]]}, {"base": D, "edits": [[["added_tokens", 0, "id"], -1]]}, {"base": D, "edits": [[["added_tokens", 0, "id"], "x"]]},
    {"base": D, "edits": [[["added_tokens", 0, "special"], True]]}, {"base": D, "edits": [[["added_tokens", 3], "x"]]}, {"base": O, "edits": [added(540, "<plain>"), added(541, "caf\u00e9", normalized=True)]},
    # Vocabulary.
    {"base": D, "edits": [[["model", "vocab", "<far>"], 540]], "config": {"vocab_size": 550}}, {"base": D, "edits": [[["model", "vocab", "<far>"], 549]], "config": {"vocab_size": 549}}, {"base": D, "edits": [[["model", "vocab", "!"], -1]]}, {"base": D, "edits": [[["model", "vocab", "!"], 2**32]]},
    {"base": D, "edits": [[["model", "vocab", "!"], 1.5]]}, {"base": D, "edits": [[["model", "vocab", "!"], "0"]]}, {"base": D, "edits": [[["model", "vocab"], None]]}, {"base": D, "edits": [[["model", "vocab"], [1]]]}, {"base": D, "edits": [[["version"], "2.0"]]}, {"base": D, "edits": [[["version"], None]]},
    {"base": D, "edits": [[["model"], None]]}, {"base": D, "edits": [[["model", "type"], "Unigram"]]}, {"base": D, "edits": [[["pre_tokenizer", "pretokenizers", 0, "behavior"], "Isolated"], [["pre_tokenizer", "pretokenizers", 0, "invert"], False]]},
    # Merges.
    {"base": D, "merges": "pairs"}, {"base": O, "merges": "pairs"}, {"base": D, "edits": [[["model", "merges"], []]]}, {"base": D, "edits": [[["model", "merges"], []]], "files": {"merges.txt": "#version: 0.2\n\u0120 \u0120\r\nx\n\n a  b \na b c\n#x y"}},
    {"base": D, "edits": [[["model", "merges"], []]], "files": {"merges.txt": "a b\n# c\n"}}, {"base": D, "edits": [[["model", "merges"], None]]}, {"base": D, "edits": [[["model", "merges", "+"], "a b c"]]}, {"base": D, "edits": [[["model", "merges", "+"], "ab"]]}, {"base": D, "edits": [[["model", "merges", "+"], "zz qq"]]},
    {"base": D, "edits": [[["model", "merges", "+"], ["a", "b"]]]}, {"base": D, "edits": [[["model", "merges", "+"], 5]]}, {"base": D, "merges": "pairs", "edits": [[["model", "merges", "+"], ["a"]]]}, {"base": D, "edits": [[["model", "vocab", "x y"], 534], [["model", "vocab", "x yz"], 535]], "merges": "pairs", "more_merges": [["x y", "z"]]},
    {"base": D, "edits": [[["model", "merges"], ["#version: 0.2", "\u0120 \u0120"]]]},
    # Post-processors and the flags of tokenizer_config.json.
    {"base": D, "edits": [post(BYTE_LEVEL)]}, {"base": D, "tokenizer_config": {"add_bos_token": True, "add_eos_token": False}}, {"base": D, "edits": [post(BYTE_LEVEL)], "tokenizer_config": {"add_bos_token": True, "add_sep_token": True, "add_pad_token": True}},
    {"base": D, "tokenizer_config": {"add_bos_token": "yes"}}, {"base": D, "edits": [template([special(EOT), SEQ_A])]}, {"base": D, "edits": [template([SEQ_A, special(EOT)])]}, {"base": D, "edits": [template([special(START), SEQ_A, special(END)])]},
    {"base": D, "edits": [template([special(START), SEQ_A, special(END)])], "files": {"tokenizer_config.json": None}}, {"base": D, "edits": [template([SEQ_A])]},
    {"base": D, "edits": [template([special(START), SEQ_A, special(END)])], "tokenizer_config": {"bos_token": None, "eos_token": None}}, {"base": D, "edits": [template([SEQ_A, special(END)])], "tokenizer_config": {"eos_token": typed_token(EOT)}, "config": {"eot_token_id": 9, "eom_token_id": 8}},
    {"base": D, "edits": [template([special(EOT), SEQ_A], [special(EOT), SEQ_A, special(EOT), SEQ_B])], "tokenizer_config": {"sep_token": EOT}}, {"base": D, "edits": [template([special(EOT), SEQ_A, special(EOT)], [special(EOT), SEQ_A, special(EOT), SEQ_B, special(EOT)])]},
    {"base": D, "edits": [template([SEQ_A, special(EOT)], [SEQ_A, special(EOT), special(EOT), SEQ_B, special(EOT)])]}, {"base": D, "edits": [template([SEQ_A], [SEQ_A, special(EOT), SEQ_B])]}, {"base": D, "edits": [template([SEQ_A], [SEQ_A, special(START), special(END), special(PAD), SEQ_B])]},
    {"base": D, "edits": [post({"type": "Sequence", "processors": [BYTE_LEVEL, {"type": "TemplateProcessing", "single": [special(EOT), SEQ_A], "pair": [SEQ_A, SEQ_B], "special_tokens": {EOT: {"id": EOT, "ids": [513], "tokens": [EOT]}}}]})]},
    {"base": D, "edits": [post({"type": "RobertaProcessing", "sep": [END, 523], "cls": [START, 522], "trim_offsets": True, "add_prefix_space": False})]},
    {"base": D, "edits": [post({"type": "RobertaProcessing", "sep": [END, 523], "cls": [START, 522], "trim_offsets": True, "add_prefix_space": False})], "files": {"tokenizer_config.json": None}},
    {"base": D, "edits": [post({"type": "Sequence", "processors": [{"type": "TemplateProcessing", "single": [SEQ_A, special(x)], "pair": [SEQ_A, SEQ_B], "special_tokens": {x: {"id": x, "ids": [513], "tokens": [x]}}} for x in (START, END, PAD)]})]},
    # Chat templates.
    {"base": D, "tokenizer_config": {"chat_template": None}}, {"base": D, "tokenizer_config": {"chat_template": ""}}, {"base": D, "tokenizer_config": {"chat_template": {"a": "b"}}}, {"base": D, "tokenizer_config": {"chat_template": []}},
    {"base": D, "tokenizer_config": {"chat_template": [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}, {"name": "rag-\u00e9 x", "template": "R"}, {"name": "", "template": "E"}, {"name": "none", "template": None}, {"name": "empty", "template": ""}]}},
    {"base": D, "tokenizer_config": {"chat_template": [{"name": "a b", "template": "1"}, {"name": "z", "template": "2"}, {"name": "a-b", "template": "3"}]}}, {"base": D, "tokenizer_config": {"chat_template": [{"name": "default", "template": "D"}]}},
    {"base": D, "tokenizer_config": {"chat_template": ["x"]}}, {"base": D, "tokenizer_config": {"chat_template": [{"name": "default", "template": 5}]}}, {"base": D, "files": {"chat_template.jinja": "file\r\n"}},
    {"base": D, "tokenizer_config": {"chat_template": None}, "delete_template": True, "files": {"chat_template.jinja": "file\r\nwin\rmac\n", "chat_template.json": {"chat_template": "old"}}},
    {"base": D, "delete_template": True, "files": {"chat_template.json": {"chat_template": "old"}}}, {"base": D, "delete_template": True, "files": {"chat_template.json": {"other": "old"}}},
    {"base": D, "delete_template": True, "files": {"chat_template.jinja": "main", "additional_chat_templates/tool_use.jinja": "T", "additional_chat_templates/x.txt": "no"}}, {"base": D, "delete_template": True, "files": {"additional_chat_templates/tool_use.jinja": "T"}},
    {"base": O, "files": {"chat_template.jinja": "J"}}, {"base": O, "files": {"tokenizer_config.json": None, "chat_template.jinja": "J"}},
]


def apply(case, directory):
    base = TINY / case["base"]
    for name in ("tokenizer_config.json", "special_tokens_map.json", "generation_config.json"):
        (directory / name).write_bytes((base / name).read_bytes())
    tok = json.loads((base / "tokenizer.json").read_text("utf-8"))
    if case.get("merges") == "pairs":
        tok["model"]["merges"] = [m.split(" ") for m in tok["model"]["merges"]]
    for path, value in case.get("edits", []):
        edit(tok, path, copy.deepcopy(value))
    tok.get("model", {}).get("merges", []).extend(case.get("more_merges", []))
    (directory / "tokenizer.json").write_text(json.dumps(tok))
    config = json.loads((base / "tokenizer_config.json").read_text())
    if case.get("delete_template"):
        config.pop("chat_template", None)
    config.update(case.get("tokenizer_config", {}))
    (directory / "tokenizer_config.json").write_text(json.dumps(config))
    for name, content in case.get("files", {}).items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode("utf-8"))
    model = {"model_type": "olmo" if case["base"] == O else "olmo2", "vocab_size": 560, "num_hidden_layers": 2, **case.get("config", {})}
    if model["vocab_size"] is None:
        del model["vocab_size"]
    (directory / "config.json").write_text(json.dumps(model))
    return model


def tokenizer(case, directory):
    apply(case, directory)
    m = object.__new__(OlmoModel if case["base"] == O else Olmo2Model)
    m.dir_model = directory
    m.hparams = json.loads((directory / "config.json").read_text())
    m.gguf_writer = gguf.GGUFWriter(path=None, arch="olmo2")
    m.gguf_writer.kv_data[0].clear()
    m.get_vocab_base_pre = lambda tok: {D: "dbrx", O: "olmo"}[case["base"]]
    m.set_vocab()
    return records(m.gguf_writer)


def make_tokenizers():
    cases, base = [], {}
    for case in TOKENIZERS:
        case = copy.deepcopy(case)
        with tempfile.TemporaryDirectory() as tmp:
            try:
                want = tokenizer(case, pathlib.Path(tmp))
            except BaseException as e:  # pyo3's PanicException is no Exception
                case["error"] = f"{type(e).__name__}: {e}".split("\n")[0][:100].replace(tmp, "TMP")
            else:
                first = base.setdefault(case["base"], {k: v for k, _, v in want})
                for record in want:
                    if isinstance(record[2], list) and record[0] in first and len(record[2]) > 100 and case is not None:
                        old = first[record[0]]
                        if cases and any(c["base"] == case["base"] for c in cases):
                            # What differs from the first case of that base.
                            record[2] = {"len": len(record[2]), "diff": {i: v for i, v in enumerate(record[2]) if i >= len(old) or old[i] != v}}
                    if record[0] == "tokenizer.chat_templates":
                        record[2] = sorted(record[2])
                case["want"] = want
        cases.append(case)
    dump("tokenizers.json", cases)


make_ids()
make_general()
make_tokenizers()
