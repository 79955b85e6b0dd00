"""save_bin.py SRC DST SIZE: an HF directory saved again with pytorch_model.bin, which only transformers 4 writes."""
import sys

import transformers

source, out, size = sys.argv[1:]
transformers.logging.set_verbosity_error()
model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype="auto")
model.save_pretrained(out, safe_serialization=False, max_shard_size=size)
