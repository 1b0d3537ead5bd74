"""A test of somebody's own kernels, with bounds in place of tolerances. `pytest`, or `python3 test_attention.py`.

What is tested stands in for a GPU's: a matrix product in bf16 and one in f32, a softmax, and its gradient.
"""

import numpy as np

from etalon_oracle import Oracle

oracle = Oracle()
draw = np.random.default_rng(0)


def normal(*shape):
    return draw.standard_normal(shape).astype(np.float32)


# ---- what is tested -------------------------------------------------------------------------------------------------


def to_bf16(x):
    bits = np.asarray(x, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)


def scores_bf16(q, k):
    return to_bf16(to_bf16(q) @ to_bf16(k).T)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_gradient(x, dy):
    y = softmax(x)
    return y * (dy - (y * dy).sum(axis=-1, keepdims=True))


# ---- the tests ------------------------------------------------------------------------------------------------------


def test_scores_in_f32():
    q, k = normal(16, 64), normal(16, 64)
    oracle.check("dense", q @ k.T, x=q, w=k, precision="f32")


def test_scores_in_bf16():
    q, k = normal(16, 64), normal(16, 64)
    oracle.check("dense", scores_bf16(q, k), x=q, w=k, precision="bf16")


def test_softmax_of_wide_scores():
    x = 100 * normal(8, 32)
    oracle.check("softmax", softmax(x), x=x, attrs={"axis": -1})


def test_softmax_gradient():
    x, dy = normal(8, 32), normal(8, 32)
    oracle.check("softmax", {"x": softmax_gradient(x, dy)}, x=x, cotangents={"y": dy})


def test_a_fixed_tolerance_does_not_see_what_the_bound_sees():
    q, k = np.abs(normal(16, 64)), np.abs(normal(16, 64))
    short = q[:, :63] @ k[:, :63].T
    np.testing.assert_allclose(short, q @ k.T, rtol=2.5e-1)
    try:
        oracle.check("dense", short, x=q, w=k)
    except AssertionError as problem:
        assert "times the bound" in str(problem)
    else:
        raise AssertionError("a product was left out, and nobody saw it")


if __name__ == "__main__":
    tests = [test for name, test in list(globals().items()) if name.startswith("test_")]
    for test in tests:
        test()
    print(f"{len(tests)} passed")
