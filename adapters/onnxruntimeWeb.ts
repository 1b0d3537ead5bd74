import { taskEither as TE } from 'fp-ts'
import type { InferenceSession } from 'onnxruntime-web'
import type { Adapter } from '../spec/adapter.js'
import type { Attributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { OpName } from '../spec/catalogue.js'
import { opNames, opOf } from '../spec/catalogue.js'
import type { Kernels, Unsupported } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { AnySizes, GivenTensors } from '../spec/op.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'
import { absent, installCommand, versionOf } from './install.js'
import { encode, showModel } from './onnxruntimeWeb/model.js'
import type { AnyPose, Feed, Posed } from './onnxruntimeWeb/ops.js'
import { onnxruntimeOps } from './onnxruntimeWeb/ops.js'
import { inFloat32, js, listed, mostNumbers } from './words.js'

type Ort = typeof import('onnxruntime-web')

const packages = { 'onnxruntime-web': '^1.30.0' }

const poseOf = (op: OpName): AnyPose | undefined => (onnxruntimeOps as Record<string, AnyPose>)[op]

const given = (tensors: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

/** As many sessions as are kept: a question is often asked again with other numbers. */
const mostSessions = 32

/** Sessions by the bytes of their models, the one that was not used for longest closed when there are too many. */
const sessionsOf = (ort: Ort) => {
  const sessions = new Map<string, InferenceSession>()
  return {
    of: async (bytes: Uint8Array): Promise<InferenceSession> => {
      const key = Buffer.from(bytes).toString('latin1')
      const known = sessions.get(key)
      sessions.delete(key)
      const session =
        known ?? (await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], logSeverityLevel: 4 }))
      sessions.set(key, session)
      for (const [oldest, old] of [...sessions].slice(0, Math.max(0, sessions.size - mostSessions))) {
        sessions.delete(oldest)
        await old.release()
      }
      return session
    },
    close: async (): Promise<void> => {
      for (const session of sessions.values()) await session.release()
      sessions.clear()
    },
  }
}

const fed = (ort: Ort, { type, tensor }: Feed) =>
  type === 'float'
    ? new ort.Tensor('float32', inFloat32(tensor), tensor.shape)
    : new ort.Tensor(
        'int64',
        BigInt64Array.from({ length: tensor.data.length }, (_, i) => BigInt(tensor.data[i] as number)),
        tensor.shape,
      )

const answered = async (ort: Ort, session: InferenceSession, { feeds, answers }: Posed): Promise<GivenTensors> => {
  const results = await session.run(
    Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, fed(ort, feed)])),
    { logSeverityLevel: 4 },
  )
  return Object.fromEntries(
    Object.entries(answers).map(([name, { value, shape }]) => {
      const result = results[value]
      const data = result?.data as Float32Array
      // the shape is what the op reads it as, if it holds as many numbers
      return [name, { shape: data.length === sizeOf(shape) ? shape : [...(result?.dims ?? [])], data }]
    }),
  )
}

const literal = ({ type, tensor }: Feed): string =>
  type === 'float'
    ? `new ort.Tensor('float32', new Float32Array(${listed(tensor.data)}), ${js(tensor.shape)})`
    : `new ort.Tensor('int64', [${Array.from({ length: tensor.data.length }, (_, i) => `${tensor.data[i]}n`).join(', ')}], ${js(tensor.shape)})`

const snippetOf = ({ op, direction, attrs, inputs }: Question, want: Tensors): string | undefined => {
  const resolved = resolve(opOf(op), attrs, shapesOf(inputs))
  const pose = poseOf(op)
  if (resolved._tag === 'Left' || pose === undefined || direction === 'backward') return undefined
  const posed = pose.pose(attrs, inputs, resolved.right.sizes)
  const numbers = [...Object.values(inputs), ...Object.values(want)].reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  if ('unsupported' in posed || numbers > mostNumbers) return undefined
  return [
    "import * as ort from 'onnxruntime-web'",
    '',
    `// a model of one node: ${showModel(posed.model)}`,
    `const model = Buffer.from('${Buffer.from(encode(posed.model)).toString('base64')}', 'base64')`,
    'ort.env.wasm.numThreads = 1',
    "const session = await ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ['wasm'] })",
    'const got = await session.run({',
    ...Object.entries(posed.feeds).map(([name, feed]) => `  ${name}: ${literal(feed)},`),
    '})',
    '',
    ...Object.entries(want).flatMap(([name, { data }]) => [
      `console.log(\`got  ${name} [\${got.${posed.answers[name]?.value}.data}]\`)`,
      `console.log('want ${name} ${listed(data).replaceAll(', ', ',')}')`,
    ]),
    '',
  ].join('\n')
}

const opened = async (): Promise<Backend> => {
  const ort = await import('onnxruntime-web')
  // threads of its own would keep Node from ending
  ort.env.wasm.numThreads = 1
  ort.env.logLevel = 'fatal'
  const sessions = sessionsOf(ort)
  const kernels: Kernels = Object.fromEntries(
    opNames.flatMap((op) => {
      const pose = poseOf(op)
      if (pose === undefined) return []
      const forward = async (
        attrs: Attributes,
        inputs: GivenTensors,
        sizes: AnySizes,
      ): Promise<GivenTensors | Unsupported> => {
        const posed = pose.pose(attrs, given(inputs), sizes)
        return 'unsupported' in posed ? posed : answered(ort, await sessions.of(encode(posed.model)), posed)
      }
      return [[op, { forward }] as const]
    }),
  )
  return {
    ...fromKernels('onnxruntime-web', kernels, {
      dials: true,
      fingerprint: {
        name: 'onnxruntime-web',
        library: 'onnxruntime-web',
        version: versionOf('onnxruntime-web') ?? 'unknown',
      },
      translates: Object.fromEntries(
        opNames.flatMap((op) => {
          const translates = poseOf(op)?.translates
          return translates === undefined ? [] : [[op, translates] as const]
        }),
      ),
      snippet: snippetOf,
    }),
    close: sessions.close,
  }
}

/** ONNX Runtime in WebAssembly: forward, each question a model of one node. */
export const onnxruntimeWeb: Adapter = {
  name: 'onnxruntime-web',
  about: 'ONNX Runtime, WebAssembly',
  packages,
  install: installCommand(packages),
  supports: (op, direction) => direction === 'forward' && poseOf(op) !== undefined,
  open: () => TE.tryCatch(opened, absent('onnxruntime-web', packages)),
}
