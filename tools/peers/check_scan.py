"""olmotool scan beside picklescan, fickling and modelscan, on files made to be dangerous and on those of real torch.

    PYTHON_OF_THE_PEERS tools/peers/check_scan.py --tool OLMOTOOL --scanners PYTHON_OF_THE_SCANNERS [--also FOLDER] [--goldens FOLDER]

The Python that runs this has torch 2.6; that of --scanners has the three (picklescan 1.0.5, fickling 0.1.12,
modelscan 0.8.8). --also scans a folder of dangerous files from elsewhere. --goldens writes the small files, and what is expected of each, for go test.

A scanner that exits with a finding or an error has caught a file; with "nothing found" it has missed it. Files
that mean no harm are false alarms if caught. Of those that torch saved, olmotool must say tensors-only of exactly
those that torch.load(weights_only=True) loads.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import scan_corpus

SAFE = "tensors-only", "inert", "needs-code"
SCANNERS = "picklescan", "fickling", "modelscan"


# -- files of real torch, numpy and others --

class OwnModule:
    """A class of a project, as a pickled model would have it."""
    def __init__(self):
        self.width = 3


def of_torch(folder):
    """Writes what torch saves; returns the verdict of those files that need code."""
    import collections
    import enum
    import pathlib as pl

    import numpy as np
    import torch
    import torch.distributed.checkpoint as dcp

    out = pathlib.Path(folder, "torch")
    out.mkdir(parents=True)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.Embedding(4, 4))
    w = torch.randn(4, 4)
    shared = torch.randn(8)
    odd = torch.randn(2)
    odd.note = "an attribute"
    dense = torch.eye(3)
    things = {
        "state-dict": net.state_dict(), "parameters": dict(net.named_parameters()), "tensor": w, "scalar": torch.tensor(1.0),
        "empty": torch.empty(0), "list": [w, (w, {"a": w})], "ordered": collections.OrderedDict(a=w), "many": {f"w{i}": torch.zeros(1) for i in range(1001)},
        "shared": {"a": shared[:4], "b": shared[2:], "c": shared}, "strided": w.t(), "expanded": torch.zeros(1).expand(5),
        "conjugate": torch.randn(2, dtype=torch.complex64).conj(), "values": {"i": 1, "big": 1 << 80, "f": 1.5, "s": "text", "n": None, "t": True, "b": b"bytes"},
        "set": {1, 2}, "bytearray": bytearray(b"x"), "complex": 1j, "counter": collections.Counter("aab"), "size": torch.Size([1, 2]),
        "device": torch.device("cpu"), "dtype": torch.bfloat16, "sparse-coo": dense.to_sparse(), "sparse-csr": dense.to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(w, 0.1, 0, torch.qint8),
        "quantised-channels": torch.quantize_per_channel(w, torch.ones(4), torch.zeros(4), 0, torch.quint8),
        "nested": torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]), "meta": torch.empty(2, device="meta"), "attribute": odd,
        "buffer": torch.nn.Buffer(w) if hasattr(torch.nn, "Buffer") else w, "storage": w.untyped_storage(),
        "numpy-scalar": np.float64(1.5), "numpy-array": np.arange(3), "rng": {"numpy": np.random.get_state(), "torch": torch.get_rng_state()},
        "path": pl.PurePosixPath("/a"), "namespace": argparse.Namespace(lr=1), "frozenset": frozenset([1]), "default": collections.defaultdict(list),
        "range": range(3),
    }
    for t in ("float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128", "complex32",
              "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"):
        things[f"dtype-{t}"] = torch.zeros(3).to(getattr(torch, t))
    for name, make in {"sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
                       "adagrad": torch.optim.Adagrad, "lbfgs": torch.optim.LBFGS, "rmsprop": torch.optim.RMSprop}.items():
        layer = torch.nn.Linear(2, 2)
        o = make(layer.parameters())

        def closure(o=o, layer=layer):
            o.zero_grad()
            loss = layer(torch.ones(1, 2)).sum()
            loss.backward()
            return loss
        o.step(closure)
        things[f"optimizer-{name}"] = o.state_dict()
    things["scheduler"] = torch.optim.lr_scheduler.CosineAnnealingLR(o, 3).state_dict()
    code = {"module": net, "project": {"model": OwnModule(), "w": w}, "optimizer-object": torch.optim.SGD([torch.nn.Parameter(w)], 0.1)}
    expected = {}
    for name, thing in (things | code).items():
        torch.save(thing, out / f"{name}.pt")
        torch.save(thing, out / f"{name}-old.pt", _use_new_zipfile_serialization=False)
        if name in code:
            expected[f"torch/{name}.pt"] = expected[f"torch/{name}-old.pt"] = scan_corpus.NEEDS_CODE
    torch.save(net.state_dict(), out / "protocol-4.pt", pickle_protocol=4)
    torch.save(net.state_dict(), out / "pytorch_model.bin")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), out / "script.pt")
    expected["torch/script.pt"] = scan_corpus.NEEDS_CODE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save({"model": net.state_dict(), "step": 3}, checkpoint_id=str(out / "dcp"))
    np.save(out / "array.npy", np.arange(100.0))
    np.save(out / "objects.npy", np.array([1, "a", None], dtype=object), allow_pickle=True)
    np.savez(out / "arrays.npz", a=np.arange(3), b=np.ones((2, 2)))
    np.savez_compressed(out / "packed.npz", a=np.arange(1000))
    from safetensors.torch import save_file
    save_file({"w": w}, out / "model.safetensors")
    return expected


def loads(path, weights_only=True):
    """Whether torch's restricted loader takes a file, or the other."""
    import torch
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.load(path, weights_only=weights_only)
    except Exception:
        return False
    return True


# -- the scanners --

def judge(folder):
    """Runs in the Python of the scanners: {name: [caught by picklescan, fickling, modelscan]}, as their commands would."""
    import logging
    logging.disable(logging.CRITICAL)
    import contextlib
    import io
    import zipfile

    from fickling.loader import scan_file, scan_zip_archive
    from modelscan.modelscan import ModelScan
    from picklescan.scanner import scan_directory_path, scan_file_path

    def picklescan(path):
        r = scan_file_path(path)  # what is named on the command line; in a folder it looks at extensions first
        return r.issues_count > 0 or r.scan_err

    def fickling(path):
        if zipfile.is_zipfile(path):
            return not all(r.is_safe for r in scan_zip_archive(path, graceful=True).values())
        return not scan_file(path, graceful=True).is_safe

    def modelscan(path):
        m = ModelScan()
        m.scan(path)
        return bool(m.issues.all_issues) or bool(m.errors)

    out = {}
    os.chdir(tempfile.mkdtemp())  # fickling leaves a report where it runs
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if not path.is_file():
            continue
        row = []
        for scan in (picklescan, fickling, modelscan):
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                try:
                    row.append(bool(scan(str(path))))
                except BaseException:  # the command ends with an error, and a pipeline with it
                    row.append(True)
        out[str(path.relative_to(folder))] = row
    return out


def olmotool(tool, folder):
    p = subprocess.run([tool, "scan", "--json", folder], capture_output=True, text=True)
    doc = json.loads(p.stdout)
    return {os.path.relpath(f["path"], folder): f for f in doc["files"]}, doc["verdict"], p.returncode


# -- the table --

def table(rows):
    """rows: {family: [[caught, missed, false alarms, rightly passed] of each tool]}."""
    rows = rows | {"all": [[sum(row[i][k] for row in rows.values()) for k in range(4)] for i in range(4)]}
    print(f"{'family':<12} {'files':>5} | " + " | ".join(f"{n:>22}" for n in ("olmotool", *SCANNERS)))
    print(f"{'':<18} | " + " | ".join(f"{'caught missed alarms':>22}" for _ in range(4)))
    for family, counts in rows.items():
        print(f"{family:<12} {sum(counts[0]):>5} | " + " | ".join(f"{c:>8} {m:>6} {a:>6}" for c, m, a, _ in counts))


def compare(args):
    failures, broken = [], []
    with tempfile.TemporaryDirectory() as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = scan_corpus.make(folder)
            needs = of_torch(folder)
        ours, verdict, code = olmotool(args.tool, folder)
        if (verdict, code) != ("dangerous", 1):
            failures.append(f"all: {verdict}, exit {code}")
        for name, f in ours.items():
            if name in expected and f["verdict"] != expected[name]:
                failures.append(f"{name}: {f['verdict']}, expected {expected[name]}")
            if name.startswith("torch/") and not name.endswith((".safetensors", ".npy", ".npz", ".metadata", ".distcp")):
                path, want = os.path.join(folder, name), needs.get(name)
                can = loads(path)
                if not can and want is None and not loads(path, False):
                    broken.append(name)  # torch cannot read what it wrote, whatever it is allowed to
                elif can != (f["verdict"] == "tensors-only") or f["verdict"] not in SAFE or want not in (None, f["verdict"]):
                    failures.append(f"{name}: {f['verdict']}, and torch loads it: {can}; " + "; ".join(p.get("weights_only_refuses", "") for p in f["pickles"]))
            elif name.startswith("torch/") and f["verdict"] not in SAFE[:2]:
                failures.append(f"{name}: {f['verdict']}")
        p = subprocess.run([args.scanners, __file__, "--judge", folder], capture_output=True, text=True)
        theirs = json.loads(p.stdout)
        rows, missed = {}, {}
        for name, f in ours.items():
            bad = expected.get(name) in (scan_corpus.DANGEROUS, scan_corpus.MALFORMED)
            counts = rows.setdefault(name.split("/")[0], [[0, 0, 0, 0] for _ in range(4)])
            for i, caught in enumerate([f["verdict"] not in SAFE, *theirs[name]]):
                counts[i][(0 if caught else 1) if bad else (2 if caught else 3)] += 1
                if bad != caught:
                    missed.setdefault((i, bad), []).append(name)
        table(rows)
        if args.verbose:
            for (i, bad), names in sorted(missed.items()):
                print(f"\n{('olmotool', *SCANNERS)[i]} {'missed' if bad else 'false alarms'}: {' '.join(names)}")
        if args.goldens:
            goldens(args.goldens, folder, expected, ours)
        speed(args, folder)
    if args.also:
        also, _, _ = olmotool(args.tool, args.also)
        count = {}
        for f in also.values():
            count[f["verdict"]] = count.get(f["verdict"], 0) + 1
        print(f"{args.also}: {count}")
    print(f"torch loads none of: {' '.join(broken)}")
    for f in failures:
        print("FAIL", f)
    print(f"{len(ours)} files, {len(failures)} failures")
    return 1 if failures else 0


def speed(args, folder):
    """Seconds of one command on a folder, the start of the process included: the best of three. picklescan ends with an
    exception in some of the folders, so each has its own line."""
    def best(command):
        times = []
        for _ in range(3):
            t = time.perf_counter()
            code = subprocess.run(command, capture_output=True).returncode
            times.append(time.perf_counter() - t)
        return min(times), code
    python = pathlib.Path(args.scanners)
    for family in sorted(os.listdir(folder)):
        a, ours = best([args.tool, "scan", "--quiet", os.path.join(folder, family)])
        b, theirs = best([str(python.parent / "picklescan"), "-l", "CRITICAL", "-p", os.path.join(folder, family)])
        print(f"speed {family:<10}: olmotool {a:.3f} s (exit {ours}), picklescan {b:.3f} s (exit {theirs}): {b / a:.0f} times as long")


def goldens(to, folder, expected, ours):
    """Small files of every family with the expected verdicts, for go test."""
    to = pathlib.Path(to)
    to.mkdir(parents=True, exist_ok=True)
    kept = {}
    for name in sorted(ours):
        data = pathlib.Path(folder, name).read_bytes()
        family, base = name.split("/")[0], name.split("/")[-1]
        verdict = expected.get(name)
        if len(data) >= 2048 or family == "functions":
            continue
        if verdict is None:
            if base not in ("state-dict.pt", "tensor.pt", "tensor-old.pt", "sparse-coo-old.pt", "quantised-old.pt", "numpy-array.pt", "module-old.pt", "objects.npy", "optimizer-sgd-old.pt"):
                continue
            verdict = "tensors-only" if loads(os.path.join(folder, name)) else scan_corpus.NEEDS_CODE if base.startswith("module") else "inert"
        (to / f"{family}-{base}").write_bytes(data)
        kept[f"{family}-{base}"] = verdict
    (to / "expected.json").write_text(json.dumps(kept, indent=1) + "\n")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--tool")
    a.add_argument("--scanners")
    a.add_argument("--also")
    a.add_argument("--goldens")
    a.add_argument("--verbose", action="store_true")
    a.add_argument("--judge")
    args = a.parse_args()
    if args.judge:
        print(json.dumps(judge(args.judge)))
        return 0
    return compare(args)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
