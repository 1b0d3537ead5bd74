import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { brief, ensure, fail, within } from '../../spec/error.js'
import { foldNodes } from '../../spec/foldNodes.js'
import type { Program } from '../../spec/program.js'
import { checkProgram } from '../../spec/program.js'
import type { Shape, Tensors } from '../../spec/tensor.js'
import { showShape } from '../../spec/tensor.js'
import type { Constant, Part, Value, Weight } from './building.js'
import { builder, onnxNumbersOf } from './building.js'
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxValue } from './model.js'
import { nodeLabel } from './model.js'
import { translate } from './operators.js'

/** The versions of ONNX's operators whose meanings are known here. */
export const opsets = { oldest: 7, newest: 23 } as const

/** A model as a program of the catalogue's ops. */
export interface OnnxProgram {
  /** forward; its inputs are the model's own, its parameters and its constants */
  readonly program: Program
  /** what a training changes: the model's initializers, in the order of axes and gates that the ops have */
  readonly parameters: Tensors
  /** what is fed beside them, such as zeros that a recurrent layer begins with */
  readonly constants: Tensors
  /** the program's inputs that are the model's own */
  readonly inputs: readonly string[]
}

export interface OnnxOptions {
  /** shapes of the model's inputs, where it leaves extents open */
  readonly shapes?: Readonly<Record<string, Shape>>
}

/** A node, with the label that messages have for it. */
interface Labelled {
  readonly node: OnnxNode
  readonly label: string
  readonly name: string
}

const shapeOf = ({ name, dtype, shape }: OnnxValue, told: Shape | undefined): Result<Shape> => {
  const open = shape?.some((extent) => typeof extent !== 'number') ?? true
  const words =
    shape === undefined ? 'of any shape' : `[${shape.map((extent) => (extent === '' ? '?' : extent)).join(',')}]`
  const fits =
    told === undefined ||
    shape === undefined ||
    (shape.length === told.length && shape.every((extent, axis) => typeof extent === 'string' || extent === told[axis]))
  return F.pipe(
    ensure(
      dtype === 'F32',
      'Unsupported',
      `it holds ${dtype ?? 'no tensor of numbers'}; the catalogue's ops compute with F32`,
    ),
    E.flatMap(() => ensure(fits, 'ShapeMismatch', `the model has it ${words}; told is ${showShape(told ?? [])}`)),
    E.flatMap(() =>
      told !== undefined
        ? E.right(told)
        : open
          ? fail<Shape>(
              'MissingInput',
              `the model leaves its shape open, ${words}; say which, extents with commas between`,
            )
          : E.right((shape ?? []) as Shape),
    ),
    E.mapLeft(within(`input ${name}`)),
  )
}

/**
 * A product by a matrix and an Add of a row of weights behind it are one dense layer. The Add is left out, and the product
 * reads the row and writes the sum.
 */
const withBiases = ({ nodes, initializers, outputs }: OnnxGraph): readonly OnnxNode[] => {
  const rows = new Map(
    initializers.flatMap(({ name, shape }) => {
      const last = shape.at(-1) ?? 1
      return last > 1 && shape.slice(0, -1).every((extent) => extent === 1) ? [[name, last] as const] : []
    }),
  )
  const matrices = new Map(
    initializers.flatMap(({ name, shape }) => (shape.length === 2 ? [[name, shape[1]] as const] : [])),
  )
  const readers = new Map<string, number>()
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ name }) => name)])
    readers.set(name, (readers.get(name) ?? 0) + 1)
  const products = new Map(
    nodes.flatMap((node) => {
      const width = node.operator === 'MatMul' && node.domain === '' ? matrices.get(node.inputs[1] ?? '') : undefined
      return width === undefined || readers.get(node.outputs[0] ?? '') !== 1
        ? []
        : [[node.outputs[0] as string, { node, width }] as const]
    }),
  )
  const sums = nodes.flatMap((node) => {
    if (node.operator !== 'Add' || node.domain !== '') return []
    const [a = '', b = ''] = node.inputs
    const [product, row] = products.has(a) ? [a, b] : [b, a]
    const found = products.get(product)
    return found !== undefined && rows.get(row) === found.width ? [{ product: found.node, sum: node, row }] : []
  })
  const joined = new Map(
    sums.map(({ product, sum, row }) => [
      product,
      { ...product, inputs: [...product.inputs, row], outputs: sum.outputs },
    ]),
  )
  const left = new Set(sums.map(({ sum }) => sum))
  return nodes.filter((node) => !left.has(node)).map((node) => joined.get(node) ?? node)
}

const constantsOf = ({ initializers }: OnnxGraph): Result<Readonly<Record<string, Value>>> =>
  F.pipe(
    initializers,
    E.traverseArray((stored) =>
      F.pipe(
        onnxNumbersOf(stored),
        E.map((tensor): readonly [string, Value] => {
          const constant: Constant = {
            name: stored.name,
            dtype: stored.dtype,
            tensor,
            isLearned: stored.dtype === 'F32',
          }
          return [stored.name, { constant }]
        }),
      ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  )

const visit =
  (opset: number, later: ReadonlyMap<string, string>) =>
  (known: ReadonlyMap<string, Value>, { node, label, name }: Labelled) => {
    const absent = node.inputs.find((input) => input !== '' && !known.has(input))
    const twice = node.outputs.find((output) => output !== '' && known.has(output))
    const build = builder()
    return F.pipe(
      ensure(
        absent === undefined,
        'MissingInput',
        `reads ${absent}, which ${later.has(absent ?? '') ? `comes later, from ${later.get(absent ?? '')}: a cycle, or nodes out of order` : 'nothing gives'}`,
      ),
      E.flatMap(() => ensure(twice === undefined, 'UnexpectedInput', `writes ${twice}, which has a value already`)),
      E.flatMap(() =>
        ensure(
          (node.outputs[0] ?? '') !== '' || node.outputs.some((output) => output !== ''),
          'MissingInput',
          'writes nothing',
        ),
      ),
      E.flatMap(() =>
        translate({
          node,
          name,
          opset,
          build,
          inputs: node.inputs.map((input) => (input === '' ? undefined : known.get(input))),
        }),
      ),
      E.map((values) => ({
        made: build.part(),
        writes: Object.fromEntries(
          node.outputs.flatMap((output, at) => {
            const value = values[at]
            return output === '' || value === undefined ? [] : [[output, value] as const]
          }),
        ),
      })),
      E.mapLeft(within(label)),
    )
  }

/** What nodes are called in the program: their names where each has one of its own, else what they write. */
const named = (nodes: readonly OnnxNode[]): readonly Labelled[] => {
  const names = nodes.map(({ name }) => name)
  const own = !names.includes('') && new Set(names).size === names.length
  return nodes.map((node) => ({
    node,
    label: nodeLabel(node),
    name: own ? node.name : (node.outputs.find((output) => output !== '') ?? node.name),
  }))
}

const opsetOf = ({ opsets: versions }: OnnxModel): Result<number> => {
  const opset = versions['']
  return opset === undefined
    ? fail('FormatInvalid', 'it does not say which version of ONNX’s operators it has')
    : F.pipe(
        ensure(
          opset >= opsets.oldest && opset <= opsets.newest,
          'Unsupported',
          `its operators are of opset ${opset}; ${opsets.oldest} to ${opsets.newest} are read`,
        ),
        E.map(() => opset),
      )
}

/**
 * An ONNX model put into ops of the catalogue: each operator becomes the op that means the same, or a few – a softmax of
 * several axes one between two reshapes, a `Transpose` or a `Slice` a convolution by a matrix of zeros and ones –, weights
 * in the catalogue's order of axes and gates, the two biases of LSTM and RNN added up, in f32. What works out shapes, on
 * constants alone, is worked out. Dropout and Identity are their input.
 *
 *   Conv → conv1d, conv2d;  Gemm, MatMul (+ Add) → dense;  BatchNormalization → batchNormInference;  …
 *
 * Errors  Unsupported – an operator, an attribute of one or an opset that the catalogue does not have, by the node's name
 *         FormatInvalid – no opset; MissingInput – a value that nothing gives, or only a later node; an input of open extents
 *         that `shapes` does not tell; UnexpectedInput – a value that is written twice, or a shape of no input
 *         and what `checkProgram` and the ops refuse
 * Source  ONNX, Operators.md
 */
export const programOfOnnx = (model: OnnxModel, { shapes = {} }: OnnxOptions = {}): Result<OnnxProgram> => {
  const { graph } = model
  const initialized = new Set(graph.initializers.map(({ name }) => name))
  const fed = graph.inputs.filter(({ name }) => !initialized.has(name))
  const stranger = Object.keys(shapes).find((name) => !fed.some((input) => input.name === name))
  const repeated = graph.initializers.find(
    ({ name }, at) => graph.initializers.findIndex((other) => other.name === name) !== at,
  )
  const later = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, nodeLabel(node)] as const)))
  return F.pipe(
    E.Do,
    E.bind('opset', () => opsetOf(model)),
    E.tap(() =>
      ensure(
        model.functions.length === 0,
        'Unsupported',
        `it defines operators of its own, ${brief(model.functions.join(', '))}`,
      ),
    ),
    E.tap(() =>
      ensure(
        stranger === undefined,
        'UnexpectedInput',
        `the model has no input ${stranger}; it has ${fed.map(({ name }) => name).join(', ')}`,
      ),
    ),
    E.tap(() => ensure(repeated === undefined, 'FormatInvalid', `tensor ${repeated?.name} is there twice`)),
    E.bind('inputs', () =>
      F.pipe(
        fed,
        E.traverseArray((input) =>
          F.pipe(
            shapeOf(input, Object.hasOwn(shapes, input.name) ? shapes[input.name] : undefined),
            E.map((shape) => ({ name: input.name, shape })),
          ),
        ),
      ),
    ),
    E.bind('constants', () => constantsOf(graph)),
    E.bind('ran', ({ opset, inputs, constants }) =>
      foldNodes<Labelled, Part, Value>(
        { ...constants, ...Object.fromEntries(inputs.map((operand) => [operand.name, { operand }] as const)) },
        named(withBiases(graph)),
        visit(opset, later),
      ),
    ),
    E.bind('outputs', ({ ran }) =>
      F.pipe(
        graph.outputs,
        E.traverseArray(({ name }) => {
          const value = ran.known.get(name)
          return value === undefined
            ? fail<string>('MissingInput', `the model answers ${name}, which nothing gives`)
            : 'operand' in value
              ? E.right(value.operand.name)
              : fail<string>('Unsupported', `the model answers ${name}, a constant`)
        }),
      ),
    ),
    E.map(({ inputs, ran, outputs }): OnnxProgram => {
      const weights: Readonly<Record<string, Weight>> = Object.assign(
        {},
        ...ran.made.map((part) => part.weights),
      ) as Readonly<Record<string, Weight>>
      const of = (isLearned: boolean): Tensors =>
        Object.fromEntries(
          Object.entries(weights).flatMap(([name, weight]) =>
            weight.isLearned === isLearned ? [[name, weight.tensor]] : [],
          ),
        )
      return {
        program: {
          inputs: Object.fromEntries([
            ...inputs.map(({ name, shape }) => [name, shape] as const),
            ...Object.entries(weights).map(([name, { tensor }]) => [name, tensor.shape] as const),
          ]),
          nodes: ran.made.flatMap(({ nodes }) => nodes),
          outputs: [...new Set(outputs)],
          carry: {},
        },
        parameters: of(true),
        constants: of(false),
        inputs: inputs.map(({ name }) => name),
      }
    }),
    E.tap(({ program }) => checkProgram(program)),
  )
}
