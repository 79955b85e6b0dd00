"""Writes the golden files of this folder with safetensors 0.8.0 and torch 2.6.0.

Run it in this folder. Tensors are inserted out of order on purpose.
"""
import ctypes
import pathlib

import safetensors
import torch
from safetensors.torch import save_file

torch.manual_seed(7)


def bits(dtype, *shape):
    n = torch.empty((), dtype=dtype).element_size()
    for d in shape:
        n *= d
    if dtype == torch.bool:
        return torch.randint(0, 2, shape).bool()
    return torch.randint(0, 256, (n,), dtype=torch.uint8).view(dtype).reshape(shape)


# Every dtype that torch 2.6 and the format share, names that sort oddly,
# scalars and empty tensors among them.
kinds = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.float16, torch.bfloat16, torch.int32,
         torch.uint32, torch.float32, torch.complex64, torch.float64, torch.int64, torch.uint64, torch.float8_e5m2,
         torch.float8_e4m3fn, torch.float8_e5m2fnuz, torch.float8_e4m3fnuz]
tensors = {}
for i, k in enumerate(kinds):
    tensors[f"z{i}.{str(k)[6:]}"] = bits(k, i % 4, 3)
    tensors[f"a{i}"] = bits(k)
save_file(tensors, "dtypes.safetensors", metadata={"format": "pt"})

names = ["model.layers.2.w", "model.layers.10.w", "B", "a", "_", "é", "日本", "😀", 'quote"back\\slash/', "\x00\x01\x1f\x7f",
         "\b\t\n\f\r", "\u2028<&>'", " ", "con", "../../x"]
save_file({n: bits(torch.bfloat16, i + 1) for i, n in enumerate(names)}, "names.safetensors", metadata={'k"\n': "é\x1b"})
save_file({}, "empty.safetensors")
save_file({"x": bits(torch.float32, 0), "w": bits(torch.float32, 2, 0), "y": bits(torch.float32, 1)}, "nometa.safetensors")
save_file({"x": bits(torch.uint8, 5)}, "emptymeta.safetensors", metadata={})

# The types that torch 2.6 lacks, through the layer below.
data = ctypes.create_string_buffer(bytes(range(48)))
spec = {}
for i, (kind, shape, size) in enumerate([
    ("bool", [3], 3), ("float4_e2m1fn_x2", [2, 2], 4), ("uint8", [2], 2), ("int8", [2], 2), ("float8_e5m2", [1], 1),
    ("float8_e4m3fn", [1], 1), ("float8_e8m0fnu", [5], 5), ("float8_e4m3fnuz", [1], 1), ("float8_e5m2fnuz", [1], 1),
    ("int16", [1], 2), ("uint16", [1], 2),
]):
    spec[f"t{i}"] = safetensors.TensorSpec(dtype=kind, shape=shape, data_ptr=ctypes.addressof(data), data_len=size)
pathlib.Path("small.safetensors").write_bytes(safetensors.serialize(spec))

for path in pathlib.Path(".").glob("*.safetensors"):
    path.chmod(0o644)
