import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { QuestionTable } from '../conformance/questions.js'
import { questionTable } from '../conformance/table.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { BackendName } from './backends.js'
import { openBackend } from './backends.js'
import type { Screen } from './terminal.js'

/** All that a command meets of the world. */
export interface Rim {
  readonly open: (device: DeviceChoice, backend?: BackendName) => taskEither.TaskEither<EtalonError, Backend>
  readonly oracle: Oracle
  readonly table: QuestionTable
  readonly out: Screen
  readonly err: Screen
  /** milliseconds since some moment */
  readonly now: () => number
}

/** The rim of the process: its streams, its clock, a device, and the reference as the oracle. */
export const processRim = (): Rim => ({
  open: openBackend,
  oracle,
  table: questionTable,
  out: process.stdout,
  err: process.stderr,
  now: () => performance.now(),
})
