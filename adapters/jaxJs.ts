import { taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Adapter, BackendOptions, OpenedGpu } from '../spec/adapter.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'
import { etalonError } from '../spec/error.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { Tensors } from '../spec/tensor.js'
import { absent, asInBrowser, hearing, heeding, installCommand } from './install.js'
import { jaxJsConventions, jaxJsOps } from './jaxJs/ops.js'
import { residentJaxJs } from './jaxJs/resident.js'
import type { Language, Sentence } from './words.js'
import { inFloat32, js, kernelsOf, listed, snippetIn, speaks, spoken, translationsOf } from './words.js'

type Jax = typeof import('@jax-js/jax')
type Device = 'cpu' | 'wasm' | 'webgpu'
type Arrays = Readonly<Record<string, Jax['Array']['prototype']>>

const packages = { '@jax-js/jax': '^0.1.25' }

const kinds: readonly { readonly device: Device; readonly about: string }[] = [
  { device: 'cpu', about: 'jax-js, interpreted JavaScript' },
  { device: 'wasm', about: 'jax-js, WebAssembly' },
  { device: 'webgpu', about: 'jax-js, WebGPU' },
]

const languageOf = (device: Device): Language => ({
  preamble: [
    "import { defaultDevice, grad, init, lax, nn, numpy as np, tree, vjp } from '@jax-js/jax'",
    '',
    `await init('${device}')${device === 'webgpu' ? ' // wants navigator.gpu, as a browser has it' : ''}`,
    `defaultDevice('${device}')`,
  ].join('\n'),
  literal: ({ shape, data }) => `np.array(new Float32Array(${listed(data)}), { shape: ${js(shape)} })`,
  numbers: (value) => `await ${value}.data()`,
  gradients: (call, names, wanted, cotangents) => {
    const [[output, cotangent] = ['', ''], ...others] = cotangents
    const asked = wanted.join(', ')
    const gradients = `const [${wanted.map((name) => `of_${name}`).join(', ')}]`
    return {
      statements:
        others.length === 0
          ? [
              `const [outputs, pull] = vjp((${asked}) => ${call}(${names.join(', ')}).${output}, [${asked}])`,
              `${gradients} = pull(${cotangent})`,
              'outputs.dispose()',
              'pull.dispose()',
            ].join('\n')
          : // vjp itself refuses outputs of which one is made of another
            [
              `const weighted = (${asked}) => {`,
              `  const outputs = ${call}(${names.join(', ')})`,
              `  return ${cotangents
                .map(([name, d]) => `np.sum(outputs.${name}.mul(${d}))`)
                .reduce((sum, term) => `${sum}.add(${term})`)}`,
              '}',
              `${gradients} = grad(weighted, { argnums: [${wanted.map((_, at) => at).join(', ')}] })(${asked})`,
            ].join('\n'),
      result: `{ ${wanted.map((name) => `${name}: of_${name}`).join(', ')} }`,
    }
  },
})

// one library for all of its devices, so that each answer says whose it is to be
const answering =
  (jax: Jax, device: Device) =>
  async (sentence: Sentence, tensors: Tensors): Promise<Tensors> => {
    jax.defaultDevice(device)
    const { grad, lax, nn, numpy: np, tree, vjp } = jax
    const arrays: Arrays = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [
        name,
        np.array(inFloat32(tensor), { shape: [...tensor.shape], dtype: np.float32 }),
      ]),
    )
    const answers = (await spoken(sentence, { grad, lax, nn, np, tree, vjp, ...arrays })) as Arrays
    const read: [string, Tensors[string]][] = []
    for (const [name, answer] of Object.entries(answers)) {
      const shape = [...answer.shape]
      read.push([name, { shape, data: (await answer.data()) as Float32Array }])
    }
    // an input that a text has no use for is still there
    for (const array of Object.values(arrays)) if (array.refCount > 0) array.dispose()
    return Object.fromEntries(read)
  }

const nameOf = (device: Device): string => `jax-js-${device}`

// it keeps the device that it made first, whoever opens it
const { hear, complaints } = hearing()

const started = async (
  device: Device,
  gpu: OpenedGpu | undefined,
  { versionOf }: BackendOptions,
  listener?: (complaint: string) => void,
) => {
  const jax = await import('@jax-js/jax')
  const restore = gpu === undefined ? () => undefined : asInBrowser(gpu, listener)
  if (!(await jax.init(device)).includes(device)) throw new Error(`it could not start ${device}`)
  return {
    jax,
    fingerprint: {
      name: nameOf(device),
      library: '@jax-js/jax',
      version: versionOf?.('@jax-js/jax') ?? 'unknown',
      ...gpu?.fingerprint,
    },
    close: async () => {
      restore()
      await gpu?.close()
    },
  }
}

const byValue = async (device: Device, gpu: OpenedGpu | undefined, options: BackendOptions): Promise<Backend> => {
  const { jax, fingerprint, close } = await started(device, gpu, options)
  const language = languageOf(device)
  return {
    ...fromKernels(nameOf(device), kernelsOf(jaxJsOps, language, answering(jax, device)), {
      fingerprint,
      translates: translationsOf(jaxJsOps),
      snippet: snippetIn(jaxJsOps, language),
      dials: true,
      conventions: jaxJsConventions,
    }),
    close,
  }
}

const resident = async (device: Device, gpu: OpenedGpu | undefined, options: BackendOptions): Promise<Backend> => {
  const { jax, fingerprint, close } = await started(device, gpu, options, hear)
  const own = residentJaxJs(jax, device, { name: nameOf(device), fingerprint, supports: speaks(jaxJsOps) })
  return { ...heeding(own, complaints), close }
}

const open =
  (device: Device, opened: typeof byValue) =>
  (options: BackendOptions): taskEither.TaskEither<EtalonError, Backend> => {
    const { gpu } = options
    const missing = absent('jax-js', packages)
    if (device !== 'webgpu') return TE.tryCatch(() => opened(device, undefined, options), missing)
    if (gpu === undefined)
      return TE.left(
        etalonError('BackendUnavailable', `${nameOf(device)} wants a WebGPU implementation, and was given none`),
      )
    return TE.flatMap((given: OpenedGpu) => TE.tryCatch(() => opened(device, given, options), missing))(gpu)
  }

/** jax-js on each of its devices that runs in Node and in browsers. */
export const jaxJs: readonly Adapter[] = kinds.map(({ device, about }) => ({
  name: nameOf(device),
  about,
  packages,
  install: installCommand(packages),
  supports: speaks(jaxJsOps),
  open: open(device, byValue),
  resident: open(device, resident),
}))
