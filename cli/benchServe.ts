import { createInterface } from 'node:readline'
import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Contender, Race } from '../bench/run.js'
import { openRace } from '../bench/run.js'
import type { Timing } from '../bench/clock.js'
import { workloadsNamed } from '../bench/workloads.js'
import type { Screen } from './terminal.js'

/*
 * `etalon bench --serve`: a process that another one asks for rounds, so that two versions take turns. A line of JSON in, a
 * line of JSON out, from the first line on, which says who answers.
 */

export const benchProtocol = 1

export const greetingCodec = t.strict({
  bench: t.literal('etalon'),
  protocol: t.number,
  version: t.string,
  adapter: t.string,
})
export type Greeting = t.TypeOf<typeof greetingCodec>

export const requestCodec = t.union([
  t.strict({ open: t.string }),
  t.strict({ round: t.literal(true) }),
  t.strict({ close: t.literal(true) }),
])
export type Request = t.TypeOf<typeof requestCodec>

export const answerCodec = t.union([
  t.strict({ opened: t.string, errorOverBound: t.number }),
  t.strict({ samplesMs: t.readonlyArray(t.number) }),
  t.strict({ closed: t.literal(true) }),
  t.strict({ refused: t.string }),
])
export type Answer = t.TypeOf<typeof answerCodec>

/** Answers requests until there are no more. */
export const serve = async (
  lines: AsyncIterable<string>,
  out: Screen,
  greeting: Greeting,
  contender: Contender,
  timing: Timing,
): Promise<void> => {
  const say = (answer: Answer | Greeting): void => void out.write(`${JSON.stringify(answer)}\n`)
  say(greeting)
  let open: Race | undefined
  const answer = async (request: Request): Promise<Answer> => {
    if ('open' in request) {
      await open?.close()
      open = undefined
      const found = workloadsNamed([request.open])
      if (E.isLeft(found)) return { refused: found.left.message }
      const [workload] = found.right
      if (workload === undefined) return { refused: `no workload is called ${request.open}` }
      const race = await openRace(workload, [contender], timing)
      const [row] = race.rows()
      if (row?.outcome !== 'timed') {
        await race.close()
        return { refused: row?.reason ?? 'no answer' }
      }
      open = race
      return { opened: workload.name, errorOverBound: row.errorOverBound ?? 0 }
    }
    if (open === undefined) return { refused: 'no workload is open' }
    if ('round' in request) {
      await open.round()
      const [row] = open.rows()
      const samples = row?.rounds.at(-1)
      return row?.outcome === 'timed' && samples !== undefined
        ? { samplesMs: [...samples] }
        : { refused: row?.reason ?? 'no samples' }
    }
    await open.close()
    open = undefined
    return { closed: true }
  }
  for await (const line of lines) {
    if (line.trim() === '') continue
    const request = F.pipe(
      E.tryCatch(
        () => JSON.parse(line) as unknown,
        () => undefined,
      ),
      E.flatMap((value) =>
        F.pipe(
          requestCodec.decode(value),
          E.mapLeft(() => undefined),
        ),
      ),
    )
    say(E.isLeft(request) ? { refused: 'wanted open, round or close' } : await answer(request.right))
  }
  await open?.close()
}

/** The lines of a stream. */
export const linesOf = (input: NodeJS.ReadableStream): AsyncIterable<string> => createInterface({ input })
