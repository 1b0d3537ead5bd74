import type { OpenedGpu } from '../spec/adapter.js'
import type { Fingerprint } from '../spec/backend.js'
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

const put = (name: string, value: unknown): (() => void) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, name)
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(globalThis, name)
    else Object.defineProperty(globalThis, name, before)
  }
}

/** Node's major version as a fingerprint tells it, v20.19.0 being 20. */
const majorOf = (node: Fingerprint[string] | undefined): string => /\d+/.exec(String(node))?.[0] ?? ''

/** Whether it is the WebGPU of the browser that this runs in. */
export const isOfBrowser = ({ gpu }: OpenedGpu): boolean => {
  const navigator: unknown = Reflect.get(globalThis, 'navigator')
  return typeof navigator === 'object' && navigator !== null && Reflect.get(navigator, 'gpu') === gpu
}

/**
 * Puts a WebGPU implementation where a browser has it – `navigator.gpu`, and its classes and constants as globals – for
 * libraries that look nowhere else; answers what puts back what was there. In a browser it is there already.
 */
export const asInBrowser = (opened: OpenedGpu): (() => void) => {
  if (isOfBrowser(opened)) return () => undefined
  const { gpu, globals, fingerprint } = opened
  const navigator: unknown = Reflect.get(globalThis, 'navigator')
  const withGpu: unknown = Object.create(typeof navigator === 'object' ? navigator : null, {
    gpu: { value: gpu },
    // as Node from version 21 on has it
    userAgent: { value: `Node.js/${majorOf(fingerprint['node'])}` },
  })
  const restore = Object.entries({ ...globals, navigator: withGpu }).map(([name, value]) => put(name, value))
  return () => {
    for (const each of restore) each()
  }
}
