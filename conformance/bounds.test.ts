import { either as E } from 'fp-ts'
import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { questions } from '../spec/catalogue.js'
import { fromKernels } from '../spec/fromKernels.js'
import { anyOrder } from '../spec/bound.js'
import { draws, keyOf } from '../spec/philox.js'
import { answersOf, oneNode } from '../spec/program.js'
import { caseAt, caseCount } from './cases.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import { expectWhole, ratioOf } from './judge.js'
import { questionTable } from './table.js'
import { inArithmetic } from './testing/instrument.js'
import { randomRounding } from './rewritings/rounding.js'

/** A bound that no permitted arithmetic reaches to this part counts roundings that its formula lacks. */
const idle = 0.05

const right = <A>(result: E.Either<{ message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

const simulated = fromKernels(
  'f32, each rounding up or down at random',
  inArithmetic(randomRounding(draws(keyOf('roundings')))),
)

const sizeOfCase = ({ form }: Case): number =>
  Object.values(form.shapes).reduce((n, shape) => n + shape.reduce((a, b) => a * b, 1), 0)

/** The largest error ÷ bound of each output over the suite's cases, and whether there is a bound: of a copy it is 0. */
const worstRatios = async (op: (typeof questions)[number]['op'], direction: 'forward' | 'backward') => {
  const count = caseCount(questionTable, op, direction, 40)
  const worst: Record<string, { ratio: number; id: string }> = {}
  const rounded = new Set<string>()
  for (let index = 0; index < count; index++) {
    const asked = caseAt(questionTable, op, direction, 11, index)
    if (sizeOfCase(asked) > 8e3) continue
    const question = right(realise(asked))
    const { values, bounds } = right(expectWhole(oracle, question, anyOrder))
    const { program, feeds } = oneNode(question)
    const answer = answersOf(right(await simulated.run(program, feeds)()))
    Object.entries(values).forEach(([name, want]) => {
      for (let i = 0; i < want.data.length; i++) {
        const ratio = ratioOf(answer[name]?.data[i] as number, want.data[i] as number, bounds[name]?.data[i] as number)
        if (!(ratio <= (worst[name]?.ratio ?? -1))) worst[name] = { ratio, id: asked.seed }
        if (bounds[name]?.data[i] !== 0) rounded.add(name)
      }
    })
  }
  return Object.entries(worst).map(([name, each]) => ({ name, ...each, rounds: rounded.has(name) }))
}

describe('bounds against f32 arithmetic that rounds either way at random', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: it conforms always, and reaches a twentieth of each bound somewhere',
    async (op, direction) => {
      const worst = await worstRatios(op, direction)
      worst.forEach(({ name, ratio, id, rounds }) => {
        assert(ratio, `${name} in ${id}`).toBeLessThanOrEqual(1)
        if (rounds) assert(ratio, `${name}: the bound is idle`).toBeGreaterThanOrEqual(idle)
      })
    },
  )
})
