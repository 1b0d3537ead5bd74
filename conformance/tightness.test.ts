import { describe, expect as assert, test } from 'vitest'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf, questions } from '../spec/catalogue.js'
import { mapField, mapValues } from '../spec/field.js'
import type { AnyOp } from '../spec/op.js'
import type { Case } from './form.js'
import type { Change } from './planted.js'
import { mutantContract } from './testing/instrument.js'
import type { DepthName, Pin } from './testing/tightness.js'
import { casesOf, depthNames, depths, nameOf, reachOf, readPins, sameWidth, widthsOf } from './testing/tightness.js'

/** Of what was recorded random rounding must still reach this part, so that a bound made three times wider is too wide. */
const part = 0.5

const pins = readPins()
const pinOf = (op: OpName, direction: Direction): Pin => {
  const pin = pins[nameOf(op, direction)]
  if (pin === undefined) throw new Error(`no tightness is recorded of ${op} ${direction}: npm run tightness ${op}`)
  return pin
}

/** The outputs whose bounds are not those that were recorded, at each depth. */
const moved = (spec: AnyOp, pin: Pin, cases: readonly Case[]): readonly string[] =>
  depthNames.flatMap((depth) => {
    const widths = widthsOf(spec, cases, depths[depth].depth)
    const names = new Set([...Object.keys(widths), ...Object.keys(pin.outputs)])
    return [...names].flatMap((name) => {
      const [now, was] = [widths[name], pin.outputs[name]?.[depth]]
      return now !== undefined && was !== undefined && sameWidth(now, was)
        ? []
        : [`${name} ${depth}: ${now?.log2.toFixed(4)} for ${was?.log2.toFixed(4)}`]
    })
  })

/** What random rounding reaches of each output's bounds, where it was recorded to come nearest, and what it did then. */
const reaches = (spec: AnyOp, pin: Pin, cases: readonly Case[], depth: DepthName) => {
  const outputs = Object.entries(pin.outputs)
  const at = [...new Set(outputs.map(([, pinned]) => pinned[depth].at))]
  const reached = new Map(at.map((n) => [n, reachOf(spec, cases[n] as Case, depths[depth])]))
  return outputs.map(([name, pinned]) => ({
    name,
    was: pinned[depth].reach,
    now: reached.get(pinned[depth].at)?.[name] ?? 0,
  }))
}

describe('bounds are as tight as they were recorded', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: as wide, and reached by random rounding, in any order and at our depth',
    (op, direction) => {
      const pin = pinOf(op, direction)
      const cases = casesOf(pin)
      assert(moved(opOf(op), pin, cases), `the bounds have changed; if that is meant: npm run tightness ${op}`).toEqual(
        [],
      )
      for (const depth of depthNames)
        for (const { name, was, now } of reaches(opOf(op), pin, cases, depth)) {
          assert(now, `${name} ${depth}`).toBeLessThanOrEqual(1)
          assert(now, `${name} ${depth}`).toBeGreaterThanOrEqual(part * was)
        }
    },
  )
})

describe('a bound that is loosened is seen', () => {
  const loosened: readonly (readonly [string, OpName, Direction, string, Change])[] = [
    [
      'sigmoid’s three times as wide',
      'sigmoid',
      'forward',
      'activations/sigmoid.ts',
      { find: 'errorOf(x, y) + tau', replace: '3 * errorOf(x, y) + tau' },
    ],
    [
      'sigmoid’s gradient’s three times as wide',
      'sigmoid',
      'backward',
      'activations/sigmoid.ts',
      { find: 'Math.max(ofFactors, ofDifference) + tau', replace: '3 * Math.max(ofFactors, ofDifference) + tau' },
    ],
    ...(['bce', 'cce'] as const).map(
      (op) =>
        [
          'a logarithm’s outside [½, 2] a hundred times as wide',
          op,
          'forward',
          'bound.ts',
          { find: '4 * epsilon * Math.abs(Math.log(z))', replace: '400 * epsilon * Math.abs(Math.log(z))' },
        ] as const,
    ),
    [
      'a filter’s gradient’s as deep as it has terms, whatever the backend declares',
      'conv2d',
      'backward',
      'layers/conv2d.ts',
      { find: 'depth(N * Ho * Wo)', replace: '(N * Ho * Wo - 1)' },
    ],
    [
      'a power’s three times as wide',
      'softmax',
      'forward',
      'bound.ts',
      { find: '(4 + 2 * Math.min', replace: '(12 + 6 * Math.min' },
    ],
  ]

  test.each(loosened)('%s: %s %s', (_name, op, direction, file, change) => {
    const pin = pinOf(op, direction)
    const unchanged = { ...change, replace: change.find }
    assert(moved(mutantContract(op, file, unchanged), pin, casesOf(pin))).toEqual([])
    assert(moved(mutantContract(op, file, change), pin, casesOf(pin))).not.toEqual([])
  })

  test('three times the bound of any output, of which random rounding reaches a part, is out of its reach', () => {
    const pin = pinOf('dense', 'backward')
    const dense: AnyOp = opOf('dense')
    const threefold: AnyOp = {
      ...dense,
      boundBackward: (context) => mapValues((bound) => mapField((b) => 3 * b, bound), dense.boundBackward(context)),
    }
    for (const { name, was, now } of reaches(threefold, pin, casesOf(pin), 'anyOrder'))
      assert(now, name).toBeLessThan(part * was)
  })
})
