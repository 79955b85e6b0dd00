"""Writes a sharded legacy checkpoint with OLMo's own checkpointers: make_sharded.py PEERS FORM UNSHARDED OUT WORLD

Runs under whatever torch its Python has, in WORLD processes of gloo on the CPU. UNSHARDED is a directory with
config.yaml and model.pt, FORM torch_legacy, local or olmo_core, as the trainer's setting sharded_checkpointer says. With a
WORLD of 0, OLMo's unsharder of that form reads the checkpoint OUT into OUT/whole.pt.

The model is wrapped in FSDP block by block, as the trainer does, and its optimizer has made one step (at learning
rate 0), so that there are moments. OLMo 0.6 needs torch 2.1 or later, and 2.1 or 2.2 for local. Under torch 1.13, which
describes flat parameters as torch 2.0 does, the dictionaries of its checkpointers are put together here.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent


def main():
    peers, form, unsharded, out, world = sys.argv[1:6]
    if world == "0":
        add_paths(pathlib.Path(peers))
        return unshard(form, pathlib.Path(unsharded), pathlib.Path(out))
    if "RANK" in os.environ:
        work(pathlib.Path(peers), form, pathlib.Path(unsharded), pathlib.Path(out), int(os.environ["RANK"]), int(world))
        sys.stdout.flush()
        os._exit(0)  # gloo can hang when it is taken down
    with tempfile.TemporaryDirectory() as meet:
        env = os.environ | dict(WORLD_SIZE=world, LOCAL_WORLD_SIZE=world, MEET=f"{meet}/store", OMP_NUM_THREADS="1",
                                NUM_NODES="1", FS_LOCAL_RANK="", PYTHONWARNINGS="ignore")
        ps = [subprocess.Popen([sys.executable, *sys.argv], stderr=subprocess.PIPE, text=True,
                               env=env | dict(RANK=str(r), LOCAL_RANK=str(r), FS_LOCAL_RANK=str(r))) for r in range(int(world))]
        errors = [p.communicate(timeout=300)[1] for p in ps]
        for p, err in zip(ps, errors):
            if p.returncode:
                sys.exit(err[-2000:])


def work(peers, form, unsharded, out, rank, world):
    add_paths(peers)
    allow_defaults()
    import torch
    import torch.distributed as dist
    dist.init_process_group("gloo", init_method=f"file://{os.environ['MEET']}", rank=rank, world_size=world)
    modern = tuple(int(x) for x in torch.__version__.split(".")[:2]) >= (2, 1)
    state = torch.load(unsharded / "model.pt", map_location="cpu")
    (by_olmo if modern else by_hand)(form, unsharded, out, rank, world, state)
    dist.barrier()


def add_paths(peers):
    """OLMo and its dependencies in Python; torch and numpy are found before these."""
    sys.path.insert(0, str(HERE))
    sys.path += [str(peers / "olmo"), str(peers / "core01"), str(peers / "venv/lib/python3.11/site-packages")]


def unshard(form, unsharded, out):
    import torch

    from official import stand_ins
    with stand_ins():
        from olmo.checkpoint import build_sharded_checkpointer
        from olmo.config import ShardedCheckpointerType, TrainConfig
        if form == "olmo_core":
            import olmo_core.distributed.checkpoint  # noqa: F401, used by OLMo's
        config = TrainConfig.load(unsharded / "config.yaml")
        config.sharded_checkpointer = ShardedCheckpointerType(form)
        model, _, _ = build_sharded_checkpointer(config).unshard_checkpoint(
            out, load_optimizer_state=form == "torch_legacy", load_trainer_state=False)
    torch.save(dict(model), out / "whole.pt")


def allow_defaults():
    """Lets fields of data classes have data classes as defaults, as in Python 3.10: torch 1.13 needs that."""
    import dataclasses
    get = dataclasses._get_field

    def lenient(cls, name, *rest):
        default = getattr(cls, name, None)
        default = getattr(default, "default", default)  # of field()
        if dataclasses.is_dataclass(type(default)) and type(default).__hash__ is None:
            type(default).__hash__ = object.__hash__
        return get(cls, name, *rest)
    dataclasses._get_field = lenient


def by_olmo(form, unsharded, out, rank, world, state):
    import torch
    from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

    from official import stand_ins
    with stand_ins():
        from olmo.checkpoint import build_sharded_checkpointer
        from olmo.config import FSDPWrapStrategy, ShardedCheckpointerType, TrainConfig
        from olmo.model import OLMo
        if form == "olmo_core":
            import olmo_core.distributed.checkpoint  # noqa: F401, used by OLMo's
    config = TrainConfig.load(unsharded / "config.yaml")
    config.sharded_checkpointer = ShardedCheckpointerType(form)
    model = OLMo(config.model, init_params=False)
    dtype = state["transformer.wte.weight"].dtype
    model = model.to(dtype)
    model.load_state_dict(state, strict=True)
    # FSDP looks for an accelerator, and torch 2.1's for streams with priorities, even where none is used.
    with mock.patch.object(torch.cuda, "current_device", lambda: torch.device("cpu")), \
            mock.patch.object(torch.cpu, "Stream", mock.MagicMock()), \
            mock.patch.object(torch.cpu, "Event", mock.MagicMock(), create=True):
        model = FSDP(model, use_orig_params=True, auto_wrap_policy=model.get_fsdp_wrap_policy(FSDPWrapStrategy.by_block),
                     device_id=torch.device("cpu"))
        named = sorted((n, p) for n, p in model.named_parameters())
        optim = torch.optim.AdamW([dict(params=[p for _, p in named], param_names=[n for n, _ in named])], lr=0.0)
        for _, p in named:
            p.grad = torch.full_like(p, 0.5)
        optim.step()
        for group in optim.param_groups:
            group["lr"] = 3e-4
        save = build_sharded_checkpointer(config)
        save.save_checkpoint(out, model, optim, trainer_state(rank, world))


def by_hand(form, unsharded, out, rank, world, state):
    """The dictionaries of OLMo's checkpointers torch_legacy and local, of the model alone, as an older torch makes them:
    with the function by which FSDP cuts tensors into ShardedTensors, and with the FlatParameters of FSDP."""
    import torch
    from torch.distributed.distributed_c10d import _get_default_group
    from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
    from torch.distributed.fsdp._shard_utils import _create_chunk_sharded_tensor
    if rank == 0:
        (out / "model").mkdir(parents=True) if form == "local" else out.mkdir(parents=True)
        (out / "config.yaml").write_bytes((unsharded / "config.yaml").read_bytes())
        if form == "local":
            (out / "metadata.yaml").write_text(f"world_size: {world}\n")
    torch.distributed.barrier()
    if form == "torch_legacy":
        cut = {k: _create_chunk_sharded_tensor(v, rank, world, world, _get_default_group()) for k, v in state.items()}
        torch.save({"model": cut, **trainer_state(rank, world)}, out / f"rank{rank}.pt")
        return
    with mock.patch.object(FSDP, "_get_compute_device", lambda *_: torch.device("cpu")):
        model = FSDP(tree(state, FSDP))
    modules = []
    for name, module in model.named_modules():
        if isinstance(module, FSDP):
            handles = []
            for handle in module._handles:
                p = handle.flat_param
                d = {"flat_param.data": p.detach(), "flat_param._fqns": p._prefixed_param_names}  # the name before 2.0
                for key in ("_shard_param_offsets", "_shard_indices", "_numels", "_shapes", "_shard_numel_padded"):
                    d[f"flat_param.{key}"] = getattr(p, key)
                handles.append(d)
            modules.append({"handles": handles, "name": name.replace("_fpw_module.", "")})  # a wrapper that 2.0 has no more
    torch.save({"modules": modules}, out / f"model/rank{rank}.pt")


def tree(state, wrap):
    """Modules with the parameters of a state dict, every block in a wrapper of its own."""
    import torch
    root = torch.nn.Module()
    for name, value in state.items():
        *path, leaf = name.split(".")
        at = root
        for part in path:
            if part not in at._modules:
                at.add_module(part, torch.nn.Module())
            at = at._modules[part]
        at.register_parameter(leaf, torch.nn.Parameter(value))
    blocks = root.transformer.blocks
    for i in list(blocks._modules):
        blocks._modules[i] = wrap(blocks._modules[i])
    return root


def trainer_state(rank, world):
    """What OLMo's trainer adds: of every kind of value one, and the state of a generator, which differs by rank."""
    import numpy as np
    import torch
    torch.manual_seed(rank)
    return {"epoch": 0, "global_step": 1, "global_train_examples_seen_this_epoch": 512, "global_train_tokens_seen": 2097152,
            "world_size": world, "checkpoints": [pathlib.PosixPath("checkpoints/step0")],
            "rng": {"numpy": np.random.RandomState(rank).get_state(), "torch": torch.random.get_rng_state()}}


if __name__ == "__main__":
    main()
