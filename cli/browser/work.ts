import { either as E, taskEither as TE } from 'fp-ts'
import { openGpu, openWebGpu } from '../../accelerated/browser.js'
import { adapters } from '../../adapters/browser.js'
import type { FaultyOracle } from '../../conformance/diagnosis.js'
import { messageOf } from '../../conformance/guarded.js'
import { folderOf } from '../../conformance/planted.js'
import { questionTable } from '../../conformance/table.js'
import type { Formula } from '../../reference/formulas.js'
import { oracleBy } from '../../reference/formulas.js'
import { oracle } from '../../reference/index.js'
import { formulas } from '../../reference/table.js'
import type { Backend } from '../../spec/backend.js'
import { etalonError } from '../../spec/error.js'
import { closing } from '../closing.js'
import type { Open } from '../partWork.js'
import { messages, workOn } from '../partWork.js'
import { replayWith } from '../replaying.js'
import type { Screen } from '../terminal.js'
import { coloured } from '../terminal.js'
import { timeLimit } from '../timeLimit.js'
import type { FromBrowser, Surroundings, ToBrowser } from './messages.js'
import { fromText, toText } from './wire.js'

/** The work in a browser, or in Deno: a part of a run, or a replay, told of as text. */

const addressOf = (name: string, path: string): string => new URL(`/npm/${name}/${path}`, import.meta.url).href

const withFacts = (backend: Backend, { facts }: Surroundings): Backend => ({
  ...backend,
  fingerprint: { ...backend.fingerprint, ...facts },
})

/** The backends that there are in a browser. */
const openIn =
  (surroundings: Surroundings): Open =>
  (device, name = 'webgpu') => {
    const adapter = adapters.find((one) => one.name === name)
    const opened =
      name === 'webgpu'
        ? openWebGpu(device)
        : name === 'plain-f32'
          ? async () => E.right<never, Backend>((await import('../../adapters/plainF32.js')).plainF32)
          : adapter === undefined
            ? TE.left(etalonError('UnknownBackend', `there is no ${name} in a browser`))
            : adapter.open({
                gpu: openGpu(device),
                versionOf: (one) => surroundings.versions[one],
                addressOf,
              })
    return TE.map((backend: Backend) => withFacts(backend, surroundings))(opened)
  }

/** The oracle with a planted fault: whoever serves this serves its formulas too, changed if that is asked for. */
const faultyOracle: FaultyOracle = async (op, fault) => {
  const { find, replace, nth } = fault
  const change = encodeURIComponent(JSON.stringify({ find, replace, nth }))
  const address = new URL(`/reference/${folderOf(op)}/${op}.js?fault=${change}`, import.meta.url)
  try {
    const formula = (await import(address.href)) as Formula
    return oracleBy({ ...formulas, [op]: formula })
  } catch {
    return undefined
  }
}

/** Does what it is told, and tells of it; answers what a message is handed to. */
export const work = (say: (text: string) => Promise<void>): ((text: string) => void) => {
  const tell = (message: FromBrowser): Promise<void> => say(toText(message))
  const { put, next } = messages<ToBrowser>()

  const working = async (): Promise<void> => {
    const first = await next()
    if (first.is !== 'surroundings') return
    const open = openIn(first.surroundings)
    const screen = (to: 'out' | 'err', inked: boolean): Screen => ({
      write: (text) => void tell({ is: 'wrote', to, text }),
      ...(inked ? { ink: coloured } : {}),
    })
    const second = await next()
    if (second.is === 'manner')
      return workOn(second.manner, {
        open,
        limit: timeLimit,
        faulty: faultyOracle,
        next: async () => {
          const message = await next()
          return message.is === 'item' ? message : { is: 'end' }
        },
        tell,
        closing: (backend) => closing({ err: screen('err', false) }, backend),
      })
    if (second.is !== 'replay') return
    const { texts, device, backend, caseTimeout, coloured: inked } = second
    const rim = { open, oracle, table: questionTable, out: screen('out', inked), err: screen('err', inked) }
    await tell({ is: 'exit', code: await replayWith(rim, texts, device, backend, caseTimeout) })
  }

  void working().catch((thrown: unknown) => tell({ is: 'refused', error: etalonError('Thrown', messageOf(thrown)) }))
  return (text) => put(fromText(text) as ToBrowser)
}
