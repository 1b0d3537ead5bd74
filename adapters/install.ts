import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { OpenedGpu } from '../spec/adapter.js'
import type { Backend, Fingerprint, Session } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'
import { etalonError } from '../spec/error.js'

/** The command that installs packages, by name and range. */
export const installCommand = (packages: Readonly<Record<string, string>>): string =>
  `npm install ${Object.entries(packages)
    .map(([name, range]) => `${name}@${range.replace(/^[\^~]/, '')}`)
    .join(' ')}`

const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(String(Reflect.get(thrown, 'code')))

/** What is said of a library that could not be opened: how to install it, if that is what is wrong. */
export const absent =
  (library: string, packages: Readonly<Record<string, string>>) =>
  (thrown: unknown): EtalonError =>
    etalonError(
      'BackendUnavailable',
      isMissing(thrown)
        ? `${library} is not installed: ${installCommand(packages)}`
        : `${library} did not start: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    )

/** What a global was before the first of those who put something in its place, and how many of them have not taken it back. */
const replaced = new Map<string, { readonly before: PropertyDescriptor | undefined; readonly holders: number }>()

/** Puts a value where a global is; what was there comes back once everybody who put one has taken it back, in any order. */
const put = (name: string, value: unknown): (() => void) => {
  const known = replaced.get(name)
  const before = known === undefined ? Object.getOwnPropertyDescriptor(globalThis, name) : known.before
  replaced.set(name, { before, holders: (known?.holders ?? 0) + 1 })
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  let taken = false
  return () => {
    if (taken) return
    taken = true
    const holders = (replaced.get(name)?.holders ?? 1) - 1
    if (holders > 0) {
      replaced.set(name, { before, holders })
      return
    }
    replaced.delete(name)
    if (before === undefined) Reflect.deleteProperty(globalThis, name)
    else Object.defineProperty(globalThis, name, before)
  }
}

/** Node's major version as a fingerprint tells it, v20.19.0 being 20. */
const majorOf = (node: Fingerprint[string] | undefined): string => /\d+/.exec(String(node))?.[0] ?? ''

/** Whether it is the WebGPU of the browser that this runs in. */
export const isOfBrowser = ({ gpu }: OpenedGpu): boolean => {
  // what was put there is no browser's
  if (replaced.has('navigator')) return false
  const navigator: unknown = Reflect.get(globalThis, 'navigator')
  return typeof navigator === 'object' && navigator !== null && Reflect.get(navigator, 'gpu') === gpu
}

/** What passes everything on to an object of WebGPU, but for the named methods. */
const standingIn = <A extends object>(own: A, methods: Readonly<Record<string, (...given: never[]) => unknown>>): A =>
  new Proxy(own, {
    get: (_, name) => {
      const instead = typeof name === 'string' ? methods[name] : undefined
      if (instead !== undefined) return instead
      const value: unknown = Reflect.get(own, name, own)
      return typeof value === 'function' ? (value.bind(own) as unknown) : value
    },
  })

/** The same WebGPU, of which is heard what its devices refuse and nobody asked about. */
const heard = (gpu: GPU, hear: (complaint: string) => void): GPU =>
  standingIn(gpu, {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options)
      return (
        adapter &&
        standingIn(adapter, {
          requestDevice: async (descriptor?: GPUDeviceDescriptor) => {
            const device = await adapter.requestDevice(descriptor)
            device.addEventListener('uncapturederror', (event) => {
              event.preventDefault()
              hear(event.error.message)
            })
            return device
          },
        })
      )
    },
  })

/**
 * Puts a WebGPU implementation where a browser has it – `navigator.gpu`, and its classes and constants as globals – for
 * libraries that look nowhere else; answers what puts back what was there. In a browser it is there already. Whoever listens
 * hears what devices made from it refuse, which WebGPU tells nobody who has not asked: what is then answered was not made.
 */
export const asInBrowser = (opened: OpenedGpu, hear?: (complaint: string) => void): (() => void) => {
  if (isOfBrowser(opened)) return () => undefined
  const { gpu, globals, fingerprint } = opened
  const navigator: unknown = Reflect.get(globalThis, 'navigator')
  const withGpu: unknown = Object.create(typeof navigator === 'object' ? navigator : null, {
    gpu: { value: hear === undefined ? gpu : heard(gpu, hear) },
    // as Node from version 21 on has it
    userAgent: { value: `Node.js/${majorOf(fingerprint['node'])}` },
  })
  const restore = Object.entries({ ...globals, navigator: withGpu }).map(([name, value]) => put(name, value))
  return () => {
    for (const each of restore) each()
  }
}

/** A list of complaints: what hears them, and what takes them away. */
export const hearing = (): {
  readonly hear: (complaint: string) => void
  readonly complaints: () => readonly string[]
} => {
  const heardSoFar: string[] = []
  return { hear: (complaint) => void heardSoFar.push(complaint), complaints: () => heardSoFar.splice(0) }
}

/**
 * A backend whose answers count only where its device refused nothing on the way. `complaints` takes what was heard since it
 * was last asked: what comes late, while a session is open, is the session's.
 *
 * Errors  of its answers Thrown – the device refused part of the work
 */
export const heeding = (backend: Backend, complaints: () => readonly string[]): Backend => {
  const heeded = <A>(work: taskEither.TaskEither<EtalonError, A>): taskEither.TaskEither<EtalonError, A> =>
    F.pipe(
      work,
      TE.flatMapEither((answer) => {
        const said = complaints()
        const first = said.find((complaint) => !complaint.includes('due to a previous error')) ?? said[0]
        return first === undefined
          ? E.right(answer)
          : E.left(etalonError('Thrown', `its device refused part of the work: ${first.split('\n')[0]}`))
      }),
    )
  const afresh = <A>(work: taskEither.TaskEither<EtalonError, A>): taskEither.TaskEither<EtalonError, A> =>
    F.pipe(
      TE.fromIO(complaints),
      TE.flatMap(() => work),
    )
  const session = (own: Session): Session => ({
    ...own,
    step: (...given) => heeded(own.step(...given)),
    run: (...given) => heeded(own.run(...given)),
    state: heeded(own.state),
  })
  const { open } = backend
  return {
    ...backend,
    run: (...given) => afresh(heeded(backend.run(...given))),
    ...(open === undefined ? {} : { open: (...given) => afresh(F.pipe(open(...given), TE.map(session))) }),
  }
}
