import fc from 'fast-check'
import type { Program } from '../../../spec/program.js'
import type { Act, Scenario } from '../scenario.js'
import { scenario } from '../scenario.js'
import { feedsByName, remembered, written } from './making.js'
import {
  mixturesOf,
  otherwise,
  steps,
  trainedMixturesOf,
  unseenMixturesOf,
  unseenTrainedMixturesOf,
  withOtherUnits,
} from './mixtures.js'
import type { Thread } from './weaving.js'
import { threads } from './weaving.js'

/** Programs of any ops, drawn at random: run, run again, changed a little, and in steps. */

/** All values watched, then the answers alone four times over, programs nearly the same between them; then steps of a session. */
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
    run(of, 6),
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

const mixedInto = (
  name: string,
  about: string,
  of: (by: readonly (readonly Thread[])[]) => readonly Program[],
  [least, most]: readonly [number, number],
  count: number,
  seed: number,
): Scenario => {
  // not of every draw comes a program
  const drawn = of(fc.sample(threads(least, most), { seed: seed + 1, numRuns: Math.max(2 * count, 16) })).slice(
    0,
    count,
  )
  const acts = drawn.flatMap((one, i) => inTurns(one, `program ${name}, ${i}, ${seed}`))
  return scenario(name, about, drawn[0] as Program, acts)
}

/** Each kind: its name, what it is, the programs of some threads each, how many threads, and how many programs are asked. */
const kinds = [
  ['mixed', 'programs of any ops, drawn at random: run, changed a little, and in steps', mixturesOf, [7, 11], 128, 0],
  ['mixed back', 'gradients and updates of programs of any ops, drawn at random', trainedMixturesOf, [4, 6], 80, 0],
  [
    'mixed unseen',
    'programs of any ops, drawn at random, of which as little is answered as networks answer',
    unseenMixturesOf,
    [7, 11],
    64,
    1000,
  ],
  [
    'mixed unseen back',
    'gradients and updates of programs of any ops, of which as little is answered as training answers',
    unseenTrainedMixturesOf,
    [4, 6],
    48,
    2000,
  ],
] as const

const mixedOf = kinds.map(([name, about, of, threads, count, apart]) =>
  remembered((seed) => mixedInto(name, about, of, threads, count, seed + apart)),
)

/** Programs of any ops by seed: of what is drawn in order, of what is there and back, and of what is not looked at. */
export const mixed = (seed: number): readonly Scenario[] => mixedOf.map((of) => of(seed))

// no seed of a person's is so far from another
const further = 2 ** 24

/** So many more of each kind, by other draws. */
export const mixedFurther = (seed: number, count: number): readonly Scenario[] =>
  kinds.map(([name, about, of, threads, , apart]) =>
    mixedInto(`further ${name}`, `${about}: ${count} more`, of, threads, count, seed + apart + further),
  )
