import type { Adapter } from '../spec/adapter.js'
import { adapters as inBrowsers } from './browser.js'
import { pytorch } from './pytorch.js'

/** The libraries that are held by their names, where they are installed. */
export const adapters: readonly Adapter[] = [...inBrowsers, pytorch]
