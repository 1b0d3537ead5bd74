import { either as E } from 'fp-ts'
import { expect, test } from 'vitest'
import type { Backend } from '../../spec/backend.js'
import { checkProgram } from '../../spec/program.js'
import type { Act } from './scenario.js'
import { scenario } from './scenario.js'
import { integers, node, program } from './scenarios/making.js'
import { supportedOf } from './supported.js'

const shape = [2, 3]
const feeds = { a: integers('a', shape), b: integers('b', shape), rate: { shape: [], data: Float32Array.of(2) } }
// tanh alone reads b
const of = program({ a: shape, b: shape, rate: [] }, [
  node('bent', 'tanh', { x: 'b' }),
  node('sum', 'add', { a: 'a', b: 'bent' }),
  node('twice', 'add', { a: 'a', b: 'a' }),
  node('leaning', 'leakyRelu', { x: 'twice' }, { alpha: { feed: 'rate' } }),
], ['sum', 'leaning']) // prettier-ignore
const stepped = program({ w: shape, a: shape }, [node('next', 'tanh', { x: 'w' })], ['next'], { w: 'next' })
const plain = program({ a: shape }, [node('twice', 'add', { a: 'a', b: 'a' })], ['twice'])

const acts: readonly Act[] = [
  { what: 'run', program: of, feeds },
  { what: 'run', program: of, feeds, watch: ['bent', 'twice'] },
  { what: 'run', program: of, feeds, watch: ['bent'] },
  { what: 'open', session: 'one', program: stepped, state: { w: feeds.a } },
  { what: 'step', session: 'one', feeds: { a: feeds.a } },
  { what: 'run on', session: 'one', program: plain, feeds: { a: feeds.a } },
  { what: 'state', session: 'one' },
  { what: 'run', program: plain, feeds: { a: feeds.a } },
]
const asked = scenario('some', 'some', of, acts)
const without = (...ops: readonly string[]): Pick<Backend, 'supports'> => ({ supports: (op) => !ops.includes(op) })

test('of a backend with every op all is asked', () => {
  expect(supportedOf(without(), asked)).toEqual({ acts })
})

test('of one without an op the part is asked that goes without, fed what that reads, and no session that goes with it', () => {
  const { acts: left, lacking } = supportedOf(without('tanh'), asked)
  expect(lacking).toBe('it has no tanh forward')
  expect(left.map(({ what }) => what)).toEqual(['run', 'run', 'run'])
  const [first, watched, last] = left as readonly Extract<Act, { readonly what: 'run' }>[]
  expect(first?.program.nodes.map(({ name }) => name)).toEqual(['twice', 'leaning'])
  expect(first?.program.outputs).toEqual(['leaning'])
  expect(Object.keys(first?.feeds ?? {})).toEqual(['a', 'rate'])
  expect(E.isRight(checkProgram(first?.program ?? of))).toBe(true)
  // the same program again is the same one
  expect(watched?.program).toBe(first?.program)
  expect(watched?.watch).toEqual(['twice'])
  expect(last).toBe(acts.at(-1))
})

test('where nothing goes without it nothing is asked', () => {
  expect(supportedOf(without('add', 'tanh'), asked).acts).toEqual([])
})
