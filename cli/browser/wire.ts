/**
 * Values as text and back, for what is handed over between Node and a browser: JSON, and beside it what JSON has no word
 * for – NaN, the infinities, −0, undefined and typed arrays – as objects with the one key `$`.
 */

const arrays = {
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Uint8Array,
  Uint8ClampedArray,
  Uint16Array,
  Uint32Array,
} as const
type ArrayName = keyof typeof arrays

const isArrayName = (name: string): name is ArrayName => Object.hasOwn(arrays, name)

const ofNumber = (value: number): unknown =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : { $: Object.is(value, -0) ? '-0' : String(value) }

const toPlain = (value: unknown): unknown => {
  if (value === undefined) return { $: 'undefined' }
  if (typeof value === 'number') return ofNumber(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(toPlain)
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (isArrayName(kind)) return { $: kind, of: Array.from(value as Float64Array, ofNumber) }
  const members = Object.entries(value).map(([name, member]) => [name, toPlain(member)] as const)
  return Object.hasOwn(value, '$') ? { $: 'object', of: members } : Object.fromEntries(members)
}

const fromPlain = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(fromPlain)
  if (!('$' in value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fromPlain(one)]))
  const { $: kind, of = [] } = value as { readonly $: string; readonly of?: readonly unknown[] }
  if (kind === 'undefined') return undefined
  if (kind === 'object')
    return Object.fromEntries(
      (of as readonly (readonly [string, unknown])[]).map(([name, one]) => [name, fromPlain(one)]),
    )
  return isArrayName(kind) ? arrays[kind].from(of.map(fromPlain) as number[]) : Number(kind)
}

export const toText = (value: unknown): string => JSON.stringify(toPlain(value))

export const fromText = (text: string): unknown => fromPlain(JSON.parse(text))
