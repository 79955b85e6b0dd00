#!/usr/bin/env python3
"""Writes the .gguf files of this folder with the reference writer.

Needs numpy and gguf 0.19.0. Run it in this folder. The bytes of the tensors
are a pattern that the Go tests compute too: byte k of tensor i is
37 i + 11 k + k / 256, modulo 256.
"""
from unittest import mock

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import GGUFEndian, GGUFReader, GGUFValueType as V, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES

PLAIN = {T.F32: np.float32, T.F16: np.float16, T.F64: np.float64,
         T.I8: np.int8, T.I16: np.int16, T.I32: np.int32, T.I64: np.int64}


def pattern(i, n):
    k = np.arange(n, dtype=np.int64)
    return ((37 * i + 11 * k + k // 256) % 256).astype(np.uint8)


def add_keys(w):
    w.add_uint8("scalar.uint8", 200)
    w.add_int8("scalar.int8", -100)
    w.add_uint16("scalar.uint16", 60000)
    w.add_int16("scalar.int16", -30000)
    w.add_uint32("scalar.uint32", 4000000000)
    w.add_int32("scalar.int32", -2000000000)
    w.add_float32("scalar.float32", 0.1)
    w.add_uint64("scalar.uint64", 18000000000000000000)
    w.add_int64("scalar.int64", -9000000000000000000)
    w.add_float64("scalar.float64", 0.1)
    w.add_bool("scalar.bool", True)
    w.add_string("scalar.string", "héllo\n\x1b[31m")
    w.add_key_value("scalar.empty", "", V.STRING)
    w.add_array("array.string", ["a", "", "Ġtoken"])
    w.add_array("array.auto_int", [1, -2, 3])
    w.add_array("array.auto_float", [0.5, -1.25])
    w.add_array("array.auto_bool", [True, False, True])
    w.add_array("array.bytes", b"\x00\x01\xff")
    for name, typ, val in [
            ("uint8", V.UINT8, [1, 255]), ("int8", V.INT8, [-128, 127]),
            ("uint16", V.UINT16, [1, 65535]), ("int16", V.INT16, [-32768, 1]),
            ("uint32", V.UINT32, [7, 4294967295]), ("uint64", V.UINT64, [1, 2**64 - 1]),
            ("int64", V.INT64, [-2**63, 1]), ("float64", V.FLOAT64, [0.1, 1e300])]:
        w.add_key_value("array." + name, val, V.ARRAY, sub_type=typ)


def add_tensor(w, i, name, typ, shape):
    block, size = GGML_QUANT_SIZES[typ]
    n = int(np.prod(shape, dtype=np.int64)) // block * size
    data = pattern(i, n)
    if typ in PLAIN:
        w.add_tensor(name, data.view(PLAIN[typ]).reshape(shape))
    else:
        w.add_tensor(name, data.reshape(*shape[:-1], shape[-1] // block * size), raw_dtype=typ)


def write(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


KINDS = [("f32", T.F32, (2, 3, 5)), ("f16", T.F16, (3, 7)), ("bf16", T.BF16, (4, 3)),
         ("f64", T.F64, (3,)), ("i8", T.I8, (5,)), ("i16", T.I16, (3,)), ("i32", T.I32, (1, 3)),
         ("i64", T.I64, (2, 1)), ("scalar", T.F32, ()), ("ones", T.F32, (1, 1, 4, 1)),
         ("empty", T.F32, (0, 4)), ("q8_0", T.Q8_0, (2, 64)), ("q4_0", T.Q4_0, (2, 32)),
         ("q4_k", T.Q4_K, (2, 256)), ("x" * 63, T.F16, (1,))]


def kinds():
    w = GGUFWriter("kinds.gguf", "none")
    add_keys(w)
    for i, t in enumerate(KINDS):
        add_tensor(w, i, *t)
    write(w)

    # Big-endian: the plain types, which the writer swaps.
    w = GGUFWriter("kinds-be.gguf", "none", endianess=GGUFEndian.BIG)
    add_keys(w)
    for i, t in enumerate(KINDS):
        if t[1] in PLAIN:
            add_tensor(w, i, *t)
    write(w)


BLOCKS = [("f32", T.F32, (3,)), ("f16", T.F16, (3,)), ("bf16", T.BF16, (2, 3)), ("q4_0", T.Q4_0, (2, 64)),
          ("q8_0", T.Q8_0, (2, 64)), ("q4_k", T.Q4_K, (512,)), ("q6_k", T.Q6_K, (512,)), ("mxfp4", T.MXFP4, (64,))]


def blocks():
    """The types that gguf-py's script for changing the byte order knows."""
    from gguf.scripts import gguf_convert_endian as endian
    for name in ["blocks.gguf", "blocks-be.gguf"]:
        w = GGUFWriter(name, "none")
        w.add_array("array.string", ["a", "bc"])
        for i, t in enumerate(BLOCKS):
            add_tensor(w, i, *t)
        write(w)
    args = mock.Mock(order="big", dry_run=False)
    with mock.patch("builtins.input", lambda _: "YES"):
        endian.convert_byteorder(GGUFReader("blocks-be.gguf", "r+"), args)


def small():
    write(GGUFWriter("keys.gguf", "none"))  # no tensors
    for a in [1, 8, 64]:
        w = GGUFWriter(f"align{a}.gguf", "none")
        w.add_custom_alignment(a)
        for i in range(3):
            add_tensor(w, i, f"t{i}", T.I8, (3 + i,))
        write(w)


def splits():
    for name, args in [("tensors", {"split_max_tensors": 2}), ("bytes", {"split_max_size": 100}),
                       ("first", {"split_max_tensors": 3, "small_first_shard": True}),
                       ("one", {"split_max_size": 1000}), ("onefirst", {"small_first_shard": True})]:
        w = GGUFWriter(f"{name}.gguf", "none", **args)
        w.add_uint32("some.key", 7)
        for i, n in enumerate([60, 40, 1, 200, 0, 99]):
            add_tensor(w, i, f"t{i}", T.I8, (n,))
        write(w)


kinds()
blocks()
small()
splits()