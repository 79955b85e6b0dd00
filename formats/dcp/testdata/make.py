"""Makes the checkpoints here: PYTHON make.py OUT [OLMO_CORE [DEPENDENCIES…]], with whatever torch PYTHON has.

Without OLMO_CORE the writer is torch's, else that of the OLMo-core in that directory. Three processes on this
machine write, by gloo. Element i of a tensor is i, counted in row-major order, so that what a reader should find
needs no file of its own.

OUT of the name "views" is as early versions of OLMo-core wrote: chunks that are views were saved with all of the
storage behind them.
"""
import io
import os
import pathlib
import pickle
import sys
from unittest import mock

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp

try:
    from torch.distributed.tensor import DeviceMesh, Shard, distribute_tensor
except ImportError:  # before torch 2.5
    from torch.distributed._tensor import DeviceMesh, Shard, distribute_tensor

RANKS = 3


def tensor(dtype, *shape):
    n = 1
    for s in shape:
        n *= s
    return torch.arange(n).reshape(shape).to(dtype)


def save(rank, out, port, core):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=RANKS)
    mesh = DeviceMesh("cpu", list(range(RANKS)))

    def shard(t, dim):  # early versions cannot send every type
        return distribute_tensor(t.float(), mesh, [Shard(dim)]).to(t.dtype)

    state = {
        "even": shard(tensor(torch.float32, 6, 4), 0),
        "uneven": shard(tensor(torch.bfloat16, 7, 3), 0),  # 3, 3, 1 rows
        "empty": shard(tensor(torch.float32, 2, 5), 0),    # 1, 1, 0 rows
        "columns": shard(tensor(torch.float32, 4, 10), 1),
        "deep": shard(tensor(torch.int64, 2, 3, 4), 2),
        "vector": shard(tensor(torch.bfloat16, 8), 0),
        "replicated": tensor(torch.float32, 3, 2),
        "scalar": torch.tensor(7.0),
        "count": torch.tensor(9),
        "flags": tensor(torch.uint8, 5),
        "lr": 0.1,
        "betas": (0.9, 0.95),
        "name": "text",
    }
    if torch.__version__.startswith("2.1."):
        del state["empty"]  # it refuses a dimension of less than the number of processes
    if core:
        from olmo_core.distributed.checkpoint import save_state_dict
        save_state_dict(out, state, save_overwrite=True)
    elif hasattr(dcp, "save"):
        dcp.save(state, checkpoint_id=out)
    else:
        dcp.save_state_dict(state, dcp.FileSystemWriter(out))
    dist.barrier()
    os._exit(0)  # leaving the group may hang


def start(rank, out, port, core):
    if core:
        sys.path += core
        # Nothing here leaves the disk: clients of remote storage and such that are not installed are not needed.
        for m in ("boto3", "botocore", "botocore.exceptions", "botocore.config", "datasets", "cached_path",
                  "cached_path.schemes", "google", "google.api_core", "google.api_core.exceptions",
                  "google.api_core.retry", "google.auth", "google.cloud", "google.cloud.exceptions",
                  "importlib_resources", "bettermap", "torchao", "rich", "rich.progress"):
            try:
                __import__(m)
            except ImportError:
                sys.modules[m] = mock.MagicMock()
    save(rank, out, port, core)


def views(out):
    from torch.distributed.checkpoint.filesystem import _StorageInfo
    from torch.distributed.checkpoint.metadata import (ChunkStorageMetadata, Metadata, MetadataIndex, TensorProperties,
                                                       TensorStorageMetadata)
    out.mkdir()
    rows, columns = tensor(torch.float32, 6, 2), tensor(torch.bfloat16, 4, 6)
    tensors, items, data = {}, {}, io.BytesIO()
    for key, full, parts in (("rows", rows, [((0, 0), rows[:2]), ((2, 0), rows[2:3]), ((3, 0), rows[3:])]),
                             ("columns", columns, [((0, 0), columns[:, :4]), ((0, 4), columns[:, 4:])])):
        chunks = []
        for offset, part in parts:
            item = io.BytesIO()
            torch.save(part, item)
            offset = torch.Size(offset)
            items[MetadataIndex(key, offset)] = _StorageInfo("__0_0.distcp", data.tell(), item.tell())
            chunks.append(ChunkStorageMetadata(offset, part.shape))
            data.write(item.getbuffer())
        tensors[key] = TensorStorageMetadata(TensorProperties(dtype=full.dtype), full.shape, chunks)
    (out / "__0_0.distcp").write_bytes(data.getbuffer())
    (out / ".metadata").write_bytes(pickle.dumps(Metadata(tensors, None, items)))


if __name__ == "__main__":
    if pathlib.Path(sys.argv[1]).name == "views":
        sys.exit(views(pathlib.Path(sys.argv[1])))
    mp.spawn(start, (sys.argv[1], 29600 + os.getpid() % 300, sys.argv[2:]), nprocs=RANKS)
