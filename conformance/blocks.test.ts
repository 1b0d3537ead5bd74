import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planLimits } from '../accelerated/backend.js'
import type { AcquiredDevice } from '../accelerated/device/index.js'
import { acquireDevice } from '../accelerated/device/index.js'
import type { Executor } from '../accelerated/executor.js'
import { makeExecutor } from '../accelerated/executor.js'
import { plan } from '../accelerated/plan.js'
import { kernelOf } from '../accelerated/testing/audit.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle } from '../reference/index.js'
import type { Attributes } from '../spec/attributes.js'
import { lanesThenTree } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { answersOf, checkProgram, oneNode } from '../spec/program.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import type { Case, Fill } from './form.js'
import { realise } from './form.js'
import { expectWhole } from './judge.js'
import { isRight } from './nonFinite.js'
import { form } from './questions.js'
import { right } from './testing/shaken.js'

/**
 * Kernels that are chosen where much is asked at once – convolutions by blocks of outputs, pools by pairs of windows – on
 * shapes that leave a part of a block, with all that such kernels get wrong: groups, unequal padding, steps from row to row,
 * a batch, and weights that are no numbers beside pixels that no tap reads.
 */

interface Asked {
  readonly name: string
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Attributes
  readonly shapes: Readonly<Record<string, Shape>>
  readonly fills?: Readonly<Record<string, Fill>>
  /** in the name of a kernel that has to be among the launches */
  readonly kernel: string
}

const shapes = (op: OpName, K: number): Readonly<Record<string, Readonly<Record<string, Shape>>>> =>
  op === 'conv2d'
    ? {
        plain: { x: [3, 8, 9, 11], w: [9, 8, 3, K], b: [9] },
        groups: { x: [2, 18, 11, 10], w: [20, 9, 2, K], b: [20] },
        one: { x: [1, 17, 10, 8], w: [33, 17, K, K], b: [33] },
      }
    : {
        plain: { x: [3, 9, 9, 11], w: [9, 8, 3, K], b: [8] },
        groups: { x: [2, 18, 11, 10], w: [18, 10, 2, K], b: [20] },
        one: { x: [1, 5, 10, 8], w: [5, 33, K, K], b: [33] },
      }

const attributes: Readonly<Record<string, Attributes>> = {
  plain: { padding: [1, 0, 2, 1] },
  groups: { groups: 2, padding: [0, 2, 1, 3], stride: [2, 1] },
  one: { padding: [2, 2, 2, 2] },
}

const convolutions: readonly Asked[] = (
  [
    ['conv2d', 'forward', 'conv2d.forward.blocks'],
    ['conv2d', 'backward', 'conv2d.backward.x.blocks'],
    ['convTranspose2d', 'forward', 'convTranspose2d.forward.blocks'],
    ['convTranspose2d', 'backward', 'conv2d.forward.blocks'],
  ] as const
).flatMap(([op, direction, kernel]) =>
  [3, 5].flatMap((K) =>
    Object.entries(shapes(op, K)).map(([name, shapes]): Asked => {
      const asked = { op, direction, attrs: attributes[name] ?? {}, shapes, kernel: `${kernel}${K}` }
      return { ...asked, name: `${op} ${direction}, ${K} taps in a row: ${name}` }
    }),
  ),
)

const dilated: readonly Asked[] = (['forward', 'backward'] as const).map((direction) => ({
  name: `conv2d ${direction}: taps apart from row to row`,
  op: 'conv2d',
  direction,
  attrs: { dilation: [2, 1], padding: [3, 1, 1, 1] },
  shapes: { x: [2, 8, 8, 9], w: [8, 8, 3, 3] },
  kernel: `${direction === 'forward' ? 'conv2d.forward' : 'conv2d.backward.x'}.blocks3`,
}))

const pools: readonly Asked[] = (['first', 'last'] as const).flatMap((ties) =>
  (['forward', 'backward'] as const).map((direction) => ({
    name: `maxPool2d ${direction}, ties ${ties}`,
    op: 'maxPool2d' as const,
    direction,
    attrs: { window: [2, 2], stride: [2, 2], ...(direction === 'backward' ? { ties } : {}) },
    shapes: { x: [2, 3, 6, 12] },
    fills: { x: 'ties' as const },
    kernel: 'pairs',
  })),
)

describe.runIf(embedded)('kernels for much at once', () => {
  let device: AcquiredDevice
  let executor: Executor
  beforeAll(async () => {
    device = right(await acquireDevice('software')())
    executor = makeExecutor(device)
  })
  afterAll(async () => {
    await device.release()
  })

  const worst = async (
    { op, direction, attrs, shapes, fills = {}, kernel }: Asked,
    change: (name: string, tensor: Tensor) => Tensor,
  ): Promise<readonly string[]> => {
    const asked: Case = { op, direction, seed: `blocks ${op}`, form: form('blocks', attrs, { ...shapes }, fills) }
    const drawn = right(realise(asked))
    const question = {
      ...drawn,
      inputs: Object.fromEntries(Object.entries(drawn.inputs).map(([name, x]) => [name, change(name, x)])),
    }
    const { program, feeds } = oneNode(question)
    const planned = right(plan(right(checkProgram(program)), feeds, program.outputs, planLimits(device)))
    expect(planned.launches.map(kernelOf).join(' ')).toContain(kernel)
    const prepared = right(await executor.prepare(planned))
    const answers = answersOf(right(await executor.execute(prepared, feeds)))
    executor.discard(prepared)
    const { values, bounds } = right(expectWhole(oracle, question, lanesThenTree))
    return Object.entries(answers).flatMap(([name, { data }]) =>
      Array.from({ length: data.length }, (_, i) => i)
        .filter(
          (i) =>
            !isRight(
              data[i] as number,
              (values[name] as Tensor).data[i] as number,
              (bounds[name] as Tensor).data[i] as number,
            ),
        )
        .slice(0, 3)
        .map((i) => `${name}[${i}] is ${data[i]}, not ${(values[name] as Tensor).data[i]}`),
    )
  }

  const withSpecial =
    (at: (length: number) => number, value: number) =>
    (name: string, { shape, data }: Tensor): Tensor => ({
      shape,
      data: Float32Array.from({ length: data.length }, (_, i) =>
        name === 'w' && i === at(data.length) ? value : (data[i] as number),
      ),
    })

  test.each([...convolutions, ...dilated, ...pools].map((asked) => [asked.name, asked] as const))(
    '%s',
    async (_, asked) => {
      expect(await worst(asked, (_, x) => x)).toEqual([])
    },
  )

  test.each(
    [...convolutions, ...dilated]
      .filter(({ kernel }) => !kernel.startsWith('conv2d.forward'))
      .map((asked) => [asked.name, asked] as const),
  )('%s, where a weight is NaN or infinite', async (_, asked) => {
    expect(
      await worst(
        asked,
        withSpecial(() => 0, NaN),
      ),
    ).toEqual([])
    expect(
      await worst(
        asked,
        withSpecial((length) => length - 1, Infinity),
      ),
    ).toEqual([])
  })
})
