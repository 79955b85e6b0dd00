// llama-logits MODEL.gguf TOKENS OUT: the logits of all positions of one sequence, as llama.cpp computes them on a CPU
// with keys and values in float32 and without flash attention. TOKENS is a file of token ids, OUT of float32 [T, vocab].
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "llama.h"

static int fail(const char * what) {
    std::fprintf(stderr, "llama-logits: %s\n", what);
    return 1;
}

int main(int argc, char ** argv) {
    if (argc != 4) {
        return fail("expected MODEL.gguf TOKENS OUT");
    }
    std::ifstream in(argv[2]);
    std::vector<llama_token> tokens{std::istream_iterator<llama_token>(in), {}};
    const int n = (int) tokens.size();
    if (n == 0) {
        return fail("found no tokens");
    }

    llama_log_set([](ggml_log_level level, const char * text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) {
            std::fputs(text, stderr);
        }
    }, nullptr);
    llama_backend_init();
    llama_model * model = llama_model_load_from_file(argv[1], llama_model_default_params());
    if (!model) {
        return fail("the model does not load");
    }
    llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = n;
    params.n_threads = params.n_threads_batch = 2;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context * ctx = llama_init_from_model(model, params);
    if (!ctx) {
        return fail("no context");
    }
    llama_batch batch = llama_batch_init(n, 0, 1);
    batch.n_tokens = n;
    for (int i = 0; i < n; i++) {
        batch.token[i] = tokens[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = true;
    }
    if (llama_decode(ctx, batch) != 0) {
        return fail("decoding fails");
    }
    const int vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    std::ofstream out(argv[3], std::ios::binary);
    for (int i = 0; i < n; i++) {
        out.write((const char *) llama_get_logits_ith(ctx, i), sizeof(float) * vocab);
    }
    out.close();
    return out ? 0 : fail("cannot write");
}
