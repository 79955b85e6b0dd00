"""Answers lines "F32 M N K TIMES" on standard input with the seconds that one
y[M,N] = x[M,K] * w[N,K]^T takes OpenBLAS, the mean of so many times.

    openblas.py LIBRARY THREADS

It begins with a line that names the kernels. Only Python's own library is used.
"""

import array
import ctypes
import random
import sys
import time

lib = ctypes.CDLL(sys.argv[1])
lib.openblas_get_corename.restype = ctypes.c_char_p
lib.openblas_set_num_threads(int(sys.argv[2]))
print(lib.openblas_get_corename().decode(), flush=True)

ROW_MAJOR, NO_TRANS, TRANS = 101, 111, 112
seed = array.array("f", [random.uniform(-1, 1) for _ in range(1 << 14)]).tobytes()


def floats(n):
    b = ctypes.create_string_buffer(4 * n)
    view = memoryview(b).cast("B")
    for i in range(0, 4 * n, len(seed)):
        view[i : i + len(seed)] = seed[: 4 * n - i]
    return b


shape = None
for line in sys.stdin:
    m, n, k, times = map(int, line.split()[1:])
    if shape != (m, n, k):
        y = x = w = None
        y, x, w, shape = floats(m * n), floats(m * k), floats(n * k), (m, n, k)

    def multiply():
        lib.cblas_sgemm(ROW_MAJOR, NO_TRANS, TRANS, m, n, k, ctypes.c_float(1), x, k, w, k, ctypes.c_float(0), y, n)

    multiply()
    start = time.perf_counter()
    for _ in range(times):
        multiply()
    print((time.perf_counter() - start) / times, flush=True)
