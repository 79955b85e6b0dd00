#!/usr/bin/env python3
"""Writes golden.json: indices, and what numpy selects with them of numpy.arange.

Needs numpy 2.4.
"""
import json
import pathlib
import random

import numpy as np

random.seed(1)
SHAPES = ((), (7,), (4, 5), (3, 1, 4), (2, 3, 2, 3), (0, 3), (3, 0))
FIXED = ("...", "0", "-1", ":", "::2", "::-1", "-3:", ":-3", "5:2", "5:2:-1", "1:100", "-100:2", "...,0", "0,...", ":,1", "1,:",
         "...,::-2", "7", "-8", "0,0,0,0,0", "...,...", "2:2", "-1:-3:-1", "::100", "::-100", "9223372036854775807",
         "::9223372036854775807", "::-9223372036854775808", "-9223372036854775808:9223372036854775807", " 1 : 3 ")


def part():
    number = lambda: random.choice(("", str(random.randint(-6, 6))))
    if random.random() < 0.3:
        return str(random.randint(-3, 3))
    if random.random() < 0.15:
        return "..."
    return random.choice((f"{number()}:{number()}", f"{number()}:{number()}:{random.choice((-3, -2, -1, 1, 2, 3))}"))


def case(shape, index):
    x = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
    try:
        y = eval(f"x[{index}]", {"x": x})  # of the text above
    except IndexError:
        return {"shape": shape, "index": index, "fails": True}
    return {"shape": shape, "index": index, "want_shape": np.shape(y), "want": np.ravel(y).tolist()}


cases = [case(s, i) for s in SHAPES for i in FIXED]
cases += [case(random.choice(SHAPES[1:5]), ",".join(part() for _ in range(random.randint(1, 4)))) for _ in range(300)]
lines = [json.dumps(c) for c in cases]
pathlib.Path(__file__).with_name("golden.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
