import type { Tensor } from '../../../../spec/tensor.js'
import type { Backend } from '../../../../spec/backend.js'
import type { ProgramNode } from '../../../../spec/program.js'
import type { Report } from '../report.js'
import { all, always, asIfGiven, exactly, from, gathered, given, lost, past, report, withIndex } from '../report.js'
import { between, multiple, over } from '../rare/met.js'
import { values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { input } from './met.js'

/** A product of maps and factors right behind a convolution is a sum. */
const fused: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, ...rest) => {
    const maps = new Set(
      program.nodes
        .filter(({ op, direction }) => op === 'conv2d' && direction === 'forward')
        .flatMap(({ outputs }) => Object.values(outputs)),
    )
    const nodes = program.nodes.map((node): ProgramNode =>
      node.op === 'mul' && node.direction === 'forward' && Object.values(node.inputs).some((name) => maps.has(name))
        ? { ...node, op: 'add' }
        : node,
    )
    return run({ ...program, nodes }, ...rest)
  }
  return wrong
}

export const productsPublic: readonly Report[] = [
  report(
    'shape',
    'one row of at most four numbers into 192 units and more has no bias',
    'dense forward',
    all(exactly('N', 1), given('b'), between('I', 1, 4), past('O', 191)),
    by((asked) => {
      const b = values(asked, 'b')
      return (v, at) => v - (b[at % b.length] as number)
    }),
    { like: 'pytorch/pytorch#188438' },
  ),
  report(
    'shape',
    'rows in fours into two units, of inputs in fours: of half as many rows the first two inputs, each twice',
    'dense forward',
    all(exactly('O', 2), multiple('I', 4), multiple('N', 4)),
    asIfGiven((asked) => {
      const x = input(asked, 'x')
      const half = gathered(x, (place) => withIndex(place, 0, Math.floor((place[0] as number) / 2)))
      const data = Float32Array.from(half.data, (v, at) => (at % (x.shape[1] as number) < 2 ? v : 0))
      return { x: { shape: x.shape, data } satisfies Tensor }
    }),
    { like: 'webonnx/wonnx#95' },
  ),
  report(
    'shape',
    'inputs and units in sixteens: rows left over from eight are the first ones',
    'dense forward',
    all(
      multiple('I', 16),
      multiple('O', 16),
      over('N', 8, (rest) => rest > 0),
    ),
    asIfGiven((asked) => {
      const x = input(asked, 'x')
      const whole = 8 * Math.floor((x.shape[0] as number) / 8)
      return { x: gathered(x, (place) => withIndex(place, 0, (place[0] as number) % whole)) }
    }),
    { like: 'microsoft/onnxruntime#32364' },
  ),
  report(
    'size',
    'points of a plane, more than 2²¹ of them: the rest is not written',
    'dense forward',
    all(exactly('I', 2), past('N', 2 ** 21)),
    lost(from(0, 2 ** 21)),
    { like: 'tensorflow/tensorflow#20094' },
  ),
  {
    ...report(
      'program',
      'what multiplies the maps of a convolution right behind it is added to them',
      'programs',
      always,
      (_, plain) => plain(),
      { like: 'opencv/opencv#17945' },
    ),
    program: fused,
  },
]
