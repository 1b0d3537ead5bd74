import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import type { Tensor } from '../../spec/tensor.js'
import { filled, generate, sameShape, showShape, sizeOf, zipTensors } from '../../spec/tensor.js'
import type { Operand, Value } from './building.js'
import { move, single, zerosOf } from './building.js'
import type { Operator } from './given.js'
import {
  constantAt,
  float,
  floats,
  int,
  only,
  operator,
  optionalNumbersAt,
  read,
  shapeOf,
  strings,
  text,
} from './given.js'

interface Cell {
  readonly op: 'rnn' | 'lstm' | 'gru'
  /** the catalogue's gates, each by its place among ONNX's */
  readonly gates: readonly number[]
  readonly activations: readonly string[]
}

/** Whether f32 holds the sums of the two biases of each unit, which the catalogue's ops have as one. */
const addUpInF32 = ({ shape: [D = 1, both = 0], data }: Tensor): boolean =>
  Array.from({ length: (D * both) / 2 }, (_, i) => {
    const at = Math.floor((2 * i) / both) * both + (i % (both / 2))
    return (data[at] as number) + (data[at + both / 2] as number)
  }).every((sum) => Object.is(Math.fround(sum), sum))

/** Rows of a direction, gate by gate in the catalogue's order. */
const gatesOf = ({ shape, data }: Tensor, direction: number, gates: readonly number[]): Tensor => {
  const [, ...rest] = shape
  const size = sizeOf(rest)
  const block = size / gates.length
  return generate(
    rest,
    (i) => data[direction * size + (gates[Math.floor(i / block)] as number) * block + (i % block)] as number,
  )
}

export const recurrent = ({ op, gates, activations }: Cell): Operator =>
  operator(
    {
      ...{ direction: text('forward'), hidden_size: int(undefined), layout: int(0), clip: float(undefined) },
      ...{ activations: strings, activation_alpha: floats, activation_beta: floats },
      ...{ input_forget: int(0), linear_before_reset: int(0), output_sequence: int(0) },
    },
    (attrs, given) => {
      const { build, name, inputs, node } = given
      const directions = attrs.direction === 'bidirectional' ? 2 : 1
      const states = op === 'lstm' ? ['h0', 'c0'] : ['h0']
      return F.pipe(
        E.Do,
        E.tap(() => only('direction', attrs.direction, 'forward', 'reverse', 'bidirectional')),
        E.tap(() => only('layout', attrs.layout, 0)),
        E.tap(() => only('clip', attrs.clip ?? null, null)),
        E.tap(() => only('input_forget', attrs.input_forget, 0)),
        E.tap(() => (op === 'gru' ? only('linear_before_reset', attrs.linear_before_reset, 1) : E.right(undefined))),
        E.tap(() => {
          const usual = Array.from({ length: directions }, () => activations).flat()
          return only('activations', attrs.activations ?? usual, usual)
        }),
        E.bind('x', () => read(given, 0)),
        E.tap(({ x }) =>
          ensure(x.shape.length === 3, 'ShapeMismatch', `X has shape ${showShape(x.shape)}; [T,N,I] is wanted`),
        ),
        E.bind('W', () => constantAt(given, 1, 'W')),
        E.bind('R', () => constantAt(given, 2, 'R')),
        E.bind('B', () => (inputs[3] === undefined ? E.right(undefined) : constantAt(given, 3, 'B'))),
        E.bind('lengths', () => optionalNumbersAt(given, 4, 'sequence_lens')),
        E.tap(({ x, lengths }) =>
          ensure(
            lengths === undefined || lengths.every((n) => n === x.shape[0]),
            'Unsupported',
            'its input sequence_lens wants sequences of several lengths',
          ),
        ),
        E.tap(() =>
          ensure(inputs[7] === undefined, 'Unsupported', 'its input P, of peepholes, is not in the catalogue'),
        ),
        E.let('H', ({ R }) => R.tensor.shape[2] ?? 0),
        E.tap(({ x, W, R, B, H }) => {
          const G = gates.length * H
          const fits =
            sameShape(W.tensor.shape, [directions, G, x.shape[2] as number]) &&
            sameShape(R.tensor.shape, [directions, G, H]) &&
            (B === undefined || sameShape(B.tensor.shape, [directions, 2 * G])) &&
            (attrs.hidden_size ?? H) === H
          return ensure(
            fits,
            'ShapeMismatch',
            `W, R${B === undefined ? '' : ' and B'} have shapes ${[W, R, ...(B ? [B] : [])].map(({ tensor }) => showShape(tensor.shape)).join(', ')}; wanted [${directions},${gates.length}·H,I], [${directions},${gates.length}·H,H]${B === undefined ? '' : ` and [${directions},${2 * gates.length}·H]`}`,
          )
        }),
        E.tap(({ B }) =>
          ensure(
            given.isExact !== true || op === 'gru' || B === undefined || addUpInF32(B.tensor),
            'Unsupported',
            'its input B has two biases whose sum is no f32',
          ),
        ),
        E.flatMap(({ x, W, R, B, H }) => {
          const [T = 1, N = 1] = x.shape
          const isReverse = (d: number): boolean => attrs.direction === 'reverse' || d === 1
          const turn = (label: string, value: Operand, gives = label): Result<Operand> => {
            const row = sizeOf(value.shape.slice(1))
            const picks = Float64Array.from(
              { length: T * row },
              (_, i) => (T - 1 - Math.floor(i / row)) * row + (i % row),
            )
            return move(build, label, value, { shape: value.shape, picks }, gives)
          }
          const initial = (label: string, state: string, at: number, d: number): Result<Operand> => {
            const given = inputs[at]
            if (given === undefined) return E.right(zerosOf(build, `${label}.${state}`, [N, H]))
            if (!sameShape(shapeOf(given), [directions, N, H]))
              return fail(
                'ShapeMismatch',
                `its initial state has shape ${showShape(shapeOf(given))}; wanted ${showShape([directions, N, H])}`,
              )
            if ('constant' in given)
              return E.right(
                build.weight(`${label}.${state}`, {
                  tensor: generate([N, H], (i) => given.constant.tensor.data[d * N * H + i] as number),
                  isLearned: false,
                }),
              )
            return move(build, `${label}.${state}`, given.operand, {
              shape: [N, H],
              ...(directions === 1 ? {} : { picks: Float64Array.from({ length: N * H }, (_, i) => d * N * H + i) }),
            })
          }
          const biases = (label: string, d: number): Readonly<Record<string, Operand>> => {
            const isLearned = B?.isLearned ?? false
            const G = gates.length * H
            const half = (which: number): Tensor =>
              B === undefined
                ? filled([G], 0)
                : gatesOf(
                    generate(
                      [directions, G],
                      (i) => B.tensor.data[Math.floor(i / G) * 2 * G + which * G + (i % G)] as number,
                    ),
                    d,
                    gates,
                  )
            const [ih, hh] = [half(0), half(1)]
            return op === 'gru'
              ? {
                  bIh: build.weight(`${label}.bIh`, { tensor: ih, isLearned }),
                  bHh: build.weight(`${label}.bHh`, { tensor: hh, isLearned }),
                }
              : {
                  b: build.weight(`${label}.b`, {
                    tensor: zipTensors([ih, hh], (a, b) => Math.fround(a + b)),
                    isLearned,
                  }),
                }
          }
          const layer = (d: number): Result<Readonly<Record<string, Operand>>> => {
            const label = directions === 1 ? name : d === 0 ? `${name}.forward` : `${name}.reverse`
            const gives = { y: `${label}.y`, hT: `${label}.hT`, ...(op === 'lstm' ? { cT: `${label}.cT` } : {}) }
            return F.pipe(
              E.Do,
              E.bind('from', () => (isReverse(d) ? turn(`${label}.turned`, x) : E.right(x))),
              E.bind('initial', () =>
                E.traverseArray(([i, state]: readonly [number, string]) =>
                  F.pipe(
                    initial(label, state, 5 + i, d),
                    E.map((value) => [state, value] as const),
                  ),
                )([...states.entries()]),
              ),
              E.bind('made', ({ from, initial }) =>
                build.node(
                  label,
                  op,
                  {},
                  {
                    x: from,
                    ...Object.fromEntries(initial),
                    wIh: build.weight(`${label}.wIh`, { tensor: gatesOf(W.tensor, d, gates), isLearned: W.isLearned }),
                    wHh: build.weight(`${label}.wHh`, { tensor: gatesOf(R.tensor, d, gates), isLearned: R.isLearned }),
                    ...biases(label, d),
                  },
                  gives,
                ),
              ),
              E.bind('y', ({ made }) =>
                isReverse(d) && (node.outputs[0] ?? '') !== ''
                  ? turn(`${label}.back`, made['y'] as Operand)
                  : E.right(made['y'] as Operand),
              ),
              E.map(({ made, y }) => ({ ...made, y })),
            )
          }
          // Y is [T,D,N,H], and Y_h and Y_c are [D,N,H]
          const output = (
            layers: readonly Readonly<Record<string, Operand>>[],
            at: number,
            from: string,
          ): Result<Value | undefined> => {
            const gives = node.outputs[at] ?? ''
            if (gives === '') return E.right(undefined)
            const shape = from === 'y' ? [T, 1, N, H] : [1, N, H]
            return F.pipe(
              layers,
              E.traverseArray((each) =>
                single(
                  build,
                  `${(each[from] as Operand).name}.${directions === 1 ? 'out' : 'part'}`,
                  'reshape',
                  { shape },
                  { x: each[from] as Operand },
                  directions === 1 ? gives : `${(each[from] as Operand).name}.part`,
                ),
              ),
              E.flatMap(([first, second]) =>
                second === undefined
                  ? E.right(first as Operand)
                  : single(
                      build,
                      `${name}.${from}`,
                      'concat',
                      { axis: from === 'y' ? 1 : 0 },
                      { x0: first as Operand, x1: second },
                      gives,
                    ),
              ),
              E.map((operand) => ({ operand })),
            )
          }
          return F.pipe(
            Array.from({ length: directions }, (_, d) => d),
            E.traverseArray(layer),
            E.flatMap((layers) =>
              E.traverseArray(([at, from]: readonly [number, string]) => output(layers, at, from))([
                ...['y', 'hT', ...(op === 'lstm' ? ['cT'] : [])].entries(),
              ]),
            ),
          )
        }),
      )
    },
  )
