"""Etalon's oracle for Python tests: the right answer of an op, and how far a right kernel may be from it.

    from etalon_oracle import Oracle

    oracle = Oracle()

    def test_convolution():
        got = my_conv2d(x, w, stride=2)
        oracle.check("conv2d", got, x=x, w=w, attrs={"stride": [2, 2]}, precision="f32")

One file, numpy only. `Oracle()` starts `etalon eval` as a child when it is first asked, and ends it with the program, or
at the end of a `with` block. The command is the argument `command`, else the environment variable ETALON, else
`npx etalon`.

`precision` says in what the code under test computes: "f32" (every operation rounded to either neighbour, as WGSL
permits), "f32-nearest" (to nearest, as IEEE 754 has it), or "tf32", "bf16", "f16" (operands read in that format, sums in
f32, the result rounded to it). Hand in the operands as the code reads them: what is bf16 already as bf16.
"""

import atexit
import json
import os
import shlex
import signal
import subprocess
import tempfile
import threading

import numpy as np

__all__ = ["Answer", "Oracle", "OracleError"]


class OracleError(Exception):
    """The oracle refused a request, or could not be started. `code` is the protocol's, or "BackendUnavailable"."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Answer:
    """Arrays by name: `outputs`, and `bounds` where a precision was asked for (else None)."""

    def __init__(self, outputs, bounds):
        self.outputs = outputs
        self.bounds = bounds

    def __getitem__(self, name):
        return self.outputs[name]


def as_array(value):
    """f64 numbers of an array, a nested list, a number, or a tensor of PyTorch, JAX or TensorFlow, bf16 included."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().double()
    return np.asarray(value).astype(np.float64)


_names = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def _number(value):
    return value if np.isfinite(value) else "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _written(value):
    array = as_array(value)
    data = array.ravel().tolist()
    return {"shape": list(array.shape), "data": data if np.isfinite(array).all() else [_number(v) for v in data]}


def _read(tensor):
    data = tensor["data"]
    if any(isinstance(v, str) for v in data):
        data = [_names[v] if isinstance(v, str) else v for v in data]
    return np.array(data, dtype=np.float64).reshape(tensor["shape"])


def _listed(positions):
    return [int(position) for position in np.asarray(positions).ravel()]


def _kill(child):
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()


class Oracle:
    """A conversation with `etalon eval`. Safe to share between tests; one request at a time."""

    def __init__(self, command=None, timeout=600):
        """`command` is a string or a list; `timeout` the most seconds that one answer may take."""
        given = command if command is not None else os.environ.get("ETALON") or "npx etalon"
        self._command = (shlex.split(given) if isinstance(given, str) else list(given)) + ["eval"]
        self._timeout = timeout
        self._child = None
        self._errors = None
        self._asked = 0
        self._lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the child, if there is one. The oracle may be asked again and starts another."""
        child, self._child = self._child, None
        if child is None:
            return
        atexit.unregister(self.close)
        try:
            child.stdin.close()
        except OSError:
            pass
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            _kill(child)
            child.wait()
        child.stdout.close()
        self._errors.close()

    def _start(self):
        self._errors = tempfile.TemporaryFile()
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                # a group of its own, so that what npx starts ends with it
                start_new_session=True,
            )
        except OSError as problem:
            self._errors.close()
            raise OracleError(
                "BackendUnavailable",
                f"{shlex.join(self._command)} does not start ({problem}); "
                "name the command by Oracle(command=...) or the environment variable ETALON",
            ) from None
        atexit.register(self.close)

    def _converse(self, line):
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._start()
        child = self._child
        late = threading.Event()

        def stop():
            late.set()
            _kill(child)

        watch = threading.Timer(self._timeout, stop)
        watch.start()
        try:
            child.stdin.write(line)
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:
            answer = b""
        finally:
            watch.cancel()
        if answer.endswith(b"\n"):
            return json.loads(answer)
        code = child.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-2000:]
        self.close()
        if late.is_set():
            raise OracleError(
                "BackendUnavailable",
                f"no answer in {self._timeout} s; ask a smaller shape, or some elements of it (elements=...)",
            )
        raise OracleError(
            "BackendUnavailable", f"{shlex.join(self._command)} ended without an answer (exit code {code})\n{said}"
        )

    def ask(
        self, op, attrs=None, *, cotangents=None, directions=None, precision=None, depth=None, elements=None,
        backend=None, inputs=None, **named,
    ):  # fmt: skip
        """The op's outputs as f64 arrays, or with `cotangents` (by output) its gradients by input; with `directions` (by input)
        too, the gradients of the inner product of those and the gradients.

        Inputs go by name, `x=..., w=...`; `inputs` takes a dict, for names such as `attrs`. `precision` asks for bounds,
        `depth` says how deep additions nest at most, `elements` (flat positions, by output) leaves out all others.
        Raises OracleError with the protocol's code.
        """
        self._asked += 1
        request = {
            "id": self._asked,
            "op": op,
            "attrs": attrs or {},
            "inputs": {name: _written(x) for name, x in {**(inputs or {}), **named}.items() if x is not None},
        }
        if cotangents is not None:
            request["direction"] = "backward"
            request["cotangents"] = {name: _written(x) for name, x in cotangents.items()}
        if directions is not None:
            request["direction"] = "second"
            request["directions"] = {name: _written(x) for name, x in directions.items()}
        if precision is not None:
            request["bounds"] = precision
        if depth is not None:
            request["depth"] = depth
        if backend is not None:
            request["backend"] = backend
        if elements is not None:
            request["elements"] = {name: _listed(positions) for name, positions in elements.items()}
        # a numpy number is an attribute like any other
        line = json.dumps(request, allow_nan=False, default=lambda value: value.tolist())
        with self._lock:
            response = self._converse(line.encode() + b"\n")
        if not response["ok"]:
            raise OracleError(response["error"]["code"], response["error"]["message"])
        bounds = response.get("bounds")
        return Answer(
            {name: _read(tensor) for name, tensor in response["outputs"].items()},
            None if bounds is None else {name: _read(tensor) for name, tensor in bounds.items()},
        )

    def check(self, op, got, attrs=None, *, precision="f32", elements=None, cotangents=None, **asked):
        """Asserts that `got` is what a right kernel may answer; returns the largest error ÷ bound.

        `got` is an array where there is one answer, or a dict of arrays by output (by input, for gradients); what is not in
        it is not checked. With `elements`, a number n or positions by output, only so many elements are: the first, the
        last and n drawn ones, always the same.
        Everything else is as in `ask`. Raises AssertionError, which names the worst element.
        """
        given = {name: as_array(value) for name, value in got.items()} if isinstance(got, dict) else None
        if given is None and elements is not None:
            raise TypeError("to check some elements only, say of what: got={NAME: array}")
        places = None if elements is None else _places(given, elements)
        answer = self.ask(op, attrs, cotangents=cotangents, precision=precision, elements=places, **asked)
        if given is None:
            if len(answer.outputs) != 1:
                raise TypeError(f"{op} has the answers {', '.join(answer.outputs)}; say which got is: got={{NAME: array}}")
            given = {name: as_array(got) for name in answer.outputs}
        what = f"{op} {'forward' if cotangents is None else 'backward'} in {precision}"
        worst = 0.0
        for name, value in given.items():
            if name not in answer.outputs:
                raise AssertionError(f"{what}: there is no {name}; there are {', '.join(answer.outputs)}")
            want, bound = answer.outputs[name], answer.bounds[name]
            if places is None and value.shape != want.shape:
                raise AssertionError(f"{what}: {name} has shape {list(value.shape)}; wanted is {list(want.shape)}")
            where = np.arange(value.size) if places is None else np.asarray(places[name])
            found, want, bound = value.ravel()[where], want.ravel(), bound.ravel()
            ratio = _ratios(found, want, bound)
            if not ratio.max() <= 1:
                raise AssertionError(_told(what, name, value.shape, where, found, want, bound, ratio))
            worst = max(worst, float(ratio.max()))
        return worst


def _places(got, elements):
    if elements is None:
        return None
    if isinstance(elements, dict):
        return {name: _listed(elements[name]) for name in got if name in elements}
    draw = np.random.default_rng(0)
    return {
        name: sorted({0, value.size - 1, *draw.integers(0, value.size, elements).tolist()})
        for name, value in got.items()
    }


def _ratios(got, want, bound):
    """Error ÷ bound of each element. Anything passes a bound of Infinity; NaN and the infinities are wanted themselves."""
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    with np.errstate(all="ignore"):
        ratio = np.abs(got - want) / bound
    ratio = np.where(np.isfinite(got) & np.isfinite(want), ratio, np.inf)
    return np.where(same | np.isposinf(bound), 0.0, np.where(np.isnan(ratio), np.inf, ratio))


def _told(what, name, shape, where, got, want, bound, ratio):
    at = int(ratio.argmax())
    index = ", ".join(str(int(i)) for i in np.unravel_index(int(where[at]), shape)) if shape else ""
    beyond = int((ratio > 1).sum())
    return "\n".join(
        [
            f"{what}: {beyond} of {got.size} elements of {name} are further off than a right kernel may be",
            f"  worst  {name}[{index}] of shape {list(shape)}",
            f"  got    {float(got[at])!r}",
            f"  want   {float(want[at])!r}",
            f"  error  {abs(got[at] - want[at]):.3g}, {ratio[at]:.3g} times the bound",
            f"  bound  {bound[at]:.3g}",
        ]
    )
