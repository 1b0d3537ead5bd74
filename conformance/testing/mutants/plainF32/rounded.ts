// v·(2^k + 1) − (v·(2^k + 1) − v) keeps the first 53 − k digits of an f64
const kept = (v: string, k: number): string => `((v) => ((t) => t - (t - v))(v * (2 ** ${k} + 1)))(${v})`

/** A number as shorter formats keep it; of f16 the digits, not the range. */
export const tf32 = (v: string): string => kept(v, 42)
export const f16 = tf32
export const bf16 = (v: string): string => kept(v, 45)
