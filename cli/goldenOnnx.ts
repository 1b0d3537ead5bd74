import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E, function as F } from 'fp-ts'
import type { AnyPose, Feed, Posed } from '../adapters/onnxruntimeWeb/ops.js'
import { onnxruntimeOps } from '../adapters/onnxruntimeWeb/ops.js'
import type { Fared } from '../conformance/vectors/check.js'
import { judgeVector } from '../conformance/vectors/check.js'
import type { Vector } from '../conformance/vectors/vector.js'
import { questionOf, vectorOf } from '../conformance/vectors/vector.js'
import type { OnnxModel, OnnxNode } from '../formats/onnx/model.js'
import { decodeOnnx, decodeOnnxTensor, encodeOnnx, encodeOnnxTensor } from '../formats/onnx/model.js'
import { questionOfNode } from '../formats/onnx/question.js'
import type { StoredTensor } from '../formats/safetensors.js'
import { numbersOf } from '../formats/safetensors.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { fail, within } from '../spec/error.js'
import type { Resolved } from '../spec/op.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'
import { version } from './version.js'

/*
 * ONNX's test data: a folder with model.onnx, a model of one node, and test_data_set_0, test_data_set_1, …, in each
 * input_0.pb, … and output_0.pb, …, tensors in the order of the model's inputs and outputs.
 */

// ---- reading -------------------------------------------------------------------------------------------------------

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** The folders of models at a path: itself, or those in it. */
const foldersAt = async (path: string): Promise<Result<readonly string[]>> => {
  if (await isThere(join(path, 'model.onnx'))) return E.right([path])
  const names = await readdir(path).catch(() => undefined)
  if (names === undefined) return fail('FileUnreadable', `${path} is no folder`)
  const found: string[] = []
  for (const name of names.sort()) if (await isThere(join(path, name, 'model.onnx'))) found.push(join(path, name))
  return found.length > 0
    ? E.right(found)
    : fail('FileUnreadable', `${path} has no model.onnx, and no folder in it has one`)
}

const bytesOf = async (file: string): Promise<Result<Uint8Array>> => {
  try {
    return E.right(new Uint8Array(await readFile(file)))
  } catch (thrown) {
    return fail(
      'FileUnreadable',
      `${file} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    )
  }
}

const modelIn = async (file: string): Promise<Result<OnnxModel>> =>
  F.pipe(
    await bytesOf(file),
    E.flatMap((bytes) => F.pipe(decodeOnnx(bytes), E.mapLeft(within(file)))),
  )

/** The tensors input_0.pb, input_1.pb, … of a data set, those of whose elements are read here. */
const tensorsIn = async (folder: string, prefix: string): Promise<Result<readonly StoredTensor[]>> => {
  const names = (await readdir(folder)).filter((name) => new RegExp(`^${prefix}_\\d+\\.pb$`).test(name))
  const all: StoredTensor[] = []
  for (let i = 0; i < names.length; i++) {
    const file = join(folder, `${prefix}_${i}.pb`)
    const read = F.pipe(
      await bytesOf(file),
      E.flatMap((bytes) => F.pipe(decodeOnnxTensor(bytes), E.mapLeft(within(file)))),
    )
    if (E.isLeft(read)) return read
    all.push(read.right)
  }
  return E.right(all)
}

/** What is f32, and the integers that an operator takes as shapes or classes. */
const valueOf = (one: StoredTensor): Result<Tensor> =>
  ['F32', 'I64', 'I32'].includes(one.dtype) ? numbersOf(one) : fail('Unsupported', `elements of ${one.dtype}`)

interface DataSet {
  readonly id: string
  readonly inputs: readonly StoredTensor[]
  readonly outputs: readonly StoredTensor[]
}

const dataSetsIn = async (folder: string, called: string): Promise<Result<readonly DataSet[]>> => {
  const names = (await readdir(folder)).filter((name) => /^test_data_set_\d+$/.test(name)).sort()
  const all: DataSet[] = []
  for (const name of names) {
    const [inputs, outputs] = [
      await tensorsIn(join(folder, name), 'input'),
      await tensorsIn(join(folder, name), 'output'),
    ]
    if (E.isLeft(inputs)) return inputs
    if (E.isLeft(outputs)) return outputs
    all.push({ id: `${called}/${name}`, inputs: inputs.right, outputs: outputs.right })
  }
  return names.length > 0 ? E.right(all) : fail('FileUnreadable', `${folder} has no test_data_set_0`)
}

const valuesOf = (names: readonly string[], tensors: readonly StoredTensor[]): Result<Tensors> =>
  F.pipe(
    tensors,
    E.traverseArrayWithIndex((at, one) =>
      F.pipe(
        valueOf(one),
        E.map((value) => [names[at] ?? one.name, value] as const),
      ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  )

/** A data set as a vector by the oracle, and how the answers that are there fare. Errors: Unsupported, with the reason */
const vectorIn = (oracle: Oracle, { opsets, graph }: OnnxModel, { id, inputs, outputs }: DataSet): Result<Fared> => {
  const [node, ...others] = graph.nodes
  if (node === undefined || others.length > 0)
    return fail('Unsupported', `a model of ${graph.nodes.length} nodes, where one of one is wanted`)
  const known = new Set(graph.initializers.map(({ name }) => name))
  // a model may list what it holds itself among its inputs; data sets have it then too, or not
  const listed = graph.inputs.map(({ name }) => name)
  const names = inputs.length === listed.length ? listed : listed.filter((name) => !known.has(name))
  return F.pipe(
    E.Do,
    E.bind('held', () => valuesOf([], graph.initializers)),
    E.bind('fed', () => valuesOf(names, inputs)),
    E.bind('read', ({ held, fed }) => questionOfNode(node, opsets[''] ?? 1, { ...held, ...fed })),
    E.bind('there', () =>
      valuesOf(
        graph.outputs.map(({ name }) => name),
        outputs,
      ),
    ),
    E.bind('answer', ({ read, there }) => answerOf(read.outputs, there)),
    E.bind('vector', ({ read: { op, attrs, inputs: given }, answer }) => {
      const question = { op, direction: 'forward' as const, attrs, inputs: given, cotangents: {} }
      const wanted = Object.keys(answer)
      const all = Object.keys(opOf(op).outputs)
      return vectorOf(
        oracle,
        wanted.length === all.length ? question : { ...question, wanted },
        { precision: 'f32' },
        { id },
      )
    }),
    E.map(({ vector, answer }) => ({ vector, judgement: judgeVector(oracle, vector, answer) })),
  )
}

/** The answers that are there in the op's words: its shape, if it holds as many numbers. */
const answerOf = (
  outputs: Readonly<Record<string, { readonly output: string; readonly shape: Shape }>>,
  there: Tensors,
): Result<Tensors> => {
  const entries = Object.entries(there).flatMap(([name, value]) => {
    const known = outputs[name]
    return known === undefined
      ? []
      : [
          [
            known.output,
            sizeOf(known.shape) === sizeOf(value.shape) ? { ...value, shape: known.shape } : value,
          ] as const,
        ]
  })
  return entries.length > 0 ? E.right(Object.fromEntries(entries)) : fail('Unsupported', 'no output that is known')
}

// what says that a case is not the catalogue's, and not that its file lies
const isOther = (code: string): boolean =>
  ['Unsupported', 'ShapeMismatch', 'AttributeOutOfRange', 'UnknownAttribute', 'TooLarge', 'MalformedTensor'].includes(
    code,
  )

/**
 * The cases of ONNX's test data at a path: a folder with model.onnx, or one of many.
 *
 * Errors  FileUnreadable – no such folder, or one without data; FormatInvalid – a file that is no model, or no tensor
 */
export const readFolders = async (
  oracle: Oracle,
  path: string,
): Promise<
  Result<{
    readonly vectors: readonly Vector[]
    readonly about: string
    readonly own: readonly Fared[]
    readonly passedOver: Readonly<Record<string, number>>
  }>
> => {
  const folders = await foldersAt(path)
  if (E.isLeft(folders)) return folders
  const own: Fared[] = []
  const passedOver: Record<string, number> = {}
  let sets = 0
  for (const folder of folders.right) {
    const model = await modelIn(join(folder, 'model.onnx'))
    if (E.isLeft(model)) {
      // sparse tensors, elements of 4 bits: what a model may have and this does not read
      if (!/sparse|not read here/.test(model.left.message)) return model
      passedOver['tensors that are not read'] = (passedOver['tensors that are not read'] ?? 0) + 1
      continue
    }
    const data = await dataSetsIn(folder, folder === path ? 'case' : folder.slice(dirname(folder).length + 1))
    if (E.isLeft(data)) return data
    for (const set of data.right) {
      sets += 1
      const read = vectorIn(oracle, model.right, set)
      if (E.isRight(read)) own.push(read.right)
      else if (isOther(read.left.code)) passedOver[read.left.message] = (passedOver[read.left.message] ?? 0) + 1
      else return E.left(within(set.id)(read.left))
    }
  }
  return E.right({
    vectors: own.map(({ vector }) => vector),
    own,
    passedOver,
    about: `${path}: ${folders.right.length} folders of ONNX's test data, ${sets} data sets, ${own.length} of ops of the catalogue`,
  })
}

// ---- writing -------------------------------------------------------------------------------------------------------

const poseOf = (op: string): AnyPose | undefined => (onnxruntimeOps as Readonly<Record<string, AnyPose>>)[op]

const storedAs = (name: string, type: Feed['type'], { shape, data }: Tensor): StoredTensor => {
  const width = type === 'float' ? 4 : 8
  const bytes = new Uint8Array(width * data.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < data.length; i++)
    if (type === 'float') view.setFloat32(4 * i, data[i] as number, true)
    else view.setBigInt64(8 * i, BigInt(data[i] as number), true)
  return { name, dtype: type === 'float' ? 'F32' : 'I64', shape, bytes }
}

/** An output's shape as ONNX has it: the same numbers, some axes of 1 more. */
const onnxShape = (operator: string, at: number, shape: Shape): Shape => {
  if (operator === 'GlobalAveragePool') return [...shape, 1, 1]
  if (!['RNN', 'LSTM', 'GRU'].includes(operator)) return shape
  return at === 0 ? [shape[0] as number, 1, ...shape.slice(1)] : [1, ...shape]
}

interface Files {
  readonly model: Uint8Array
  readonly inputs: readonly Uint8Array[]
  readonly outputs: readonly Uint8Array[]
}

// what readers of 2021 and later read
const [irVersion, opset] = [8, 17]

const filesOf = (vector: Vector, { model, feeds, answers }: Posed): Files => {
  const { operator, reads, writes, attributes, constants = {} } = model
  const outputs = writes.flatMap((name, at) => {
    const found = Object.entries(answers).find(([, { value }]) => value === name)
    const value = found && vector.expected[found[0]]
    return value === undefined ? [] : [{ name, value: { ...value, shape: onnxShape(operator, at, value.shape) } }]
  })
  const node: OnnxNode = { name: operator, domain: '', operator, inputs: reads, outputs: writes, attributes }
  return {
    model: encodeOnnx({
      irVersion,
      producer: `etalon ${version()}`,
      opsets: { '': opset },
      functions: [],
      graph: {
        name: vector.id,
        nodes: [node],
        initializers: Object.entries(constants).map(([name, data]) =>
          storedAs(name, 'int64', { shape: [data.length], data }),
        ),
        inputs: Object.entries(feeds).map(
          ([
            name,
            {
              type,
              tensor: { shape },
            },
          ]) => ({
            name,
            dtype: type === 'float' ? 'F32' : 'I64',
            shape,
          }),
        ),
        outputs: outputs.map(({ name, value: { shape } }) => ({ name, dtype: 'F32', shape })),
      },
    }),
    inputs: Object.entries(feeds).map(([name, { type, tensor }]) => encodeOnnxTensor(storedAs(name, type, tensor))),
    outputs: outputs.map(({ name, value }) => encodeOnnxTensor(storedAs(name, 'float', value))),
  }
}

const posedOf = ({ op, direction, attrs, inputs }: Question): Posed | { readonly unsupported: string } => {
  const pose = poseOf(op)
  if (direction === 'backward') return { unsupported: 'a gradient' }
  if (pose === undefined) return { unsupported: `ONNX has no ${op}` }
  const resolved = resolve(opOf(op), attrs, shapesOf(inputs))
  if (E.isLeft(resolved)) return { unsupported: resolved.left.message }
  const posed = pose.pose(attrs, inputs, resolved.right.sizes)
  return attrs['ceilMode'] === true && startsBehind(attrs as Pooled, resolved.right)
    ? { unsupported: windowBehind }
    : posed
}

const windowBehind = 'a pool whose last window would start behind the image, which ONNX has up to version 21'

type Pooled = { readonly [N in 'window' | 'stride' | 'padding']: readonly number[] }

/** Whether a pool leaves out a last window, since it would start in the padding behind the image. */
const startsBehind = ({ window, stride, padding }: Pooled, { sizes, outputs }: Resolved): boolean =>
  (['H', 'W'] as const).some((axis, i) => {
    const padded = (sizes[axis] as number) + (padding[2 * i] as number) + (padding[2 * i + 1] as number)
    const windows = Math.ceil((padded - (window[i] as number)) / (stride[i] as number)) + 1
    return outputs['y']?.[2 + i] !== windows
  })

/** Whether ONNX has a question too. */
export const isOfOnnx = (question: Question): boolean => !('unsupported' in posedOf(question))

/**
 * Writes vectors as ONNX's test data, a folder each: test_conv2d_0, test_conv2d_1, … Answers are rounded to f32, as ONNX's
 * own are. All are there in the end, or none.
 *
 * Errors  FileUnreadable – the folder is there already, or cannot be written; Unsupported – ONNX has none of these cases
 */
export const writeFolders = async (out: string, vectors: readonly Vector[]): Promise<Result<string>> => {
  if (await isThere(out))
    return fail('FileUnreadable', `${out} is there already; folders of ONNX are written into a new one`)
  const left: Record<string, number> = {}
  const written: { readonly name: string; readonly files: Files }[] = []
  const counts = new Map<string, number>()
  for (const vector of vectors) {
    const posed = posedOf(questionOf(vector))
    if ('unsupported' in posed) {
      left[posed.unsupported] = (left[posed.unsupported] ?? 0) + 1
      continue
    }
    const n = counts.get(vector.op) ?? 0
    counts.set(vector.op, n + 1)
    written.push({ name: `test_${vector.op}_${n}`, files: filesOf(vector, posed) })
  }
  if (written.length === 0)
    return fail('Unsupported', `ONNX has none of these cases: ${Object.keys(left).slice(0, 4).join('; ')}`)
  const draft = `${out}.${process.pid}.part`
  try {
    for (const { name, files } of written) {
      const set = join(draft, name, 'test_data_set_0')
      await mkdir(set, { recursive: true })
      await writeFile(join(draft, name, 'model.onnx'), files.model)
      for (const [i, bytes] of files.inputs.entries()) await writeFile(join(set, `input_${i}.pb`), bytes)
      for (const [i, bytes] of files.outputs.entries()) await writeFile(join(set, `output_${i}.pb`), bytes)
    }
    await rename(draft, out)
  } catch (thrown) {
    await rm(draft, { recursive: true, force: true })
    return fail(
      'FileUnreadable',
      `${out} cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    )
  }
  const reasons = Object.entries(left)
  return E.right(
    [
      `${out}: ${written.length} folders of ${counts.size} ops${reasons.length === 0 ? '' : ', without'}`,
      ...reasons.map(([reason, count]) => `  ${count}: ${reason}`),
      '',
    ].join('\n'),
  )
}
