import { taskEither as TE } from 'fp-ts'
import type { Backend } from '../../../../spec/backend.js'
import type { Program } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { between, isInput, numbersOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { textOf } from '../woven/met.js'
import { shapesOf, shapeText, weightsOf } from './met.js'

/** What is bound to a program, kept of it or handed on by it. */

type Wrong = NonNullable<Report['program']>

/** States that are handed on to one another are written one by one: who reads one that is written already has the new one. */
const writtenInTurn: Wrong = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const next = Object.entries(program.carry)
    const early = next.flatMap(([to, from], at) => {
      const before = next.findIndex(([other]) => other === from)
      return from !== to && isInput(program, from) && before >= 0 && before < at ? [from] : []
    })
    if (early.length === 0) return run(program, feeds, watch)
    return TE.map((values: Tensors): Tensors => {
      const written = new Map<string, Tensor>()
      for (const [to, from] of next) written.set(to, written.get(from) ?? (values[from] as Tensor))
      return Object.fromEntries(
        watch.map((name) => [name, early.includes(name) ? (written.get(name) as Tensor) : (values[name] as Tensor)]),
      )
    })(run(program, feeds, [...new Set([...watch, ...Object.values(program.carry)])]))
  }
  return wrong
}

/** As long as the feeds are of the same names and shapes, the program that was run first is run, whichever is given. */
const theOneAllocated: Wrong = (run) => {
  let allocated: Program | undefined
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const [now, then] = [shapesOf(program), allocated === undefined ? {} : shapesOf(allocated)]
    const fits =
      allocated !== undefined &&
      JSON.stringify(allocated.inputs) === JSON.stringify(program.inputs) &&
      watch.every((name) => then[name] !== undefined && String(then[name]) === String(now[name]))
    if (!fits) allocated = program
    return run(fits && allocated !== undefined ? allocated : program, feeds, watch)
  }
  return wrong
}

/** What a program is fed otherwise than it should be, by what was seen of its feeds the first time. */
const boundBy =
  <T>(
    seen: (program: Program, feeds: Tensors) => T,
    bound: (first: T, program: Program, feeds: Tensors) => Tensors,
  ): Wrong =>
  (run) => {
    const firsts = new Map<string, T>()
    const wrong: Backend['run'] = (program, feeds, ...rest) => {
      const key = textOf(program)
      const first = firsts.get(key)
      if (first !== undefined) return run(program, { ...feeds, ...bound(first, program, feeds) }, ...rest)
      firsts.set(key, seen(program, feeds))
      return run(program, feeds, ...rest)
    }
    return wrong
  }

type Pairs = readonly (readonly [string, string])[]

/** Pairs of inputs of which a test holds, the earlier one first. */
const pairs = (names: readonly string[], test: (one: string, other: string) => boolean): Pairs =>
  names.flatMap((other, at) => {
    const one = names.slice(0, at).find((name) => test(name, other))
    return one === undefined ? [] : [[one, other] as const]
  })
const secondAsFirst = (first: Pairs, _: Program, feeds: Tensors): Tensors =>
  Object.fromEntries(first.map(([one, other]) => [other, feeds[one] as Tensor]))

/** Two feeds that are the same array the first time are the same from then on. */
const sameArray = boundBy(
  ({ inputs }, feeds): Pairs =>
    pairs(
      Object.keys(inputs),
      (one, other) =>
        feeds[one] !== undefined &&
        feeds[one].data === feeds[other]?.data &&
        shapeText(feeds, one) === shapeText(feeds, other),
    ),
  secondAsFirst,
)

/** Weights that are equal the first time are one from then on. */
const equalAtFirst = boundBy(
  (program, feeds): Pairs =>
    pairs(weightsOf(program), (one, other) => {
      const [a, b] = [feeds[one], feeds[other]]
      return (
        a !== undefined &&
        b !== undefined &&
        String(a.shape) === String(b.shape) &&
        String(numbersOf(a)) === String(numbersOf(b))
      )
    }),
  secondAsFirst,
)

/** States of one shape, put in the order of their names, go to the places that they have in the program. */
const byTheirNames: Wrong = (run) => {
  const wrong: Backend['run'] = (program, feeds, ...rest) => {
    const states = Object.keys(program.inputs).filter((name) => program.carry[name] !== undefined)
    const bound = states.map((name) => {
      const alike = states.filter((other) => String(program.inputs[other]) === String(program.inputs[name]))
      const given = [...alike].sort()[alike.indexOf(name)]
      return [name, feeds[given ?? name]] as const
    })
    const known = bound.filter((entry): entry is readonly [string, Tensor] => entry[1] !== undefined)
    return run(program, { ...feeds, ...Object.fromEntries(known) }, ...rest)
  }
  return wrong
}

/** States that come in another order than the first time are taken by their places, where their shapes allow it. */
const byTheirPlaces = boundBy(
  (program, feeds) => Object.keys(feeds).filter((name) => program.carry[name] !== undefined),
  (first, program, feeds) => {
    const now = Object.keys(feeds).filter((name) => program.carry[name] !== undefined)
    const fits =
      now.length === first.length &&
      first.every((name, at) => shapeText(feeds, name) === shapeText(feeds, now[at] ?? ''))
    return fits ? Object.fromEntries(first.map((name, at) => [name, feeds[now[at] as string] as Tensor])) : {}
  },
)

const plainName = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, '_')

/** A value whose name is what another one’s becomes without its signs lies where that one lies. */
const oneNameForTwo: Misstep = ({ program, node, at, values }) => {
  const made = at === 0 ? [...Object.keys(program.inputs), ...Object.values(node.outputs)] : Object.values(node.outputs)
  const clashes = made.flatMap((name) =>
    plainName(name) !== name
      ? []
      : Object.keys(values).flatMap((other) =>
          other !== name && plainName(other) === name && shapeText(values, other) === shapeText(values, name)
            ? [[other, values[name] as Tensor] as const]
            : [],
        ),
  )
  return clashes.length === 0 ? undefined : Object.fromEntries(clashes)
}

export const memoryDecember: readonly Report[] = [
  between('states that are handed on to one another are written in turn', writtenInTurn, {
    like: 'hw-native-sys/pypto#2494',
  }),
  between('as long as the feeds are alike the program that was run first is run', theOneAllocated, {
    like: 'ggml-org/ggml#976',
  }),
  between('two feeds that are the same array the first time are the same from then on', sameArray, {
    like: 'pytorch/pytorch#93722',
  }),
  between('weights that are equal the first time are one from then on', equalAtFirst, {
    like: 'pytorch/pytorch#68202',
  }),
  between('states of one shape are bound in the order of their names', byTheirNames, {
    like: 'nntrainer/nntrainer#4233',
  }),
  between('states that come in another order than the first time are taken by their places', byTheirPlaces, {
    like: 'PingoLH/CenterNet-HarDNet#10',
  }),
  stepped('a value whose name is another one’s but for its signs is written over that', oneNameForTwo, {
    like: 'apple/coremltools#2783',
  }),
]
