import { expect, test } from 'vitest'
import type { Backend } from '../../spec/backend.js'
import { opOf } from '../../spec/catalogue.js'
import { getOrThrow } from '../../spec/error.js'
import { answersOf, oneNode } from '../../spec/program.js'
import { tensor } from '../../spec/tensor.js'
import { tfjs } from '../tfjs.js'
import { inTurn } from './turns.js'

const named = (name: string) => tfjs.find((adapter) => adapter.name === name) as (typeof tfjs)[number]

const softmaxBy = async (backend: Backend, second: number) => {
  const { program, feeds } = oneNode({
    op: 'softmax',
    direction: 'forward',
    attrs: getOrThrow(opOf('softmax').attrs.decode({})),
    inputs: { x: tensor([1, 2], [0, Math.log(second)]) },
    cotangents: {},
  })
  const { y } = answersOf(getOrThrow(await backend.run(program, feeds)()))
  return [y?.data[0], y?.data[1]]
}

/**
 * x = log s is within 2⁻²³ of its f32, which moves p by at most a quarter of that; exponentials within two units each, their
 * sum and the quotient within half a unit, of numbers that are no larger than 1.
 */
const most = 2 ** -25 + 6 * 2 ** -24

test('TensorFlow.js opened on two of its backends at a time answers on both, many questions at a time', async () => {
  // WebAssembly starts while the other has started already
  const opened = await Promise.all(['tfjs-wasm', 'tfjs-cpu'].map((name) => named(name).open({})()))
  const [wasm, cpu] = opened.map((backend) => getOrThrow(backend)) as [Backend, Backend]
  const seconds = Array.from({ length: 20 }, (_, i) => i + 1)
  const answers = await Promise.all(seconds.flatMap((second) => [softmaxBy(cpu, second), softmaxBy(wasm, second)]))
  const wanted = seconds
    .flatMap((second) => [second, second])
    .map((second) => [1 / (1 + second), second / (1 + second)])
  const off = wanted.flatMap((row, at) => row.map((p, i) => Math.abs((answers[at]?.[i] ?? NaN) - p)))
  expect(off.filter((error) => !(error <= most))).toEqual([])
  await Promise.all([wasm.close(), cpu.close()])
})

test('work waits for what came before it, whether that went well or not, and no longer than its backend is open', async () => {
  const said: string[] = []
  let close: (value: undefined) => void = () => undefined
  const open = new Promise<undefined>((resolve) => (close = resolve))
  const failed = inTurn(open)(() => Promise.reject(new Error('no')))
  const hung = inTurn(open)(async () => {
    said.push('hangs')
    await new Promise(() => undefined)
  })
  const next = inTurn(new Promise(() => undefined))(() => Promise.resolve(said.push('next')))
  await expect(failed).rejects.toThrow('no')
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(said).toEqual(['hangs'])
  close(undefined)
  await next
  expect(said).toEqual(['hangs', 'next'])
  void hung
})
