import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { taskEither as TE } from 'fp-ts'
import type { Adapter } from '../spec/adapter.js'
import type { AttributeValue, Attributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import { etalonError } from '../spec/error.js'
import type { Kernel, Kernels, Unsupported } from '../spec/fromKernels.js'
import { fromKernels, unsupported } from '../spec/fromKernels.js'
import type { GivenTensors } from '../spec/op.js'
import { cotangentNames, gradientNames, resolve, shapesOf } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sizeOf, zeros } from '../spec/tensor.js'
import type { Child } from './pytorch/child.js'
import { childOf } from './pytorch/child.js'
import { mostNumbers } from './words.js'

/** The program that speaks for PyTorch. It may be run by itself too, as `exec:python3 adapters/pytorch/backend.py`. */
export const pytorchProgram = fileURLToPath(new URL('./pytorch/backend.py', import.meta.url))

const padding = 'uneven padding: F.pad before'
const options = 'state of the optimizer put in'

/** The ops of `backend.py`, with what stands between each and PyTorch's own call. */
const translations = {
  sigmoid: [],
  tanh: [],
  relu: [],
  leakyRelu: [],
  elu: [],
  maxout: ['max over the pieces of torch.einsum'],
  softplus: [],
  step: ['torch.heaviside'],
  softmax: [],
  logSoftmax: [],
  dense: [],
  conv1d: [padding],
  conv2d: [padding],
  convTranspose2d: ['uneven padding: cut off afterwards'],
  maxPool2d: ['uneven or wide padding: F.pad by −∞ before'],
  avgPool2d: ['uneven or wide padding: F.pad before'],
  globalAvgPool: ['F.adaptive_avg_pool2d'],
  batchNormTraining: [],
  batchNormInference: [],
  localResponseNorm: [],
  flatten: [],
  reshape: [],
  add: [],
  mul: [],
  concat: [],
  scaleChannels: ['*, the scales broadcast'],
  rnnCell: ['two biases: the second 0'],
  lstmCell: ['two biases: the second 0'],
  rnn: ['two biases: the second 0'],
  lstm: ['two biases: the second 0'],
  gruCell: [],
  gru: [],
  mse: [],
  bce: [],
  bceWithLogits: [],
  cce: ['torch.xlogy and sum'],
  softmaxCrossEntropy: [],
  hinge: ['F.multi_margin_loss times the number of classes'],
  l2Penalty: ['square and sum'],
  sgd: [],
  momentum: [options],
  adagrad: [options],
  rmsprop: [options],
  adadelta: [options],
  adam: [options],
  adamw: [options],
} as const satisfies Readonly<Partial<Record<OpName, readonly string[]>>>

const table: Readonly<Partial<Record<OpName, readonly string[]>>> = translations

/** The dials that PyTorch has a value of its own for. */
const conventions: Readonly<Partial<Record<OpName, Attributes>>> = {
  relu: { kink: 'catalogue' },
  leakyRelu: { kink: 'catalogue' },
  elu: { kink: 'left' },
  hinge: { kink: 'catalogue' },
  maxPool2d: { ties: 'first' },
  maxout: { ties: 'first' },
  adagrad: { epsilonInside: false },
  rmsprop: { epsilonInside: false },
}

const supports = (op: OpName, direction: Direction): boolean =>
  table[op] !== undefined && (direction === 'forward' || opOf(op).differentiable.length > 0)

const told = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const tensorsTold = (tensors: GivenTensors) =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      tensor === undefined
        ? []
        : [
            [
              name,
              {
                shape: tensor.shape,
                data: Array.from({ length: tensor.data.length }, (_, i) => told(tensor.data[i] as number)),
              },
            ] as const,
          ],
    ),
  )

interface Answered {
  readonly ok: boolean
  readonly outputs?: Readonly<Record<string, { readonly shape: Shape; readonly data: readonly (number | string)[] }>>
  readonly error?: { readonly code: string; readonly message: string }
}

const asked = async (
  child: Child,
  op: OpName,
  direction: Direction,
  attrs: Attributes,
  inputs: GivenTensors,
  cotangents: Tensors,
): Promise<GivenTensors | Unsupported> => {
  const request = { id: 1, op, direction, attrs, inputs: tensorsTold(inputs), cotangents: tensorsTold(cotangents) }
  const { outputs, error } = JSON.parse(await child.ask(JSON.stringify(request))) as Answered
  if (error?.code === 'Unsupported') return unsupported(error.message)
  if (outputs === undefined) throw new Error(error?.message ?? 'an answer without outputs')
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data, Number) }]),
  )
}

const kernelOf = (child: Child, op: OpName): Kernel => ({
  forward: (attrs, inputs) => asked(child, op, 'forward', attrs, inputs, {}),
  ...(supports(op, 'backward') && {
    backward: (attrs: Attributes, inputs: GivenTensors, cotangents: Tensors) =>
      asked(child, op, 'backward', attrs, inputs, cotangents),
  }),
})

const python = (value: AttributeValue): string =>
  typeof value === 'boolean'
    ? value
      ? 'True'
      : 'False'
    : typeof value === 'string'
      ? `'${value}'`
      : typeof value === 'number'
        ? numeral(value)
        : `(${value.map(numeral).join(', ')}${value.length === 1 ? ',' : ''})`

const numeral = (value: number): string =>
  Number.isFinite(value) ? (Object.is(value, -0) ? '-0.0' : String(value)) : `float('${String(value).toLowerCase()}')`

const list = (data: Numbers): string =>
  `[${Array.from({ length: data.length }, (_, i) => numeral(data[i] as number)).join(', ')}]`

/** The functions of `backend.py` by name, each as its lines. */
const functionsIn = (source: string): ReadonlyMap<string, string> =>
  new Map(
    source
      .split(/\n(?=(?:def|class) )/)
      .slice(1)
      .map((text) => [
        /^(?:def|class) (\w+)/.exec(text)?.[1] as string,
        // up to the next line that is no part of it
        (text.split(/\n(?=[^\s)])/)[0] as string).trimEnd(),
      ]),
  )

/** A function with those that it calls, in the order in which they can be read. */
const withHelpers = (functions: ReadonlyMap<string, string>, name: string): readonly string[] => {
  const text = functions.get(name) as string
  const helpers = ['padded', 'even', 'taken', 'stepped', 'Unsupported'].filter(
    (helper) => helper !== name && new RegExp(`\\b${helper}\\(`).test(text),
  )
  return [...new Set([...helpers.flatMap((helper) => withHelpers(functions, helper)), text])]
}

const snippetFrom =
  (functions: ReadonlyMap<string, string>) =>
  ({ op, direction, attrs, inputs, cotangents }: Question, want: Tensors): string | undefined => {
    const resolved = resolve(opOf(op), attrs, shapesOf(inputs))
    if (resolved._tag === 'Left' || functions.get(op) === undefined) return undefined
    const { outputs } = resolved.right
    const given: readonly (readonly [string, Tensor])[] =
      direction === 'forward'
        ? []
        : cotangentNames(opOf(op)).map((name) => [`d${name}`, cotangents[name] ?? zeros(outputs[name] as Shape)])
    const tensors = [...Object.entries(inputs), ...given]
    if ([...tensors, ...Object.entries(want)].reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0) > mostNumbers)
      return undefined
    const taken = Object.entries(attrs).filter(([name]) =>
      new RegExp(`\\b${name}\\b`).test(functions.get(op) as string),
    )
    const call = `${op}(${[
      ...Object.keys(inputs).map((name) => (op === 'concat' ? `${name}=${name}_` : `${name}_`)),
      ...taken.map(([name, value]) => `${name}=${python(value)}`),
    ].join(', ')})`
    const wanted = gradientNames(opOf(op), inputs)
    return [
      'import torch',
      'import torch.nn.functional as F',
      '',
      ...withHelpers(functions, op).flatMap((text) => ['', text, '']),
      '',
      // an input may have the name of its op
      ...tensors.map(
        ([name, { shape, data }]) =>
          `${name}_ = torch.tensor(${list(data)}, dtype=torch.float32).reshape(${python(shape)})`,
      ),
      ...(direction === 'forward'
        ? [`got = ${call}`]
        : [
            ...wanted.map((name) => `${name}_.requires_grad_()`),
            `outputs = ${call}`,
            `gradients = torch.autograd.grad([${given.map(([name]) => `outputs['${name.slice(1)}']`).join(', ')}], [${wanted.map((name) => `${name}_`).join(', ')}], [${given.map(([name]) => `${name}_`).join(', ')}], allow_unused=True)`,
            `got = dict(zip([${wanted.map((name) => `'${name}'`).join(', ')}], gradients))`,
          ]),
      ...Object.entries(want).flatMap(([name, { data }]) => [
        `print('got  ${name}', ${direction === 'forward' ? '' : `None if got['${name}'] is None else `}got['${name}'].flatten().tolist())`,
        `print('want ${name}', ${list(data)})`,
      ]),
      '',
    ].join('\n')
  }

const run = promisify(execFile)

interface Found {
  readonly python: string
  readonly version: string
}

/** The Python that has PyTorch: $ETALON_PYTHON, or else the one on the path, or the system's own. */
const findPytorch = async (): Promise<Found | undefined> => {
  const named = process.env['ETALON_PYTHON']
  for (const python of named === undefined ? ['python3', '/usr/bin/python3'] : [named]) {
    const version = await run(python, [pytorchProgram, '--version']).then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    )
    if (version !== undefined && version !== '') return { python, version }
  }
  return undefined
}

const install = 'pip install torch, in the Python that $ETALON_PYTHON names or that is python3'

const opened = ({ python, version }: Found): Backend => {
  const child = childOf(python, [pytorchProgram])
  const kernels: Kernels = Object.fromEntries(
    (Object.keys(table) as readonly OpName[]).map((op) => [op, kernelOf(child, op)]),
  )
  return {
    ...fromKernels('pytorch', kernels, {
      fingerprint: { name: 'pytorch', library: 'torch', version, python, device: 'cpu' },
      translates: Object.fromEntries(Object.entries(table).filter(([, words]) => words.length > 0)),
      snippet: snippetFrom(functionsIn(readFileSync(pytorchProgram, 'utf8'))),
      dials: true,
      conventions,
    }),
    close: child.close,
  }
}

/** PyTorch on the processor, in a Python of its own. */
export const pytorch: Adapter = {
  name: 'pytorch',
  about: 'PyTorch on the processor',
  packages: {},
  install,
  found: async () => (await findPytorch())?.version,
  supports,
  open: () => async () => {
    const found = await findPytorch()
    return found === undefined
      ? TE.left(etalonError('BackendUnavailable', `no Python with PyTorch was found: ${install}`))()
      : TE.right(opened(found))()
  },
}
