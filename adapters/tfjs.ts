import { taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Adapter, BackendOptions, OpenedGpu } from '../spec/adapter.js'
import type { Backend, Fingerprint } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'
import { etalonError } from '../spec/error.js'
import type { Unsupported } from '../spec/fromKernels.js'
import { fromKernels, unsupported } from '../spec/fromKernels.js'
import type { Tensors } from '../spec/tensor.js'
import { absent, asInBrowser, hearing, heeding, installCommand } from './install.js'
import { tfjsConventions, tfjsConventionsWithLast, tfjsOps, tfjsOpsWithLast } from './tfjs/ops.js'
import { residentTfjs } from './tfjs/resident.js'
import { inTurn } from './tfjs/turns.js'
import type { Language, Sentence } from './words.js'
import { inFloat32, js, kernelsOf, listed, snippetIn, speaks, spoken, translationsOf } from './words.js'

type Tf = typeof import('@tensorflow/tfjs-core')

interface Kind {
  /** what the library calls it */
  readonly backend: 'cpu' | 'wasm' | 'webgpu'
  readonly about: string
  readonly load: (options: BackendOptions) => Promise<unknown>
}

const range = '^4.22.0'

const kinds: readonly Kind[] = [
  {
    backend: 'cpu',
    about: 'TensorFlow.js, plain JavaScript',
    load: () => import('@tensorflow/tfjs-backend-cpu'),
  },
  {
    backend: 'wasm',
    about: 'TensorFlow.js, WebAssembly',
    load: async ({ addressOf }) => {
      const wasm = await import('@tensorflow/tfjs-backend-wasm')
      if (addressOf !== undefined) wasm.setWasmPaths(addressOf('@tensorflow/tfjs-backend-wasm', 'dist/'))
    },
  },
  {
    backend: 'webgpu',
    about: 'TensorFlow.js, WebGPU',
    load: () => import('@tensorflow/tfjs-backend-webgpu'),
  },
]

const languageOf = ({ backend }: Kind): Language => ({
  preamble: [
    "import * as tf from '@tensorflow/tfjs-core'",
    "import '@tensorflow/tfjs-layers' // the gradients",
    `import '@tensorflow/tfjs-backend-${backend}'${backend === 'webgpu' ? ' // wants navigator.gpu, as a browser has it' : ''}`,
    '',
    `await tf.setBackend('${backend}')`,
  ].join('\n'),
  literal: ({ shape, data }) => `tf.tensor(${listed(data)}, ${js(shape)}, 'float32')`,
  numbers: (value) => `await ${value}.data()`,
  gradients: (call, names, wanted, cotangents) => {
    const [[output, cotangent] = ['', ''], ...others] = cotangents
    const arguments_ = `(${names.join(', ')})`
    const gradients = `const [${wanted.map((name) => `of_${name}`).join(', ')}]`
    const asked = wanted.join(', ')
    return {
      statements:
        others.length === 0
          ? `${gradients} = tf.grads((${asked}) => ${call}${arguments_}.${output})([${asked}], ${cotangent})`
          : [
              `const weighted = (${asked}) => {`,
              `  const outputs = ${call}${arguments_}`,
              `  return tf.addN([${cotangents.map(([name, d]) => `tf.sum(tf.mul(outputs.${name}, ${d}))`).join(', ')}])`,
              '}',
              `${gradients} = tf.grads(weighted)([${asked}])`,
            ].join('\n'),
      result: `{ ${wanted.map((name) => `${name}: of_${name}`).join(', ')} }`,
    }
  },
})

const nameOf = ({ backend }: Kind): string => `tfjs-${backend}`

const packagesOf = ({ backend }: Kind): Readonly<Record<string, string>> => ({
  '@tensorflow/tfjs-core': range,
  '@tensorflow/tfjs-layers': range,
  [`@tensorflow/tfjs-backend-${backend}`]: range,
})

// one library for all of its backends, so that each answer says whose it is to be
const answer =
  (tf: Tf, backend: string, sentence: Sentence, tensors: Tensors) => async (): Promise<Tensors | Unsupported> => {
    if (tf.getBackend() !== backend) await tf.setBackend(backend)
    const engine = tf.engine()
    engine.startScope()
    try {
      const values = Object.fromEntries(
        Object.entries(tensors).map(([name, tensor]) => [
          name,
          tf.tensor(inFloat32(tensor), [...tensor.shape], 'float32'),
        ]),
      )
      const answers = (await spoken(sentence, { tf, ...values })) as Readonly<
        Record<string, InstanceType<Tf['Tensor']>>
      >
      return Object.fromEntries(
        await Promise.all(
          Object.entries(answers).map(
            async ([name, answer]) => [name, { shape: [...answer.shape], data: await answer.data() }] as const,
          ),
        ),
      )
    } catch (thrown) {
      // its backends do not all have what its gradients are made of
      const said = thrown instanceof Error ? thrown.message : ''
      const lacked = /Kernel '(\w+)' not registered for backend/.exec(said)
      if (lacked !== null) return unsupported(`the backend has no ${lacked[1]}`)
      if (/rank \d+ is not yet supported/.test(said)) return unsupported('a rank too high for the backend')
      throw thrown
    } finally {
      tf.disposeVariables()
      engine.endScope()
    }
  }

// how often the library was opened on WebGPU
let openedOnGpu = 0

/**
 * The name under which the library computes. On WebGPU every opening has a name, and with it a device, of its own: pipelines
 * and buffers that others left behind are then none of its business.
 */
const freshName = (tf: Tf, { backend }: Kind): string => {
  if (backend !== 'webgpu') return backend
  // its types do not say so, but where there was no WebGPU when it was loaded there is none
  const factory = tf.findBackendFactory(backend) as ReturnType<Tf['findBackendFactory']> | null
  if (factory === null) throw new Error('TensorFlow.js was loaded before there was a WebGPU')
  openedOnGpu += 1
  const name = `${backend}-${openedOnGpu}`
  tf.registerBackend(name, factory)
  tf.copyRegisteredKernels(backend, name)
  return name
}

/** The library, started on one of its backends. */
interface Started {
  readonly tf: Tf
  readonly name: string
  /** runs work that uses the library's engine */
  readonly take: ReturnType<typeof inTurn>
  readonly fingerprint: Fingerprint
  readonly close: Backend['close']
}

const started = async (
  kind: Kind,
  gpu: OpenedGpu | undefined,
  options: BackendOptions,
  hear?: (complaint: string) => void,
): Promise<Started> => {
  const tf = await import('@tensorflow/tfjs-core')
  // in production mode it does not advertise another package
  tf.enableProdMode()
  const restore = gpu === undefined ? () => undefined : asInBrowser(gpu, hear)
  // it holds the gradients, which the core alone comes without in Node
  await import('@tensorflow/tfjs-layers')
  await kind.load(options)
  const name = freshName(tf, kind)
  let giveUp: (value: undefined) => void = () => undefined
  let isClosed = false
  const closed = new Promise<undefined>((resolve) => (giveUp = resolve))
  const take = inTurn(closed)
  if (!(await take(() => tf.setBackend(name))))
    throw new Error(`TensorFlow.js could not start its backend ${kind.backend}`)
  return {
    tf,
    name,
    take,
    fingerprint: {
      name: nameOf(kind),
      library: '@tensorflow/tfjs-core',
      version: tf.version_core,
      ...gpu?.fingerprint,
    },
    close: async () => {
      giveUp(undefined)
      // whoever took another in its place because it hung may have closed it already
      if (gpu === undefined || isClosed) return
      isClosed = true
      tf.removeBackend(name)
      restore()
      await gpu.close()
    },
  }
}

const byValue = async (kind: Kind, gpu: OpenedGpu | undefined, options: BackendOptions): Promise<Backend> => {
  const { tf, name, take, fingerprint, close } = await started(kind, gpu, options)
  const language = languageOf(kind)
  const ops = kind.backend === 'cpu' ? tfjsOps : tfjsOpsWithLast
  return {
    ...fromKernels(
      nameOf(kind),
      kernelsOf(ops, language, (sentence, tensors) => take(answer(tf, name, sentence, tensors))),
      {
        fingerprint,
        translates: translationsOf(ops),
        snippet: snippetIn(ops, language),
        dials: true,
        conventions: kind.backend === 'cpu' ? tfjsConventions : tfjsConventionsWithLast,
      },
    ),
    close,
  }
}

const resident = async (kind: Kind, gpu: OpenedGpu | undefined, options: BackendOptions): Promise<Backend> => {
  const { hear, complaints } = hearing()
  const { tf, name, take, fingerprint, close } = await started(kind, gpu, options, hear)
  const own = residentTfjs(tf, name, take, { name: nameOf(kind), fingerprint, supports: speaks(tfjsOps) })
  return { ...heeding(own, complaints), close }
}

const open =
  (kind: Kind, opened: typeof byValue) =>
  (options: BackendOptions): taskEither.TaskEither<EtalonError, Backend> => {
    const { gpu } = options
    const missing = absent('TensorFlow.js', packagesOf(kind))
    if (kind.backend !== 'webgpu') return TE.tryCatch(() => opened(kind, undefined, options), missing)
    if (gpu === undefined)
      return TE.left(
        etalonError('BackendUnavailable', `${nameOf(kind)} wants a WebGPU implementation, and was given none`),
      )
    return TE.flatMap((given: OpenedGpu) => TE.tryCatch(() => opened(kind, given, options), missing))(gpu)
  }

/** TensorFlow.js on each of its backends that runs in Node and in browsers. */
export const tfjs: readonly Adapter[] = kinds.map((kind) => ({
  name: nameOf(kind),
  about: kind.about,
  packages: packagesOf(kind),
  install: installCommand(packagesOf(kind)),
  supports: speaks(tfjsOps),
  open: open(kind, byValue),
  resident: open(kind, resident),
}))
