"""A backend for Etalon in plain Python: etalon verify --backend 'exec:python3 my_backend.py' --ops relu,dense"""

import json
import sys


def relu_forward(attrs, x):
    return {"y": {"shape": x["shape"], "data": [max(v, 0.0) if v == v else v for v in x["data"]]}}


def relu_backward(attrs, dy, x):
    return {"x": {"shape": x["shape"], "data": [0.0 if v <= 0 else d for v, d in zip(x["data"], dy["data"])]}}


def dense_forward(attrs, x, w, b=None):
    if b is None:
        raise NotImplementedError("no bias")
    (n, i), (o, _) = x["shape"], w["shape"]
    rows, filters = ([t["data"][k * i : (k + 1) * i] for k in range(m)] for t, m in ((x, n), (w, o)))
    y = [b["data"][k] + sum(p * q for p, q in zip(row, filters[k])) for row in rows for k in range(o)]
    return {"y": {"shape": [n, o], "data": y}}


ops = {("relu", "forward"): relu_forward, ("relu", "backward"): relu_backward, ("dense", "forward"): dense_forward}


def answer(request):
    if "hello" in request:
        supports = {op: [way for name, way in ops if name == op] for op, _ in ops}
        return {"name": "my-python", "fingerprint": {"python": sys.version.split()[0]}, "supports": supports}
    tensors = {k: {**v, "data": [float(n) for n in v["data"]]} for k, v in request["inputs"].items()}
    cotangents = ({**v, "data": [float(n) for n in v["data"]]} for v in request.get("cotangents", {}).values())
    return {"outputs": ops[request["op"], request["direction"]](request["attrs"], *cotangents, **tensors)}


def wire(value):  # NaN and the infinities travel as strings
    names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return {**value, "data": [names.get(str(v), v) for v in value["data"]]}


for line in sys.stdin:
    request = json.loads(line)
    try:
        reply = {"id": request["id"], "ok": True, **answer(request)}
        if "outputs" in reply:
            reply["outputs"] = {name: wire(value) for name, value in reply["outputs"].items()}
    except NotImplementedError as reason:
        reply = {"id": request["id"], "ok": False, "error": {"code": "Unsupported", "message": str(reason)}}
    print(json.dumps(reply), flush=True)
