import { basename } from 'node:path'
import { Option } from 'commander'
import { adapters } from '../../adapters/browser.js'
import type { BrowserChoice } from './host.js'

/** How a person asks for a browser, on every command that takes one. */

export interface BrowserOptions {
  /** whether the suite runs in a browser */
  readonly browser?: boolean
  /** another browser than the embedded one; Deno, if that is its name */
  readonly browserPath?: string
}

export const browserOptions = (): readonly [browser: Option, browserPath: Option] => [
  new Option(
    '--browser',
    'in a browser, on its WebGPU: the embedded Chromium, without a window, unless --browser-path names another',
  ),
  new Option(
    '--browser-path <file>',
    'the program of a Chromium, or deno, whose WebGPU is wgpu; asks for --browser too',
  ),
]

/** The backends that there are in a browser. */
const namesInBrowser: readonly string[] = ['webgpu', 'plain-f32', ...adapters.map(({ name }) => name)]

/** The browser that is asked for, if one is. */
export const browserOf = ({ browser, browserPath: path }: BrowserOptions): BrowserChoice | undefined =>
  path !== undefined
    ? { which: /^deno\b/i.test(basename(path)) ? 'deno' : 'chromium', path }
    : browser === true
      ? { which: 'chromium' }
      : undefined

/** What is wrong with asking for a backend in a browser, if anything is. */
export const browserProblem = (choice: BrowserChoice | undefined, backend: string): string | undefined =>
  choice === undefined || namesInBrowser.includes(backend)
    ? undefined
    : `--browser has ${namesInBrowser.join(', ')}; ${backend} runs in Node`

/** The options that ask for that browser again. */
export const browserWords = (choice: BrowserChoice | undefined): readonly string[] =>
  choice === undefined ? [] : choice.path === undefined ? ['--browser'] : ['--browser-path', choice.path]
