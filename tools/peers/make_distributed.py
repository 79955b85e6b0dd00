"""Writes a distributed checkpoint: make_distributed.py PEERS CORE FORM HF OUT WORLD

Runs under whatever torch its Python has, in WORLD processes of gloo on the CPU. CORE is the folder of OLMo-core in
PEERS, HF a directory of transformers (olmo2). FORM is

    core        OLMo-core's model under its FSDP and AdamW after one step at learning rate 0, as its trainer saves it
    core-small  the same with an optimizer of the norms alone, for testdata
    core-flat   core with the optimizer's state flattened, as OLMo-core 2.2 and later do by default when training
    torch_new   the older trainer's names in torch's own files: its checkpointer of that name, restated, with moments of the norms alone

OUT becomes the directory of a step: model_and_optim, and the config that the trainer puts beside it.

    unshard     no writer: OUT/model.pt becomes what OLMo-core's unshard_checkpoint, which its converter begins with,
                makes of the model in the step HF
    load        the same by torch's loader
"""
import json
import os
import pathlib
import sys
from types import SimpleNamespace

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

HERE = pathlib.Path(__file__).resolve().parent


def main():
    peers, core, form, hf, out, world = sys.argv[1:7]
    if form in ("unshard", "load"):
        return read(pathlib.Path(peers), core, form, pathlib.Path(hf), pathlib.Path(out))
    pathlib.Path(out).mkdir(parents=True)
    mp.spawn(work, (pathlib.Path(peers), core, form, pathlib.Path(hf), pathlib.Path(out), int(world), 29900 + os.getpid() % 90),
             nprocs=int(world))


def add_paths(peers, core):
    """Pure Python dependencies; torch is found before these."""
    sys.path[1:1] = [str(HERE)]
    sys.path += [str(peers / core), str(peers / core / "deps"), str(peers / "olmo"), str(peers / "venv/lib/python3.11/site-packages")]


def read(peers, core, form, step, out):
    add_paths(peers, core)
    import official
    with official.stand_ins():
        from olmo_core.distributed.checkpoint import unshard_checkpoint
    if form == "unshard":
        unshard_checkpoint(str(step / "model_and_optim"), str(out), optim=False, quiet=True)
        return
    from olmo_core.distributed.checkpoint import filesystem
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
    filesystem._StorageInfo.transform_descriptors = None  # torch asks for it, and OLMo-core's class has none
    out.mkdir()
    dcp_to_torch_save(str(step / "model_and_optim"), str(out / "whole.pt"))
    torch.save(torch.load(out / "whole.pt", weights_only=True)["model"], out / "model.pt")


def work(rank, peers, core, form, hf, out, world, port):
    add_paths(peers, core)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(world), "RANK": str(rank),
                   "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(world), "NUM_NODES": "1", "FS_LOCAL_RANK": str(rank)}
    dist.init_process_group("gloo", rank=rank, world_size=world)
    torch.manual_seed(1)
    from safetensors import safe_open
    config = SimpleNamespace(**json.loads((hf / "config.json").read_text()))
    state = {}
    for f in sorted(hf.glob("*.safetensors")):
        with safe_open(f, "pt") as s:
            state |= {k: s.get_tensor(k) for k in s.keys()}
    (torch_new if form == "torch_new" else olmo_core)(form, config, state, out, rank, world)
    dist.barrier()
    sys.stdout.flush()
    os._exit(0)  # leaving the group may hang


def olmo_core(form, c, state, out, rank, world):
    import official
    with official.stand_ins():
        from olmo_core.distributed.checkpoint import save_model_and_optim_state
        from olmo_core.optim import AdamWConfig
    from torch.distributed.device_mesh import init_device_mesh
    config = official.core_config(c)
    model = config.build(init_device="cpu").to(next(iter(state.values())).dtype)
    model.load_state_dict(official.core_state(state), strict=True)
    model.apply_fsdp(dp_mesh=init_device_mesh("cpu", (world,)))
    if form == "core-small":
        optim = torch.optim.AdamW([p for n, p in model.named_parameters() if "norm" in n], lr=0.0)
    else:
        optim = AdamWConfig(lr=0.0, weight_decay=0.0).build(model)
    for p in model.parameters():  # made up: torch 2.6 computes no gradients of a sharded model on the CPU
        p.grad = torch.full_like(p, 0.5)
    optim.step()
    save_model_and_optim_state(str(out / "model_and_optim"), model, optim, flatten_optimizer_state=form == "core-flat")
    if rank == 0:
        (out / "config.json").write_text(json.dumps(official.core_experiment(config, c)))
        (out / ".metadata.json").write_text('{"version": "2.3.0", "ephemeral": false}')
        (out / "train").mkdir()
        torch.save({"global_step": 7, "global_train_tokens_seen": 7168, "epoch": 1, "world_size": world}, out / "train/rank0.pt")


def torch_new(form, c, state, out, rank, world):
    import official
    import torch.distributed.checkpoint as dcp
    try:
        from torch.distributed.tensor import DeviceMesh, Shard, distribute_tensor
    except ImportError:  # before torch 2.5
        from torch.distributed._tensor import DeviceMesh, Shard, distribute_tensor
    mesh = DeviceMesh("cpu", list(range(world)))
    saved = {}
    for name, t in official.legacy_state(c, state).items():
        saved["model." + name] = distribute_tensor(t.float(), mesh, [Shard(0)]).to(t.dtype)
        if t.dim() == 1:
            saved[f"optim.state.{name}.exp_avg"] = saved["model." + name]
    if hasattr(dcp, "save"):
        dcp.save(saved, checkpoint_id=str(out / "model_and_optim"))
    else:
        dcp.save_state_dict(saved, dcp.FileSystemWriter(out / "model_and_optim"))
    if rank == 0:
        official.legacy_config(c).save(out / "config.yaml")


if __name__ == "__main__":
    main()
