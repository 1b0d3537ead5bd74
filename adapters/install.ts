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

/**
 * Puts a WebGPU implementation where a browser has it, `navigator.gpu`, for libraries that look nowhere else; answers what
 * puts back what was there.
 */
export const withNavigatorGpu = (gpu: GPU): (() => undefined) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  const navigator: unknown = Reflect.get(globalThis, 'navigator')
  Object.defineProperty(globalThis, 'navigator', {
    value: Object.create(typeof navigator === 'object' ? navigator : null, { gpu: { value: gpu } }) as unknown,
    configurable: true,
    writable: true,
  })
  return () => {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'navigator')
    else Object.defineProperty(globalThis, 'navigator', before)
    return undefined
  }
}
