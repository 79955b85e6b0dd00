"""Writes llama.json: what llama-perplexity --kl-divergence reports of made-up logits.

    $OLMOTOOL_PEERS/venv/bin/python verify/text/testdata/llama.py

Its own code is taken out of tools/perplexity/perplexity.cpp (llama.cpp in
llama-cpp-python 0.3.36), compiled with a program that makes the logits, and run;
it prints more digits than it did. The reference's logits are multiples of 2⁻¹³
that use the whole range of 16 bits, so that its storing them loses nothing.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile

PEERS = pathlib.Path(os.environ.get("OLMOTOOL_PEERS") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "olmotool-peers")
SOURCE = PEERS / "sdist/llama_cpp_python-0.3.36/vendor/llama.cpp/tools/perplexity/perplexity.cpp"
CASES = [(120, 64), (131, 51)]  # rows, vocabulary

PROGRAM = r"""
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>
#define LOG(...) printf(__VA_ARGS__)
@FUNCTIONS@
static uint64_t state = 1;
static int next16() { state = state*6364136223846793005ull + 1442695040888963407ull; return int(state >> 48); }

int main(int, char ** argv) {
    const int rows = atoi(argv[1]), n_vocab = atoi(argv[2]);
    std::vector<float> base(size_t(rows)*n_vocab), logits(base.size());
    std::vector<int> tokens(rows + 1);
    for (int i = 0; i < rows; i++) {
        float * b = base.data() + size_t(i)*n_vocab;
        for (int j = 0; j < n_vocab; j++) b[j] = next16() * 0x1p-13f;
        int low = next16() % n_vocab, high = next16() % n_vocab;
        b[low] = 0;
        b[high] = 65535 * 0x1p-13f;
        if (low == high) b[(low + 1) % n_vocab] = 0;
        for (int j = 0; j < n_vocab; j++) logits[size_t(i)*n_vocab + j] = b[j] + (next16() - 32768) * 0x1p-17f;
        tokens[i + 1] = next16() % n_vocab;
    }
    std::vector<std::thread> workers;
    std::vector<uint16_t> log_probs(size_t(rows) * (2*((n_vocab + 1)/2) + 4));
    std::ostringstream out;
    double nll = 0, nll2 = 0;
    process_logits(out, n_vocab, base.data(), tokens.data(), rows, workers, log_probs, nll, nll2);
    kl_divergence_result kld;
    std::vector<float> kld_values(rows), p_diff_values(rows);
    process_logits(n_vocab, logits.data(), tokens.data(), rows, workers, log_probs, kld, kld_values.data(), p_diff_values.data());
@STATISTICS@
}
"""


def between(text, start, end):
    at = text.index(start)
    return text[at:text.index(end, at)]


def main():
    source = SOURCE.read_text()
    functions = between(source, "struct results_log_softmax", "static results_perplexity perplexity_v2")
    body = source[source.index("static void kl_divergence("):]
    statistics = (between(body, "    auto mean_and_uncertainty", "    kl_divergence_result kld;")
                  + between(body, "    std::sort(kld_values", "\n}\n"))
    statistics = re.sub(r"%\d+\.\d+l?f", "%.9g", statistics)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        (tmp / "p.cpp").write_text(PROGRAM.replace("@FUNCTIONS@", functions).replace("@STATISTICS@", statistics))
        subprocess.run(["g++", "-O1", "-o", tmp / "p", tmp / "p.cpp"], check=True)
        cases = []
        for rows, vocab in CASES:
            text = subprocess.run([tmp / "p", str(rows), str(vocab)], check=True, capture_output=True, text=True).stdout
            figures = {}
            for name, value, _, error in re.findall(r"^ *(\S.*?) *: *([-\d.e]+)( ± *([-\d.e]+))?", text, re.M):
                figures[re.sub(" +", " ", name)] = [float(value)] + ([float(error)] if error else [])
            cases.append({"rows": rows, "vocab": vocab, "figures": figures})
    lines = ",\n".join(json.dumps(c, ensure_ascii=False).replace('], "', '],\n "') for c in cases)
    pathlib.Path(__file__).with_name("llama.json").write_text(f"[{lines}]\n")


main()
