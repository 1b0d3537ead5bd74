import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { NpyTensor } from '../../formats/npy.js'
import { decodeNpz, encodeNpz } from '../../formats/npz.js'
import type { StoredTensor } from '../../formats/safetensors.js'
import { decodeSafetensors, encodeSafetensors, numbersOf, storedTensor } from '../../formats/safetensors.js'
import { contentOf } from '../../formats/content.js'
import { hasBackward, opOf, parseOpName } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, etalonError, fail, show, within } from '../../spec/error.js'
import { cotangentNames, gradientNames, resolve, shapesOf } from '../../spec/op.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import { sameShape, showShape, sizeOf } from '../../spec/tensor.js'
import { jsonText } from '../form.js'
import type { Precision } from '../precision.js'
import { precisions } from '../precision.js'
import type { Vector } from './vector.js'

/**
 * A golden file: vectors with their provenance, portable. It is an .npz or a safetensors file, so that any language reads
 * its numbers, and a manifest in it, JSON, says what each array is. docs/goldens.md describes it for who reads it elsewhere.
 */

/** The version of the manifest's form. */
export const goldenVersion = 1

/** How one recording of a file differed from the one that it replaced: numbers of vectors, by their ids. */
export interface Changes {
  readonly same: number
  readonly changed: number
  readonly added: number
  readonly removed: number
}

/** One recording of a file. */
export interface Recorded {
  readonly reason: string
  /** an ISO date */
  readonly date: string
  /** the version of the package */
  readonly etalon: string
  /** and of the suite's cases */
  readonly suite: number
  readonly command: string
  readonly cases: number
  /** of one that replaced another */
  readonly changes?: Changes
}

export interface Golden {
  readonly precision: Precision
  readonly seed: number
  /** the recordings, this one last */
  readonly history: readonly [Recorded, ...Recorded[]]
  readonly vectors: readonly Vector[]
}

/** The recording that a file is of. */
export const recordedIn = ({ history }: Golden): Recorded => history.at(-1) as Recorded

const sameNumbers = (a: Numbers, b: Numbers): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

const sameTensors = (a: Tensors, b: Tensors): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, { shape, data }]) => {
    const other = b[name]
    return other !== undefined && sameShape(shape, other.shape) && sameNumbers(data, other.data)
  })

const sameVector = (a: Vector, b: Vector): boolean =>
  jsonText(a.attrs) === jsonText(b.attrs) &&
  (['inputs', 'cotangents', 'expected', 'tolerance'] as const).every((part) => sameTensors(a[part], b[part]))

/** What a new recording changes of an old one. */
export const changesBetween = (before: readonly Vector[], after: readonly Vector[]): Changes => {
  const old = new Map(before.map((vector) => [vector.id, vector]))
  const kept = after.filter(({ id }) => old.has(id))
  const same = kept.filter((vector) => sameVector(vector, old.get(vector.id) as Vector)).length
  return {
    same,
    changed: kept.length - same,
    added: after.length - kept.length,
    removed: before.length - kept.length,
  }
}

// ---- the arrays and the manifest -----------------------------------------------------------------------------------

/** What an array of f64 is stored as, whether or not f32 would hold it. */
const inF64 = (name: string, { shape, data }: Tensor): StoredTensor => {
  const bytes = new Uint8Array(8 * data.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < data.length; i++) view.setFloat64(8 * i, data[i] as number, true)
  return { name, dtype: 'F64', shape, bytes }
}

const inF32 = (name: string, { shape, data }: Tensor): StoredTensor => {
  const bytes = new Uint8Array(4 * data.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < data.length; i++) view.setFloat32(4 * i, data[i] as number, true)
  return { name, dtype: 'F32', shape, bytes }
}

const mapped = <A, B>(f: (name: string, value: A) => B, record: Readonly<Record<string, A>>): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(name, value)]))

interface Packed {
  readonly entry: Readonly<Record<string, unknown>>
  readonly arrays: readonly StoredTensor[]
}

/** A vector's entry in the manifest, and its arrays, whose names begin with a place of their own. */
const packed = (place: string, vector: Vector): Packed => {
  const { id, name, op, direction, attrs, inputs, cotangents, expected, tolerance } = vector
  const { formula, source } = opOf(op)
  const at = (part: string) => (each: string) => `${place}/${part}/${each}`
  const expectedAt = (each: string) => ({
    f64: at('expected')(each),
    f32: at('expected_f32')(each),
    tolerance: at('tolerance')(each),
  })
  return {
    entry: {
      id,
      ...(name !== undefined && { name }),
      op,
      direction,
      formula,
      source,
      attrs,
      inputs: mapped(at('inputs'), inputs),
      cotangents: mapped(at('cotangents'), cotangents),
      expected: mapped(expectedAt, expected),
    },
    arrays: [
      ...Object.entries(inputs).map(([each, value]) => storedTensor(at('inputs')(each), value)),
      ...Object.entries(cotangents).map(([each, value]) => storedTensor(at('cotangents')(each), value)),
      ...Object.keys(expected).flatMap((each) => [
        inF64(at('expected')(each), expected[each] as Tensor),
        inF32(at('expected_f32')(each), expected[each] as Tensor),
        inF64(at('tolerance')(each), tolerance[each] as Tensor),
      ]),
    ],
  }
}

const rule =
  'an answer is right where it is NaN and so is expected, where both are the same infinity, or where it is finite and |answer − expected| ≤ tolerance; where tolerance is Infinity anything is'

// conv2d/forward/0, conv2d/forward/1, …
const placesOf = (vectors: readonly Vector[]): readonly string[] => {
  const counts = new Map<string, number>()
  return vectors.map(({ op, direction }) => {
    const key = `${op}/${direction}`
    const n = counts.get(key) ?? 0
    counts.set(key, n + 1)
    return `${key}/${n}`
  })
}

const manifestOf = ({ precision, seed, history }: Golden, entries: readonly Packed['entry'][]): string =>
  jsonText({ format: 'etalon-golden', version: goldenVersion, rule, precision, seed, history, cases: entries })

/** The kinds of file that a golden may be. */
export type Container = 'npz' | 'safetensors'

const manifestName = 'manifest'

// as many files as a zip holds that is read everywhere
const mostArrays = 65_000

/**
 * A golden file. The same value gives the same bytes.
 *
 * Errors  TooLarge – more arrays than an .npz file can hold
 */
export const encodeGolden = (golden: Golden, container: Container): Result<Uint8Array> => {
  const places = placesOf(golden.vectors)
  const parts = golden.vectors.map((vector, i) => packed(places[i] as string, vector))
  const text = manifestOf(
    golden,
    parts.map(({ entry }) => entry),
  )
  const arrays = parts.flatMap((part) => part.arrays)
  if (container === 'safetensors')
    return E.right(encodeSafetensors({ tensors: arrays, metadata: { format: 'etalon-golden', [manifestName]: text } }))
  const bytes = new TextEncoder().encode(text)
  const manifest: NpyTensor = { name: manifestName, dtype: 'U8', shape: [bytes.length], bytes }
  return F.pipe(
    ensure(
      arrays.length < mostArrays,
      'TooLarge',
      `${golden.vectors.length} cases have ${arrays.length} arrays; an .npz file holds ${mostArrays}: fewer cases, several files, or .safetensors`,
    ),
    // all of them are F32 or F64
    E.map(() => encodeNpz({ tensors: [manifest, ...(arrays as readonly NpyTensor[])] })),
  )
}

// ---- reading -------------------------------------------------------------------------------------------------------

interface Contents {
  readonly text: string
  readonly arrays: ReadonlyMap<string, StoredTensor>
}

const wantedKind = 'wanted a golden, an .npz or a safetensors file that etalon golden record wrote'

const contentsOf = (bytes: Numbers): Result<Contents> => {
  const content = contentOf(bytes)
  const mapOf = (tensors: readonly StoredTensor[]) => new Map(tensors.map((one) => [one.name, one]))
  if (content === 'a safetensors file')
    return F.pipe(
      decodeSafetensors(bytes),
      E.flatMap(({ tensors, metadata }) => {
        const text = metadata?.[manifestName]
        return text === undefined || metadata?.['format'] !== 'etalon-golden'
          ? fail('FormatInvalid', `it is a safetensors file without a manifest; ${wantedKind}`)
          : E.right({ text, arrays: mapOf(tensors) })
      }),
    )
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b)
    return fail('FormatInvalid', `it is ${content ?? 'something else'}; ${wantedKind}`)
  return F.pipe(
    decodeNpz(bytes),
    E.flatMap(({ tensors }) => {
      const manifest = tensors.find(({ name }) => name === manifestName)
      return manifest?.dtype !== 'U8'
        ? fail('FormatInvalid', `it is a zip without a manifest of bytes; ${wantedKind}`)
        : E.right({
            text: new TextDecoder().decode(Uint8Array.from(manifest.bytes as ArrayLike<number>)),
            arrays: mapOf(tensors.filter((one) => one !== manifest)),
          })
    }),
  )
}

const names = t.record(t.string, t.string)
const entryCodec = t.intersection([
  t.type({
    id: t.string,
    op: t.string,
    direction: t.keyof({ forward: null, backward: null }),
    attrs: t.UnknownRecord,
    inputs: names,
    cotangents: names,
    expected: t.record(t.string, t.type({ f64: t.string, f32: t.string, tolerance: t.string })),
  }),
  t.partial({ name: t.string }),
])
type Entry = t.TypeOf<typeof entryCodec>

const count = t.refinement(t.number, (n) => Number.isSafeInteger(n) && n >= 0, 'a whole number')
const recordedCodec = t.intersection([
  t.type({ reason: t.string, date: t.string, etalon: t.string, suite: count, command: t.string, cases: count }),
  t.partial({ changes: t.type({ same: count, changed: count, added: count, removed: count }) }),
])
const headCodec = t.type({
  precision: t.keyof(Object.fromEntries(precisions.map((name) => [name, null])) as Record<Precision, null>),
  seed: count,
  history: t.refinement(t.array(recordedCodec), (list) => list.length > 0, 'a list of recordings'),
  cases: t.array(t.unknown),
})

const decodedBy = <A>(codec: t.Type<A, unknown, unknown>, value: unknown): Result<A> =>
  F.pipe(
    codec.decode(value),
    E.mapLeft((errors) => {
      const last = errors.at(-1)
      const path = last?.context.flatMap(({ key }) => (/^\d*$/.test(key) ? [] : [key])).join('.')
      const wanted = last?.context.at(-1)?.type.name
      return etalonError('FormatInvalid', `${path === '' ? 'it' : path} is ${show(last?.value)}; wanted ${wanted}`)
    }),
  )

/** What the manifest says, if it is one of this version. */
const headOf = (text: string): Result<t.TypeOf<typeof headCodec>> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      () => etalonError('FormatInvalid', `the manifest is not JSON: ${show(text)}`),
    ),
    E.flatMap((value) => {
      const { format, version } = (value ?? {}) as { readonly format?: unknown; readonly version?: unknown }
      return format !== 'etalon-golden'
        ? fail('FormatInvalid', `the manifest's format is ${show(format)}; wanted "etalon-golden"`)
        : version !== goldenVersion
          ? fail(
              'FormatInvalid',
              `it is a golden of version ${show(version)}; this etalon reads version ${goldenVersion}: record it anew, or take the etalon that wrote it`,
            )
          : decodedBy(headCodec, value)
    }),
    E.mapLeft(within('manifest')),
  )

const arrayAt = (arrays: Contents['arrays'], name: string): Result<Tensor> => {
  const stored = arrays.get(name)
  return stored === undefined ? fail('MissingInput', `array ${name} is missing`) : numbersOf(stored)
}

const tensorsAt = (arrays: Contents['arrays'], places: Readonly<Record<string, string>>): Result<Tensors> =>
  F.pipe(
    Object.entries(places),
    E.traverseArray(([name, place]) =>
      F.pipe(
        arrayAt(arrays, place),
        E.map((value): readonly [string, Tensor] => [name, value]),
      ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  )

const fits = (what: string, tensors: Tensors, shapes: Readonly<Record<string, readonly number[]>>): Result<void> => {
  const bad = Object.entries(tensors).find(([name, { shape }]) => !sameShape(shape, shapes[name] ?? [-1]))
  return ensure(
    bad === undefined,
    'ShapeMismatch',
    `${what} ${bad?.[0]} has shape ${showShape(bad?.[1].shape ?? [])}; ${
      shapes[bad?.[0] ?? ''] === undefined ? 'there is no such' : `wanted ${showShape(shapes[bad?.[0] ?? ''] ?? [])}`
    }`,
  )
}

const unlikely = ({ data }: Tensor): boolean => {
  for (let i = 0; i < data.length; i++) if (!((data[i] as number) >= 0)) return true
  return false
}

/** A vector, everything that the catalogue says of it checked. */
const vectorIn = (arrays: Contents['arrays'], entry: Entry): Result<Vector> =>
  F.pipe(
    parseOpName(entry.op),
    E.bindTo('op'),
    E.tap(({ op }) => ensure(entry.direction === 'forward' || hasBackward(op), 'NoBackward', `${op} has no backward`)),
    E.bind('attrs', ({ op }) => opOf(op).attrs.decode(entry.attrs)),
    E.bind('inputs', () => tensorsAt(arrays, entry.inputs)),
    E.bind('cotangents', () => tensorsAt(arrays, entry.cotangents)),
    E.bind('expected', () =>
      tensorsAt(
        arrays,
        mapped((_, { f64 }) => f64, entry.expected),
      ),
    ),
    E.bind('tolerance', () =>
      tensorsAt(
        arrays,
        mapped((_, { tolerance }) => tolerance, entry.expected),
      ),
    ),
    E.bind('resolved', ({ op, attrs, inputs }) => resolve(opOf(op), attrs, shapesOf(inputs))),
    E.tap(({ op, resolved: { outputs }, inputs, cotangents, expected, tolerance }) => {
      const spec = opOf(op)
      const shapes = shapesOf(inputs)
      const backward = entry.direction === 'backward'
      const takes = Object.fromEntries(
        backward ? cotangentNames(spec).map((name) => [name, outputs[name] ?? []] as const) : [],
      )
      const gives = backward
        ? Object.fromEntries(gradientNames(spec, shapes).map((name) => [name, shapes[name] ?? []]))
        : outputs
      const negative = Object.entries(tolerance).find(([, one]) => unlikely(one))
      return F.pipe(
        fits('cotangent', cotangents, takes),
        E.flatMap(() => fits('expected', expected, gives)),
        E.flatMap(() => fits('tolerance', tolerance, gives)),
        E.flatMap(() => ensure(Object.keys(expected).length > 0, 'FormatInvalid', 'it expects nothing')),
        E.flatMap(() =>
          ensure(negative === undefined, 'FormatInvalid', `tolerance ${negative?.[0]} has a number that is not ≥ 0`),
        ),
      )
    }),
    E.map(({ op, attrs, inputs, cotangents, expected, tolerance }) => ({
      id: entry.id,
      ...(entry.name !== undefined && { name: entry.name }),
      op,
      direction: entry.direction,
      attrs,
      inputs,
      cotangents,
      expected,
      tolerance,
    })),
    E.mapLeft(within(`case ${entry.id}`)),
  )

/**
 * The value of a golden file.
 *
 * Errors  FormatInvalid – another kind of file, no manifest, one of another version of the form, an array that belongs to
 *         no case, a case twice; MissingInput – an array that there is not; of a case, by its id: UnknownOp, NoBackward,
 *         what the op refuses of it, ShapeMismatch – numbers of another shape than the op gives
 */
export const decodeGolden = (bytes: Numbers): Result<Golden> =>
  F.pipe(
    contentsOf(bytes),
    E.bindTo('contents'),
    E.bind('head', ({ contents: { text } }) => headOf(text)),
    E.bind('entries', ({ head: { cases } }) =>
      F.pipe(
        cases,
        E.traverseArrayWithIndex((i, value) =>
          F.pipe(decodedBy(entryCodec, value), E.mapLeft(within(`manifest: case ${i + 1}`))),
        ),
      ),
    ),
    E.tap(({ entries, contents: { arrays } }) => {
      const used = new Set(
        entries.flatMap(({ inputs, cotangents, expected }) => [
          ...Object.values(inputs),
          ...Object.values(cotangents),
          ...Object.values(expected).flatMap(({ f64, f32, tolerance }) => [f64, f32, tolerance]),
        ]),
      )
      const stranger = [...arrays.keys()].find((name) => !used.has(name))
      const ids = entries.map(({ id }) => id)
      const twice = ids.find((id, i) => ids.indexOf(id) !== i)
      return F.pipe(
        ensure(stranger === undefined, 'FormatInvalid', `array ${stranger} belongs to no case`),
        E.flatMap(() => ensure(twice === undefined, 'FormatInvalid', `case ${twice} is there twice`)),
      )
    }),
    E.bind('vectors', ({ entries, contents: { arrays } }) =>
      F.pipe(
        entries,
        E.traverseArray((entry) => vectorIn(arrays, entry)),
      ),
    ),
    E.map(({ head: { precision, seed, history }, vectors }) => ({
      precision,
      seed,
      history: history as [Recorded, ...Recorded[]],
      vectors,
    })),
  )

/** How many numbers the expected answers of vectors have. */
export const answersIn = (vectors: readonly Vector[]): number =>
  vectors.flatMap(({ expected }) => Object.values(expected)).reduce((n, { shape }) => n + sizeOf(shape), 0)
