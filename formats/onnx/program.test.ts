import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { run } from '../../reference/index.js'
import { getOrThrow } from '../../spec/error.js'
import { decodeSafetensors, numbersOf } from '../safetensors.js'
import { decodeOnnx } from './model.js'
import { programOfOnnx } from './program.js'

const folder = new URL('fixtures/', import.meta.url)
const file = (name: string) => readFileSync(new URL(name, folder))
const modelsThere = readdirSync(folder).filter((name) => name.endsWith('.onnx'))
const answers = new Map(
  getOrThrow(decodeSafetensors(file('answers.safetensors'))).tensors.map((stored) => [
    stored.name,
    getOrThrow(numbersOf(stored)),
  ]),
)

describe('models that PyTorch exported', () => {
  it('are all there', () => expect(modelsThere).toHaveLength(8))

  it.each(modelsThere)('%s answers what PyTorch answers', (name) => {
    const made = getOrThrow(programOfOnnx(getOrThrow(decodeOnnx(file(name)))))
    const base = name.split('.')[0] ?? ''
    const [x, y] = [answers.get(`${base}.x`)!, answers.get(`${base}.y`)!]
    const feeds = { ...made.parameters, ...made.constants, [made.inputs[0]!]: x }
    const output = made.program.outputs[0]!
    const found = getOrThrow(run(made.program, feeds, [output]))[output]!
    expect(found.shape).toEqual(y.shape)
    const largest = Math.max(...Array.from(y.data as Float64Array, Math.abs))
    const error = Math.max(
      ...Array.from(y.data as Float64Array, (want, i) => Math.abs(want - (found.data[i] as number))),
    )
    // the weights are f32 alike; biases of recurrent layers are added up in f32, and so has PyTorch put batch norm into weights
    expect(error / largest).toBeLessThan(/words|gates|residual/.test(name) ? 1e-6 : 1e-12)
  })
})
