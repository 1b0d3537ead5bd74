const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** Bytes in words, to three digits: 12.3 MB, of 1000 kB each. */
export const inBytes = (bytes: number): string => {
  // what rounds to 1000 of a unit is 1 of the next
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(Number(bytes.toPrecision(3))) / 3))
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`
}
