"""llama.cpp's convert_hf_to_gguf.py, run in this process, so that torch is imported once."""
import functools
import logging
import sys

LLAMA = "sdist/llama_cpp_python-0.3.36/vendor/llama.cpp"  # under the peers' directory


class Converter:
    def __init__(self, peers):
        sys.path.insert(1, str(peers / LLAMA))
        import convert_hf_to_gguf
        from conversion.base import TextModel
        from transformers import AutoTokenizer
        self._script, self._text, self._auto = convert_hf_to_gguf, TextModel, AutoTokenizer
        logging.getLogger("hf-to-gguf").setLevel(logging.ERROR)
        logging.getLogger("gguf").setLevel(logging.ERROR)
        logging.getLogger("gguf.gguf_writer").setLevel(logging.ERROR)

    def __call__(self, directory, out, outtype, pretokenizer=None, args=()):
        """Its main with these arguments. pretokenizer stands for a tokenizer that its table of hashes
        does not know (a trimmed one has other tokens for its probe text)."""
        argv, base_pre = sys.argv, self._text.get_vocab_base_pre
        sys.argv = ["convert_hf_to_gguf.py", str(directory), "--outfile", str(out), "--outtype", outtype, *args]
        if pretokenizer:
            self._text.get_vocab_base_pre = lambda *_: pretokenizer
        try:
            self._script.main()
        finally:
            sys.argv, self._text.get_vocab_base_pre = argv, base_pre

    def cache_tokenizers(self):
        """Load each tokenizer once, however many models carry it: loading is most of the time of a tiny model."""
        load, seen = self._auto.from_pretrained, {}

        @functools.wraps(load)
        def from_pretrained(directory, *args, **kw):
            key = (directory / "tokenizer.json").read_bytes(), (directory / "tokenizer_config.json").read_bytes()
            if key not in seen:
                seen[key] = load(directory, *args, **kw)
            return seen[key]

        self._auto.from_pretrained = from_pretrained
