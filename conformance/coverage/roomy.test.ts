import { either as E } from 'fp-ts'
import { expect, test } from 'vitest'
import { lowerNode } from '../../accelerated/plan.js'
import { subgroupSizes } from '../../accelerated/subgroupTile.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { cotangentNames, resolve } from '../../spec/op.js'
import { checkProgram, oneNode } from '../../spec/program.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { caseAt, indicesOf } from '../cases.js'
import type { Form } from '../form.js'
import { questionTable } from '../table.js'

/** Whether kernels of much at once meet what can be asked of their ops, on devices of every kind. */

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

// only shapes matter here: nobody looks at the numbers
const hollow = (shape: Shape): Tensor => ({ shape, data: [] })

const devices = [{}, { isGpu: true }, ...subgroupSizes.map((subgroupSize) => ({ subgroupSize }))]

/** What a form asks: attributes that are no numbers, and which cotangents there are. */
const askedBy = (op: OpName, direction: Direction, form: Form): readonly string[] => {
  const spec = opOf(op)
  const cotangents = direction === 'forward' ? [] : cotangentNames(spec)
  return [
    ...Object.entries(right(spec.attrs.decode(form.attrs))).flatMap(([name, value]) =>
      typeof value === 'boolean' || typeof value === 'string' ? [`${name} ${value}`] : [],
    ),
    ...cotangents.map((name) => `d${name} ${(form.given ?? cotangents).includes(name) ? 'given' : 'absent'}`),
  ]
}

const kernelsOf = (op: OpName, direction: Direction, form: Form): readonly string[] => {
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
  const { nodes } = right(checkProgram(program))
  return devices.flatMap((device) =>
    nodes.flatMap((node) => right(lowerNode(node, feeds, device)).launches.map(({ kernel }) => kernel.name)),
  )
}

test.each([
  ['momentum', 'forward', /^momentum/],
  ['rmsprop', 'forward', /^rmsprop/],
  ['rnn', 'backward', /^rnn\.backward|^recurrent\.backward/],
  ['lstmCell', 'backward', /^lstmCell\.backward/],
  ['lstm', 'backward', /^lstm\.backward|^recurrent\.backward/],
  ['gru', 'backward', /^gru\.backward|^recurrent\.backward/],
] as const)('%s %s: every kernel meets every flag', (op, direction, own) => {
  const met = new Map<string, Set<string>>()
  const all = new Set<string>()
  for (const index of indicesOf(questionTable, op, direction, 'standard', 0)) {
    const { form } = caseAt(questionTable, op, direction, 1, index)
    const asked = askedBy(op, direction, form)
    asked.forEach((flag) => all.add(flag))
    for (const name of kernelsOf(op, direction, form).filter((name) => own.test(name))) {
      const here = met.get(name) ?? new Set<string>()
      met.set(name, here)
      asked.forEach((flag) => here.add(flag))
    }
  }
  expect(met.size).toBeGreaterThan(0)
  expect(
    [...met].flatMap(([name, flags]) => [...all].filter((flag) => !flags.has(flag)).map((flag) => `${name}: ${flag}`)),
  ).toEqual([])
})
