/** How many letters have to be put in, left out or changed to make one word of another (Levenshtein's distance). */
const distance = (a: string, b: string): number => {
  const [left, right] = [Array.from(a), Array.from(b)]
  const last = left.reduce<readonly number[]>(
    (row, letter, i) =>
      right.reduce<readonly number[]>(
        (next, other, j) => [
          ...next,
          Math.min(
            (next[j] as number) + 1,
            (row[j + 1] as number) + 1,
            (row[j] as number) + (letter === other ? 0 : 1),
          ),
        ],
        [i + 1],
      ),
    Array.from({ length: right.length + 1 }, (_, j) => j),
  )
  return last.at(-1) as number
}

/** The name that was probably meant, if there is one like it: at most a third of its letters are others. */
export const nearest = (word: string, names: readonly string[]): string | undefined => {
  const [asked, ...found] = [word.toLowerCase(), ...names]
  const ranked = found
    .map((name) => ({ name, far: distance(asked.slice(0, 100), name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)
  const [best] = ranked
  return best !== undefined && best.far <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined
}

/** `did you mean NAME?`, or what there is. */
export const meant = (word: string, names: readonly string[]): string => {
  const longer = word.length < 2 ? [] : names.filter((name) => name.toLowerCase().startsWith(word.toLowerCase()))
  const near = nearest(word, names)
  const likely = longer.length > 0 ? longer : near === undefined ? [] : [near]
  const [last, ...before] = [...likely].reverse()
  return last === undefined
    ? `there are ${names.join(', ')}.`
    : `did you mean ${[...(before.length === 0 ? [] : [[...before].reverse().join(', ')]), last].join(' or ')}?`
}
