import { taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { InferenceSession } from 'onnxruntime-web'
import type { Adapter, BackendOptions, OpenedGpu } from '../spec/adapter.js'
import type { Attributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'
import { etalonError } from '../spec/error.js'
import type { OpName } from '../spec/catalogue.js'
import { opNames, opOf } from '../spec/catalogue.js'
import type { Kernels, Unsupported } from '../spec/fromKernels.js'
import { fromKernels, unsupported } from '../spec/fromKernels.js'
import type { AnySizes, GivenTensors } from '../spec/op.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'
import { absent, installCommand, isOfBrowser } from './install.js'
import type { Model } from './onnxruntimeWeb/model.js'
import { encoded, showModel } from './onnxruntimeWeb/model.js'
import type { AnyPose, Feed, Posed } from './onnxruntimeWeb/ops.js'
import { onnxruntimeOps } from './onnxruntimeWeb/ops.js'
import { inFloat32, js, listed, mostNumbers } from './words.js'

type Ort = typeof import('onnxruntime-web')

interface Kind {
  readonly name: string
  readonly about: string
  /** what the library calls it */
  readonly provider: 'wasm' | 'webgpu'
  /** where the library is imported from */
  readonly from: string
  readonly load: () => Promise<Ort>
}

const wasm: Kind = {
  name: 'onnxruntime-web',
  about: 'ONNX Runtime, WebAssembly',
  provider: 'wasm',
  from: 'onnxruntime-web',
  load: () => import('onnxruntime-web'),
}

const webgpu: Kind = {
  name: 'onnxruntime-webgpu',
  about: 'ONNX Runtime, WebGPU of a browser',
  provider: 'webgpu',
  from: 'onnxruntime-web/webgpu',
  load: () => import('onnxruntime-web/webgpu'),
}

const packages = { 'onnxruntime-web': '^1.30.0' }

const poseOf = (op: OpName): AnyPose | undefined => (onnxruntimeOps as Record<string, AnyPose>)[op]

const given = (tensors: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

/** As many sessions as are kept: a question is often asked again with other numbers. */
const mostSessions = 32

/** Bytes as text, a character each. */
const characters = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')

// without it what a provider has no kernel for goes to the processor, and nobody is told
const nothingElse = { session: { disable_cpu_ep_fallback: '1' } }

/** Sessions by the bytes of their models, the one that was not used for longest closed when there are too many. */
const sessionsOf = (ort: Ort, { provider }: Kind) => {
  const sessions = new Map<string, InferenceSession>()
  return {
    of: async (bytes: Uint8Array): Promise<InferenceSession> => {
      const key = characters(bytes)
      const known = sessions.get(key)
      sessions.delete(key)
      const session =
        known ??
        (await ort.InferenceSession.create(bytes, {
          executionProviders: [provider],
          logSeverityLevel: 4,
          ...(provider === 'wasm' ? {} : { extra: nothingElse }),
        }))
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

const snippetWith =
  (encode: (model: Model) => Uint8Array, { provider, from }: Kind) =>
  ({ op, direction, attrs, inputs }: Question, want: Tensors): string | undefined => {
    const resolved = resolve(opOf(op), attrs, shapesOf(inputs))
    const pose = poseOf(op)
    if (resolved._tag === 'Left' || pose === undefined || direction === 'backward') return undefined
    const posed = pose.pose(attrs, inputs, resolved.right.sizes)
    const numbers = [...Object.values(inputs), ...Object.values(want)].reduce(
      (sum, { shape }) => sum + sizeOf(shape),
      0,
    )
    if ('unsupported' in posed || numbers > mostNumbers) return undefined
    return [
      `import * as ort from '${from}'${provider === 'webgpu' ? ' // wants navigator.gpu, as a browser has it' : ''}`,
      '',
      `// a model of one node: ${showModel(posed.model)}`,
      `const model = Uint8Array.from(atob('${btoa(characters(encode(posed.model)))}'), (c) => c.charCodeAt(0))`,
      'ort.env.wasm.numThreads = 1',
      `const session = await ort.InferenceSession.create(model, { executionProviders: ['${provider}'] })`,
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

// in the words of its sessions and of its runs
const lacking =
  /fallback to CPU EP has been|disable_cpu_ep_fallback|not found for|Could not find an implementation|NOT_IMPLEMENTED|is not supported yet/i

/** What its WebGPU has no kernel for. */
const lacks = (thrown: unknown): boolean => lacking.test(thrown instanceof Error ? thrown.message : String(thrown))

const opened = async (kind: Kind, gpu: OpenedGpu | undefined, { addressOf }: BackendOptions): Promise<Backend> => {
  const ort = await kind.load()
  const { written } = await import('../formats/onnx/messages.js')
  // threads of its own would keep Node from ending
  ort.env.wasm.numThreads = 1
  ort.env.logLevel = 'fatal'
  if (addressOf !== undefined) ort.env.wasm.wasmPaths = addressOf('onnxruntime-web', 'dist/')
  const encode = (model: Model): Uint8Array => encoded(written, model)
  const sessions = sessionsOf(ort, kind)
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
        if ('unsupported' in posed) return posed
        try {
          return await answered(ort, await sessions.of(encode(posed.model)), posed)
        } catch (thrown) {
          if (kind.provider === 'webgpu' && lacks(thrown)) return unsupported('no kernel of its WebGPU')
          throw thrown
        }
      }
      return [[op, { forward }] as const]
    }),
  )
  // its first session loads and compiles what it is made of, and no question is to wait for that
  if (kind.provider === 'webgpu') {
    const x = { shape: [1], data: [1] }
    await kernels.tanh?.forward({}, { x }, { rest: [1] })
  }
  return {
    ...fromKernels(kind.name, kernels, {
      dials: true,
      fingerprint: {
        name: kind.name,
        library: 'onnxruntime-web',
        version: ort.env.versions.web ?? 'unknown',
        ...gpu?.fingerprint,
      },
      translates: Object.fromEntries(
        opNames.flatMap((op) => {
          const translates = poseOf(op)?.translates
          return translates === undefined ? [] : [[op, translates] as const]
        }),
      ),
      snippet: snippetWith(encode, kind),
    }),
    close: async () => {
      await sessions.close()
      await gpu?.close()
    },
  }
}

const open =
  (kind: Kind) =>
  (options: BackendOptions): taskEither.TaskEither<EtalonError, Backend> => {
    const missing = absent('onnxruntime-web', packages)
    if (kind.provider === 'wasm') return TE.tryCatch(() => opened(kind, undefined, options), missing)
    if (options.gpu === undefined)
      return TE.left(
        etalonError('BackendUnavailable', `${kind.name} wants a WebGPU implementation, and was given none`),
      )
    return TE.flatMap((given: OpenedGpu) =>
      // it writes to the device from memory that it shares with its threads, which Dawn's own binding for Node refuses
      isOfBrowser(given)
        ? TE.tryCatch(() => opened(kind, given, options), missing)
        : TE.left(etalonError('BackendUnavailable', `${kind.name} runs in a browser only: add --browser`)),
    )(options.gpu)
  }

/** ONNX Runtime in WebAssembly, and on WebGPU: forward, each question a model of one node. */
export const onnxruntimeWeb: readonly Adapter[] = [wasm, webgpu].map((kind) => ({
  name: kind.name,
  about: kind.about,
  packages,
  install: installCommand(packages),
  supports: (op, direction) => direction === 'forward' && poseOf(op) !== undefined,
  open: open(kind),
}))
