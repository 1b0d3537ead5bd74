import { expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames } from '../../spec/op.js'
import { caseAt, indicesOf } from '../cases.js'
import type { Form } from '../form.js'
import { questionTable } from '../table.js'
import { devices, launchesOf } from '../testing/lowered.js'
import { right } from '../testing/shaken.js'

/** Whether kernels of much at once meet what can be asked of their ops, on devices of every kind. */

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

const kernelsOf = (op: OpName, direction: Direction, form: Form): readonly string[] =>
  devices.flatMap((device) => launchesOf(op, direction, form, device).map(({ kernel }) => kernel.name))

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
