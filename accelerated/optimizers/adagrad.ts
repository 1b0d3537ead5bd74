import type { Lower } from '../lower.js'
import { scaledByRoot } from './rmsprop.js'

// rmsprop's kernel, of a plain sum of squares: a product with 1 rounds nothing
export const forward: Lower<'adagrad'> = ({ attrs, sizes }) => scaledByRoot('accumulator', attrs, sizes, 1, 1)
