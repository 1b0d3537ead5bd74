import type { Adapter } from '../spec/adapter.js'
import { jaxJs } from './jaxJs.js'
import { onnxruntimeWeb } from './onnxruntimeWeb.js'
import { tfjs } from './tfjs.js'

/** The libraries that run in browsers as well as in Node. */
export const adapters: readonly Adapter[] = [...tfjs, ...jaxJs, ...onnxruntimeWeb]
