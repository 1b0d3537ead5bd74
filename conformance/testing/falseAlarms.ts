import { oracle } from '../../reference/index.js'
import { anyOrder } from '../../spec/bound.js'
import { questions } from '../../spec/catalogue.js'
import { fromKernels } from '../../spec/fromKernels.js'
import { draws, keyOf } from '../../spec/philox.js'
import { answersOf, oneNode } from '../../spec/program.js'
import { sizeOf } from '../../spec/tensor.js'
import { caseAt, caseCount } from '../cases.js'
import type { Case } from '../form.js'
import { realise } from '../form.js'
import { expect, judge } from '../judge.js'
import { questionTable } from '../table.js'
import { inArithmetic } from './instrument.js'
import { randomRounding } from './rounding.js'
import { right } from './shaken.js'

/*
 * False alarms: how often the suite rejects f32 arithmetic that rounds either way at random, which is right by
 * definition. `npm run false-alarms -- SEEDS RUNS`: every op and direction at so many seeds, with so many drawn cases each
 * beside the corners. Must be none.
 */
const [seeds, runs] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 20)]

// the largest corners take the interpreter minutes, and hold no other formula
const largest = 2e4
const small = ({ form: { shapes } }: Case): boolean =>
  Object.values(shapes).reduce((n, shape) => n + sizeOf(shape), 0) <= largest

const started = performance.now()
let [asked, alarms] = [0, 0]
const worst = new Map<string, number>()
for (let seed = 1; seed <= seeds; seed++) {
  const table = inArithmetic(randomRounding(draws(keyOf(`false alarms ${seed}`))))
  const simulated = fromKernels('f32, each rounding up or down at random', table)
  for (const { op, direction } of questions) {
    const count = caseCount(questionTable, op, direction, runs)
    // the corners' numbers change with the seed, too
    for (let index = 0; index < count; index++) {
      const each = caseAt(questionTable, op, direction, seed, index)
      if (!small(each)) continue
      const question = right(realise(each))
      const { program, feeds } = oneNode(question)
      const answer = answersOf(right(await simulated.run(program, feeds)()))
      const { worst: at, problem } = judge({
        oracle,
        question,
        expected: right(expect(oracle, question, anyOrder)),
        answer,
      })
      asked++
      const name = `${op} ${direction}`
      worst.set(name, Math.max(worst.get(name) ?? 0, at.ratio))
      if (problem !== undefined || !(at.ratio <= 1)) {
        alarms++
        console.log(`false alarm: ${each.seed}: ${problem ?? `${at.output}[${at.index.join()}] ${at.ratio}`}`)
      }
    }
  }
  console.error(
    `seed ${seed}: ${asked} cases, ${alarms} false alarms, ${((performance.now() - started) / 1000).toFixed(0)} s`,
  )
}
for (const [name, ratio] of worst) console.log(name.padEnd(32), ratio.toPrecision(3))
console.log(`${seeds} seeds, ${asked} cases, ${alarms} false alarms`)
process.exitCode = alarms === 0 ? 0 : 1
