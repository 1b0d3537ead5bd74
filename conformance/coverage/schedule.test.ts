import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasBackward, questions } from '../../spec/catalogue.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { arbitraryOf, caseAt, caseId, caseOfId, coverageOf, indicesOf, profiles, scheduled } from '../cases.js'
import { realise } from '../form.js'
import { questionTable } from '../table.js'
import { classTable } from './classes/table.js'
import { measure } from './extents.js'
import { onRung, reaches, rungs } from './ladder.js'
import { layersOf, soonOf } from './layers.js'
import { bearable, limits } from './schedule.js'

const standard = (op: OpName, direction: Direction): readonly number[] =>
  indicesOf(questionTable, op, direction, 'standard', 0)

describe('the cases of the standard run', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: whatever the seed, each is one that the op accepts, within the limits',
    (op, direction) => {
      const corners = questionTable[op].corners.length
      const indices = standard(op, direction).filter((index) => index >= corners)
      fc.assert(
        fc.property(fc.nat(2 ** 31 - 1), fc.constantFrom(...indices), (seed, index) => {
          const { form } = caseAt(questionTable, op, direction, seed, index)
          expect(bearable(op, form)).toBe(true)
          const measured = measure(op, form)
          if (E.isLeft(measured) || measured.right.elements > 2000) return
          expect(E.isRight(realise({ op, direction, seed: 'any', form }))).toBe(true)
        }),
        { numRuns: 40 },
      )
    },
  )

  test.each([
    ['relu', 'backward'],
    ['softmax', 'forward'],
    ['adam', 'forward'],
    ['lstm', 'backward'],
    ['maxPool2d', 'forward'],
    ['conv2d', 'backward'],
  ] as const)('%s %s: meet every pair of classes, or every triple, and every extent of every axis', (op, direction) => {
    const answered = standard(op, direction).map((index) => ({
      index,
      form: caseAt(questionTable, op, direction, 5, index).form,
    }))
    const { classes, pairs, triples, extents } = coverageOf(questionTable, op, direction, 'standard', answered)
    expect(classes.met).toBe(classes.of)
    expect(pairs?.met).toBe(pairs?.of)
    expect(triples?.met).toBe(triples?.of)
    expect(triples === undefined).toBe(!['conv2d', 'maxPool2d'].includes(op))
    const { beyond } = scheduled(questionTable, op, direction).climbing()
    Object.entries(extents).forEach(([letter, { met, of }]) => {
      // a rung or two of a whole ladder may be drawn beside extents that leave it no room
      const reachable = of - (beyond[letter]?.length ?? 0)
      expect(met, letter).toBeGreaterThanOrEqual(reachable - 2)
    })
  })

  test('are fewer where fewer were answered', () => {
    const answered = standard('relu', 'forward')
      .slice(0, -40)
      .filter((index) => index % 2 === 0)
      .map((index) => ({ index, form: caseAt(questionTable, 'relu', 'forward', 5, index).form }))
    const { pairs, extents } = coverageOf(questionTable, 'relu', 'forward', 'standard', answered)
    expect(pairs?.met).toBeLessThan(pairs?.of ?? 0)
    expect(extents['last']?.met).toBeLessThan(extents['last']?.of ?? 0)
  })

  test('leave no rung of an axis out, but where it would be too large', () => {
    const left = questions.flatMap(({ op, direction }) =>
      Object.entries(scheduled(questionTable, op, direction).climbing().beyond).flatMap(([letter, missed]) =>
        missed.map((rung) => ({ op, letter, least: rung.least })),
      ),
    )
    expect(left.filter(({ least }) => least < 1000)).toEqual([])
    expect(left.length).toBeLessThan(60)
  })
})

describe('layers as people use them', () => {
  const kindOf = (groups: number, channels: number, filters: number): string =>
    groups === 1 ? 'full' : groups < channels ? 'grouped' : filters === groups ? 'depthwise' : 'with a multiplier'

  test.each(questions.filter(({ op }) => ['conv2d', 'convTranspose2d', 'conv1d'].includes(op)))(
    '$op $direction meets every usual filter at every usual stride and dilation, in groups and not, alike on all axes',
    ({ op, direction }) => {
      const met = new Set(
        standard(op, direction).map((index) => {
          const { attrs, shapes } = caseAt(questionTable, op, direction, 1, index).form
          const {
            stride = [1],
            dilation = [1],
            groups = 1,
          } = attrs as Readonly<Record<string, readonly number[]>> & {
            readonly groups?: number
          }
          const [, channels = 0] = shapes['x'] ?? []
          const [first = 0, second = 0, ...filter] = shapes['w'] ?? []
          const filters = op === 'convTranspose2d' ? second * groups : first
          const each = (list: readonly number[]): string =>
            list.every((one) => one === list[0]) ? String(list[0]) : 'uneven'
          return `${each(filter)} by ${each(stride)}, ${each(dilation)} apart, ${kindOf(groups, channels, filters)}`
        }),
      )
      const wanted = [1, 2, 3, 5].flatMap((filter) =>
        [1, 2].flatMap((stride) =>
          (filter === 1 || (op === 'conv1d' && stride > 1) ? [1] : [1, 2]).flatMap((dilation) =>
            ['full', 'grouped', 'depthwise', 'with a multiplier'].map(
              (kind) => `${filter} by ${stride}, ${dilation} apart, ${kind}`,
            ),
          ),
        ),
      )
      expect(wanted.filter((one) => !met.has(one))).toEqual([])
    },
  )
})

describe('wide cases', () => {
  const wide = (op: OpName, direction: Direction = 'forward') => scheduled(questionTable, op, direction).wide()
  const numbers = (value: unknown): readonly number[] => (Array.isArray(value) ? (value as readonly number[]) : [])

  test('of convolutions have rates, filters, patches and groups far past the usual', () => {
    for (const op of ['conv2d', 'conv1d', 'convTranspose2d'] as const) {
      const forms = wide(op)
      const some = (has: (form: (typeof forms)[number]) => boolean): void => expect(forms.some(has), op).toBe(true)
      some(({ attrs }) => numbers(attrs['dilation']).every((d) => d >= 12))
      some(({ attrs, shapes }) => (attrs['groups'] as number) >= 32 && (shapes['w']?.[1] ?? 0) > 1)
      some(({ shapes }) => (shapes['w'] ?? []).slice(2).every((k) => k >= 31))
      some(({ attrs, shapes }) =>
        numbers(attrs['stride']).every((s, axis) => s >= 14 && s <= (shapes['w']?.[2 + axis] ?? 0)),
      )
      some(({ shapes }) => (shapes['x'] ?? []).slice(1).reduce((n, extent) => n * extent, 1) > 40_000)
    }
  })

  test('of products and rows have several axes long at once, and longer ones than any rung', () => {
    expect(
      wide('dense', 'backward').some(({ shapes }) =>
        [...(shapes['x'] ?? []), ...(shapes['w'] ?? [])].every((n) => n > 500),
      ),
    ).toBe(true)
    expect(wide('softmax').some(({ shapes }) => (shapes['x']?.at(-1) ?? 0) > 2 ** 17)).toBe(true)
    for (const rank of [2, 3, 4, 5])
      expect(wide('softmax').some(({ shapes: { x = [] } }) => x.length === rank && (x.at(-1) ?? 0) > 512)).toBe(true)
  })

  test('lie behind the layers of networks, so that no other case has another number for them', () => {
    for (const { op, direction } of questions) {
      const asked = standard(op, direction).filter((index) => index < 1_000_000)
      // behind them come some of those layers
      const all = asked.slice(0, asked.length - soonOf(op).length)
      const [last = 0, count] = [all.at(-1), wide(op, direction).length]
      const before = all[all.length - count - 1] ?? -1
      expect(last - before).toBe(count + layersOf(op).length)
    }
  })
})

describe('a draw', () => {
  test('is fast-check’s own, by the seed and the number', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(300), (seed, index) => {
        const arbitrary = arbitraryOf(questionTable, 'conv2d', 'forward', seed, index)
        const [form] = fc.sample(arbitrary, { seed, path: String(index), numRuns: 1 })
        expect(caseAt(questionTable, 'conv2d', 'forward', seed, index).form).toEqual(form)
      }),
      { numRuns: 30 },
    )
  })

  test('of another seed has other extents', () => {
    const from = questionTable.conv2d.corners.length
    const shapesOf = (seed: number): readonly string[] =>
      Array.from({ length: 40 }, (_, i) =>
        JSON.stringify(caseAt(questionTable, 'conv2d', 'forward', seed, from + i).form.shapes),
      )
    const [one, other] = [shapesOf(1), shapesOf(2)]
    // some are the same by chance
    expect(one.filter((shapes, i) => shapes !== other[i]).length).toBeGreaterThan(30)
  })
})

describe('profiles', () => {
  test.each(questions.filter(({ op }) => ['conv2d', 'bce', 'sgd'].includes(op)))(
    '$op $direction: each asks what the one before it asks',
    ({ op, direction }) => {
      const [quick, usual, wild] = profiles.map((profile) => indicesOf(questionTable, op, direction, profile, 3))
      const common = usual?.filter((index) => !wild?.includes(index)) ?? []
      expect(common).toEqual([])
      expect(quick?.filter((index) => !usual?.includes(index))).toEqual([])
      expect((wild?.length ?? 0) - (usual?.length ?? 0)).toBe(layersOf(op).length - soonOf(op).length)
    },
  )

  test('quick has every class of every op once', () => {
    questions.forEach(({ op, direction }) => {
      const answered = indicesOf(questionTable, op, direction, 'quick', 0).map((index) => ({
        index,
        form: caseAt(questionTable, op, direction, 5, index).form,
      }))
      const { classes } = coverageOf(questionTable, op, direction, 'quick', answered)
      expect(`${op} ${classes.met}`).toBe(`${op} ${classes.of}`)
    })
  })

  test('wild has layers of the zoo and of other networks, each one that its op accepts', () => {
    const layers = (Object.keys(classTable) as readonly OpName[]).flatMap((op) =>
      layersOf(op).map((form) => ({ op, form })),
    )
    expect(layers.length).toBeGreaterThan(200)
    expect(layers.filter(({ op, form }) => E.isLeft(measure(op, form)))).toEqual([])
    const names = layers.map(({ form }) => form.name ?? '')
    ;['vgg16', 'MobileNet', 'U-Net', 'DCGAN', 'DeepLab', 'EfficientNet', 'transformer', 'speech'].forEach((network) => {
      expect(names.some((name) => name.toLowerCase().includes(network.toLowerCase()))).toBe(true)
    })
  })
})

describe('the ladder of extents', () => {
  test('has every small extent, each size below, at and above, and nothing between left out', () => {
    ;[1, 2, 9, 15, 16, 17, 24, 383, 384, 385, 767, 4097, 65535, 65537].forEach((extent) => {
      expect(rungs.some(({ least, most }) => least === extent && most === extent)).toBe(true)
    })
    ;[12, 100, 700, 5000, 60000].forEach((extent) => {
      expect(rungs.some((rung) => reaches(rung, extent))).toBe(true)
    })
  })

  test('draws what is on the rung', () => {
    rungs.forEach((rung) => {
      fc.assert(
        fc.property(onRung(rung), (extent) => reaches(rung, extent)),
        { numRuns: 20 },
      )
    })
    expect(limits.steps).toBe(512)
    expect(hasBackward('step')).toBe(false)
  })
})

describe('telling cases', () => {
  test.each([
    ['softmax', 'forward'],
    ['lstm', 'backward'],
    ['dense', 'backward'],
    ['adam', 'forward'],
    ['concat', 'backward'],
  ] as const)(
    '%s %s: are part of a standard run, by numbers that move no others, and found again by their ids',
    (op, direction) => {
      const telling = scheduled(questionTable, op, direction).telling()
      const numbers = standard(op, direction).filter((index) => index >= 1_000_000)
      expect(numbers).toEqual(telling.map((_, i) => 1_000_000 + i))
      expect(telling.length).toBeGreaterThan(0)
      expect(indicesOf(questionTable, op, direction, 'quick', 0)).not.toContain(1_000_000)
      for (const [i, form] of telling.entries()) {
        const asked = caseAt(questionTable, op, direction, 3, 1_000_000 + i)
        expect(asked.form).toEqual(form)
        expect(caseOfId(questionTable, caseId(op, direction, 3, 1_000_000 + i))).toEqual(E.right(asked))
      }
    },
  )

  test('have each class at extents in fours, and pools that differ in one thing from those that tile an image', () => {
    const telling = (op: OpName, direction: 'forward' | 'backward') => scheduled(questionTable, op, direction).telling()
    for (const direction of ['forward', 'backward'] as const) {
      const losses = telling('softmaxCrossEntropy', direction).filter(({ shapes }) => shapes['logits']?.[1] === 20)
      const targets = new Set(losses.map(({ fills }) => JSON.stringify(fills['target'])))
      expect(targets.size).toBeGreaterThanOrEqual(5)
      // those in fours are all of one image
      const all = telling('maxPool2d', direction)
      const image = JSON.stringify([2, 2, 4, 8])
      const pools = all.filter(({ shapes }) => JSON.stringify(shapes['x']) === image)
      const usual = { window: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] }
      const differing = pools.map(({ attrs }) =>
        Object.entries(usual).filter(([name, value]) => JSON.stringify(attrs[name]) !== JSON.stringify(value)),
      )
      expect(Math.max(...differing.map((names) => names.length))).toBe(1)
      expect(new Set(differing.flatMap((names) => names.map(([name]) => name)))).toEqual(new Set(Object.keys(usual)))
      expect(pools.every(({ shapes }) => (shapes['x']?.at(-1) ?? 1) % 4 === 0)).toBe(true)
    }
  })
})
