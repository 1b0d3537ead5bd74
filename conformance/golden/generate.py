"""
Golden vectors: what PyTorch, an outside witness, answers to the catalogue's questions.

    apt-get install python3-torch
    /usr/bin/python3 conformance/golden/generate.py             rewrites all of them
    /usr/bin/python3 conformance/golden/generate.py conv2d      rewrites those of conv2d

An op has a file of cases at its own path, conformance/golden/layers/conv2d.py: the op in PyTorch's terms and a generator
`cases`. Its answers are written beside it, in layers/conv2d.json. What files of a family share is in vocabulary, what all
share in common.py; whole programs are in programs.py, second derivatives in second.py.

Provenance
  PyTorch 1.13.1 as packaged by Debian 12: python3-torch 1.13.1+dfsg-4 (its `torch.__version__` reads 1.13.0a0).
  Everything is float64 on the CPU, one thread, with PyTorch's plain code path (no AVX variants).

Rerunning gives the same bytes.

Files: {"provenance", "op", "cases"}. A case has "name", "witness" (what computed it), "attrs" (those that differ from
the catalogue's defaults), "inputs", "outputs" and, for ops with a backward, "cotangents" (of the outputs) and
"gradients" (one per differentiable input given). A case without these two speaks of forward only. A tensor is
{"shape", "data"}, row-major; NaN and the infinities are strings.
"""

import random
import sys

from common import FAMILIES, FOLDER, SEED, files, module_of, write

import torch

from programs import programs
from second import second


def generate(name):
    rng = random.Random(f'{SEED} {name}')
    if name == 'programs':
        found = programs(rng)
        size = write(FOLDER / 'programs.json', {'programs': found}, depth=4)
        return f'programs: {len(found)}, {size}'
    if name == 'second':
        found = second()
        size = write(FOLDER / 'second.json', {'cases': found}, depth=3)
        return f'second: {len(found)} cases, {size}'
    found = list(module_of(name).cases(rng))
    size = write(files()[name].with_suffix('.json'), {'op': name, 'cases': found}, depth=3)
    return f'{name}: {len(found)} cases, {size}'


def main(names):
    known = [*files(), 'programs', 'second']
    strangers = [name for name in names if name not in known]
    if strangers:
        places = ' or '.join(f'{family}/{strangers[0]}.py' for family in FAMILIES)
        sys.exit(f'there are no cases of {strangers[0]}: write them in conformance/golden, in {places}')
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)  # nothing here draws from PyTorch; should something ever, it is seeded
    for name in names or known:
        print(generate(name))


if __name__ == '__main__':
    main(sys.argv[1:])
