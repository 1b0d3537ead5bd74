import fc from 'fast-check'
import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Act, Scenario } from '../scenario.js'
import { scenario } from '../scenario.js'
import { feedsByName, remembered, written } from './making.js'
import { mostMeeting } from './meetings.js'
import { mixtureOf, otherwise, steps, trainedMixtureOf, withOtherUnits } from './mixing.js'
import type { Thread } from './weaving.js'
import { threads } from './weaving.js'

/** Programs of any ops, drawn at random, of which those are asked in which most meets: run, run again, changed a little, and in steps. */

/** All values watched, then the answers alone three times over, programs nearly the same between them; then steps of a session. */
const inTurns = (of: Program, seed: string): readonly Act[] => {
  const run = (one: Program, turn: number, watch?: readonly string[]): Act => ({
    what: 'run',
    program: one,
    feeds: feedsByName(one, `${seed} ${turn}`),
    ...(watch && { watch }),
  })
  const [changed, other] = [otherwise(of), withOtherUnits(of)]
  const names = Object.keys(of.inputs).filter((name) => !(name in of.carry))
  const step = (turn: number, watch?: readonly string[]): Act => ({
    what: 'step',
    session: seed,
    feeds: feedsByName(of, `${seed} step ${turn}`, names),
    ...(watch && { watch }),
  })
  return [
    run(of, 1, written(of)),
    run(of, 1),
    ...(changed ? [run(changed, 2)] : []),
    run(of, 3),
    ...(other ? [run(other, 4)] : []),
    run(of, 5),
    ...(Object.keys(of.carry).length === 0
      ? []
      : [
          {
            what: 'open',
            session: seed,
            program: of,
            state: feedsByName(of, `${seed} state`, Object.keys(of.carry)),
          } as const,
          // in the middle everything is looked at
          ...Array.from({ length: steps }, (_, i) =>
            step(i + 1, i === 1 ? [...Object.keys(of.carry), ...written(of)] : undefined),
          ),
          { what: 'state', session: seed } as const,
        ]),
  ]
}

/** Of so many drawn programs so many are asked. */
const drawn = 384

const calledWithAttributes = ({ op, direction, attrs }: ProgramNode): string => {
  const { stride, axis, groups, dilation, window } = attrs
  return `${op}${direction === 'forward' ? '' : ' back'} ${JSON.stringify([stride, axis, groups, dilation, window])}`
}

const mixedInto = (
  name: string,
  about: string,
  of: (by: readonly Thread[], W: number) => Program | undefined,
  [least, most]: readonly [number, number],
  count: number,
  seed: number,
): Scenario => {
  const all = fc
    .sample(threads(least, most), { seed: seed + 1, numRuns: drawn })
    .flatMap((by, i) => of(by, [3, 8, 5][i % 3] as number) ?? [])
  const acts = mostMeeting(all, (one) => one, count, calledWithAttributes).flatMap((one, i) =>
    inTurns(one, `program ${name}, ${i}, ${seed}`),
  )
  return scenario(name, about, (acts[0] as Extract<Act, { readonly what: 'run' }>).program, acts)
}

export const mixed = remembered(
  (seed) =>
  mixedInto('mixed', 'programs of any ops, drawn at random: run, changed a little, and in steps', mixtureOf, [5, 8], 48, seed), // prettier-ignore
)

export const mixedBack = remembered(
  (seed) =>
  mixedInto('mixed back', 'gradients and updates of programs of any ops, drawn at random', trainedMixtureOf, [3, 5], 40, seed), // prettier-ignore
)
