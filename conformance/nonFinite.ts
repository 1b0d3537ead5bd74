import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import { cotangentNames } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { indexOf, mapTensor, mapTensors, sameShape, sizeOf } from '../spec/tensor.js'
import { ask, attempt, isRefusal, letBegin, problemOf } from './ask.js'
import type { Profile } from './cases.js'
import { caseAt, indicesOf, scheduled, suiteVersion } from './cases.js'
import { measure } from './coverage/extents.js'
import { inFoursOf } from './coverage/fours.js'
import { deepOf, groupedOf, raggedOf } from './coverage/miniature/convolutions.js'
import type { Case, Fill, Form } from './form.js'
import { listedIn, numbersIn, printCase, realise } from './form.js'
import type { Judgement, WholeExpected } from './judge.js'
import { expectWhole, ratioOf, unanswered } from './judge.js'
import type { QuestionTable } from './questions.js'
import { bearingTransforms } from './transforms.js'

/**
 * NaN, the infinities, −0 and subnormals, put into each tensor that an op reads, one at a time. What comes out must be
 * what IEEE 754 makes of the formula: NaN for NaN, an infinity for itself, a number within its bound. WGSL promises
 * none of it, so that it is told apart from the verdict, unless the scope is strict.
 */

/** What f32 numbers there are beside ordinary ones. */
export const specials = { NaN, Infinity, '-Infinity': -Infinity, '-0': -0, subnormal: 2 ** -130 } as const
export type Special = keyof typeof specials
const specialNames = Object.keys(specials) as readonly Special[]

/** How non-finite numbers fared: kept as IEEE 754 and the catalogue say, lost in some case, or not asked. */
export type NonFinite = 'kept' | 'lost' | 'not asked'

/** A case with one special value in one tensor. */
export interface SpecialCase {
  readonly asked: Case
  /** the same without it, asked first: where that is answered wrongly, a special value says nothing more */
  readonly base?: Case
  readonly special: Special
  /** the input, or dNAME for a cotangent, and the index of the value */
  readonly into: string
  readonly at: readonly number[]
}

/** An element that came out as it may not. */
export interface Lost extends SpecialCase {
  readonly output: string
  readonly index: readonly number[]
  readonly got: number
  readonly want: number
  /** what is wrong before any number is looked at */
  readonly problem?: string
}

/** A special value that was asked and answered, and what was lost of it. */
export interface Fared extends SpecialCase {
  readonly lost?: Lost
}

// moderate numbers: a tanh that f32 rounds to 1 has a slope of 0, and 0·∞ is NaN where the formula's is ∞
const moderate: Fill = { mean: 0, scale: 0.25 }
const isModerate = (fill: Fill): boolean =>
  typeof fill === 'string'
    ? !['normal', 'wide', 'saturated', 'lone', 'largestLast', 'outlier', 'tails', 'small'].includes(fill)
    : (listedIn(fill)?.every((value) => Math.abs(value) <= 4) ?? false)

/** Whether an input is a count, which is asked for what it may be alone. */
const countsIn = (op: OpName, name: string): boolean => opOf(op).counts?.includes(name) ?? false

/** The case with moderate numbers wherever it has normal ones, and all answers asked for. */
export const moderated = ({ form: { given: _, wanted: __, ...form }, ...rest }: Case): Case => {
  const cotangents = rest.direction === 'forward' ? [] : cotangentNames(opOf(rest.op)).map((name) => `d${name}`)
  return {
    ...rest,
    form: {
      ...form,
      fills: Object.fromEntries(
        [...Object.keys(form.shapes), ...cotangents].map((name) => {
          const fill = form.fills[name]
          return [name, fill !== undefined && (countsIn(rest.op, name) || isModerate(fill)) ? fill : moderate]
        }),
      ),
    },
  }
}

// so many numbers show where one goes, and can be read
const [fewest, most] = [6, 160]
// cases of different classes that special values are put into
const bases = 2

const basesOf = (table: QuestionTable, op: OpName, direction: Direction, seed: number): readonly Case[] => {
  const cases = indicesOf(table, op, direction, 'quick', 0).map((index) => caseAt(table, op, direction, seed, index))
  const optional = Object.entries(opOf(op).inputs).flatMap(([name, axes]) => ('optional' in axes ? [name] : []))
  const fitting = cases.filter(
    ({ form }) =>
      numbersIn(form) >= fewest && numbersIn(form) <= most && optional.every((name) => form.shapes[name] !== undefined),
  )
  // the plainest of the classes, and another one; where all are tiny, the largest of them
  const [first = [...cases].sort((a, b) => numbersIn(b.form) - numbersIn(a.form))[0] as Case] = fitting
  const others = fitting.filter(({ form }) => JSON.stringify(form.attrs) !== JSON.stringify(first.form.attrs))
  return [first, ...others.slice(0, bases - 1)]
}

/** Small cases at each value of the attributes that name a way, as what ties do, which those do not have that are asked anyway. */
const turnedBasesOf = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  seed: number,
  asked: readonly Case[],
): readonly Case[] => {
  const ways = ({ form }: Case): readonly string[] =>
    Object.entries(form.attrs).flatMap(([name, value]) => (typeof value === 'string' ? [`${name} ${value}`] : []))
  return indicesOf(table, op, direction, 'quick', 0)
    .map((index) => caseAt(table, op, direction, seed, index))
    .filter(({ form }) => numbersIn(form) >= fewest && numbersIn(form) <= most)
    .reduce<readonly Case[]>((found, one) => {
      const known = new Set([...asked, ...found].flatMap(ways))
      return ways(one).some((way) => !known.has(way)) ? [...found, one] : found
    }, [])
}

// of the first input, as each op has its data first
const rowOf = ({ shapes }: Form): number => Object.values(shapes)[0]?.at(-1) ?? 1

// kernels of tiles, vectors and pairs take what is large enough for them; so many numbers at most are worked out soon
const roomiest = 4000

/**
 * Layers as people use them, into which NaN is put as well: that of the most work, that of the least work for its numbers,
 * that of the longest rows, one whose extents come in fours, and of convolutions one of many channels and one of groups. None of an op that works
 * element by element.
 */
const roomyBasesOf = (table: QuestionTable, op: OpName, direction: Direction, seed: number): readonly Case[] => {
  const workOf = (form: Form): number =>
    F.pipe(
      measure(op, form),
      E.match(
        () => 0,
        ({ multiplyAdds }) => multiplyAdds,
      ),
    )
  const usual = scheduled(table, op, direction)
    .usual()
    .map((form) => ({ form, work: workOf(form), numbers: numbersIn(form) }))
    .filter(({ numbers }) => numbers > most && numbers <= roomiest)
    // of equals the largest is the first
    .sort((a, b) => b.numbers - a.numbers)
  const [first] = usual
  const hardest = first && usual.reduce((a, b) => (b.work > a.work ? b : a), first)
  const lightest = first && usual.reduce((a, b) => (b.work / b.numbers < a.work / a.numbers ? b : a), first)
  const longest = first && usual.reduce((a, b) => (rowOf(b.form) > rowOf(a.form) ? b : a), first)
  const forms = [hardest?.form, lightest?.form, longest?.form, inFoursOf(op), deepOf(op), groupedOf(op)].filter(
    (form) => form !== undefined,
  )
  return [...new Set(forms)].map((form, i) => ({
    op,
    direction,
    seed: `${op}/${direction}/${seed}/roomy ${i}@${suiteVersion}`,
    form,
  }))
}

/** What is put into them: NaN, and −∞ where it masks what stands in a row or a window. */
const roomySpecials = (op: OpName): readonly Special[] =>
  ['softmax', 'logSoftmax', 'softmaxCrossEntropy', 'maxPool2d'].includes(op) ? ['NaN', '-Infinity'] : ['NaN']

/** The last element of each slice along the second axis. */
const lastAlongSecond = ([N = 1, C = 1, ...rest]: Shape): readonly number[] =>
  Array.from({ length: C }, (_, c) => ((N - 1) * C + c + 1) * sizeOf(rest) - 1)

// numbers that a person can read
const inEighths = (value: number): number => Math.round(8 * value) / 8 + 0
const listed = (data: Numbers): readonly number[] => Array.from({ length: data.length }, (_, i) => data[i] as number)

/** A case of moderate numbers, its tensors, and the fills that list them. */
interface Told {
  readonly form: Form
  readonly tensors: Tensors
  readonly plain: Readonly<Record<string, Fill>>
}

const toldOf = (base: Case): Told | undefined => {
  const { form } = moderated(base)
  const question = realise({ ...base, form })
  if (E.isLeft(question)) return undefined
  const { inputs, cotangents } = question.right
  const tensors: Tensors = Object.fromEntries(
    [
      ...Object.entries(inputs),
      ...Object.entries(cotangents).map(([name, tensor]) => [`d${name}`, tensor] as const),
    ].map(([name, tensor]) => [name, form.fills[name] === moderate ? mapTensor(inEighths, tensor) : tensor]),
  )
  const plain = Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]): readonly [string, Fill] => [name, { values: [...listed(data)] }]),
  )
  return { form, tensors, plain }
}

// more numbers than a workgroup has invocations
const longRow = 259

/** An op that works element by element, of a row longer than a workgroup: what no layer that people use asks. */
const longBaseOf = (table: QuestionTable, op: OpName, direction: Direction, seed: number): Case | undefined => {
  const { subject, classes } = scheduled(table, op, direction)
  if (subject.ladder['first'] === undefined) return undefined
  const short = Object.fromEntries(Object.keys(subject.few).map((name) => [name, 1]))
  // the first of its classes that has an axis
  const form = classes()
    .rows.map((row) => subject.form(row, { ...short, last: longRow }))
    .find((form) => numbersIn(form) >= longRow && numbersIn(form) <= roomiest)
  return form && { op, direction, seed: `${op}/${direction}/${seed}/long@${suiteVersion}`, form }
}

const pairsOf = <A>(all: readonly A[]): readonly (readonly [A, A])[] =>
  all.flatMap((first, at) => all.slice(at + 1).map((second) => [first, second] as const))

/** Infinities at the same place of every two tensors of one shape: they differ by NaN, or are as far apart as can be. */
const atOnePlace = (base: Case): readonly SpecialCase[] => {
  const told = toldOf(base)
  if (told === undefined) return []
  const { form, tensors, plain } = told
  const names = Object.keys(tensors).filter((name) => !countsIn(base.op, name))
  return pairsOf(names)
    .filter(([into, other]) => sameShape((tensors[into] as Tensor).shape, (tensors[other] as Tensor).shape))
    .flatMap(([into, other]) => {
      const { shape, data } = tensors[into] as Tensor
      const place = Math.floor(0.6 * data.length)
      const having = (name: string, special: Special): Fill => ({
        values: listed((tensors[name] as Tensor).data).map((value, i) => (i === place ? specials[special] : value)),
      })
      return (['Infinity', '-Infinity'] as const).flatMap((special) =>
        (['Infinity', '-Infinity'] as const).map((beside): SpecialCase => {
          const fills = { ...plain, [into]: having(into, special), [other]: having(other, beside) }
          return {
            asked: { ...base, form: { ...form, name: `${special} in ${into} and ${beside} in ${other}`, fills } },
            base: { ...base, form: { ...form, fills: plain } },
            special,
            into,
            at: indexOf(shape, place),
          }
        }),
      )
    })
}

/**
 * What a lone special value among plain numbers does not show: NaN and −∞ throughout a tensor, as of a row or a window that is
 * masked whole; NaN beside another tensor of zeros, of which a kernel may think that they make 0 of anything; and NaN in a
 * row that is longer than a workgroup.
 */
const togetherCases = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  seed: number,
): readonly SpecialCase[] => {
  const small = basesOf(table, op, direction, seed)
  const long = longBaseOf(table, op, direction, seed)
  const one = [...small, ...(long === undefined ? [] : [long])].flatMap((base) => {
    const told = toldOf(base)
    if (told === undefined) return []
    const { form, tensors, plain } = told
    const names = Object.keys(tensors).filter((name) => !countsIn(op, name))
    const of = (name: string, special: Special, into: string, at: number, fills: Form['fills'], changed: Fill) => ({
      asked: { ...base, form: { ...form, name, fills: { ...fills, [into]: changed } } },
      base: { ...base, form: { ...form, fills } },
      special,
      into,
      at: indexOf((tensors[into] as Tensor).shape, at),
    })
    return names.flatMap((into): readonly SpecialCase[] => {
      const { data } = tensors[into] as Tensor
      const place = Math.floor(0.6 * data.length)
      const one: Fill = { values: listed(data).map((value, i) => (i === place ? NaN : value)) }
      if (base === long) return [of(`NaN in ${into}`, 'NaN', into, place, plain, one)]
      return [
        ...(['NaN', '-Infinity'] as const).map((special) =>
          of(`${special} throughout ${into}`, special, into, 0, plain, {
            values: listed(data).map(() => specials[special]),
          }),
        ),
        ...names
          .filter((other) => other !== into)
          .map((other) =>
            of(
              `NaN in ${into} beside ${other} of zeros`,
              'NaN',
              into,
              place,
              { ...plain, [other]: { constant: 0 } },
              one,
            ),
          ),
      ]
    })
  })
  return [...one, ...small.flatMap(atOnePlace)]
}

/**
 * Cases with a special value in each tensor of small plain ones, and, but for a quick run, NaN in roomy ones, −∞ where it
 * masks, and what they do together.
 * Deterministic from the seed.
 */
export const specialCases = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  seed: number,
  profile: Profile = 'standard',
): readonly SpecialCase[] => {
  const draw = draws(keyOf(`${op}/${direction}/${seed}/special@${suiteVersion}`))
  const small = basesOf(table, op, direction, seed).map((base) => ({
    base,
    names: specialNames,
    roomy: false,
    fours: false,
  }))
  const large = (profile === 'quick' ? [] : roomyBasesOf(table, op, direction, seed)).map((base) => ({
    base,
    names: roomySpecials(op),
    roomy: true,
    fours: base.form === inFoursOf(op),
  }))
  const turned = (profile === 'quick' ? [] : turnedBasesOf(table, op, direction, seed, small.map(({ base }) => base))).map((base) => ({ base, names: ['NaN', 'Infinity'] as const, roomy: true, fours: false })) // prettier-ignore
  const ragged = profile === 'quick' ? undefined : raggedOf(op)
  const ends = ragged === undefined ? [] : [{ base: { op, direction, seed: `${op}/${direction}/${seed}/ragged@${suiteVersion}`, form: ragged }, names: roomySpecials(op), roomy: true, fours: true }] // prettier-ignore
  // behind the others, which draw their places in turn
  const one = [...small, ...large, ...turned, ...ends].flatMap(({ base, names, roomy, fours }) => {
    const told = toldOf(base)
    if (told === undefined) return []
    const { form, tensors, plain } = told
    // against a 0 of another tensor of the same shape, where there is one, and at the very end
    const againstZero = (into: string, { shape, data }: Tensor): number => {
      const zeros = Object.entries(tensors)
        .filter(([name, other]) => name !== into && sameShape(other.shape, shape))
        .map(([, other]) => listed(other.data).indexOf(0))
      return zeros.find((at) => at >= 0) ?? data.length - 1
    }
    // one, and of what comes in fours the last of each slice along the second axis, for kernels take four of those at once
    const placesOf = (special: Special, into: string, tensor: Tensor): readonly (readonly number[])[] => {
      const drawn = draw.integer(0, tensor.data.length - 1)
      if (fours && tensor.shape.length > 1) return [[drawn], lastAlongSecond(tensor.shape)]
      if (roomy) return [[drawn]]
      return Number.isFinite(specials[special])
        ? [[drawn]]
        : [...new Set([drawn, againstZero(into, tensor)])].map((at) => [at])
    }
    const asked = Object.entries(tensors).filter(([name]) => !countsIn(op, name))
    return asked.flatMap(([into, tensor]) =>
      names
        .flatMap((special) => placesOf(special, into, tensor).map((places) => ({ special, places })))
        .map(({ special, places }): SpecialCase => {
          const { shape, data } = tensor
          const values = listed(data).map((value, i) => (places.includes(i) ? specials[special] : value))
          const fills = { ...plain, [into]: { values } }
          return {
            asked: { ...base, form: { ...form, name: `${special} in ${into}`, fills } },
            base: { ...base, form: { ...form, fills: plain } },
            special,
            into,
            at: indexOf(shape, places.at(-1) as number),
          }
        }),
    )
  })
  return profile === 'quick' ? one : [...one, ...togetherCases(table, op, direction, seed)]
}

const flushed = (v: number): number => (Math.abs(v) < 2 ** -126 ? 0 : v)

/**
 * The answers that are right, and how far finite ones may be off. There are two of a subnormal, which may count as 0, and
 * of −0, since an implementation of WGSL may take a zero of either sign for the other.
 */
export const wantedOf = (
  oracle: Oracle,
  question: Question,
  special: Special,
  depth: NonNullable<Backend['depth']>,
): Result<readonly WholeExpected[]> =>
  F.pipe(
    special === 'subnormal' || special === '-0'
      ? [
          question,
          {
            ...question,
            inputs: mapTensors(flushed, question.inputs),
            cotangents: mapTensors(flushed, question.cotangents),
          },
        ]
      : [question],
    E.traverseArray((one) => expectWhole(oracle, one, depth)),
  )

const kindOf = (v: number): string => (Number.isNaN(v) ? 'NaN' : Number.isFinite(v) ? 'finite' : String(v))

/**
 * Whether an element is what it must be: NaN, the same infinity, or finite and within the bound, where the bound knows
 * one. Beyond the largest f32 a finite number is an infinity.
 */
export const isRight = (got: number, want: number, bound: number): boolean => {
  const rounded = Math.fround(want)
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) return kindOf(got) === kindOf(rounded)
  return !Number.isFinite(bound) || ratioOf(got, want, bound) <= 1
}

/** The first element of an answer that is not what it must be. */
const lostIn = (special: SpecialCase, wanted: readonly WholeExpected[], answer: Tensors): Lost | undefined => {
  for (const [output, { shape, data }] of Object.entries((wanted[0] as WholeExpected).values)) {
    const got = answer[output]?.data
    if (got === undefined || !sameShape(answer[output]?.shape ?? [], shape) || got.length !== data.length)
      return {
        ...special,
        output,
        index: [],
        got: NaN,
        want: NaN,
        problem: `${output} is not of shape ${shape.join('×')}`,
      }
    for (let i = 0; i < data.length; i++) {
      const fits = wanted.some(({ values, bounds }) =>
        isRight(
          got[i] as number,
          (values[output] as Tensor).data[i] as number,
          (bounds[output] as Tensor).data[i] as number,
        ),
      )
      if (!fits) return { ...special, output, index: indexOf(shape, i), got: got[i] as number, want: data[i] as number }
    }
  }
  return undefined
}

/**
 * Puts the special cases of an op in a direction to a backend. What the backend or the op refuses is not asked. All that is
 * asked is added to `history`.
 *
 * Errors  DeviceLost
 */
export const askSpecials =
  (
    backend: Backend,
    oracle: Oracle,
    cases: readonly SpecialCase[],
    history: Case[] = [],
  ): taskEither.TaskEither<EtalonError, readonly Fared[]> =>
  async () => {
    const fared: Fared[] = []
    const right = new Map<string, boolean>()
    for (const special of cases) {
      const name = special.base && printCase(special.base)
      if (special.base !== undefined && name !== undefined && !right.has(name)) {
        history.push(special.base)
        const asked = await ask(backend, oracle, special.base)()
        if (E.isLeft(asked)) return asked
        const { judgement } = asked.right
        right.set(name, judgement !== undefined && judgement.problem === undefined && judgement.worst.ratio <= 1)
      }
      if (name !== undefined && right.get(name) === false) continue
      const question = realise(special.asked)
      if (E.isLeft(question)) continue
      history.push(special.asked)
      const attempted = attempt(backend, question.right)
      await letBegin()
      const wanted = wantedOf(oracle, question.right, special.special, backend.depth ?? anyOrder)
      const answered = await attempted
      if (E.isLeft(wanted)) continue
      if (E.isLeft(answered)) {
        if (answered.left.code === 'DeviceLost') return answered
        if (isRefusal(answered.left)) continue
        const problem = problemOf(answered.left)
        fared.push({ ...special, lost: { ...special, output: '', index: [], got: NaN, want: NaN, problem } })
        continue
      }
      const lost = lostIn(special, wanted.right, answered.right)
      const bearing = ({ values, bounds }: WholeExpected): WholeExpected => ({
        values,
        bounds: bearingTransforms(oracle, question.right, bounds),
      })
      // of what is finite everything is a number, which transforms may be off by more
      const kept =
        lost === undefined ||
        (!isNonFinite(special) && lostIn(special, wanted.right.map(bearing), answered.right) === undefined)
      fared.push(kept ? special : { ...special, lost })
    }
    return E.right(fared)
  }

/** Whether a special value is NaN or an infinity, which WGSL need not keep; −0 and subnormals are numbers like others. */
export const isNonFinite = ({ special }: SpecialCase): boolean => !Number.isFinite(specials[special])

/** In a word, how the non-finite ones fared. */
export const nonFiniteOf = (fared: readonly Fared[]): NonFinite => {
  const among = fared.filter(isNonFinite)
  return among.length === 0 ? 'not asked' : among.every(({ lost }) => lost === undefined) ? 'kept' : 'lost'
}

/** What was lost, as a judgement: nothing is as wrong as a number for NaN. */
export const judgementOf = ({ output, index, got, want, problem }: Lost): Judgement =>
  problem === undefined
    ? {
        worst: { ratio: Infinity, error: Math.abs(got - want), bound: 0, output, index, got, want },
        walks: [],
        judged: 1,
        of: 1,
        held: 0,
        looseness: 0,
        spread: { squares: 0, elements: 0 },
      }
    : unanswered(problem)
