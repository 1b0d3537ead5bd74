import type { Launch } from '../../accelerated/kernel.js'
import type { PlanLimits } from '../../accelerated/limits.js'
import { lowerNode } from '../../accelerated/plan.js'
import { subgroupSizes } from '../../accelerated/subgroupTile.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames, resolve } from '../../spec/op.js'
import { checkProgram, oneNode } from '../../spec/program.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import { right } from './shaken.js'

/** What launches hang on of a device: its subgroups, and whether it is a GPU. */
export type Planned = Pick<PlanLimits, 'subgroupSize' | 'isGpu'>

/** For tests: a device of every kind that there are kernels for. */
export const devices: readonly Planned[] = [
  {},
  { isGpu: true },
  ...subgroupSizes.map((subgroupSize) => ({ subgroupSize })),
]

// only shapes matter here: nobody looks at the numbers
const hollow = (shape: Shape): Tensor => ({ shape, data: [] })

/** For tests: the launches of our own backend that a case comes to on a device. */
export const launchesOf = (op: OpName, direction: Direction, form: Form, device: Planned): readonly Launch[] => {
  const spec = opOf(op)
  const attrs = right(spec.attrs.decode(form.attrs))
  const { outputs } = right(resolve(spec, attrs, form.shapes))
  const given = direction === 'forward' ? [] : (form.given ?? cotangentNames(spec))
  const { program, feeds } = oneNode({
    op,
    direction,
    attrs,
    inputs: Object.fromEntries(Object.entries(form.shapes).map(([name, shape]) => [name, hollow(shape)])),
    cotangents: Object.fromEntries(given.map((name) => [name, hollow(outputs[name] as Shape)])),
    ...(form.wanted === undefined ? {} : { wanted: form.wanted }),
  })
  return right(checkProgram(program)).nodes.flatMap((node) => right(lowerNode(node, feeds, device)).launches)
}
