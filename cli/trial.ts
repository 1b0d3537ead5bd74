import { either as E } from 'fp-ts'
import type { EtalonError, Result } from '../spec/error.js'
import type { Backend } from '../spec/backend.js'
import type { Outcome, Trial } from '../training/search/searchers.js'
import { openBackend } from './backends.js'
import type { Subcommand } from './command.js'
import type { Digits } from './dataset.js'
import { digitsFrom } from './dataset.js'
import { exit } from './exit.js'
import type { SearchManner } from './searchTrial.js'
import { runTrial } from './searchTrial.js'

/** What a process that runs trials is told: how, and then one trial after the other. */
export type ToTrials =
  { readonly is: 'manner'; readonly manner: SearchManner } | { readonly is: 'trial'; readonly trial: Trial }

/** What it tells: that it can begin, or why not, and what came of each trial. */
export type FromTrials =
  | { readonly is: 'ready' }
  | { readonly is: 'refused'; readonly error: EtalonError }
  | { readonly is: 'outcome'; readonly outcome: Result<Outcome> }

const tell = (message: FromTrials): void => void process.send?.(message)

// as many as `train` draws where there is no folder
const generated = { train: 10000, test: 2000 }

const serve = (): void => {
  // a Ctrl-C reaches all processes of a terminal: the one that started this says what becomes of it
  process.on('SIGINT', () => undefined)
  process.on('disconnect', () => process.exit())
  let ready: { readonly manner: SearchManner; readonly digits: Digits; readonly backend: Backend } | undefined
  const open = async (manner: SearchManner): Promise<void> => {
    const digits = await digitsFrom(manner, generated)()
    if (E.isLeft(digits)) {
      tell({ is: 'refused', error: digits.left })
      return
    }
    const backend = await openBackend(manner.device, manner.backend)()
    if (E.isLeft(backend)) {
      tell({ is: 'refused', error: backend.left })
      return
    }
    ready = { manner, digits: digits.right, backend: backend.right }
    tell({ is: 'ready' })
  }
  process.on('message', (message: ToTrials) => {
    if (message.is === 'manner') return void open(message.manner)
    if (ready === undefined) return
    const { manner, digits, backend } = ready
    void runTrial(manner, digits, backend, message.trial).then((outcome) => tell({ is: 'outcome', outcome }))
  })
}

/** `etalon trial`: a process of `search --jobs`; of no use to anyone else. */
export const trialCommand: Subcommand = (command, end) =>
  void command.action(async () => {
    if (process.send === undefined) return end(exit.usage)
    serve()
    await new Promise(() => undefined)
  })
