/** Where each launch's numbers lie in one buffer of uniforms. */

interface Numbered {
  readonly dims: readonly number[]
  readonly params: readonly number[]
}

/** A stretch of the buffer, in bytes. */
export interface Stretch {
  readonly offset: number
  readonly size: number
}

export interface UniformLayout {
  /** in bytes */
  readonly total: number
  readonly blocks: readonly { readonly dims: Stretch; readonly params: Stretch }[]
}

const alignTo = (bytes: number, alignment: number): number => Math.ceil(bytes / alignment) * alignment

/** A block of integers and one of f32 numbers for each launch, each from a multiple of the alignment on. */
export const uniformLayout = (launches: readonly Numbered[], alignment: number): UniformLayout => {
  let end = 0
  const take = (numbers: readonly number[]): Stretch => {
    const stretch = { offset: end, size: alignTo(Math.max(numbers.length, 1) * 4, 16) }
    end += alignTo(stretch.size, alignment)
    return stretch
  }
  const blocks = launches.map(({ dims, params }) => ({ dims: take(dims), params: take(params) }))
  return { total: Math.max(end, 16), blocks }
}
