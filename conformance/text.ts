/** Text for people: colours, numbers, and lines of at most 80 characters. */

/** Colours for words; identity functions where there is no terminal. */
export interface Ink {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
  readonly strong: (text: string) => string
}

export const plain: Ink = { good: (t) => t, bad: (t) => t, faint: (t) => t, strong: (t) => t }

export const number = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return String(Math.abs(value) === 0 ? 0 : value)
  const size = Math.abs(value)
  return size < 1e-3 || size >= 1e4 ? value.toExponential(2).replace('e+', 'e') : String(Number(value.toPrecision(3)))
}

/** The shortest decimal that is this f32 number again. */
export const literal = (value: number): string =>
  Object.is(value, -0)
    ? '-0'
    : ([6, 7, 8, 9]
        .map((digits) => String(Number(value.toPrecision(digits))))
        .find((text) => Math.fround(+text) === value) ?? String(value))

const width = 80

/** Words in lines of at most `width` characters, the lines after the first under the text of the first. */
export const wrapped = (head: string, words: readonly string[]): string =>
  words
    .reduce<readonly string[]>(
      (lines, word) => {
        const last = lines.at(-1) as string
        return last.length + 1 + word.length > width
          ? [...lines, `${' '.repeat(Math.min(head.length, 24))}${head === '' ? '' : ' '}${word}`]
          : [...lines.slice(0, -1), `${last} ${word}`]
      },
      [head],
    )
    .join('\n')

/** Text without what a terminal or a reader of XML would take for a command: control characters are told by their codes. */
export const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Words behind a head, in lines of at most `width` characters; they go on below the first of them. */
export const hanging = (head: string, text: string): string =>
  text
    .split(/\s+/)
    .reduce<readonly string[]>(
      (soFar, word) => {
        const last = soFar.at(-1) as string
        return last.length + 1 + word.length > width && last.length > head.length
          ? [...soFar, `${' '.repeat(head.length)} ${word}`]
          : [...soFar.slice(0, -1), `${last} ${word}`]
      },
      [head],
    )
    .join('\n')

/** Whether a fact of a device is said in words: limits are numbers, features a list of names, of use where a limit is met. */
export const isPlainFact = ([name, value]: readonly [string, unknown]): boolean =>
  typeof value === 'string' && value !== '' && name !== 'features'
