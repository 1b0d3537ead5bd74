/**
 * Scalars that the host derives from attributes, in f64. A device receives them rounded to f32 once, to nearest: half an ε
 * in a bound, where WGSL's own division would be two and a half.
 */
export const reciprocal = (value: number): number => 1 / value
