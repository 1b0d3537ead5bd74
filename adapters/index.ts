import type { Adapter } from '../spec/adapter.js'
import { jaxJs } from './jaxJs.js'
import { onnxruntimeWeb } from './onnxruntimeWeb.js'
import { pytorch } from './pytorch.js'
import { tfjs } from './tfjs.js'

/** The libraries that are held by their names, where they are installed. */
export const adapters: readonly Adapter[] = [...tfjs, ...jaxJs, onnxruntimeWeb, pytorch]
