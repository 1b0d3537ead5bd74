"""The client itself. `pytest clients/python`, or `python3 clients/python/test_etalon_oracle.py`, which needs no pytest."""

import sys

import numpy as np

from etalon_oracle import Oracle, OracleError, as_array

oracle = Oracle()
draw = np.random.default_rng(1)


def normal(*shape):
    return draw.standard_normal(shape).astype(np.float32)


def raised(kind, f, *args, **named):
    try:
        f(*args, **named)
    except kind as problem:
        return problem
    raise AssertionError(f"no {kind.__name__} was raised")


def bf16(x):
    """The nearest bf16: the upper half of an f32, ties to even."""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)


def test_answers_are_arrays_with_numbers_of_every_kind():
    answer = oracle.ask("relu", x=[[np.nan, np.inf, -np.inf], [-1, 2, 0.1]])
    assert answer.bounds is None
    assert np.array_equal(answer["y"], [[np.nan, np.inf, 0], [0, 2, 0.1]], equal_nan=True)
    assert oracle.ask("l2Penalty", {"beta": np.float64(2)}, w=[3.0])["loss"].shape == ()


def test_a_right_kernel_passes_in_each_precision():
    x, w, b = normal(3, 64), normal(4, 64), normal(4)
    exact = x.astype(np.float64) @ w.T.astype(np.float64) + b
    assert oracle.check("dense", exact, x=x, w=w, b=b) < 1e-6
    in_f32 = x @ w.T + b
    for precision in ["f32", "f32-nearest"]:
        assert 0 < oracle.check("dense", in_f32, precision=precision, x=x, w=w, b=b) <= 1
    in_bf16 = bf16(bf16(x) @ bf16(w).T + bf16(b))
    assert oracle.check("dense", in_bf16, precision="bf16", x=x, w=w, b=b) <= 1
    half = [each.astype(np.float16).astype(np.float32) for each in (x, w, b)]
    in_f16 = (half[0] @ half[1].T + half[2]).astype(np.float16)
    assert oracle.check("dense", in_f16, precision="f16", x=x, w=w, b=b) <= 1


def test_a_wrong_one_fails_and_the_worst_element_is_named():
    x, w = normal(2, 8), normal(3, 8)
    got = x @ w.T
    got[1, 2] += 0.01
    problem = str(raised(AssertionError, oracle.check, "dense", got, x=x, w=w))
    assert "dense forward in f32: 1 of 6 elements of y" in problem, problem
    assert "worst  y[1, 2] of shape [2, 3]" in problem
    assert f"got    {float(got[1, 2])!r}" in problem
    assert "want" in problem and "times the bound" in problem


def test_f32_is_good_enough_for_bf16_and_bf16_not_for_f32():
    x, w = normal(2, 16), normal(3, 16)
    oracle.check("dense", x @ w.T, precision="bf16", x=x, w=w)
    raised(AssertionError, oracle.check, "dense", bf16(x) @ bf16(w).T, precision="f32", x=x, w=w)


def test_gradients_are_checked_by_the_name_of_the_input():
    x, w, dy = normal(5, 4), normal(3, 4), normal(5, 3)
    got = {"x": dy @ w, "w": dy.T @ x}
    assert oracle.check("dense", got, x=x, w=w, cotangents={"y": dy}) <= 1
    problem = raised(AssertionError, oracle.check, "dense", {"w": -got["w"]}, x=x, w=w, cotangents={"y": dy})
    assert "dense backward in f32" in str(problem)
    assert "x, w" in str(raised(TypeError, oracle.check, "dense", got["x"], x=x, w=w, cotangents={"y": dy}))


def test_some_elements_of_an_answer_are_checked_where_all_would_be_too_many():
    x, w = normal(5000, 2), normal(5000, 2)
    got = {"y": x @ w.T}
    assert oracle.check("dense", got, elements=50, x=x, w=w) <= 1
    got["y"][4999, 4999] += 1
    assert "y[4999, 4999]" in str(raised(AssertionError, oracle.check, "dense", got, elements=50, x=x, w=w))
    assert oracle.check("dense", got, elements={"y": [0, 7]}, x=x, w=w) <= 1
    assert raised(OracleError, oracle.ask, "dense", x=x, w=w).code == "TooLarge"
    raised(TypeError, oracle.check, "dense", got["y"], elements=50, x=x, w=w)


def test_shapes_names_and_numbers_that_are_none_fail():
    x = normal(3)
    assert "shape [2]; wanted is [3]" in str(raised(AssertionError, oracle.check, "relu", x[:2], x=x))
    assert "there is no z; there are y" in str(raised(AssertionError, oracle.check, "relu", {"z": x}, x=x))
    raised(AssertionError, oracle.check, "relu", np.array([1, np.nan, 0]), x=[1, 2, 0])
    raised(AssertionError, oracle.check, "relu", np.array([1, 2, 0]), x=[1, np.nan, 0])
    assert oracle.check("relu", np.array([np.nan, np.inf]), x=[np.nan, np.inf]) == 0
    # past the range of f16 anything may come out
    assert oracle.check("relu", np.array([np.inf, 1]), precision="f16", x=[1e5, 1]) == 0


def test_what_the_oracle_refuses_is_told_with_its_code_and_the_next_question_is_answered():
    assert raised(OracleError, oracle.ask, "conv4d", x=1).code == "UnknownOp"
    assert raised(OracleError, oracle.ask, "relu", y=1).code == "UnexpectedInput"
    assert raised(OracleError, oracle.check, "relu", 1, precision="f8", x=1).code == "MalformedRequest"
    assert oracle.ask("relu", x=-1)["y"] == 0


def test_a_depth_of_additions_narrows_the_bound():
    x, w = np.ones((1, 512)) / 3, np.ones((1, 512)) / 3
    any_order, tree = [oracle.ask("dense", x=x, w=w, precision="f32", depth=d).bounds["y"] for d in (None, 9)]
    assert 20 * tree < any_order


def test_a_command_that_is_none_is_told():
    problem = raised(OracleError, Oracle(command="no-such-command-anywhere").ask, "relu", x=1)
    assert problem.code == "BackendUnavailable" and "ETALON" in str(problem)
    problem = raised(OracleError, Oracle(command=[sys.executable, "-c", "import sys; sys.exit('broken')"]).ask, "relu", x=1)
    assert "broken" in str(problem) and "exit code 1" in str(problem)
    slow = Oracle(command=[sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)
    assert "no answer in 0.2 s" in str(raised(OracleError, slow.ask, "relu", x=1))


def test_an_oracle_that_was_closed_starts_again():
    with Oracle() as other:
        assert other.ask("relu", x=1)["y"] == 1
        other.close()
        assert other.ask("relu", x=2)["y"] == 2


def test_tensors_of_other_libraries_are_taken_as_f64():
    class Tensor:
        """What PyTorch's has of this."""

        def detach(self):
            return self

        def cpu(self):
            return self

        def double(self):
            return np.array([1.5, 2])

    assert as_array(Tensor()).tolist() == [1.5, 2]
    assert as_array(np.float16(0.1)).dtype == np.float64


if __name__ == "__main__":
    tests = {name: test for name, test in list(globals().items()) if name.startswith("test_")}
    for name, test in tests.items():
        test()
    print(f"{len(tests)} passed")
