"""Makes goldens.zip, a folder of checkpoints: make.py PEERS, with what tools/peers/setup installs in PEERS, and in
PEERS/torch113, PEERS/torch21 and PEERS/torch24 the torch releases 1.13.1, 2.1.2 and 2.4.1 (Python 3.11, numpy 1.26.4).

whole is one model as OLMo saves it unsharded; every other folder is the same model on two ranks, by OLMo's own
checkpointers under the torch that its name says, or as tools/peers/make_sharded.py describes. The states of optimizer
and trainer are left out where they are files of their own.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parents[2] / "tools" / "peers"
sys.path.insert(0, str(TOOLS))

import official  # noqa: E402
from models import Shape, build  # noqa: E402

MADE = (("torch24", "torch_legacy", "legacy-2.4"), ("torch113", "torch_legacy", "legacy-1.13"), ("torch21", "local", "local-2.1"),
        ("torch113", "local", "local-1.13"), ("torch24", "olmo_core", "core"))


def main(peers):
    official.add_paths(peers)
    shape = Shape("sharded", hidden=8, heads=2, kv_heads=2, intermediate=5, layers=1, vocab=13, eos=0, pad=1)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        official.save_legacy(build(shape), work / "whole")
        for torch, form, name in MADE:
            subprocess.run([peers / torch / "bin/python", TOOLS / "make_sharded.py", peers, form, work / "whole", work / name, "2"],
                           check=True)
            for part in ("optim", "train"):
                shutil.rmtree(work / name / part, ignore_errors=True)
        with zipfile.ZipFile(HERE / "goldens.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
            for f in sorted(work.rglob("*")):
                if f.is_file():
                    z.writestr(zipfile.ZipInfo(str(f.relative_to(work))), f.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).absolute())
